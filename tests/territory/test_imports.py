"""Files of premises: what is right goes in once, what is wrong is said, nothing is half loaded."""

import io
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.jobs.models import Job, JobError
from foundation.jobs.queries import progress_of
from foundation.jobs.services import work_one_chunk
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from territory.events import PremisesImported
from territory.models import Availability, ImportBlock, ImportFile, Premises, Spelling, Street
from territory.queries import search_addresses
from territory.services import create_premises, start_import
from territory.services.imports import chunks, files, merging
from territory.settings import PREMISES_CREATION
from territory.testing import make_premises
from tests.orders.racing import together
from tests.stack import url_of_test_database

HEADER = "source_id,street,unit,city,state,zip,latitude,longitude,families,status,technology,down_mbps,up_mbps,available_from,reason"
HOUSE = "1,12 Oak Street,,Rutland,VT,05701,43.6,-72.9,internet video,,fibre,1000,1000,,"
FLAT = "2,14 Oak Street,#APT 000002,Rutland,VT,05701,,,internet,planned,fibre,500,500,2027-03-31,Soon"


def load(division: Division, *lines: str, header: str = HEADER) -> ImportFile:
    return load_bytes(division, "\n".join([header, *lines]).encode())


def load_bytes(division: Division, content: bytes) -> ImportFile:
    job = start_import(io.BytesIO(content), name="premises.csv", division=division, by=None)
    while work_one_chunk(job.pk):
        pass
    return ImportFile.objects.select_related("job").get(job=job)


def counts(file: ImportFile) -> tuple[int, int, int, int]:
    return file.added, file.changed, file.unchanged, file.job.errors.count()


def refusals(file: ImportFile) -> list[tuple[int, str]]:
    return list(file.job.errors.values_list("row", "column"))


def _nodes(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


@pytest.mark.django_db
class TestImport:
    def test_takes_addresses_and_what_can_be_had_there(self, system):
        file = load(system, HOUSE, FLAT)

        house, flat = Premises.objects.order_by("source_id")
        assert counts(file) == (2, 0, 0, 0)
        assert (house.label, house.latitude) == ("12 Oak Street, Rutland, VT 05701", 43.6)
        assert (flat.unit_key, flat.unit, flat.house_number) == ("2", "APT 2", "14")
        assert {row.family: row.down_mbps for row in house.availability.all()} == {"internet": 1000, "video": 1000}
        planned = flat.availability.get()
        assert (planned.status, str(planned.available_from), planned.reason) == ("planned", "2027-03-31", "Soon")

    @pytest.mark.parametrize(
        ("delivered", "shown"),
        [
            ("STE 000220", "STE 220"),
            ("#004", "4"),
            ("BLDG 02 APT 010", "BLDG 2 APT 10"),
            ("A-07", "A-07"),
            ("0A", "0A"),
        ],
    )
    def test_shows_a_unit_without_the_zeros_that_fill_it_up(self, system, delivered, shown):
        load(system, FLAT.replace("#APT 000002", delivered))

        assert Premises.objects.get().unit == shown

    def test_names_rows_as_a_spreadsheet_counts_them(self, system):
        again = HOUSE.replace("12 Oak", "16 Oak")

        error = load(system, HOUSE, FLAT, again).job.errors.get()

        assert (error.row, error.message) == (4, "The same number as in row 2.")

    def test_ends_with_a_fact_and_without_the_file(self, system):
        file = load(system, HOUSE)

        assert published(PremisesImported) == [PremisesImported(file_id=file.pk, added=1, changed=0, unchanged=0)]
        assert file.job.status == JobStatus.DONE
        assert not ImportBlock.objects.exists()

    def test_lets_the_search_find_what_it_took_in(self, system):
        load(system, HOUSE)

        assert search_addresses("12 Oka St, Rutland", division=system).candidates[0].label.startswith("12 Oak Street")

    def test_a_second_time_touches_nothing(self, system):
        load(system, HOUSE, FLAT)
        before = _versions()

        file = load(system, HOUSE, FLAT)

        assert counts(file) == (0, 0, 2, 0)
        assert _versions() == before

    def test_changes_only_what_differs(self, system):
        load(system, HOUSE, FLAT)
        before = _versions()

        file = load(system, HOUSE.replace("12 Oak", "16 Oak"), FLAT.replace("500,500", "800,800"))

        assert counts(file) == (0, 2, 0, 0)
        assert Premises.objects.get(source_id="1").house_number == "16"
        assert Availability.objects.get(premises__source_id="2").down_mbps == 800
        same = {key for key, version in _versions().items() if before.get(key) == version}
        assert same == {("premises", "2"), ("availability", "1 internet"), ("availability", "1 video")}

    def test_takes_the_node_and_keeps_it_where_a_file_leaves_it_open(self, system):
        row = "1,12 Oak Street,Rutland,VT,05701"
        load(system, f"{row},hub 7", header="source_id,street,city,state,zip,node")
        assert Premises.objects.get().node == "HUB 7"

        kept = load(system, f"{row},", header="source_id,street,city,state,zip,node")
        without = load(system, row, header="source_id,street,city,state,zip")
        moved = load(system, f"{row},hub 8", header="source_id,street,city,state,zip,node")

        assert [counts(file) for file in (kept, without, moved)] == [(0, 0, 1, 0), (0, 0, 1, 0), (0, 1, 0, 0)]
        assert Premises.objects.get().node == "HUB 8"

    def test_takes_away_a_family_that_is_no_longer_named(self, system):
        load(system, HOUSE)

        file = load(system, HOUSE.replace("internet video", "internet voice"))

        assert counts(file) == (0, 1, 0, 0)
        assert {*Availability.objects.values_list("family", flat=True)} == {"internet", "voice"}

    def test_without_such_columns_leaves_availability_alone(self, system):
        load(system, HOUSE)

        file = load(system, "1,12 Oak Street,Rutland,VT,05701", header="source_id,street,city,state,zip")

        assert counts(file) == (0, 0, 1, 0)
        assert Availability.objects.count() == 2

    def test_lets_one_family_differ(self, system):
        load(
            system,
            "1,12 Oak Street,Rutland,VT,05701,available,blocked",
            header="source_id,street,city,state,zip,status,video_status",
        )

        found = dict(Availability.objects.values_list("family", "status"))
        assert found == {"internet": "available", "video": "blocked", "voice": "available"}

    def test_adopts_an_address_that_order_entry_added(self, system):
        added = make_premises(system, "12 Oak St")

        file = load(system, HOUSE)

        assert counts(file) == (0, 1, 0, 0)
        assert Premises.objects.get().pk == added.pk
        assert Premises.objects.get().source_id == "1"

    @pytest.mark.parametrize("street", ["12 Oak Street", "12 OAK ST.", "12 Oak"])
    def test_leaves_to_a_neighbour_what_the_neighbour_serves(self, system, neighbour, street):
        load(neighbour, HOUSE, FLAT)

        file = load(system, HOUSE.replace("12 Oak Street", street), "3,16 Oak Street,,Rutland,VT,05701,,,,,,,,,")

        error = file.job.errors.get()
        assert counts(file) == (1, 0, 0, 1)
        assert (error.row, error.column, error.message) == (2, "street", "Another market serves this address.")
        assert [premises.house_number for premises in Premises.objects.filter(division=system)] == ["16"]

    def test_takes_what_a_market_above_or_below_knows(self, system):
        below = make_division(parent=system)
        load(system, HOUSE)

        assert counts(load(below, HOUSE)) == (1, 0, 0, 0)
        assert counts(load(system, HOUSE, FLAT)) == (1, 0, 1, 0)

    def test_goes_on_with_what_it_had_before_a_neighbour(self, system, neighbour):
        load(system, HOUSE)
        street, house = Street.objects.get(), Premises.objects.get()
        street.pk, street.division = None, neighbour
        street.save()
        house.pk, house.division, house.street = None, neighbour, street
        house.save()

        assert counts(load(system, HOUSE.replace("43.6", "43.7"))) == (0, 1, 0, 0)

    def test_looks_up_each_row_of_a_new_market_by_its_number(self, system, neighbour):
        """The planner, which knows no premises there, would compare all rows with all that the chunks before have added."""
        streets = [f"{number},{number} Oak Street,,Rutland,VT,05701,,,,,,,,," for number in range(1, 400)]
        load(system, *streets)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE territory_premises")
        plans = []

        def explain(execute, sql, params, many, context):
            if sql == merging._MATCH:
                execute(f"EXPLAIN (FORMAT JSON) {sql}", params, many, context)
                [(plan,)] = context["cursor"].fetchall()
                plans.append(plan[0]["Plan"])
            return execute(sql, params, many, context)

        with connection.execute_wrapper(explain):
            load(neighbour, *(row.replace("Oak", "Elm") for row in streets))

        [plan] = plans
        [look_up] = [node for node in _nodes(plan) if node.get("Relation Name") == "territory_premises"]
        assert "source_id" in look_up.get("Index Cond", "")
        assert not [node for node in _nodes(plan) if "Join Filter" in node]

    def test_two_divisions_may_number_alike(self, system, neighbour):
        load(system, HOUSE)
        load(neighbour, HOUSE.replace("Oak", "Elm"))

        assert Premises.objects.filter(source_id="1").count() == 2


@pytest.mark.django_db(transaction=True)
class TestNeighboursAtOnce:
    @pytest.fixture(autouse=True)
    def known_names(self, system):
        """Streets of these names are known already, so that nobody waits for another to make the name known."""
        load(system, "90,2 Oak Street,,Rutland,VT,05701,,,,,,,,,", "91,5 Elm Street,,Rutland,VT,05701,,,,,,,,,")

    @pytest.fixture
    def side_by_side(self, monkeypatch):
        """Let both look for what the other has before either writes, in their first attempt."""
        both, looked = threading.Barrier(2, timeout=10), threading.local()
        look = merging.Merge.leave_to_others

        def looking(*args):
            contested = look(*args)
            if not hasattr(looked, "already"):
                looked.already = True
                both.wait()
            return contested

        monkeypatch.setattr(merging.Merge, "leave_to_others", looking)

    @pytest.mark.usefixtures("side_by_side")
    @pytest.mark.parametrize("street", ["12 Oak Street", "12 Oak"])
    def test_take_a_new_address_in_once(self, system, neighbour, street):
        at_home, next_door = "7,1 Elm Street,,Rutland,VT,05701,,,,,,,,,", "8,3 Elm Street,,Rutland,VT,05701,,,,,,,,,"

        files = together(
            lambda: load(system, HOUSE, at_home),
            lambda: load(neighbour, HOUSE.replace("12 Oak Street", street), next_door),
        )

        assert sorted(map(counts, files)) == [(1, 0, 0, 1), (2, 0, 0, 0)]
        assert Premises.objects.filter(house_number="12").count() == 1
        assert Availability.objects.filter(premises__house_number="12").count() == 2
        assert Premises.objects.count() == 5

    def test_see_what_was_added_by_hand_meanwhile(self, system, neighbour, monkeypatch):
        set_value(neighbour, PREMISES_CREATION, value=True)
        address = {"street_line": "12 Oak St", "city": "Rutland", "state": "VT", "zip_code": "05701"}
        added: list[object] = []

        def add():
            added.extend(together(lambda: create_premises(division=neighbour, **address, by=None)))

        adding = threading.Thread(target=add)
        take_turns = chunks.take_turns

        def taking_turns(cursor):
            """The import has done its work, and commits when the other one waits for it."""
            take_turns(cursor)
            adding.start()
            while adding.is_alive():
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
                if cursor.fetchone()[0]:
                    break

        monkeypatch.setattr(chunks, "take_turns", taking_turns)

        file = load(system, HOUSE)
        adding.join()

        assert counts(file) == (1, 0, 0, 0)
        assert [refusal.code for refusal in added] == ["other_market"]


@pytest.mark.django_db
class TestRefusals:
    @pytest.mark.parametrize(
        ("wrong", "column"),
        [
            (HOUSE.replace("1,12", ",12"), "source_id"),
            (HOUSE.replace("12 Oak Street", " "), "street"),
            (HOUSE.replace("12 Oak", f"{'9' * 21} Oak"), "street"),
            (HOUSE.replace("Street,,", "Street," + "1-" * 14 + ","), "unit"),
            (HOUSE.replace("Rutland", ""), "city"),
            (HOUSE.replace("VT", "XX"), "state"),
            (HOUSE.replace("05701", "O5701"), "zip"),
            (HOUSE.replace("43.6", "143.6"), "latitude"),
            (HOUSE.replace("-72.9", "west"), "longitude"),
            (HOUSE.replace("internet video", "internet tv"), "families"),
            (HOUSE.replace("fibre", "string"), "technology"),
            (HOUSE.replace("1000,1000", "1000,fast"), "up_mbps"),
            (HOUSE.replace("1000,1000,", "1000,1000,31.03.2027"), "available_from"),
            (HOUSE.replace("1000,1000,", "1000,1000,9999-12-31"), "available_from"),
            (HOUSE + ",more", ""),
            ("1,12 Oak Street", ""),
        ],
    )
    def test_name_row_and_column_and_let_the_others_in(self, system, wrong, column):
        file = load(system, FLAT, wrong)

        assert refusals(file) == [(3, column)]
        assert [*Premises.objects.values_list("source_id", flat=True)] == ["2"]
        assert progress_of(file.job).wrong == 1

    def test_a_number_that_stands_twice_counts_once(self, system, monkeypatch):
        monkeypatch.setattr(files, "ROWS_AT_ONCE", 2)
        other = FLAT.replace("2,14", "3,18")

        file = load(system, HOUSE, FLAT, HOUSE.replace("12 Oak", "16 Oak"), other)

        assert refusals(file) == [(4, "source_id")]
        assert Premises.objects.get(source_id="1").house_number == "12"
        assert counts(file) == (3, 0, 0, 1)

    def test_an_address_that_stands_twice_counts_once(self, system, monkeypatch):
        again = HOUSE.replace("1,12 Oak Street", "9,12 Oak St.")
        assert refusals(load(system, HOUSE, again)) == [(3, "street")]

        monkeypatch.setattr(files, "ROWS_AT_ONCE", 1)
        assert refusals(load(system, again.replace("9,", "8,"), FLAT)) == [(2, "street")]

    def test_an_address_that_moves_onto_another_is_refused(self, system):
        load(system, HOUSE, FLAT.replace("#APT 000002", ""))

        file = load(system, HOUSE.replace("12 Oak", "14 Oak"))

        assert refusals(file) == [(2, "street")]
        assert Premises.objects.get(source_id="1").house_number == "12"

    def test_a_row_in_another_encoding_is_refused_alone(self, system):
        content = f"{HEADER}\n{HOUSE}\n".encode() + FLAT.replace("Oak", "Peña").encode("latin-1")

        assert refusals(load_bytes(system, content)) == [(3, "")]
        assert Premises.objects.count() == 1

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty"),
            (b"\n", "empty"),
            (HEADER.encode(), "empty"),
            (HEADER.encode("utf-16"), "encoding"),
            (b"\xff\x00\x01", "encoding"),
            (b"street,city\n12 Oak Street,Rutland", "columns"),
            (f"{HEADER},colour\n{HOUSE},red".encode(), "columns"),
            (f"{HEADER},zip\n{HOUSE},05701".encode(), "columns"),
            (f'{HEADER}\n"{"x" * 200_000}'.encode(), "csv"),
        ],
    )
    def test_a_broken_file_leaves_nothing_behind(self, system, content, code):
        with pytest.raises(NotAllowed) as refusal:
            load_bytes(system, content)

        assert refusal.value.code == code
        assert not Job.objects.exists() or code == ""

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_other_delimiters_and_a_byte_order_mark_are_understood(self, system, delimiter):
        text = "\r\n".join(line.replace(",", delimiter) for line in (HEADER, HOUSE))

        assert counts(load_bytes(system, text.encode("utf-8-sig"))) == (1, 0, 0, 0)

    def test_a_line_break_within_quotes_is_part_of_the_row(self, system):
        assert counts(load(system, HOUSE.replace("12 Oak Street", '"12 Oak\nStreet"'), FLAT)) == (2, 0, 0, 0)


@pytest.mark.django_db
class TestCommand:
    def test_loads_a_file(self, system, tmp_path, capsys):
        path = tmp_path / "premises.csv"
        path.write_text(f"{HEADER}\n{HOUSE}\n{FLAT}\n1,,,,,,,,,,,,,,\n")

        call_command("import_premises", path, division=system.code, workers=1)

        assert "2 added, 0 changed, 0 unchanged, 1 refused" in capsys.readouterr().out

    def test_says_in_a_line_what_is_wrong(self, system, tmp_path):
        path = tmp_path / "premises.csv"
        path.write_text("")

        for file, code in ((path, system.code), (path, "nowhere"), (tmp_path / "none.csv", system.code)):
            with pytest.raises(CommandError):
                call_command("import_premises", file, division=code, workers=1)


ROWS = 2 * files.ROWS_AT_ONCE + 1
"""Of three chunks."""


@pytest.mark.django_db(transaction=True)
class TestKilledImport:
    def test_goes_on_where_it_was_killed(self, tmp_path):
        Division.objects.create(code="system", name="System")
        path = tmp_path / "premises.csv"
        rows = (f"{row},{row} Oak Street,,Rutland,VT,05701,,,internet,,fibre,1000,1000,," for row in range(1, ROWS + 1))
        path.write_text("\n".join([HEADER, *rows]))
        killed = _command(path)
        _wait_for(Premises.objects.exists)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        job = Job.objects.get()
        done = progress_of(job).done

        assert _command(path).wait() == 0

        job.refresh_from_db()
        assert 0 < done < ROWS
        assert (Job.objects.count(), job.status, progress_of(job).done) == (1, JobStatus.DONE, ROWS)
        assert Premises.objects.count() == Availability.objects.count() == ROWS
        assert ImportFile.objects.get().added == ROWS
        assert not JobError.objects.exists()

    def test_two_workers_share_the_chunks(self, tmp_path):
        Division.objects.create(code="system", name="System")
        path = tmp_path / "premises.csv"
        rows = (
            f"{row},{row} Oak {row % 900} Street,,Rutland,VT,05701,,,internet,,fibre,1000,1000,,"
            for row in range(1, ROWS + 1)
        )
        path.write_text("\n".join([HEADER, *rows]))

        workers = [_command(path), _command(path)]

        assert [worker.wait() for worker in workers] == [0, 0]
        assert (Job.objects.count(), Premises.objects.count(), Street.objects.count()) == (1, ROWS, 900)
        assert Spelling.objects.values("name").distinct().count() == 900


def _command(path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_premises", str(path), "--division", "system"],
        env={**os.environ, "DATABASE_URL": url_of_test_database()},
        stdout=subprocess.DEVNULL,
    )


def _wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def _versions() -> dict[tuple[str, str], str]:
    """Return the place and version of every row, which any write would change."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT 'premises', source_id, xmin::text || ctid::text FROM territory_premises
            UNION ALL
            SELECT 'availability', p.source_id || ' ' || a.family, a.xmin::text || a.ctid::text
              FROM territory_availability a JOIN territory_premises p ON p.id = a.premises_id
        """)
        return {(table, key): version for table, key, version in cursor.fetchall()}
