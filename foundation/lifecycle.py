"""State moves: which are allowed, how a row is locked for one, and the one refusal that everybody raises."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class NotAllowed(Exception):  # noqa: N818  # it reads as the sentence that it is: raises NotAllowed
    """
    The rules forbid what was asked; nothing was changed.

    The message is meant for the person who asked, in their language. `code` lets a caller tell refusals apart,
    `field` names the input that is wrong where there is one.
    """

    def __init__(self, message: str, *, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class LockingQuerySet(models.QuerySet[Row]):
    """A queryset whose rows can be held for a move."""

    def locked(self) -> Self:
        """Hold the rows until the transaction ends, leaving others free to point foreign keys at them."""
        return self.select_for_update(no_key=True, of=("self",))


class Lifecycle(models.Model):
    """
    A row with a `status` that changes only along `MOVES`.

    The public moves are methods with a verb's name on the model itself; each checks its rule and ends in `_move`.
    They change memory only: the service that locked the row saves it.
    """

    MOVES: ClassVar[Mapping[Any, frozenset[Any]]]
    MOVES_OF: ClassVar[Mapping[Any, Mapping[Any, frozenset[Any]]]] = {}
    """By `type`, where each has a table of its own; `MOVES` is then what any of them allows."""
    status: Any
    type: Any
    """Only where there is a table for each."""

    class Meta:
        abstract = True

    def can_move(self, to: str) -> bool:
        """Tell whether the row's table has a way from the present status to another."""
        moves = self.MOVES_OF[self.type] if self.MOVES_OF else self.MOVES
        return to in moves.get(self.status, frozenset())

    def _move(self, to: str) -> None:
        """
        Take the row to another status, in memory.

        :raises NotAllowed: if the table has no such way
        """
        if not self.can_move(to):
            choices = dict(self._meta.get_field("status").flatchoices)  # type: ignore[union-attr]
            raise NotAllowed(
                f"{self._meta.verbose_name}: {choices.get(self.status, self.status)} → {choices.get(to, to)}",
                code="wrong_status",
            )
        self.status = to


def status_constraint(choices: type[models.TextChoices], *, name: str) -> models.CheckConstraint:
    """Build the constraint that repeats to the database which statuses there are."""
    return models.CheckConstraint(condition=models.Q(status__in=choices.values), name=name)
