"""A subscription's log, told: one sentence for each thing that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.periods import utc
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.facts import CancelWhen
from saaskit_core.subscriptions.log import status_text

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.terms import AddOn

PLAIN: dict[type[object], str] = {
    facts.Uncancelled: "the cancellation is withdrawn",
    facts.ChangeDropped: "the pending change is given up",
    facts.Resumed: "the pause ends",
    facts.SuspendedByAdmin: "staff blocks it",
    facts.Reinstated: "staff lifts the block",
    facts.StartReached: "its start is reached",
    facts.PaymentTimedOut: "the first payment didn't come in time",
    facts.TrialEnded: "the trial is over",
    facts.PeriodEnded: "the period is over",
    facts.CancelReached: "the planned cancellation is due",
    facts.PauseReached: "the planned pause begins",
    facts.RetryDue: "the schedule charges the open invoice again",
    facts.ChangeTimedOut: "the payment of the pending change didn't come in time",
    facts.GraceEnded: "the days of grace are over",
    facts.DunningEnded: "the last day of dunning has passed",
}
"""Facts that say all by their name → what happened."""


def told(fact: object, before: Subscription | None, after: Subscription) -> str:
    """Return the sentence for one fact: what happened, and where it led."""
    return f"{sentence(fact)}{_led_to(before, after)}"


def sentence(fact: object) -> str:
    """Return what happened, without where it led: for a log that can't be replayed."""
    sentences = (PLAIN.get(type(fact)), _asked(fact), _charged(fact), _reported(fact))
    return next(filter(None, sentences), type(fact).__name__)


def day(at: datetime) -> str:
    """Spell an instant for people, in UTC."""
    at = utc(at)
    precision = "microseconds" if at.microsecond else "seconds" if at.second else "minutes"
    return f"{at.replace(tzinfo=None).isoformat(sep=' ', timespec=precision)} UTC"


def billed_for(price: Price, quantity: int, add_ons: tuple[AddOn, ...] = ()) -> str:
    """Name what is billed: "pro at 29.00 USD × 2, seats at 5.00 USD"."""
    named = [(price, quantity), *((each.price, each.quantity) for each in add_ons)]
    return ", ".join(
        f"{each.plan} at {each.amount}" + (f" × {count}" if count > 1 else "")
        for each, count in named
    )


def _led_to(before: Subscription | None, after: Subscription) -> str:
    moved = before is None or (before.status, before.status_reason) != (
        after.status,
        after.status_reason,
    )
    where = f" → {status_text(after.status, after.status_reason)}" if moved else ""
    is_new = after.period is not None and (before is None or before.period != after.period)
    span = after.period
    period = f", period {day(span.starts_at)} to {day(span.ends_at)}" if is_new and span else ""
    return where + period


def _asked(fact: object) -> str:
    match fact:
        case facts.Started():
            what = billed_for(fact.price, fact.quantity, fact.add_ons)
            trial = f", {fact.trial_days} days on trial" if fact.trial_days else ""
            return f"subscribed to {what}{trial}"
        case facts.CancelRequested():
            return f"a cancellation is asked for, {_when(fact)}, by the {fact.reason}"
        case facts.ChangeRequested():
            return f"a change is asked for: {_wanted(fact)}"
        case facts.Extended():
            reason = f" ({fact.reason})" if fact.reason else ""
            return f"extended free of charge to {day(fact.to)}{reason}"
        case facts.Paused():
            start = f"from {day(fact.starts_at)}" if fact.starts_at else "at the period's end"
            end = f" to {day(fact.resumes_at)}" if fact.resumes_at else ""
            return f"a pause is asked for, {start}{end}"
        case _:
            return ""


def _when(fact: facts.CancelRequested) -> str:
    match fact.when:
        case CancelWhen.NOW:
            return "now"
        case CancelWhen.PERIOD_END:
            return "at the period's end"
        case CancelWhen.AT:
            return f"for {day(fact.at)}" if fact.at else "for a date"


def _wanted(fact: facts.ChangeRequested) -> str:
    said = []
    if fact.price is not None:
        said.append(f"{fact.price.plan} at {fact.price.amount}")
    if fact.quantity is not None:
        said.append(f"quantity {fact.quantity}")
    if fact.add_ons is not None:
        named = ", ".join(f"{each.price.plan} × {each.quantity}" for each in fact.add_ons)
        said.append(f"add-ons {named or 'none'}")
    return ", ".join(said) or "nothing"


def _charged(fact: object) -> str:
    match fact:
        case facts.PaymentSucceeded():
            return f"the invoice {fact.invoice_key} is paid"
        case facts.PaymentFailed():
            how = "for good" if fact.is_hard else "for now"
            return f"{_charge(fact.attempt)} of {fact.invoice_key} is declined {how}"
        case facts.PaymentActionRequired():
            return f"the payer must confirm {_charge(fact.attempt)} of {fact.invoice_key}"
        case facts.ChangePaid():
            return f"the change's invoice {fact.invoice_key} is paid"
        case _:
            return ""


def _charge(attempt: int) -> str:
    return f"retry {attempt}" if attempt else "the first charge"


def _reported(fact: object) -> str:
    match fact:
        case facts.MethodChanged():
            return "there is a new method" if fact.has_method else "there is no method any more"
        case facts.PriceRevised():
            return f"{fact.price.plan} costs {fact.price.amount} in version {fact.price.version}"
        case facts.DisputeOpened():
            return f"the payer's bank disputes a payment ({fact.dispute_id})"
        case facts.DisputeClosed():
            return f"the dispute {fact.dispute_id} is {'won' if fact.is_won else 'lost'}"
        case facts.ProviderReported():
            return f"the provider says {status_text(fact.status, fact.reason)}"
        case _:
            return ""
