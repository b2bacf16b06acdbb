"""One worker process of `qualify_rewards`: it gets ready, waits for a line with a job's id, and takes its chunks."""

import sys


def main() -> None:
    """Work until the job has no chunk left, and say so."""
    import django

    django.setup()
    from django.db import connection

    from foundation.jobs.services import work_one_chunk

    connection.ensure_connection()
    print("ready", flush=True)
    for line in sys.stdin:
        while work_one_chunk(int(line)):
            pass
        print("done", flush=True)


if __name__ == "__main__":
    main()
