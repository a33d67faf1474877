"""The history of a subscription in words, read from its transition log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError
from saaskit_core.subscriptions.documents import fact_of
from saaskit_core.subscriptions.explaining import Explanation, explain
from saaskit_core.subscriptions.log import LogEntry, status_text
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.story import sentence
from saaskit_django.conf import conf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saaskit_django.subscriptions.models import Subscription, SubscriptionTransition


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened, with the sentence that says what and why."""

    transition: SubscriptionTransition
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened, the newest first, and why the customer gets in or doesn't.

    Without an `explanation` the log can't be replayed under today's policies: then each line
    speaks for itself.
    """

    lines: Sequence[Line] = ()
    explanation: Explanation | None = None


def history_of(row: Subscription, *, at: datetime) -> History:
    """Tell the subscription's history as of an instant of the customer's clock, in one query."""
    rows = list(row.transitions.order_by("sequence"))
    explanation = _explained(rows, at=at)
    if explanation is None:
        lines = [Line(transition=each, text=_alone(each)) for each in rows]
    else:
        story = [told.text for told in explanation.story if told.is_logged]
        lines = [Line(transition=each, text=text) for each, text in zip(rows, story, strict=True)]
    return History(lines=lines[::-1], explanation=explanation)


def log_entries(rows: Sequence[SubscriptionTransition]) -> list[LogEntry]:
    """Return the log as the core's values, for `replay` and `explain`. Raises UnreadableFact."""
    reasons = [None, *(StatusReason(each.reason) for each in rows)]
    return [
        LogEntry(
            sequence=each.sequence,
            at=each.occurred_at,
            fact=fact_of(each.detail),
            from_status=SubscriptionStatus(each.from_status) if each.from_status else None,
            from_reason=reason,
            to_status=SubscriptionStatus(each.to_status),
            to_reason=StatusReason(each.reason),
            actor=each.actor,
        )
        for each, reason in zip(rows, reasons, strict=False)
    ]


def _explained(rows: Sequence[SubscriptionTransition], *, at: datetime) -> Explanation | None:
    """Replay the log. Other policies than those of then may contradict it: then there is none."""
    if not rows or rows[-1].occurred_at > at:
        return None
    try:
        return explain(log_entries(rows), now=at, policies=conf().policies)
    except SaasKitError:
        return None


def _alone(row: SubscriptionTransition) -> str:
    try:
        text = sentence(fact_of(row.detail))
    except SaasKitError:
        text = row.event
    status = SubscriptionStatus(row.to_status)
    return f"{text} → {status_text(status, StatusReason(row.reason))}"
