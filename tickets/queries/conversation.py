"""What was chosen and answered so far by somebody who reports something: the state of a page, read from its form."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from accounts.models import Account
from foundation.divisions.models import Division
from orders.models import InstalledService
from territory.states import ProductFamily
from tickets.models import Equipment, Outage, Probe, Ticket
from tickets.ports import Reading
from tickets.queries.intake import AccountInView, Caller, device_of, same_fault
from tickets.queries.outages import outages_at
from tickets.queries.symptoms import Branch, Walk, finding_of, probe_of, symptom_by_code, symptoms_for, tree_of, walk
from tickets.states import TicketType

ANSWER = "a-"
"""What the fields begin with that hold answers: `a-` and the code of the step."""
LONGEST_KEY = 60
NONE_FITS = "none"
"""What is chosen in place of a symptom where none fits."""
PRESSES = ("type", "account", "service", "family", "symptom", "answer", "again", "another", "apart")
"""What a button of the page may say, before a colon and its value."""


@dataclass(frozen=True)
class Conversation:
    """How far somebody has come. Whatever they send that is not offered to them counts as not chosen."""

    key: str
    type: TicketType | None
    view: AccountInView | None
    """The account that it is about, with what hangs on it."""
    service: InstalledService | None
    family: str
    symptom_code: str
    said: Mapping[str, str]
    is_another: bool
    is_apart: bool
    """It is something else than the outage at the address."""
    division: Division

    @classmethod
    def of(
        cls,
        sent: Mapping[str, str],
        caller: Caller | None,
        division: Division,
        *,
        pressed: str = "",
        is_elsewhere: bool = False,
    ) -> "Conversation":
        """
        Read a page's form, and what the button that was pressed adds to it.

        :param caller: whose accounts may be chosen; None: nobody we know
        :param pressed: such as `answer:lights:off`; empty, or anything else: it adds nothing
        :param is_elsewhere: it may be at none of these accounts: of a single one, too, it is said that it is there
        """
        state = {name: value for name, value in sent.items() if name in PRESSES or name.startswith(ANSWER)}
        what, _colon, value = pressed.partition(":")
        if what in PRESSES:
            _press(state, what, value)
        view, service = _place(caller, state, is_elsewhere=is_elsewhere)
        family = service.product.family if service else state.get("family", "")
        return cls(
            key=sent.get("key", "")[:LONGEST_KEY] or secrets.token_urlsafe(18),
            type=TicketType(state["type"]) if state.get("type") in TicketType.values else None,
            view=view,
            service=service,
            family=family if family in ProductFamily.values else "",
            symptom_code=state.get("symptom", ""),
            said={name.removeprefix(ANSWER): said for name, said in state.items() if name.startswith(ANSWER)},
            is_another=state.get("another") == "yes",
            is_apart=state.get("apart") == "yes",
            division=view.account.division if view else division,
        )

    @property
    def symptom(self) -> str:
        """Return the code of the symptom that is kept with the ticket; empty where none fits."""
        return "" if self.symptom_code == NONE_FITS else self.symptom_code

    @property
    def account(self) -> Account | None:
        """Return the account that it is about."""
        return self.view.account if self.view else None

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Return what the page's form carries on."""
        chosen = {
            "key": self.key,
            "type": self.type or "",
            "account": str(self.account.pk) if self.account else "",
            "service": str(self.service.pk) if self.service else "",
            "family": self.family,
            "symptom": self.symptom_code if self.way or self.none_fits else "",
            "another": "yes" if self.is_another else "",
            "apart": "yes" if self.is_apart else "",
        }
        answers = {f"{ANSWER}{taken.step.code}": taken.answer for taken in self.way.taken} if self.way else {}
        return [(name, value) for name, value in {**chosen, **answers}.items() if value]

    @cached_property
    def branches(self) -> list[Branch]:
        """Return the symptoms to choose from: of the service's family, or of the one that was named."""
        return tree_of(symptoms_for(self.division, self.family)) if self.family else []

    @cached_property
    def device(self) -> Equipment | None:
        """Return what can be read."""
        return device_of(self.view.equipment, self.service) if self.view else None

    @cached_property
    def probe(self) -> Probe | None:
        """Return the last reading."""
        return probe_of(self.key, self.account)

    @property
    def reading(self) -> Reading | None:
        """Return what the last reading said; nothing where it failed."""
        return Reading.from_json(self.probe.reading) if self.probe and self.probe.reading else None

    @cached_property
    def way(self) -> Walk | None:
        """Return the way through the symptom, as far as it was gone."""
        if self.type != TicketType.TROUBLE or self.symptom_code in ("", NONE_FITS):
            return None
        symptom = symptom_by_code(self.symptom_code, self.division)
        if symptom is None:
            return None
        return walk(symptom, self.said, finding=finding_of(self.probe, has_device=self.device is not None))

    @cached_property
    def same(self) -> Ticket | None:
        """Return the open ticket of the same fault, unless this is said to be another one."""
        if self.way is None or self.is_another:
            return None
        return same_fault(self.way.symptom.code, account=self.account, service=self.service)

    @cached_property
    def outages(self) -> list[Outage]:
        """Return the outages that may explain the trouble, unless it is said to be something else."""
        if self.account is None or self.is_apart or self.type not in (None, TicketType.TROUBLE):
            return []
        here = outages_at(self.account.premises, service=self.service, account=self.account, family=self.family)
        return list(here.select_related("division"))

    @cached_property
    def none_fits(self) -> bool:
        """Whether somebody says that no symptom fits, or none is offered."""
        if self.symptom_code == NONE_FITS:
            return True
        return bool(self.type) and not symptoms_for(self.division, self.family).exists()

    @property
    def is_ready(self) -> bool:
        """Whether all is known but the words."""
        if self.type != TicketType.TROUBLE:
            return self.type is not None
        if self.way is None:
            return self.none_fits
        return self.way.missing is None and self.same is None


_OUTDATED = {
    "type": ("symptom", "another"),
    "family": ("symptom", "another"),
    "service": ("symptom", "another"),
    "account": ("symptom", "another", "apart"),
}
"""What was chosen before and does not hold for another choice."""


def _press(state: dict[str, str], what: str, value: str) -> None:
    if what == "answer":
        step, _colon, said = value.partition(":")
        state[f"{ANSWER}{step}"] = said
        return
    if what == "again":
        state.pop(f"{ANSWER}{value}", None)
        return
    state[what] = value
    if what not in ("another", "apart"):
        for name in [name for name in state if name.startswith(ANSWER)]:
            del state[name]
    outdated = _OUTDATED.get(what, ())
    if what == "account" or not value:
        outdated = (*outdated, "service", "family")
    for name in outdated:
        state.pop(name, None)
    if what == "service":
        state["type"] = TicketType.TROUBLE.value


def _place(
    caller: Caller | None, state: Mapping[str, str], *, is_elsewhere: bool
) -> tuple[AccountInView | None, InstalledService | None]:
    """Return the account and the service that were chosen; the only place needs no choosing."""
    views = caller.accounts if caller else []
    for view in views:
        for service in view.working:
            if str(service.pk) == state.get("service"):
                return view, service
    chosen = [view for view in views if str(view.account.pk) == state.get("account")]
    only = views if len(views) == 1 and not is_elsewhere else []
    return next(iter(chosen or only), None), None
