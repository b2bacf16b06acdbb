"""An action of the desk: a form, one service, a word about it, and back to where one was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.forms import Form, NumberInput, Textarea
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise

from foundation.lifecycle import NotAllowed
from foundation.people.http import STAFF_PROOF, has_proved, proof_page
from foundation.people.models import UserRequest

SHOWN_AS_TYPED = (Textarea, NumberInput)
"""The widgets of which somebody wants back what they have typed, where it could not be done."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """What the page of an action says."""

    title: str | Promise
    button: str | Promise
    done: str | Promise
    """What is said when it is done."""
    subject: object
    """What it is done to, as it is named on the page."""
    back: str
    """The address to which it leads, done or not."""
    explanation: str | Promise = ""
    """What will happen."""
    nothing: str | Promise = ""
    """Why there is nothing to do: said in place of the form."""
    template: str = "desk/action.html"
    more: Mapping[str, object] = field(default_factory=dict)
    """What a template of its own shows."""
    files: Form | None = None
    """The form of what is sent with it; the names of what waits there are `held` in `more`."""
    is_grave: bool = False
    """Whether it leaves the house and cannot be taken back."""
    asks_who_it_is: bool = False
    """Whether it needs a second factor that was given within `STAFF_PROOF`: a desk left open does not do it."""


def posted(request: UserRequest) -> QueryDict | None:
    """Return what was sent, for a form to be bound to, however little; None where the form is only shown."""
    return request.POST if request.method == "POST" else None


def perform(request: UserRequest, action: Action, form: Form, do: Callable[[dict[str, Any]], object]) -> HttpResponse:
    """
    Ask for what an action needs, and do it.

    A refusal is shown at the form with all that was typed. So is the question who somebody is, where the action asks it
    and their proof has run out since the form was shown: they answer it in another window, and press again.

    :param form: bound where the request is a POST
    :param do: calls one service with the form's answers
    """
    proof = ""
    if action.asks_who_it_is and not action.nothing and not has_proved(request, within=STAFF_PROOF):
        proof = proof_page(request, back=action.back)
        if not form.is_bound:
            return redirect(proof_page(request, back=request.get_full_path()))
    if form.is_bound and form.is_valid() and not proof:
        try:
            do(form.cleaned_data)
        except NotAllowed as refusal:
            if action.files and refusal.field in action.files.fields:
                action.files.add_error(refusal.field, refusal.message)
            else:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, str(action.done))
            return redirect(action.back)
    unsent = typed_in(form) if action.nothing and form.is_bound else []
    context = {"action": action, "form": form, "files": action.files, "unsent": unsent, "proof": proof, **action.more}
    is_wrong = proof or form.errors or (action.files and action.files.errors)
    return render(request, action.template, context, status=422 if is_wrong else 200)


def typed_in(form: Form) -> list[tuple[str, str]]:
    """Return what somebody has typed into a form, each with its label: no choices, and nothing that is not shown."""
    fields = [bound for bound in form if not bound.is_hidden and isinstance(bound.field.widget, SHOWN_AS_TYPED)]
    return [(str(bound.label), str(value)) for bound in fields if (value := bound.value())]
