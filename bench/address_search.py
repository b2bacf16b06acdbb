"""
The address search over a million premises: exact, and misspelt with ZIP or town.

The floor is our own reading of the text plus the bare indexed statement that a hand-written search would send.
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
from bench.harness import bench_database, compare, set_up_django, worst

EXACT = """
    SELECT p.id, p.street_line, p.unit, p.city, p.state, p.zip_code
      FROM territory_street s JOIN territory_premises p ON p.street_id = s.id
     WHERE s.name = %s AND s.zip_code = %s AND p.house_number = %s AND p.unit_key = %s
"""
LIKE_IN_ZIP = """
    SELECT premises_id, norm FROM bench_address
     WHERE zip_code = %s AND house_number = %s AND norm %% %s ORDER BY similarity(norm, %s) DESC LIMIT 8
"""
LIKE_IN_TOWN = LIKE_IN_ZIP.replace("zip_code", "city")


def main() -> None:
    """Measure the three parts and print the worst."""
    with bench_database("address_search"):
        set_up_django()
        from django.db import connection

        from territory.addresses.reading import read_address
        from territory.models import Premises
        from territory.queries import search_addresses

        division = import_a_million()
        rows = make_floor_table()
        assert rows == Premises.objects.count()

        def search(text: str) -> object:
            return search_addresses(text, division=division)

        def exactly(text: str) -> None:
            reading = read_address(text)[0]
            with connection.cursor() as cursor:
                cursor.execute(EXACT, [reading.street.name, reading.zip_code, reading.number, reading.unit])
                cursor.fetchall()

        def alike(text: str, statement: str) -> None:
            reading = read_address(text)[0]
            line, _comma, place = text.lower().partition(",")
            where = reading.zip_code or place.split(",")[0].strip()
            with connection.cursor() as cursor:
                cursor.execute(statement, [where, reading.number, line, line])
                cursor.fetchall()

        with as_in_a_request():
            recall = measure_recall(search)
            refuse_below(recall)
            parts = []
            for kind, floor in (
                ("as_it_is", exactly),
                ("misspelt_with_zip", lambda text: alike(text, LIKE_IN_ZIP)),
                ("misspelt_with_town", lambda text: alike(text, LIKE_IN_TOWN)),
            ):
                texts = [variant.text for variant in sample(kind)][:400]
                parts.append(
                    compare(
                        "address_search",
                        lambda texts=texts: [search(text) for text in texts],
                        lambda texts=texts, floor=floor: [floor(text) for text in texts],
                        pairs=7,
                        rows=rows,
                        queries=statements_of(search, texts),
                        part=kind,
                        recall=round(recall.overall, 4),
                        wrong=recall.wrong,
                    )
                )
                print(parts[-1].as_json())
        print(worst(*parts).as_json())


if __name__ == "__main__":
    main()
