"""What a fact is, and who listens to which."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

if TYPE_CHECKING:
    from foundation.events.models import Event

FACTS: dict[str, type["Fact"]] = {}
"""Every kind of fact by the name under which it is stored."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """
    Something that happened, in the past tense and in JSON primitives: ids, codes, ISO dates; no personal data.

    Stored for ever: add fields with a default, never rename or remove one.
    """

    name: ClassVar[str]

    def __init_subclass__(cls, *, name: str) -> None:
        super().__init_subclass__()
        if name in FACTS:
            raise TypeError(f"Two facts are called {name}.")
        cls.name = name
        FACTS[name] = cls

    def payload(self) -> dict[str, Any]:
        """Return the fact's fields for storage."""
        return dict(vars(self))

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Read a stored fact; fields that this version does not know are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in payload.items() if key in known})


SomeFact = TypeVar("SomeFact", bound=Fact)
Handler = Callable[[Any, "Event"], None]

HANDLERS: dict[str, dict[str, Handler]] = defaultdict(dict)
"""For each fact's name, its listeners by their label (module and function), which the queue pins."""


def subscribe(
    fact: type[SomeFact],
) -> Callable[[Callable[[SomeFact, "Event"], None]], Callable[[SomeFact, "Event"], None]]:
    """
    Let a function hear every fact of a kind, once it is committed, at least once and in any order.

    The function may run twice: a unique constraint or a move's refusal must make the second run harmless.
    """

    def subscribing(handler: Callable[[SomeFact, "Event"], None]) -> Callable[[SomeFact, "Event"], None]:
        HANDLERS[fact.name][f"{handler.__module__}.{handler.__qualname__}"] = handler
        return handler

    return subscribing
