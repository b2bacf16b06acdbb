"""Raw messages as people, their programs and their mail servers send them, read into plain words and files."""

import base64
import io
import quopri
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from foundation.correspondence.inbound import Address, UnreadableMailError, read_mail, reading
from foundation.correspondence.inbound.fields import LONGEST_TAG, MOST_NESTED, WORDS
from foundation.correspondence.inbound.files import (
    DEEPEST,
    ENDINGS,
    LONGEST_NAME,
    MOST_ELEMENTS,
    MOST_PARTS,
    MOST_TYPES,
    MOST_UNPACKED,
    Allowance,
    media_type_of,
    refusal_of,
)
from foundation.correspondence.inbound.quoting import REPLY_ABOVE
from tests.correspondence.mails import (
    JPEG,
    PDF,
    PNG,
    attached,
    compound,
    enclosed,
    field,
    part,
    parts,
    raw,
    record,
    text_in,
    tnef,
    with_file,
    word,
    wordprocessing,
    workbook,
)

IN_BASE64 = ("Content-Disposition: attachment; filename=a.pdf", "Content-Transfer-Encoding: base64")


class TestHeadersThatAreAwkward:
    def test_encoded_words_beside_each_other_are_one_word(self):
        mail = read_mail(raw("Subject: =?utf-8?B?SsO2?= =?utf-8?B?cmc=?= here"))

        assert mail.subject == "Jörg here"

    def test_a_letter_that_is_cut_in_two_by_encoded_words(self):
        mail = read_mail(raw("Subject: =?utf-8?Q?caf=C3?=\r\n =?utf-8?Q?=A9_closed?="))

        assert mail.subject == "café closed"

    def test_an_encoded_word_that_lies_about_its_charset(self):
        assert read_mail(raw("Subject: =?us-ascii?Q?caf=E9?=")).subject == "café"

    def test_an_encoded_word_in_a_charset_that_nobody_knows(self):
        assert read_mail(raw("Subject: =?x-klingon?Q?Hello_there?=")).subject == "Hello there"

    def test_an_encoded_word_in_base64_that_is_broken(self):
        assert read_mail(raw("Subject: =?utf-8?B?SGVsbG8gdGhlcmU?=")).subject == "Hello there"

    def test_raw_bytes_in_a_header(self):
        assert read_mail(raw("Subject: caf\udce9 closed")).subject == "café closed"

    def test_raw_utf8_in_a_header(self):
        assert read_mail(raw("Subject: café ☂ closed")).subject == "café ☂ closed"

    def test_a_subject_folded_over_lines_without_end(self):
        subject = "\r\n ".join(["word"] * 50)

        assert read_mail(raw(f"Subject: {subject}")).subject == " ".join(["word"] * 50)

    def test_no_subject_no_date_no_id_no_sender(self):
        mail = read_mail(b"\r\nonly words")

        assert (mail.subject, mail.sent_at, mail.message_id, mail.sender) == ("", None, "", None)

    def test_no_headers_at_all_and_an_envelope_line(self):
        mail = read_mail(b"From pat@people.example Mon Nov  2 10:00:00 2026\nSubject: Hi\n\nHello.\n")

        assert (mail.subject, mail.text) == ("Hi", "Hello.")

    def test_two_froms_in_one_header(self):
        mail = read_mail(raw("From: Pat <pat@people.example>, Kim <kim@people.example>"))

        assert mail.sender == Address("Pat", "pat@people.example")
        assert [one.email for one in mail.senders] == ["pat@people.example", "kim@people.example"]

    def test_two_headers_from(self):
        mail = read_mail(raw("From: nobody", "From: kim@people.example"))

        assert mail.sender == Address("", "kim@people.example")

    def test_a_sender_without_from(self):
        assert read_mail(raw("Sender: kim@people.example", From="")).sender == Address("", "kim@people.example")

    def test_a_name_with_a_comma_in_quotes_and_an_address_in_capitals(self):
        assert read_mail(raw('From: "Doe, Pat" <PAT@People.Example>')).sender == Address(
            "Doe, Pat", "pat@people.example"
        )

    def test_a_name_in_a_comment(self):
        assert read_mail(raw("From: pat@people.example (Pat Doe)")).sender == Address("Pat Doe", "pat@people.example")

    def test_a_name_that_is_an_encoded_word_with_a_comma(self):
        assert read_mail(raw("From: =?utf-8?Q?Doe=2C_J=C3=B6rg?= <j@people.example>")).sender.name == "Doe, Jörg"

    def test_a_name_that_pretends_to_be_another_address(self):
        mail = read_mail(raw('From: "support@larkspur.example" <evil@elsewhere.example>'))

        assert mail.sender.email == "evil@elsewhere.example"

    def test_a_name_that_turns_the_direction_of_writing(self):
        assert read_mail(raw("From: \u202egnp.exe\u202c <pat@people.example>")).sender.name == "gnp.exe"

    def test_recipients_that_are_undisclosed_and_groups(self):
        mail = read_mail(raw("To: undisclosed-recipients:;", "Cc: Team: a@b.example, c@d.example;"))

        assert mail.to == ()
        assert [one.email for one in mail.cc] == ["a@b.example", "c@d.example"]

    def test_addresses_parted_by_semicolons(self):
        assert len(read_mail(raw("Cc: a@b.example; c@d.example;e@f.example")).cc) == 3

    def test_ids_folded_within_their_brackets(self):
        mail = read_mail(raw("Message-ID:\r\n <one@people\r\n .example>", "In-Reply-To: <\r\n a@b>"))

        assert (mail.message_id, mail.in_reply_to) == ("<one@people.example>", ("<a@b>",))

    def test_ids_without_brackets_and_with_words_between(self):
        mail = read_mail(raw("In-Reply-To: Your message of Monday <a@b>", "References: c@d, e@f"))

        assert (mail.in_reply_to, mail.references) == (("<a@b>",), ("<c@d>", "<e@f>"))

    def test_thousands_of_references(self):
        mail = read_mail(raw("References: " + "\r\n ".join(f"<{number}@x>" for number in range(5000))))

        assert len(mail.references) <= 100
        assert mail.references[0] == "<0@x>"

    def test_the_nearest_message_that_it_answers_comes_first(self):
        mail = read_mail(raw("In-Reply-To: <c@x>", "References: <a@x> <b@x> <c@x>"))

        assert mail.answers == ("<c@x>", "<b@x>", "<a@x>")

    @pytest.mark.parametrize(
        "date", ["yesterday", "", "Mon, 99 Foo 2026 99:99:99 +9999", "Thu, 01 Jan 1970 00:00:00 +0000", "0", "Mon, 2 Nov 99999 1:1:1 +0000"]
    )  # fmt: skip
    def test_dates_that_are_none(self, date):
        assert read_mail(raw(f"Date: {date}")).sent_at is None

    def test_a_date_with_a_zone_and_a_comment(self):
        mail = read_mail(raw("Date: Mon, 2 Nov 2026 11:30:00 +0130 (CET, or so)"))

        assert mail.sent_at == datetime(2026, 11, 2, 10, tzinfo=UTC)

    def test_a_nul_anywhere(self):
        mail = read_mail(raw("Subject: a\0b", body=b"c\0d"))

        assert (mail.subject, mail.text) == ("ab", "cd")


class TestCharsetsThatLie:
    @pytest.mark.parametrize(
        ("content", "charset"),
        [
            ("Grüße".encode("cp1252"), "us-ascii"),
            ("Grüße".encode("cp1252"), "utf-8"),
            ("Grüße".encode(), "iso-8859-1"),
            ("Grüße".encode(), ""),
            ("Grüße".encode("latin-1"), ""),
            ("Grüße".encode(), "x-unknown"),
            ("Grüße".encode(), "base64"),
            ("Grüße".encode(), '"utf-8'),
            ("Grüße".encode("utf-16"), "utf-16"),
            ("Grüße".encode("utf-8-sig"), "utf-8"),
            ("Grüße".encode("utf-7"), "unicode-1-1-utf-7"),
        ],
    )
    def test_words_are_read_whatever_is_said(self, content, charset):
        assert read_mail(text_in(content.replace(b"\n", b""), charset)).text == "Grüße"

    def test_typographic_quotes_that_are_said_to_be_latin1(self):
        assert read_mail(text_in(b"\x93quoted\x94", "iso-8859-1")).text == "“quoted”"

    def test_chinese_said_to_be_the_smaller_set(self):
        assert read_mail(text_in("鎔基".encode("gb18030"), "gb2312")).text == "鎔基"

    def test_japanese_in_escapes(self):
        assert read_mail(text_in("障害".encode("iso-2022-jp"), "iso-2022-jp")).text == "障害"

    def test_html_whose_charset_the_page_alone_names(self):
        page = (
            b'<html><meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'
            + "<p>Связь</p>".encode("cp1251")
        )

        assert read_mail(text_in(page, "", kind="html")).text == "Связь"

    def test_quoted_printable_that_is_broken(self):
        mail = read_mail(raw("Content-Transfer-Encoding: quoted-printable", body="caf=C3=A9 =ZZ 100=\n%"))

        assert mail.text.startswith("café =ZZ 100")

    def test_a_long_text_is_decoded_as_far_as_it_is_read_and_a_letter_cut_there_makes_no_other_charset(self):
        words = "x" + "é" * (2 * reading.MOST_LETTERS + 10)

        for kind in ("plain", "html"):
            assert read_mail(text_in(words.encode(), "utf-8", kind=kind)).text[:4] == "xééé"

    @pytest.mark.parametrize("charset", ["bz2", "zlib", "hex", "base64", "no-such"])
    def test_a_way_to_pack_bytes_is_no_charset(self, charset):
        content = b"0" * (4 * reading.MOST_LETTERS + 10) + b"\xe9"

        assert read_mail(text_in(content, charset)).text[:4] == "0000"

    def test_base64_that_is_cut_short(self):
        mail = read_mail(raw("Content-Transfer-Encoding: base64", body="SGVsbG8gdGhlcmU"))

        assert mail.text.startswith("Hello ther")

    def test_an_encoding_that_nobody_knows(self):
        assert read_mail(raw("Content-Transfer-Encoding: x-rot", body="Hello")).text == "Hello"


class TestPartsOfAllKinds:
    def test_of_words_said_twice_the_plain_ones(self):
        mail = read_mail(parts("alternative", part("text/plain", "plain"), part("text/html", "<b>rich</b>")))

        assert mail.text == "plain"

    def test_html_where_the_plain_words_say_nothing(self):
        mail = read_mail(parts("alternative", part("text/plain", " \n"), part("text/html", "<p>rich</p>")))

        assert mail.text == "rich"

    def test_words_before_and_behind_a_picture(self):
        mail = read_mail(
            parts(
                "mixed",
                part("text/plain", "before"),
                attached(PNG, "inline", "image/png"),
                part("text/plain", "behind"),
            )
        )

        assert mail.text == "before\n\nbehind"
        assert mail.files[0].is_inline

    def test_an_inline_picture_of_html(self):
        inner = b'Content-Type: multipart/related; boundary="b2"\n\n--b2\n' + part(
            "text/html", '<p>Look <img src="cid:x"></p>'
        )
        inner += b"\n--b2\n" + attached(PNG, "inline; filename=shot.png", "image/png").replace(
            b"Content-Type", b"Content-ID: <x>\nContent-Type"
        )
        mail = read_mail(parts("mixed", inner + b"\n--b2--"))

        assert mail.text == "Look"
        assert [(file.name, file.is_inline) for file in mail.files] == [("shot.png", True)]

    def test_a_message_within_a_message_is_a_file(self):
        inner = part("message/rfc822", "Subject: The other\nFrom: x@y.example\n\nIts words.\n")
        mail = read_mail(parts("mixed", part("text/plain", "See below."), inner))

        assert mail.text == "See below."
        assert [(file.name, file.media_type) for file in mail.files] == [("The other.eml", "message/rfc822")]

    def test_parts_without_a_boundary(self):
        assert read_mail(raw("Content-Type: multipart/mixed", body="just words")).text == "just words"

    def test_parts_that_never_end(self):
        mail = read_mail(parts("mixed", part("text/plain", "words")).replace(b"--b1--", b""))

        assert mail.text == "words"
        assert mail.trouble

    def test_a_boundary_that_does_not_occur(self):
        mail = read_mail(raw('Content-Type: multipart/mixed; boundary="nowhere"', body="words all the same"))

        assert mail.text == "words all the same"

    def test_parts_nested_without_end(self):
        body = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000))

        with pytest.raises(UnreadableMailError, match="nested"):
            read_mail(raw(body=b"", Subject="deep").strip() + b"\r\n" + body)

    def test_parts_nested_a_little_too_deep(self):
        body = b"".join(b'Content-Type: multipart/mixed; boundary="x%dx"\n\n--x%dx\n' % (n, n) for n in range(35))

        mail = read_mail(b"Subject: deep\n" + body + part("text/plain", "down here"))

        assert mail.subject == "deep"
        assert "TooManyParts" in mail.trouble

    def test_more_parts_than_anybody_sends(self):
        mail = read_mail(parts("mixed", *[attached(PDF, f"attachment; filename={n}.pdf") for n in range(700)]))

        assert len(mail.files) == reading.MOST_FILES
        assert "TooManyFiles" in mail.trouble

    def test_nothing_at_all(self):
        for content in (b"", b"\r\n\r\n", b"   "):
            with pytest.raises(UnreadableMailError, match="empty"):
                read_mail(content)

    def test_headers_and_no_words(self):
        mail = read_mail(raw(body=""))

        assert (mail.text, mail.fresh, mail.subject) == ("", "", "No internet")

    def test_larger_than_is_read(self, monkeypatch):
        monkeypatch.setattr(reading, "LARGEST_MAIL", 1000)

        with pytest.raises(UnreadableMailError, match="bytes"):
            read_mail(raw(body="x" * 1001))

    def test_a_text_as_long_as_a_book(self):
        assert len(read_mail(raw(body="word " * 200_000)).text) == reading.LONGEST_TEXT

    def test_signed_with_pgp(self):
        mail = read_mail(
            parts("signed", part("text/plain", "signed words"), part("application/pgp-signature", "-----BEGIN PGP"))
        )

        assert (mail.text, mail.files) == ("signed words", ())

    def test_encrypted(self):
        mail = read_mail(
            parts(
                "encrypted",
                part("application/pgp-encrypted", "Version: 1"),
                part("application/octet-stream", "-----BEGIN"),
            )
        )

        assert mail.is_encrypted
        assert mail.text == ""

    def test_outlooks_winmail(self):
        content = tnef({"photo.jpg": JPEG, "bill.pdf": PDF}, b"Words inside.\0")
        mail = read_mail(parts("mixed", attached(content, "attachment; filename=winmail.dat", "application/ms-tnef")))

        assert mail.text == "Words inside."
        assert [(file.name, file.media_type) for file in mail.files] == [
            ("photo.jpg", "image/jpeg"),
            ("bill.pdf", "application/pdf"),
        ]

    def test_a_winmail_that_is_cut_short(self):
        content = tnef({"photo.jpg": JPEG, "bill.pdf": PDF})[:-20]
        mail = read_mail(with_file(content, "winmail.dat"))

        assert [file.name for file in mail.files] == ["photo.jpg"]

    def test_the_answer_of_a_calendar(self):
        ics = (
            "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nATTENDEE;PARTSTAT=ACCEPTED;CN=Pat:mailto:pat@people.example\n"
            "SUMMARY:Technician\\, visit at\n  home\nDTSTART:20261105T090000Z\nEND:VEVENT\nEND:VCALENDAR\n"
        )
        mail = read_mail(raw("Content-Type: text/calendar; method=REPLY; charset=utf-8", body=ics))

        assert (mail.calendar.method, mail.calendar.answer) == ("REPLY", "ACCEPTED")
        assert mail.calendar.summary == "Technician, visit at home"


class TestHtmlAsWords:
    def words(self, html: str) -> str:
        return read_mail(raw("Content-Type: text/html; charset=utf-8", body=html)).text

    def test_lines_lists_and_links(self):
        html = (
            '<div>One</div><div>Two<br>Three</div><ul><li>a</li><li>b</li></ul><a href="https://x.example/p">here</a>'
        )

        assert self.words(html) == "One\nTwo\nThree\n\n- a\n- b\n\nhere <https://x.example/p>"

    def test_scripts_and_styles_say_nothing(self):
        assert self.words("<style>p{}</style><script>alert(1)</script><title>t</title><p>Hi</p><!-- no -->") == "Hi"

    def test_what_is_kept_of_it_does_nothing(self):
        html = '<p onclick="x()">Hi <img src="https://spy.example/1.gif" alt="logo"><a href="javascript:x()">a</a><iframe src=x></iframe>'

        assert self.words(html) == "Hi [logo]a"

    @pytest.mark.parametrize("said_in", [1, 2])
    def test_of_tags_without_end_the_first_are_read(self, said_in):
        nested = part("text/html", "Hi" + "<div>" * 200_000 + "deep")
        mail = read_mail(parts("mixed", *[nested] * said_in))

        assert mail.text == "\n\n".join(["Hi"] * said_in)

    def test_html_that_is_broken(self):
        assert self.words("<p>One<p>Two<b>three</table></div>") == "One\n\nTwothree"

    def test_html_that_is_called_plain(self):
        assert read_mail(raw("Content-Type: text/plain", body="<html><body><p>Hi</p></body></html>")).text == "Hi"

    def test_quotes_within_quotes(self):
        html = "<p>New</p><blockquote>Old<blockquote>Older</blockquote></blockquote>"

        assert self.words(html) == "New\n\n> Old\n>\n> > Older".replace("\n>\n", "\n") or "> > Older" in self.words(
            html
        )

    def test_quotes_without_end(self):
        assert "deep" in self.words("<blockquote>" * 3000 + "deep")


class TestWhatIsNew:
    def new(self, text: str, *headers: str) -> str:
        return read_mail(raw(*headers, body=text)).fresh

    def test_above_a_quote_and_who_wrote_it(self):
        mail = read_mail(
            raw(
                body="Still broken.\n\nOn Mon, Nov 2, 2026 at 9:00 AM Larkspur\n<a@b.example> wrote:\n> Is it fixed?\n> Yours\n"
            )
        )

        assert mail.fresh == "Still broken."
        assert mail.quoted.startswith("On Mon")
        assert mail.quoted.endswith("> Yours")

    @pytest.mark.parametrize(
        "line",
        [
            "Am 02.11.2026 um 09:00 schrieb Larkspur:",
            "Le lun. 2 nov. 2026 à 09:00, Larkspur <a@b.example> a écrit :",
            "El lun, 2 nov 2026 a las 9:00, Larkspur (<a@b.example>) escribió:",
            "Larkspur Support wrote:",
        ],
    )
    def test_in_other_languages(self, line):
        assert self.new(f"Kaputt.\n\n{line}\n> alt\n") == "Kaputt."

    @pytest.mark.parametrize(
        "history",
        [
            "-----Original Message-----\nFrom: a@b.example\nIs it fixed?",
            "________________________________\nFrom: Larkspur\nSent: Monday\nTo: Pat\nSubject: Ticket\n\nIs it fixed?",
            "Von: Larkspur\nGesendet: Montag\nAn: Pat\nBetreff: Ticket\n\nIst es repariert?",
            "---------- Forwarded message ---------\nFrom: x",
            f"{REPLY_ABOVE}\nYour ticket",
            f"On Monday Larkspur wrote:\n\n> {REPLY_ABOVE}\n> Your ticket",
        ],
    )
    def test_above_what_programs_put_below(self, history):
        assert self.new(f"Still broken.\n\n{history}\n") == "Still broken."

    def test_answers_between_the_lines_stay_with_what_they_answer(self):
        text = "On Monday Larkspur wrote:\n> Is the light on?\nYes.\n> Which colour?\nRed."

        assert self.new(text) == text

    def test_an_answer_below_the_quote(self):
        text = "> Is the light on?\n\nYes, it is."

        assert self.new(text) == text

    def test_a_signature(self):
        mail = read_mail(raw(body="Broken.\n-- \nPat Doe\n+1 555 0100\n"))

        assert (mail.fresh, mail.signature) == ("Broken.", "--\nPat Doe\n+1 555 0100")

    def test_sent_from_a_telephone(self):
        assert self.new("Broken.\n\nSent from my iPhone") == "Broken."

    def test_a_line_of_hyphens_is_no_signature_of_a_long_text(self):
        text = "First.\n--\n" + "\n".join(f"line {number}" for number in range(40))

        assert self.new(text) == text

    def test_nothing_but_a_quote_is_kept_whole(self):
        assert self.new("> Is it fixed?") == "> Is it fixed?"

    def test_a_sentence_that_begins_like_a_quote(self):
        text = "On Monday your technician wrote: nothing works.\nOn Tuesday it rained."

        assert self.new(f"{text}\n\nOn Mon, Nov 2, Larkspur wrote:\n> Is it fixed?") == text

    def test_flowed_lines_are_joined(self):
        text = "This line is broken \nby the program.\n> and a quote \n> too\n-- \nPat"
        mail = read_mail(raw("Content-Type: text/plain; format=flowed", body=text))

        assert mail.text == "This line is broken by the program.\n> and a quote too\n--\nPat"

    def test_flowed_lines_without_their_spaces(self):
        mail = read_mail(raw("Content-Type: text/plain; format=flowed; delsp=yes", body="Donau \ndampf"))

        assert mail.text == "Donaudampf"


def zipped(*names: str, packed: int = zipfile.ZIP_STORED, **contents: str | bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packed) as archive:
        for name in names:
            archive.writestr(name, contents.get(name, "x"))
    return content.getvalue()


def _peak(act: Callable[[], object]) -> int:
    """Return how many bytes something takes at the most."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def odt(*names: str) -> bytes:
    return zipped("mimetype", *names, mimetype="application/vnd.oasis.opendocument.text")


TYPES, SHOUTED = "[Content_Types].xml", "[CONTENT_TYPES].XML"
DOCUMENT = f'<w:document xmlns:w="{WORDS[0]}"><w:body>%s</w:body></w:document>'
MACRO_TYPES = '<Override PartName="/word/m.bin" ContentType="application/vnd.ms-office.vbaProject"/>'


class TestFilesByTheirContent:
    def file(self, content: bytes, name: str, media_type: str = "application/octet-stream"):
        (file,) = read_mail(with_file(content, name, media_type)).files
        return file

    def test_are_what_they_are_whatever_they_are_called(self):
        file = self.file(JPEG, "holiday.pdf", "application/pdf")

        assert (file.media_type, file.name, file.refusal) == ("image/jpeg", "holiday.pdf.jpg", "")

    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"MZ\x90\0" + b"\0" * 50, "invoice.pdf"),
            (b"\x7fELF" + b"\0" * 50, "photo.jpg"),
            (b"#!/bin/sh\nrm\n", "notes.txt"),
            (b"<html><script>x()</script></html>", "notes.txt"),
            (b"<?xml version='1.0'?><svg xmlns='x'><script/></svg>", "drawing.png"),
            (zipped("word/document.xml", "word/vbaProject.bin"), "letter.docx"),
            (zipped("word/document.xml", "custom/VBAPROJECT.BIN"), "letter.docx"),
            (zipped(TYPES, "word/document.xml", "word/m.bin", **{TYPES: MACRO_TYPES}), "letter.docx"),
            (zipped(SHOUTED, "word/document.xml", "word/m.bin", **{SHOUTED: MACRO_TYPES}), "letter.docx"),
            (zipped(TYPES, "xl/workbook.xml", **{TYPES: "application/vnd.ms-excel.macrosheet+xml"}), "list.xlsx"),
            (zipped(TYPES, "word/document.xml", **{TYPES: "application/vnd.ms-office.activeX+xml"}), "letter.docx"),
            (odt("content.xml", "Basic/script-lc.xml"), "letter.odt"),
            (zipped("META-INF/MANIFEST.MF"), "game.zip"),
        ],
    )
    def test_are_refused_where_they_could_do_something(self, content, name):
        assert self.file(content, name).refusal == "dangerous"

    def test_are_refused_where_nobody_knows_what_they_are(self):
        assert self.file(b"\0\1\2\3" * 10, "thing.dat").refusal == "unknown_type"
        assert self.file(zipped("a.txt"), "logs.zip").refusal == "unknown_type"

    @pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_are_not_unpacked_where_that_knows_no_bound(self, packed):
        """They are refused without it: a few kilobytes would become gigabytes."""
        bomb = zipped(TYPES, "word/document.xml", packed=packed, **{TYPES: b"x" * (1 << 20)})
        peak = _peak(lambda: media_type_of(bomb))

        assert self.file(bomb, "letter.docx").refusal == "unknown_type"
        assert peak < 1 << 19

    @pytest.mark.parametrize(
        "body",
        [
            "<w:t/>" * (MOST_ELEMENTS + 1),
            '<w:fldSimple w:instr="PAGE"/>' * (MOST_ELEMENTS // 2 + 1),
            "<w:p " + "".join(f' a{number}=""' for number in range(LONGEST_TAG // 4)) + "/>",
        ],
        ids=["elements", "attributes", "one element"],
    )
    def test_are_refused_where_a_little_packs_more_than_is_looked_at(self, body):
        content = zipped("word/document.xml", packed=zipfile.ZIP_DEFLATED, **{"word/document.xml": DOCUMENT % body})

        assert self.file(content, "letter.docx").refusal == "unknown_type"
        assert len(content) < LONGEST_TAG

    @pytest.mark.parametrize(
        ("body", "read"),
        [
            ("<w:p>" * (MOST_NESTED - 2) + "</w:p>" * (MOST_NESTED - 2), MOST_NESTED),
            ("<w:p>" * (MOST_NESTED * 50), MOST_NESTED + 1),
            ("".join(f"<w:p{'x' * 200}{number}>" for number in range(MOST_NESTED * 50)), MOST_NESTED + 1),
        ],
        ids=["deep", "too deep", "with long names"],
    )
    def test_are_read_as_far_as_their_elements_are_nested_within_reason(self, body, read):
        """Of each that is open the parser keeps the name: what is packed small would fill the memory."""
        content = zipped("word/document.xml", packed=zipfile.ZIP_DEFLATED, **{"word/document.xml": DOCUMENT % body})
        allowance = Allowance()
        media_type = media_type_of(content, allowance)

        assert (media_type in ENDINGS) == (read <= MOST_NESTED)
        assert MOST_ELEMENTS - allowance.elements <= read + 5
        assert _peak(lambda: media_type_of(content)) < 4 << 20

    def test_are_looked_at_within_one_bound_for_all_of_a_message(self):
        body = "<w:p><w:r><w:t>Words</w:t></w:r></w:p>" * (MOST_ELEMENTS // 10)
        long = zipped("word/document.xml", packed=zipfile.ZIP_DEFLATED, **{"word/document.xml": DOCUMENT % body})
        together = Allowance()

        first, *others = [media_type_of(long, together) for _file in range(4)]

        assert first == media_type_of(long)
        assert others[-1] == "application/octet-stream"

    @pytest.mark.parametrize(
        "types",
        [
            "x" * (MOST_TYPES + 1),
            MACRO_TYPES.replace("vba", "vb&#97;"),
            MACRO_TYPES.encode("utf-16"),
            MACRO_TYPES.encode("utf-16-le"),
            f"<?xml version='1.0' encoding='UTF-7'?>{MACRO_TYPES.replace('vba', 'vb+AGE-')}",
            f"<!DOCTYPE a [<!ENTITY b 'vba'>]>{MACRO_TYPES.replace('vba', '&b;')}",
        ],
    )
    def test_are_refused_where_they_hide_what_they_consist_of(self, types):
        content = zipped(TYPES, "word/document.xml", packed=zipfile.ZIP_DEFLATED, **{TYPES: types})

        assert self.file(content, "letter.docx").refusal == "unknown_type"

    def test_are_refused_where_they_say_twice_what_they_consist_of(self):
        assert self.file(zipped(TYPES, SHOUTED, "word/document.xml"), "letter.docx").refusal == "unknown_type"

    def test_are_taken_as_office_writes_them(self):
        types = '\ufeff<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types><Default Extension="xml"/></Types>'
        content = zipped(TYPES, "word/document.xml", packed=zipfile.ZIP_DEFLATED, **{TYPES: types})

        assert self.file(content, "letter.docx").refusal == ""

    def test_are_refused_where_they_are_too_large_or_empty(self):
        (large,) = read_mail(with_file(PDF + b"x" * 100, "bill.pdf"), largest_file=50).files

        assert (large.refusal, self.file(b"", "empty.pdf").refusal) == ("too_large", "empty")

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (PDF, "application/pdf"),
            (odt("content.xml"), "application/vnd.oasis.opendocument.text"),
            (zipped("xl/workbook.xml", TYPES), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (PNG, "image/png"),
            (b"GIF89a..", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x18ftypheic\0\0", "image/heic"),
            (b"\0\0\0\x18ftypisom\0\0", "video/mp4"),
            (b"name,amount\n1,2\n", "text/plain"),
            (b"PK\x03\x04 not really", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ],
    )
    def test_are_known_by_how_they_begin(self, content, expected):
        assert media_type_of(content) == expected

    @pytest.mark.parametrize(
        ("name", "safe"),
        [
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("C:\\Windows\\bill.pdf", "bill.pdf"),
            ("bill\u202efdp.exe", "billfdp.exe.pdf"),
            ("CON.pdf", "_CON.pdf"),
            (".htaccess", "htaccess.pdf"),
            ('a"b<c>.pdf', "a_b_c_.pdf"),
            ("Rechnung März.pdf", "Rechnung März.pdf"),
        ],
    )
    def test_have_names_that_are_safe(self, name, safe):
        assert self.file(PDF, name).name == safe

    def test_have_a_name_of_a_usable_length(self):
        name = self.file(PDF, "x" * 5000 + ".pdf").name

        assert len(name) == LONGEST_NAME
        assert name.endswith(".pdf")

    @pytest.mark.parametrize(
        "disposition",
        [
            "attachment; filename*=utf-8''M%C3%A4rz.pdf",
            'attachment; filename="=?utf-8?B?TcOkcnoucGRm?="',
            "attachment; filename*0*=utf-8''M%C3%A4; filename*1=rz.pdf",
            'attachment; filename="M\udcc3\udca4rz.pdf"',
            "attachment; filename=M\udce4rz.pdf",
        ],
    )
    def test_are_called_in_every_way_that_programs_know(self, disposition):
        (file,) = read_mail(parts("mixed", attached(PDF, disposition))).files

        assert file.name == "März.pdf"

    def test_without_a_name_get_one(self):
        (file,) = read_mail(parts("mixed", attached(PDF, "attachment"))).files

        assert file.name == "file-1.pdf"

    def test_are_not_changed(self):
        """Where a picture was taken stays in it: it may be what the ticket is about."""
        assert self.file(JPEG, "photo.jpg").content == JPEG


class TestCompoundFiles:
    """Documents of the old Office and messages of Outlook, by what lies in them."""

    def refusal(self, content: bytes) -> str:
        return refusal_of(content, media_type_of(content))

    @pytest.mark.parametrize("sector", [512, 4096])
    def test_are_taken_where_they_hold_words_alone(self, sector):
        assert media_type_of(compound("WordDocument", "1Table", "Data", sector=sector)) == "application/msword"
        assert self.refusal(compound("WordDocument", Workbook=workbook(), sector=sector)) == ""
        assert self.refusal(compound(PowerPoint_Document=b"\x0f\0\xe8\x03" * 2000, sector=sector)) == ""

    @pytest.mark.parametrize("name", ["Macros", "VBA", "_VBA_PROJECT", "_VBA_PROJECT_CUR", "vba", "_vba_Project"])
    @pytest.mark.parametrize("before", [0, 1, 40])
    @pytest.mark.parametrize("sector", [512, 4096])
    def test_are_refused_where_they_hold_programs(self, name, before, sector):
        assert self.refusal(compound(*["Data"] * before, name, "WordDocument", sector=sector)) == "dangerous"

    def test_are_refused_whatever_their_head_says_of_where_the_directory_is(self):
        content = bytearray(compound("Macros"))
        content[24:512] = b"\xff" * 488

        assert self.refusal(bytes(content)) == "dangerous"

    def test_are_refused_where_they_are_cut_short(self):
        content = compound("Data", "Data", "Macros")

        assert self.refusal(content[:-60]) == "dangerous"
        assert self.refusal(content[:700]) == ""

    @pytest.mark.parametrize("name", ["Macros2", "MyVBA", "VB", ""])
    def test_are_taken_where_a_name_is_only_alike(self, name):
        assert self.refusal(compound(name)) == ""

    def test_are_taken_where_the_word_stands_in_the_text(self):
        assert self.refusal(compound("WordDocument") + "Macros and VBA and _VBA_PROJECT".encode("utf-16-le") * 9) == ""

    def test_of_outlook_are_taken_without_files_alone(self):
        assert self.refusal(compound("__properties_version1.0", "__recip_version1.0_#00000000")) == ""
        assert self.refusal(compound("__properties_version1.0", "__attach_version1.0_#00000000")) == "unknown_type"

    @pytest.mark.parametrize("padding", [0, 480, 5000])
    @pytest.mark.parametrize("sector", [512, 4096])
    @pytest.mark.parametrize("name", ["Workbook", "BOOK"])
    @pytest.mark.parametrize("sheet", [{"kind": 1}, {"kind": 6}, {"said": 0x40}])
    def test_of_excel_are_refused_with_sheets_of_macros(self, padding, sector, name, sheet):
        content = compound(sector=sector, **{name: workbook(padding=padding, **sheet)})

        assert self.refusal(content) == "dangerous"
        harmless = compound(sector=sector, **{name: workbook(padding=padding, kind=2, said=0x20)})
        assert self.refusal(harmless) == ""

    @pytest.mark.parametrize(("kind", "why"), [(0, ""), (1, "dangerous")])
    def test_of_excel_are_read_where_their_head_cannot_name_all_of_their_table(self, kind, why):
        assert self.refusal(compound(Pictures=bytes(8 << 20), Workbook=workbook(kind=kind, padding=5000))) == why

    def test_of_excel_are_refused_where_a_password_locks_them_or_they_are_damaged(self):
        locked = compound(Workbook=workbook(record(0x2F, bytes(54)), kind=1))
        cut = compound(Workbook=workbook(padding=5000)[:4500])
        endless = compound(Workbook=bytes(9000))

        assert [self.refusal(content) for content in (locked, cut, endless)] == ["unknown_type"] * 3

    @pytest.mark.parametrize("place", [30, 76])
    def test_are_refused_where_a_file_in_them_cannot_be_found(self, place):
        content = bytearray(compound(Workbook=workbook(padding=5000)))
        content[place : place + 4] = b"\xfe\xff\xff\xff"

        assert self.refusal(bytes(content)) == "unknown_type"

    @pytest.mark.parametrize("count", [0, 1, 2000])
    def test_are_refused_where_files_in_them_share_sectors(self, count):
        content = compound(Workbook=workbook(padding=5000))
        entry = content[content.index("Workbook".encode("utf-16-le")) :][:128]

        assert self.refusal(content + entry * count) == ("unknown_type" if count else "")

    def test_are_refused_where_they_wrap_what_a_password_locks(self):
        assert self.refusal(compound("EncryptionInfo", "EncryptedPackage")) == "unknown_type"

    @pytest.mark.parametrize("head", [b"\x10\0\x11\x10", b"\0\0\x11\x10", b"\x0f\0\x14\x2f"])
    @pytest.mark.parametrize("before", [9, 510, 4094])
    def test_of_powerpoint_are_refused_with_what_is_packed_into_them_or_locked(self, head, before):
        assert self.refusal(compound(PowerPoint_Document=b"x" * before + head + b"y" * 5000)) == "unknown_type"
        assert self.refusal(compound(PowerPoint_Document=b"x" * before + head)) == "unknown_type"
        assert self.refusal(compound(Pictures=b"x" * before + head)) == ""

    @pytest.mark.parametrize("sector", [512, 4096])
    @pytest.mark.parametrize(
        ("document", "why"),
        [
            (word(), ""),
            (word(version=0xA5DC), ""),
            (word(flags=1, commands=900), ""),  # since 1997 these are keys and buttons; programs have their folder
            (word(version=0xA5DC, flags=1), "dangerous"),
            (word(version=0xA5DC, commands=40), "dangerous"),
            (word(text=b"\x13 DDEAUTO c:\\\\x.exe \x14"), "dangerous"),
            (word(text="\x13 dde x y \x14".encode("utf-16-le")), "dangerous"),
            (word(text=b"DDE in a text, and \x13 DATE \x14"), ""),
            (word(flags=0x100), "unknown_type"),
            (word(version=0x1234), "unknown_type"),
            (word(version=0xA5DC)[:20], "unknown_type"),
        ],
    )
    def test_of_word_are_refused_with_macros_of_before_1997_or_links_to_programs(self, document, why, sector):
        assert self.refusal(compound(sector=sector, WordDocument=document)) == why
        assert self.refusal(compound(sector=sector, WordDocument=document.ljust(9000, b"\0"))) == (
            why if len(document) > 20 else ""
        )

    def test_are_refused_where_they_hold_a_packed_file(self):
        assert self.refusal(compound("WordDocument", "ObjectPool", "\x01Ole10Native")) == "dangerous"
        assert self.refusal(compound("WordDocument", "ObjectPool", "\x01Ole", "\x01CompObj", "CONTENTS")) == ""

    @pytest.mark.parametrize(
        ("version", "which", "source", "why"),
        [
            (0x600, 0x1AE, b"\0\0\x0c\0\0cmd\x03/c calc", "dangerous"),
            (0x600, 0x1AE, b"\0\0\x03\0\x01a\0\x03\0b\0", "dangerous"),
            (0x600, 0x1AE, b"\1\0\x0c\0\0\x01folder\x03b.xls", ""),
            (0x600, 0x1AE, b"\1\0\x01\x04", ""),
            (0x600, 0x017, b"\x02\0\x03\0\0\0\3\0", ""),
            (0x500, 0x017, b"\x0bcmd\x03/c calc", "dangerous"),
            (0x500, 0x017, b"\x07\x03Sheet1", ""),
        ],
    )
    def test_of_excel_are_refused_with_links_to_programs(self, version, which, source, why):
        assert self.refusal(compound(Workbook=workbook(record(which, source), version=version))) == why


SHEETS, WORDS, SLIDES = "xl/workbook.xml", "word/document.xml", "ppt/presentation.xml"
LINK = (
    '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
)
STRICT_LINK = '<x:externalLink xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:ddeLink x:ddeService="cmd"/></x:externalLink>'
PACKED, OBJECT = compound("\x01Ole10Native"), compound("\x01Ole", "CONTENTS")
OPEN_LINK = '<o:body xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><o:dde-source o:dde-application="cmd"/></o:body>'


def relationship(kind: str, mode: str = "") -> str:
    """Write what a part of a document refers to: a hyperlink, and something else."""
    types, where = "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "https://a.example/b"
    target = f'Target="b.bin" TargetMode="{mode}"' if mode else 'Target="b.bin"'
    return (
        '<?xml version="1.0"?><p:Relationships xmlns:p="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<p:Relationship Id="a" Type="{types}/hyperlink" Target="{where}" TargetMode="External"/>'
        f'<p:Relationship Id="b" Type="{types}/{kind}" {target}/></p:Relationships>'
    )


class TestDocumentsThatStartPrograms:
    """By files within them, or by links, in documents that have no programs of their own."""

    def refusal(self, content: bytes) -> str:
        return refusal_of(content, media_type_of(content))

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (field("DDEAUTO c:\\x.exe"), "dangerous"),
            (field(" dde ", "x y"), "dangerous"),
            (field(" D", "", "DE", "AUTO x y"), "dangerous"),
            (field("&#68;D<!-- -->E<![CDATA[AUTO]]>"), "dangerous"),
            (field("IF 1=1 ", field("DDEAUTO x y")), "dangerous"),
            (field(field("QUOTE 68 68 69"), " x y"), "dangerous"),
            (field("<w:r><w:t>DDE</w:t></w:r>", " x y"), "dangerous"),
            ('<w:fldSimple w:instr=" DDEAUTO x y"><w:r/></w:fldSimple>', "dangerous"),
            (field("DATE ", "DDE") + "<w:t>DDEAUTO</w:t>", ""),
            (field("IF 1=1 ", field("PAGE"), " DDE") + field("PAGE"), ""),
            ('<w:fldSimple w:instr="PAGE"><w:r><w:t>DDE</w:t></w:r></w:fldSimple>', ""),
            ("<w:fldChar/><w:instrText>", "unknown_type"),
        ],
    )
    def test_by_fields_of_word(self, body, why):
        for name, written in ((WORDS, wordprocessing(body)), ("a/b.dat", wordprocessing(body, "ftr", "x"))):
            content = zipped(WORDS, *{name} - {WORDS}, packed=zipfile.ZIP_DEFLATED, **{name: written})
            assert self.refusal(content) == why
        sixteen = wordprocessing(body).encode("utf-16")
        assert self.refusal(zipped(WORDS, **{WORDS: sixteen})) == why

    @pytest.mark.parametrize(
        ("name", "part", "why"),
        [
            ("xl/externalLinks/externalLink1.xml", LINK, "dangerous"),
            ("xl/a.bin", STRICT_LINK, "dangerous"),
            ("xl/a.xml", LINK.replace("ddeLink", "externalBook"), ""),
            ("xl/a.xml", f"<!DOCTYPE a [<!ENTITY b 'c'>]>{LINK.replace('ddeLink', 'externalBook')}", "unknown_type"),
            ("xl/a.xml", "<sheet>DDE</sheet>", ""),
            ("xl/a.xml", "<sheet", "unknown_type"),
            ("content.xml", OPEN_LINK, "dangerous"),
            ("content.xml", OPEN_LINK.replace("dde-source", "p"), ""),
            ("word/embeddings/oleObject1.bin", PACKED, "dangerous"),
            ("xl/embeddings/a.bin", PACKED, "dangerous"),
            ("any/thing.png", PACKED, "dangerous"),
            ("word/embeddings/oleObject1.bin", OBJECT, ""),
            ("word/embeddings/oleObject1.bin", b"\0\1\2", "unknown_type"),
            ("word/embeddings/setup.exe", b"MZ\0\0", "dangerous"),
            ("ppt/embeddings/sheet.xlsx", zipped(SHEETS), ""),
            ("ppt/embeddings/sheet.xlsx", zipped(SHEETS, "xl/a.xml", **{"xl/a.xml": LINK}), "dangerous"),
            ("ppt/media/a.png", zipped(SHEETS, "xl/a.xml", **{"xl/a.xml": LINK}), "dangerous"),
            ("ppt/embeddings/a.zip", zipped("a"), "unknown_type"),
            ("word/media/image1.png", PNG, ""),
            ("word/footer.xml", wordprocessing('<w:altChunk r:id="a" xmlns:r="r"/>'), "dangerous"),
            ("word/_rels/document.xml.rels", relationship("aFChunk"), "dangerous"),
            ("xl/worksheets/_rels/a.rels", relationship("control"), "dangerous"),
            ("word/activeX/_rels/a.rels", relationship("activeXControlBinary"), "dangerous"),
            ("word/_rels/settings.xml.rels", relationship("attachedTemplate", "External"), "dangerous"),
            ("ppt/slides/_rels/a.rels", relationship("oleObject", "External"), "dangerous"),
            ("any/name.dat", relationship("oleObject", " external "), "dangerous"),
            ("word/_rels/document.xml.rels", relationship("frame", "External"), "dangerous"),
            ("word/_rels/document.xml.rels", relationship("attachedTemplate"), ""),
            ("word/_rels/document.xml.rels", relationship("oleObject", "Internal"), ""),
            ("word/_rels/document.xml.rels", relationship("hyperlink", "External"), ""),
            ("xl/externalLinks/a.xml", LINK.replace("ddeLink", "oleLink"), "dangerous"),
        ],
    )
    @pytest.mark.parametrize("document", [SHEETS, WORDS, SLIDES, "mimetype"])
    def test_by_links_and_files_within_them(self, document, name, part, why):
        opened = {"mimetype": "application/vnd.oasis.opendocument.text"}

        assert self.refusal(zipped(document, name, **(opened | {name: part}))) == why

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            (r"{\rtf1 Hello, object and DDE.\par}", ""),
            (r"{\rtf1{\object\objemb{\*\objdata 0105}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst DDEAUTO x y}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst{ DDE x y}}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst DATE}{\fldrslt DDE}}}", ""),
            ("{\\rt0{\\object\n{\\*{\\nothing}\n\t\\objdata\n01 0{}5\n}}}", "dangerous"),
            (r"{\rtf1{{\*\any{\object{\*\OBJDATA0 01}}}}", "dangerous"),
            (r"{\rtf1{\object{\objupdate{\result}}}}", "dangerous"),
            (r"{\rtf1\bin99{\object\objclass Package}}", "dangerous"),
            (r"{\rtf1{\*\template http://a.example/b}}", "dangerous"),
            (r"{\rtf1{\object\objattph\templates A file was here}}", ""),
            (r"{\rtf1{\field{\*\fldinst {\rtlch\af0 \ltrch\insrsid1  DDEAUTO x y}}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst {\b D}{\i \'44}\u69?AUTO x y}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst \uc0\u68\u68 E x y}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst{\b\u125?}DDE x y}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst{\*\panose 02}{\v DATE}DDE x y}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst{\field{\*\fldinst QUOTE 68}{\fldrslt DDE}} x}}}", "dangerous"),
            (r"{\rtf1{\field{\*\fldinst{ IF {\field{\*\fldinst PAGE}} = 1 a b}}}}", ""),
            (r"{\rtf1{\field{\*\fldinst}}{\field{\*\fldinst{\b HYPERLINK}{ http://hidden.example}}} DDE}", ""),
        ],
    )
    def test_by_objects_and_fields_in_rtf(self, text, why):
        assert self.refusal(text.encode()) == why

    @pytest.mark.parametrize("text", [r"{\rtf1" + r"{\fldinst x}" * 9999, r"{\rtf1{\fldinst" + "{a}" * 9999])
    def test_with_more_fields_than_anybody_writes_are_not_looked_through(self, text):
        assert self.refusal(text.encode()) == "unknown_type"

    def test_are_not_looked_through_without_end(self):
        """Neither a document that unpacks to very much, nor one of very many parts, nor one in one in one."""
        large = wordprocessing(" " * MOST_UNPACKED)
        bomb = zipped(WORDS, packed=zipfile.ZIP_DEFLATED, **{WORDS: large})
        half = zipped(WORDS, packed=zipfile.ZIP_DEFLATED, **{WORDS: wordprocessing(" " * (MOST_UNPACKED // 2))})
        both = zipped(WORDS, "word/embeddings/a.docx", "word/embeddings/b.docx",
                      **{"word/embeddings/a.docx": half, "word/embeddings/b.docx": half})  # fmt: skip
        many = zipped(WORDS, *(f"{number}.png" for number in range(MOST_PARTS)))
        deep = zipped(WORDS)
        for _within in range(DEEPEST + 1):
            deep = zipped(WORDS, "word/embeddings/a.docx", **{"word/embeddings/a.docx": deep})

        small = zipped(WORDS, packed=zipfile.ZIP_DEFLATED, **{WORDS: wordprocessing(" " * (4 << 20))})
        assert _peak(lambda: media_type_of(small)) < 1 << 20
        assert [self.refusal(one) for one in (bomb, both, many, deep)] == ["unknown_type"] * 4
        assert self.refusal(half) == ""


class TestAMessageThatIsAttached:
    def refusal(self, message: bytes, **named: int) -> str:
        (file,) = read_mail(message, **named).files
        assert file.media_type == "message/rfc822"
        return file.refusal

    def test_is_taken_with_files_that_are(self):
        (file,) = read_mail(enclosed(with_file(PDF, "bill.pdf"))).files

        assert (file.name, file.refusal) == ("A file.eml", "")
        assert b"bill.pdf" in file.content

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"MZ\x90\0" + b"\0" * 50, "dangerous"),
            (compound("Macros"), "dangerous"),
            (zipped("a.txt"), "unknown_type"),
            (tnef({"setup.exe": b"MZ\x90\0" + b"\0" * 50}), "dangerous"),
        ],
    )
    def test_is_refused_with_one_that_is_not(self, content, why):
        assert self.refusal(enclosed(with_file(content, "bill.pdf"))) == why

    def test_is_refused_for_the_worst_of_several(self):
        inner = parts("mixed", *(attached(content, "attachment") for content in (zipped("a"), PDF, b"MZ\0\0")))

        assert self.refusal(enclosed(inner)) == "dangerous"

    def test_is_refused_for_one_that_is_too_large(self):
        assert self.refusal(enclosed(with_file(PDF + b"x" * 500, "bill.pdf")), largest_file=400) == "too_large"

    def test_is_taken_with_one_that_is_empty(self):
        assert self.refusal(enclosed(with_file(b"", "bill.pdf"))) == ""

    @pytest.mark.parametrize("depth", [1, 5])
    def test_is_refused_for_what_lies_deep_in_it(self, depth):
        message = with_file(b"MZ\x90\0", "setup.exe")
        for number in range(depth):
            message = enclosed(message, boundary=f"within-{number}")

        assert self.refusal(enclosed(message)) == "dangerous"

    def test_is_refused_where_it_goes_too_deep_to_be_looked_through(self):
        message = with_file(PDF, "bill.pdf")
        for _level in range(40):
            message = b"Content-Type: message/rfc822\n\n" + message

        assert self.refusal(message) == "unknown_type"

    @pytest.mark.parametrize("encode", [base64.encodebytes, quopri.encodestring])
    def test_is_refused_where_it_is_encoded(self, encode):
        encoding = "base64" if encode is base64.encodebytes else "quoted-printable"
        inner = part("message/rfc822", encode(with_file(PDF, "x.pdf")), f"Content-Transfer-Encoding: {encoding}")

        assert self.refusal(parts("mixed", part("text/plain", "See below."), inner)) == "unknown_type"

    def test_does_not_hold_back_the_files_beside_it(self):
        inner = part("message/rfc822", with_file(b"MZ\0\0", "setup.exe")) + b"\n"
        mail = read_mail(parts("mixed", inner, attached(PDF, "attachment; filename=bill.pdf")))

        assert [(file.name, file.refusal) for file in mail.files] == [("A file.eml", "dangerous"), ("bill.pdf", "")]


class TestMailsMadeToKeepUsBusy:
    """Each of these took minutes to hours where a pattern or a loop tried the same again and again."""

    @pytest.mark.parametrize(
        "header",
        [
            "Message-ID: <x" + " " * 19_000 + "<",
            "References: " + "<" * 19_000,
            'From: "' + '\\"' * 9_500,
            "From: (" + "\\(" * 9_500,
            "From: <x" + " " * 19_000 + "<",
        ],
        ids=["id", "references", "quotes", "comments", "sender"],
    )
    def test_headers(self, header):
        assert read_mail(f"{header}\r\nSubject: x\r\n\r\nHello".encode()).fresh == "Hello"

    def test_many_headers_of_one_name_are_not_all_read(self):
        mail = read_mail(("Received: x\r\n" * 5000 + "Subject: x\r\n\r\nHello").encode())

        assert len(mail.headers["received"]) == 50

    def test_quotes_without_end(self):
        assert read_mail(raw(body=">\n" * 90_000 + "x")).fresh.endswith("x")

    def test_parts_within_parts(self):
        nested = "".join(
            f"--b{number}\r\nContent-Type: multipart/mixed; boundary*0=b{number + 1}\r\n\r\n" for number in range(60)
        )
        with pytest.raises(UnreadableMailError, match="nested without end"):
            read_mail(f"Content-Type: multipart/mixed; boundary*=b0\r\n\r\n{nested}".encode())

    @pytest.mark.parametrize("name", ["Content-Type: text/plain", "content-disposition: inline"])
    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
    def test_of_descriptions_without_end_are_not_read(self, name, end):
        """The library compares each parameter of a header with all before it."""
        folded = f";{end} " * 10_000
        one = f'From: pat@people.example{end}{name}; a="{folded}{end}{end}Hi'
        part = f'--b{end}{name}; a="{";" * 4_000}"{end}{end}Hi{end}'
        many = f"From: pat@people.example{end}Content-Type: multipart/mixed; boundary=b{end}{end}{part * 20}"

        for message in (one, many):
            with pytest.raises(UnreadableMailError, match="at too great length"):
                read_mail(message.encode())

    @pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
    def test_nothing_but_lines(self, end):
        with pytest.raises(UnreadableMailError, match="lines"):
            read_mail(b"Subject: x\r\n\r\n" + end * 500_000)

    def test_many_headers_are_not_all_read(self):
        many = "".join(f"X-{number}: x\r\n" for number in range(2000))
        mail = read_mail(f"Subject: first\r\n{many}X-Last: x\r\n\r\nHello".encode())

        assert (mail.subject, mail.fresh, len(mail.headers)) == ("first", "Hello", reading.MOST_HEADERS)
        assert mail.trouble == ("TooManyHeaders",)

    def test_long_headers_are_not_all_read(self):
        many = "".join(f"X-{number}: {'x' * 20_000}\r\n" for number in range(100))
        mail = read_mail(f"Subject: first\r\n{many}\r\nHello".encode())

        assert sum(len(value) for values in mail.headers.values() for value in values) == 1_000_000

    def test_html_in_many_parts_is_read_up_to_a_length(self):
        page = part("text/html", "<p>first</p>" + "<!-- -->" * 40_000)
        mail = read_mail(parts("mixed", page, page, page, part("text/html", "<p>last</p>")))

        assert mail.text == "first\n\nfirst"

    def test_fields_of_files_are_read_up_to_a_number_all_together(self):
        page = b"{\\rtf1" + b"{\\field{\\*\\fldinst PAGE}}" * 1500
        mail = read_mail(parts("mixed", *[attached(page, "attachment; filename=a.rtf")] * 4))

        assert [file.refusal for file in mail.files] == ["", "", "unknown_type", "unknown_type"]

    def test_a_page_of_quotes_within_quotes_stays_small(self):
        page = "<blockquote>" * 200 + "<br>" * 50_000 + "Hello"

        assert len(read_mail(raw("Content-Type: text/html", body=page)).text) < 500_000


class TestLinesWithoutAnEnd:
    """A line of mail has 998 bytes at the most (RFC 5322, 2.1.1); `LONGEST_LINE` is a thousand times that."""

    MANY = 24 * 1024 * 1024

    @pytest.mark.parametrize("end", [b"", b"\r\nThe end.", b"\rThe end."])
    def test_of_words_the_beginning_is_read(self, end):
        mail = read_mail(raw(body=b"Help! " * 400_000 + end))

        assert mail.text.startswith("Help! Help!")
        assert mail.has_cut_lines
        assert "LongLine" in mail.trouble
        assert mail.message_id == "<one@people.example>"

    @pytest.mark.parametrize("head", ["", "Content-Type: text/html", "Content-Transfer-Encoding: quoted-printable"])
    def test_takes_no_more_memory_than_the_message_itself(self, head):
        content = raw(*filter(None, [head]), body="é ".encode() * (self.MANY // 3))

        assert _peak(lambda: read_mail(content)) < self.MANY

    def test_that_is_a_header_is_read_at_its_beginning(self):
        mail = read_mail(raw(f"X-Filler: {'x' * 2_000_000}"))

        assert (mail.text, mail.has_cut_lines) == ("Hello.", True)

    def test_of_base64_is_broken_into_lines_and_nothing_is_lost(self):
        content = PDF + bytes(range(256)) * 5000
        file = part("application/pdf", base64.b64encode(content), *IN_BASE64)

        mail = read_mail(parts("mixed", part("text/plain", "See the file."), file))

        assert [(one.content, one.refusal) for one in mail.files] == [(content, "")]
        assert (mail.text, mail.has_cut_lines) == ("See the file.", False)

    def test_of_a_file_is_not_passed_on_by_half(self):
        file = part("application/pdf", PDF + b"x" * 2_000_000, "Content-Disposition: attachment; filename=a.pdf")
        whole = attached(PDF, "attachment; filename=b.pdf")

        mail = read_mail(parts("mixed", part("text/plain", "See the files."), file, whole))

        assert [(one.name, one.refusal) for one in mail.files] == [("a.pdf", "overlong"), ("b.pdf", "")]
        assert mail.text == "See the files."

    @pytest.mark.parametrize("is_file", [True, False])
    def test_within_an_attached_message_is_not_passed_on_by_half(self, is_file):
        long = PDF + b"x y" * 700_000
        inner = parts(
            "mixed", part("application/pdf", long, "Content-Disposition: attachment; filename=a.pdf"), boundary="b2"
        )

        (file,) = read_mail(enclosed(inner if is_file else raw(body=long))).files

        assert (file.media_type, file.refusal) == ("message/rfc822", "overlong")

    def test_of_so_many_bytes_is_left_as_it_is(self):
        words = "word " * (reading.LONGEST_LINE // 5)

        mail = read_mail(raw(body=words))

        assert not mail.has_cut_lines
