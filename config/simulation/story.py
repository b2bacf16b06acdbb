"""What is told while the months pass: a line for everything worth one, and a bar that is true."""

import sys
from datetime import date

WIDTH = 24
ERASE = "\r\033[K"


class Story:
    """Prints the story; on a terminal the bar stays below it, elsewhere it is a line each month."""

    def __init__(self, first: date, last: date) -> None:
        self._first, self._last, self._today = first, last, first
        self._is_live = sys.stdout.isatty()
        self.lines: list[str] = []

    def say(self, what: str) -> None:
        """Tell what happened today."""
        line = f"{in_words(self._today)} · {what}"
        self.lines.append(line)
        self._write(f"{line}\n")

    def note(self, what: str) -> None:
        """Tell something that belongs to no day."""
        self._write(f"{what}\n")

    def turn_to(self, today: date) -> None:
        """Go on to a day."""
        is_new_month = today.month != self._today.month
        self._today = today
        if self._is_live:
            sys.stdout.write(f"{ERASE}{self._bar()}")
            sys.stdout.flush()
        elif is_new_month:
            self.note(self._bar())

    def end(self) -> None:
        """Take the bar away."""
        if self._is_live:
            sys.stdout.write(ERASE)

    def _write(self, text: str) -> None:
        if self._is_live:
            text = f"{ERASE}{text}{self._bar()}"
        sys.stdout.write(text)
        sys.stdout.flush()

    def _bar(self) -> str:
        done = (self._today - self._first).days / max((self._last - self._first).days, 1)
        full = round(done * WIDTH)
        return f"[{'█' * full}{'·' * (WIDTH - full)}] {done:4.0%}  {self._today:%B %Y}"


def in_words(day: date) -> str:
    """Write a day as people say it: 12 March."""
    return f"{day.day} {day:%B}"
