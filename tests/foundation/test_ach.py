"""Files of the Automated Clearing House."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given, strategies as st

from foundation.ach import (
    AchChange,
    AchEntry,
    AchRefused,
    AchReturn,
    BadAchFile,
    BankAccountKind,
    Originator,
    change_in_words,
    is_routing_number,
    read_returns,
    return_in_words,
    trace_number,
    write_file,
)

NOON = datetime(2026, 7, 1, 12, 5, tzinfo=UTC)
FRIDAY = date(2026, 7, 3)
OURS = "123456780"
THEIRS = "021000021"


def an_originator(**others) -> Originator:
    return Originator(
        **{
            "immediate_destination": OURS,
            "destination_name": "Bank of Nowhere",
            "immediate_origin": "1999999999",
            "origin_name": "Example Telecom",
            "company_name": "Example Telecom",
            "company_id": "1999999999",
            "odfi": OURS,
            "entry_description": "Rewards",
        }
        | others
    )


def an_entry(**others) -> AchEntry:
    return AchEntry(
        **{
            "sequence": 1,
            "routing_number": THEIRS,
            "account_number": "000123456789",
            "kind": BankAccountKind.CHECKING,
            "amount": Decimal("50.00"),
            "name": "Zoë Núñez-Straße",
            "reference": "line-1",
        }
        | others
    )


def written(*entries: AchEntry, **others) -> str:
    return write_file(an_originator(), entries, **({"effective_on": FRIDAY, "created_at": NOON} | others))


def with_check_digit(eight: str) -> str:
    """Find the ninth digit by trying all ten, not by reckoning."""
    return next(f"{eight}{digit}" for digit in range(10) if is_routing_number(f"{eight}{digit}"))


def read_again(text: str) -> dict:
    """Read a file by cutting it at fixed columns: written for this test, and knows nothing of the writer."""
    assert text.endswith("\n")
    lines = text.removesuffix("\n").split("\n")
    assert {len(line) for line in lines} == {94}
    assert len(lines) % 10 == 0
    assert all("\x20" <= sign <= "\x7e" for line in lines for sign in line)
    end = next(index for index, line in enumerate(lines) if line[0] == "9")
    assert lines[end][1] == "0"
    assert all(line == "9" * 94 for line in lines[end + 1 :])
    assert len(lines) - end <= 10
    batches: list[dict] = []
    for line in lines[1:end]:
        if line[0] == "5":
            batches.append({"class": line[50:53], "entries": [], "head": line})
        elif line[0] == "6":
            batches[-1]["entries"].append(
                {
                    "code": line[1:3],
                    "routing": line[3:12],
                    "account": line[12:29].rstrip(),
                    "cents": int(line[29:39]),
                    "reference": line[39:54].rstrip(),
                    "name": line[54:76].rstrip(),
                    "trace": line[79:94],
                }
            )
        else:
            assert line[0] == "8"
            batches[-1]["control"] = line
    return {"head": lines[0], "batches": batches, "control": lines[end], "blocks": len(lines) // 10}


routing_numbers = st.builds(
    lambda district, rest: with_check_digit(f"{district:02}{rest:06}"),
    st.sampled_from([*range(1, 13), *range(21, 33), *range(61, 73)]),
    st.integers(0, 999_999),
)
entries = st.builds(
    AchEntry,
    sequence=st.integers(1, 9_999_999),
    routing_number=routing_numbers,
    account_number=st.from_regex(r"[1-9A-Za-z][0-9A-Za-z-]{0,16}", fullmatch=True),
    kind=st.sampled_from(BankAccountKind),
    amount=st.integers(1, 9_999_999_999).map(lambda cents: Decimal(cents).scaleb(-2)),
    name=st.from_regex(r"[A-Za-zÀ-ÖÙ-öù-ÿ' .-]*[A-Za-z]", fullmatch=True),
    reference=st.from_regex(r"[0-9A-Za-z-]{0,15}", fullmatch=True),
    is_business=st.booleans(),
)
some_entries = st.lists(entries, min_size=1, max_size=25, unique_by=lambda entry: entry.sequence)


class TestAFile:
    @given(some_entries)
    def test_reads_back_as_what_was_written(self, given_entries):
        file = read_again(written(*given_entries))

        found = {
            (batch["class"], each["trace"]): (
                each["routing"],
                each["account"],
                each["cents"],
                each["code"],
                each["reference"],
            )
            for batch in file["batches"]
            for each in batch["entries"]
        }
        assert found == {
            ("CCD" if each.is_business else "PPD", f"{OURS[:8]}{each.sequence:07}"): (
                each.routing_number,
                each.account_number,
                int(each.amount * 100),
                "22" if each.kind == "checking" else "32",
                each.reference,
            )
            for each in given_entries
        }

    @given(some_entries)
    def test_says_counts_sums_and_hashes(self, given_entries):
        file = read_again(written(*given_entries))

        everything = []
        for number, batch in enumerate(file["batches"], start=1):
            members = batch["entries"]
            everything += members
            control = batch["control"]
            assert control[1:4] == batch["head"][1:4] == "220"
            assert int(control[4:10]) == len(members) > 0
            assert int(control[10:20]) == sum(int(each["routing"][:8]) for each in members) % 10**10
            assert (int(control[20:32]), int(control[32:44])) == (0, sum(each["cents"] for each in members))
            assert control[44:54] == batch["head"][40:50]
            assert control[79:94] == batch["head"][79:94] == f"{OURS[:8]}{number:07}"
            assert [each["trace"] for each in members] == sorted(each["trace"] for each in members)
        control = file["control"]
        assert (int(control[1:7]), int(control[7:13])) == (len(file["batches"]), file["blocks"])
        assert int(control[13:21]) == len(everything) == len(given_entries)
        assert int(control[21:31]) == sum(int(each["routing"][:8]) for each in everything) % 10**10
        assert (int(control[31:43]), int(control[43:55])) == (0, sum(int(each.amount * 100) for each in given_entries))

    @given(some_entries)
    def test_does_not_depend_on_the_order_of_its_transfers(self, given_entries):
        assert written(*given_entries) == written(*reversed(given_entries))

    def test_is_this_one(self):
        """To the letter, so that nothing moves by a column unseen."""
        business = an_entry(sequence=2, kind=BankAccountKind.SAVINGS, amount=Decimal("1250.5"), name="Ærø & Sons, Inc.")
        business = AchEntry(**(vars(business) | {"is_business": True, "reference": ""}))

        lines = written(an_entry(), business).splitlines()

        assert lines == [
            "101 12345678019999999992607011205A094101BANK OF NOWHERE        EXAMPLE TELECOM                ",
            "5220EXAMPLE TELECOM                     1999999999PPDREWARDS         260703   1123456780000001",
            "622021000021000123456789     0000005000line-1         ZOE NUNEZ-STRASSE       0123456780000001",
            "82200000010002100002000000000000000000005000" + "1999999999" + " " * 25 + "123456780000001",
            "5220EXAMPLE TELECOM                     1999999999CCDREWARDS         260703   1123456780000002",
            "632021000021000123456789     0000125050               AERO & SONS, INC.       0123456780000002",
            "82200000010002100002000000000000000000125050" + "1999999999" + " " * 25 + "123456780000002",
            "9000002000001000000020004200004000000000000000000130050" + " " * 39,
            "9" * 94,
            "9" * 94,
        ]

    def test_keeps_ten_digits_of_a_long_hash(self):
        many = [an_entry(sequence=number, routing_number=with_check_digit("72999999")) for number in range(1, 201)]

        control = read_again(written(*many))["control"]

        assert control[21:31] == f"{200 * 72999999}"[-10:]

    def test_cuts_a_long_name_and_nothing_else(self):
        file = read_again(written(an_entry(name="A name that is longer than the field")))

        assert file["batches"][0]["entries"][0]["name"] == "A NAME THAT IS LONGER"

    def test_says_the_trace_number_by_which_it_comes_back(self):
        file = read_again(written(an_entry(sequence=42)))

        assert file["batches"][0]["entries"][0]["trace"] == trace_number(an_originator(), 42) == "123456780000042"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sequence", 0),
            ("sequence", 10_000_000),
            ("routing_number", "021000022"),
            ("account_number", ""),
            ("account_number", "1" * 18),
            ("account_number", "0000"),
            ("account_number", "12 34"),
            ("amount", Decimal(0)),
            ("amount", Decimal("-0.01")),
            ("amount", Decimal("0.001")),
            ("amount", Decimal(100000000)),
            ("amount", Decimal("NaN")),
            ("name", " "),
            ("name", "王"),
            ("reference", "x" * 16),
            ("reference", "Nº 1"),
        ],
    )
    def test_refuses_a_transfer_that_the_format_cannot_say(self, field, value):
        with pytest.raises(AchRefused) as refused:
            an_entry(**{field: value})

        assert refused.value.field == field

    def test_refuses_a_float(self):
        with pytest.raises(TypeError):
            an_entry(amount=50.0)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("immediate_destination", "123456789"),
            ("odfi", ""),
            ("immediate_origin", "12345"),
            ("company_id", "12-3456789"),
            ("company_id", "12345678901"),
            ("company_name", "A name of over sixteen"),
            ("destination_name", "A bank whose name is longer than that"),
            ("origin_name", "A name that is longer than the field"),
            ("entry_description", "Rewards of July"),
        ],
    )
    def test_refuses_an_originator_whom_the_bank_would_refuse(self, field, value):
        with pytest.raises(AchRefused) as refused:
            an_originator(**{field: value})

        assert refused.value.field == field

    def test_refuses_one_trace_number_for_two(self):
        with pytest.raises(AchRefused) as refused:
            written(an_entry(), an_entry(is_business=True))

        assert refused.value.field == "sequence"

    def test_refuses_more_than_its_sums_can_say(self):
        many = [an_entry(sequence=number, amount=Decimal("99999999.99")) for number in range(1, 102)]

        with pytest.raises(AchRefused) as refused:
            written(*many)

        assert refused.value.field == "entries"

    def test_refuses_to_be_empty(self):
        with pytest.raises(AchRefused):
            written()

    def test_has_one_letter_that_tells_it_from_others_of_its_day(self):
        assert written(an_entry(), file_id_modifier="7")[33] == "7"
        with pytest.raises(AchRefused):
            written(an_entry(), file_id_modifier="a")

    def test_shows_no_account_number_where_a_transfer_is_printed(self):
        assert "123456789" not in repr(an_entry())


class TestRoutingNumbers:
    @pytest.mark.parametrize("number", ["021000021", "121042882", "231380104", "091000019"])
    def test_of_banks_are_accepted(self, number):
        assert is_routing_number(number)

    @pytest.mark.parametrize(
        "number",
        [
            "",
            "000000000",
            "021000022",
            "201000021",
            "02100002",
            "0210000210",
            " 21000021",
            "०२१००००२१",
            "800000002",
            "021000021\n",
        ],
    )
    def test_that_cannot_be_one_are_not(self, number):
        assert not is_routing_number(number)

    @given(routing_numbers, st.integers(0, 8), st.integers(1, 9))
    def test_with_one_digit_wrong_are_not(self, number, place, more):
        wrong = (int(number[place]) + more) % 10

        assert not is_routing_number(f"{number[:place]}{wrong}{number[place + 1 :]}")


def a_file_of(*pairs: tuple[str, str]) -> str:
    """Compose what a bank sends back: pairs of an entry and its addenda, in one batch."""
    head = "101 123456780 0210000212607061200A094101EXAMPLE TELECOM        BANK OF NOWHERE" + " " * 16
    batch = "5200EXAMPLE TELECOM                     1999999999PPDREWARDS         2607031871021000020000001"
    total = sum(int(entry[29:39]) for entry, _ in pairs)
    hashed = sum(int(entry[3:11]) for entry, _ in pairs) % 10**10
    sums = f"{hashed:010}{0:012}{total:012}"
    control = f"8200{2 * len(pairs):06}{sums}1999999999{' ' * 25}021000020000001"
    end = f"9{1:06}{1:06}{2 * len(pairs):08}{sums}{' ' * 39}"
    return "\n".join([head, batch, *(line for pair in pairs for line in pair), control, end])


def returned(code="R03", *, cents=5000, sequence=1, death="      ", words="") -> tuple[str, str]:
    trace = f"02100002{sequence + 700:07}"
    return (
        f"621123456780000123456789     {cents:010}line-1         ZOE NUNEZ-STRASSE       1{trace}",
        f"799{code}12345678{sequence:07}{death}02100002{words:<44}{trace}",
    )


def changed(code: str, corrected: str) -> tuple[str, str]:
    entry = "621123456780000123456789     0000000000line-1         ZOE NUNEZ-STRASSE       1021000020000701"
    return entry, f"798{code}123456780000001      02100002{corrected:<29}{' ' * 15}021000020000701"


class TestAReturn:
    def test_says_which_transfer_came_back_and_why(self):
        (found,) = read_returns(a_file_of(returned(words="NO SUCH ACCOUNT")))

        assert isinstance(found, AchReturn)
        assert (found.code, found.original_trace, found.amount) == ("R03", "123456780000001", Decimal("50.00"))
        assert (found.original_rdfi, found.trace, found.line) == ("02100002", "021000020000701", 3)
        assert (found.name, found.reference, found.account_number) == ("ZOE NUNEZ-STRASSE", "line-1", "000123456789")
        assert (found.information, found.date_of_death, found.is_credit) == ("NO SUCH ACCOUNT", None, True)
        assert found.account_unusable
        with override("en"):
            assert return_in_words(found.code) == "there is no such account, or it is somebody else's"

    def test_says_when_somebody_died(self):
        dead, not_said, not_asked = read_returns(
            a_file_of(
                returned("R15", death="260630"), returned("R14", sequence=2), returned(sequence=3, death="260630")
            )
        )

        assert isinstance(dead, AchReturn)
        assert dead.date_of_death == date(2026, 6, 30)
        assert [each.date_of_death for each in (not_said, not_asked)] == [None, None]

    def test_by_our_own_bank_leaves_the_account_usable(self):
        (found,) = read_returns(a_file_of(returned("R06")))

        assert not found.account_unusable

    def test_of_a_code_that_is_not_known_says_the_code(self):
        (found,) = read_returns(a_file_of(returned("R85")))

        assert return_in_words(found.code) == "R85"

    def test_shows_no_account_number_where_it_is_printed(self):
        assert "123456789" not in repr(read_returns(a_file_of(returned())))

    @given(st.lists(st.integers(1, 9_999_999_999), min_size=1, max_size=20))
    def test_is_read_for_every_transfer(self, amounts):
        found = read_returns(
            a_file_of(*(returned(cents=each, sequence=at) for at, each in enumerate(amounts, start=1)))
        )

        assert [each.amount * 100 for each in found] == amounts
        assert [int(each.original_trace[8:]) for each in found] == list(range(1, len(amounts) + 1))

    @pytest.mark.parametrize("end", ["\r\n", "", "\n\n"])
    def test_is_read_however_lines_end(self, end):
        lines = a_file_of(returned()).split("\n")
        if end == "\n\n":
            text = "\n".join(line.rstrip() for line in lines) + "\n" + "9" * 94 + "\n\n"
        else:
            text = end.join([*lines, "9" * 94]) + end

        assert len(read_returns(text)) == 1

    def test_may_be_none(self):
        lines = a_file_of(returned()).split("\n")
        end = f"9{0:06}{1:06}{0:08}{0:010}{0:012}{0:012}{' ' * 39}"

        assert read_returns(f"{lines[0]}\n{end}\n") == []


class TestAChange:
    @pytest.mark.parametrize(
        ("code", "corrected", "routing", "account", "kind"),
        [
            ("C01", "998877", "", "998877", None),
            ("C02", "121042882", "121042882", "", None),
            ("C02", "121042883", "", "", None),
            ("C03", "121042882   998877", "121042882", "998877", None),
            ("C04", "ZOE NUNEZ", "", "", None),
            ("C05", "32", "", "", BankAccountKind.SAVINGS),
            ("C06", "998877              22", "", "998877", BankAccountKind.CHECKING),
            ("C07", "121042882998877           32", "121042882", "998877", BankAccountKind.SAVINGS),
        ],
    )
    def test_says_what_is_right(self, code, corrected, routing, account, kind):
        (found,) = read_returns(a_file_of(changed(code, corrected)))

        assert isinstance(found, AchChange)
        assert (found.code, found.original_trace, found.corrected) == (code, "123456780000001", corrected)
        assert (found.routing_number, found.account_number_now, found.kind) == (routing, account, kind)
        assert change_in_words(code) != code
        assert account not in repr(found) or not account


class TestABadFile:
    def refused_at(self, text: str) -> int:
        with pytest.raises(BadAchFile) as refused:
            read_returns(text)
        assert str(refused.value.line) in str(refused.value)
        return refused.value.line

    def test_is_refused_when_empty_or_something_else(self):
        assert self.refused_at("") == 1
        assert self.refused_at("date,amount\n2026-07-01,50.00") == 1
        assert self.refused_at("1" + " " * 93) == 1

    @pytest.mark.parametrize("number", range(6))
    def test_is_refused_with_any_line_missing(self, number):
        lines = a_file_of(returned()).split("\n")
        del lines[number]

        assert self.refused_at("\n".join(lines)) in {number + 1, number + 2}

    @pytest.mark.parametrize(
        ("line", "place", "wrong"),
        [
            (3, 0, "4"),
            (3, 1, "91"),
            (3, 29, "00000X5000"),
            (3, 29, "0000005001"),
            (3, 3, "22345678"),
            (3, 78, "0"),
            (3, 79, " " * 15),
            (4, 1, "05"),
            (4, 3, "X03"),
            (4, 6, " " * 15),
            (4, 27, "DEADBEEF"),
            (5, 4, "000001"),
            (5, 87, "0000002"),
            (6, 1, "000002"),
            (6, 13, "00000003"),
            (6, 21, "0012345679"),
            (6, 43, "000000005001"),
        ],
    )
    def test_is_refused_by_the_line_that_is_wrong(self, line, place, wrong):
        lines = a_file_of(returned()).split("\n")
        lines[line - 1] = lines[line - 1][:place] + wrong + lines[line - 1][place + len(wrong) :]
        sums_are_wrong = (line, place) in {(3, 29), (3, 3)} and wrong.isdigit()

        assert self.refused_at("\n".join(lines)) == (5 if sums_are_wrong else line)

    def test_is_refused_with_a_day_that_is_none(self):
        assert self.refused_at(a_file_of(returned("R14", death="261332"))) == 4

    def test_is_refused_with_a_change_that_says_nothing(self):
        assert self.refused_at(a_file_of(changed("C01", ""))) == 4

    def test_is_refused_with_a_line_that_is_too_long(self):
        lines = a_file_of(returned()).split("\n")
        lines[3] += "X"

        assert self.refused_at("\n".join(lines)) == 4

    def test_is_refused_with_something_after_its_end(self):
        assert self.refused_at(a_file_of(returned()) + "\n" + a_file_of(returned())) == 7

    @given(some_entries)
    def test_is_refused_when_it_is_one_of_ours(self, given_entries):
        """Somebody uploads what was sent instead of what came back."""
        assert self.refused_at(written(*given_entries)) == 3
