"""Fifty windows press the button of one form at the same moment: one order, and everybody sees the same."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from foundation.lifecycle import LockingQuerySet
from orders.services import submission
from orders.testing import make_draft, submit
from tests.faults.counts import RUNS
from tests.faults.shop import (
    Shop,
    Visitor,
    everything_once,
    form_on,
    is_confirmation,
    outstanding,
    submitted,
    without_what_changes,
)
from tests.orders.racing import together
from tests.stack import Stack, eventually

WINDOWS = 50
FEW_WINDOWS = 8


def press_at_once(visitors: list[Visitor], form) -> list[httpx.Response]:
    ready = threading.Barrier(len(visitors))

    def press(visitor: Visitor) -> httpx.Response:
        ready.wait(timeout=30)
        return visitor.submit(form)

    with ThreadPoolExecutor(len(visitors)) as threads:
        return list(threads.map(press, visitors))


def test_fifty_windows_make_one_order(stack: Stack, shop: Shop, tell):
    drafts = shop.drafts(RUNS)
    pages, other_pages, statuses = [], [], []
    with stack.redis():
        with stack.web() as web:
            visitor = shop.visitor(web.url)
            for draft in drafts:
                form = form_on(visitor.review(draft.token), draft.token)
                windows = [visitor.twin() for _window in range(WINDOWS)]
                answers = press_at_once(windows, form)
                pages.append({(str(answer.url), without_what_changes(answer.text)) for answer in answers})
                statuses += [status for window in windows for status in window.statuses]
                other_pages.append(visitor.submit(replace(form, shown="0.00/0.00/0.00/USD")))
                assert all(map(is_confirmation, answers))
                for window in windows:
                    window.close()
            visitor.close()
        counted = submitted()
        with stack.worker(concurrency=2):
            eventually(lambda: outstanding() == 0, within=60 + 5 * RUNS)
    work_orders = [shop.made_for(draft) for draft in drafts]
    tell(
        f"{RUNS} runs of {WINDOWS} submits at once", **counted, different_final_pages=[len(run) for run in pages],
        statuses=sorted(set(statuses)), other_content=[page.status_code for page in other_pages], work_orders=work_orders,
    )  # fmt: skip

    assert counted == everything_once(RUNS)
    assert [len(run) for run in pages] == [1] * RUNS
    assert {page.status_code for page in other_pages} == {422}
    assert work_orders == [1] * RUNS


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_one_window_would_hear_that_the_order_is_taken(monkeypatch: pytest.MonkeyPatch, tell):
    """The control: all have looked before one has written; the constraints keep the order single, but not the answers."""
    draft = make_draft()
    all_have_looked = threading.Barrier(FEW_WINDOWS)
    requalify = submission.requalify

    def slow_check(qualification_id):
        all_have_looked.wait(timeout=20)
        return requalify(qualification_id)

    monkeypatch.setattr(LockingQuerySet, "locked", lambda rows: rows)
    monkeypatch.setattr(submission, "requalify", slow_check)

    outcomes = together(*[lambda: submit(draft, key="once").number] * FEW_WINDOWS)

    failed = sum(isinstance(outcome, Exception) for outcome in outcomes)
    tell(f"Control, {FEW_WINDOWS} windows without the lock", told_that_it_failed=failed)
    assert failed == FEW_WINDOWS - 1
