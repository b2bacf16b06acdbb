"""
The address search over a million premises by a misspelt street and a number alone, without ZIP or town.

The floor is the usual answer: `norm % $1` over every premises by a trigram index, at a similarity of 0.6.
"""

from bench._territory import (
    as_in_a_request,
    import_a_million,
    make_floor_table,
    measure_recall,
    refuse_below,
    sample,
    statements_of,
)
from bench.harness import bench_database, compare, set_up_django

BLIND = "SELECT premises_id, norm FROM bench_address WHERE norm %% %s ORDER BY similarity(norm, %s) DESC LIMIT 8"


def main() -> None:
    """Measure and print."""
    with bench_database("address_search_blind"):
        set_up_django()
        from django.db import connection

        from territory.models import Premises
        from territory.queries import search_addresses

        division = import_a_million()
        rows = make_floor_table()
        assert rows == Premises.objects.count()
        with connection.cursor() as cursor:
            cursor.execute("SET pg_trgm.similarity_threshold = 0.6")

        def search(text: str) -> object:
            return search_addresses(text, division=division)

        def by_trigrams(text: str) -> None:
            line = text.lower()
            with connection.cursor() as cursor:
                cursor.execute(BLIND, [line, line])
                cursor.fetchall()

        with as_in_a_request():
            recall = measure_recall(search)
            refuse_below(recall)
            texts = [variant.text for variant in sample("misspelt_blind")][:100]
            result = compare(
                "address_search_blind",
                lambda: [search(text) for text in texts],
                lambda: [by_trigrams(text) for text in texts],
                rows=rows,
                queries=statements_of(search, texts),
                recall=recall.by_kind["misspelt_blind"],
                wrong=recall.wrong,
            )
        print(result.as_json())


if __name__ == "__main__":
    main()
