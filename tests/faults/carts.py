"""Fill carts in the database that DATABASE_URL names: `python -m tests.faults.carts 10` prints how to reach them."""

import json
import sys

import django


def main(count: int) -> None:
    django.setup()
    from orders.testing import make_draft, make_market  # noqa: PLC0415  # models exist from here on

    market = make_market(capacity=10_000)
    tokens = [make_draft(market).token for _number in range(count)]
    print(json.dumps({"host": market.site.host, "tokens": tokens}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
