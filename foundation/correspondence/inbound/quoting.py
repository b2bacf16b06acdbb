"""What is new in a message, apart from the history that it quotes and the signature below it."""

import re
from dataclasses import dataclass

REPLY_ABOVE = "##- Please write your answer above this line -##"
"""A line that our own messages may begin with: whatever stands below it in an answer is ours."""
WROTE = re.compile(
    r"^(?:>\s*)?"
    r"(?:On|Am|Le|El|Il|Op|Em|Den|På|W dniu|Dne)\b.{4,400}?\b"
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał\(?a?\)?|napsal\(?a?\)?)(?:\s.{0,200})?:\s*$"
)
WROTE_ALONE = re.compile(r"^(?:>\s*)?.{2,200}\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu)\s?:\s*$")
LONGEST_ATTRIBUTION = 4
"""Lines over which a mail program may break “On …, … wrote:”."""
SEPARATOR = re.compile(
    r"^\s*(?:-{2,}\s*)?(?:Original Message|Original Appointment|Forwarded message|Ursprüngliche Nachricht|"
    r"Message d'origine|Message original|Mensaje original|Mensaje reenviado|Messaggio originale|"
    r"Oorspronkelijk bericht|Mensagem original)(?:\s*-{2,})\s*$",
    re.IGNORECASE,
)
RULE = re.compile(r"^\s*(?:_{10,}|-{10,})\s*$")
FROM = re.compile(r"^\s*\*?(?:From|De|Von|Da|Van|Från|Fra)\s?\*?:\*?\s*\S", re.IGNORECASE)
SENT = re.compile(
    r"^\s*\*?(?:Sent|Date|To|Subject|Gesendet|An|Betreff|Envoyé|À|Objet|Enviado(?: el)?|Para|Asunto|Inviato|Oggetto|"
    r"Verzonden|Onderwerp)\s?\*?:\*?",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"^--\s?$")
SENT_FROM = re.compile(
    r"^\s*(?:Sent from (?:my|Mail|Outlook|Yahoo|the)|Get Outlook for|Enviado desde|Envoyé de(?:puis)? mon|"
    r"Von meinem .{1,40} gesendet|Inviato da|Verzonden vanaf).{0,80}$",
    re.IGNORECASE,
)
LINES_READ = 3000
"""Lines among which the history of a message is looked for."""
LONGEST_SIGNATURE = 15
"""Lines: more than that below two hyphens is no signature."""


@dataclass(frozen=True)
class Reply:
    """A message in its parts."""

    fresh: str
    quoted: str = ""
    signature: str = ""


def split_reply(text: str) -> Reply:
    """
    Part what is new from what is quoted and from the signature. Nothing is thrown away.

    Answers written between or below quoted lines stay as they are, quotes and all: without them they mean nothing.
    """
    lines = text.split("\n")
    cut = _where_history_begins(lines)
    fresh, quoted = _join(lines[:cut]), _join(lines[cut:])
    if not fresh:
        fresh, quoted = text.strip(), ""
    body, signature = _without_signature(fresh)
    return Reply(body, quoted, signature) if body else Reply(fresh, quoted)


def _where_history_begins(lines: list[str]) -> int:
    marked = next((number for number, line in enumerate(lines) if REPLY_ABOVE in line), len(lines))
    only_quotes = _only_quotes_from(lines[:marked])
    for number, line in enumerate(lines[: min(marked, LINES_READ)]):
        if SEPARATOR.match(line) or _is_outlook(lines, number):
            return number
        length = _attribution(lines, number)
        if length and only_quotes[min(number + length, marked)]:
            return number
        if line.startswith(">") and only_quotes[number]:
            return number
    return _before_attribution(lines, marked)


def _before_attribution(lines: list[str], marked: int) -> int:
    """Return where what leads to our own line begins: the attribution above it is a mail program's, not a person's."""
    for number in range(max(0, marked - LONGEST_ATTRIBUTION - 2), marked):
        if marked < len(lines) and _attribution(lines, number):
            return number
    return marked


def _attribution(lines: list[str], number: int) -> int:
    """Return over how many lines “On …, … wrote:” goes from here; 0 if it does not, or begins further down."""
    if not lines[number].strip():
        return 0
    if WROTE_ALONE.match(lines[number].strip()):
        return 1
    for length in range(1, LONGEST_ATTRIBUTION + 1):
        if _wrote(lines[number : number + length]):
            begins_below = any(_wrote(lines[number + further : number + length]) for further in range(1, length))
            return 0 if begins_below else length
    return 0


def _wrote(lines: list[str]) -> bool:
    return lines[-1].rstrip().endswith(":") and bool(WROTE.match(" ".join(lines).strip()))


def _only_quotes_from(lines: list[str]) -> list[bool]:
    """Tell of each line, and of the end, whether quoted lines follow from it on, and below them nothing but a signature."""
    answers = [False] * (len(lines) + 1)
    is_any, are_all = False, True
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if SIGNATURE.match(line):  # what stands below it is not looked at by the lines above
            is_any, are_all = False, True
            continue
        if line.strip():
            is_any, are_all = True, are_all and line.startswith(">")
        answers[number] = is_any and are_all
    return answers


def _is_outlook(lines: list[str], number: int) -> bool:
    """Tell whether the headers of an earlier message begin here, under a rule or without."""
    start = number + 1 if RULE.match(lines[number]) and number + 1 < len(lines) else number
    following = lines[start + 1 : start + 5]
    return bool(FROM.match(lines[start])) and sum(bool(SENT.match(line)) for line in following) >= 2


def _without_signature(text: str) -> tuple[str, str]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(lines) - number > LONGEST_SIGNATURE:
            continue
        is_device = SENT_FROM.match(line) and not _join(lines[number + 1 :])
        if SIGNATURE.match(line) or is_device:
            return _join(lines[:number]), _join(lines[number:])
    return text, ""


def _join(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n").strip()
