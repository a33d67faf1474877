"""Why a customer was billed: each invoice of a log, what caused it, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.commands import (
    Command,
    InvoiceKind,
    IssueInvoice,
    VoidInvoice,
    WriteOffInvoice,
)
from saaskit_core.subscriptions.story import billed_for, day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.subscriptions.log import LogEntry, Replayed
    from saaskit_core.subscriptions.model import Subscription


class BillState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One invoice: why it was issued and how it ended. `before` is the subscription until then.

    `declines` counts failed charges, `settled_at` is when it was paid, voided or written off.
    """

    issue: IssueInvoice
    issued_at: datetime
    because: str
    before: Subscription | None
    request: facts.ChangeRequested | None = None
    state: BillState = BillState.OPEN
    declines: int = 0
    settled_at: datetime | None = None


def bills_of(replayed: Iterable[Replayed]) -> tuple[Bill, ...]:
    """List the invoices that a log's facts led to, in the order they were issued."""
    found: dict[str, Bill] = {}
    for step in replayed:
        _settle(found, step.entry)
        for command in step.commands:
            _take(found, step, command)
    return tuple(found.values())


def _take(found: dict[str, Bill], step: Replayed, command: Command) -> None:
    match command:
        case IssueInvoice():
            found[command.key] = _issued(step, command)
        case VoidInvoice() if command.invoice_key in found:
            _end(found, command.invoice_key, BillState.VOID, step.entry.at)
        case WriteOffInvoice() if command.invoice_key in found:
            _end(found, command.invoice_key, BillState.WRITTEN_OFF, step.entry.at)
        case _:
            return


def _settle(found: dict[str, Bill], entry: LogEntry) -> None:
    match entry.fact:
        case facts.PaymentSucceeded(invoice_key=key) | facts.ChangePaid(invoice_key=key):
            _end(found, key, BillState.PAID, entry.at)
        case facts.PaymentFailed(invoice_key=key) if key in found:
            found[key] = replace(found[key], declines=found[key].declines + 1)
        case _:
            return


def _end(found: dict[str, Bill], key: str, state: BillState, at: datetime) -> None:
    if key in found:
        found[key] = replace(found[key], state=state, settled_at=at)


def _issued(step: Replayed, issue: IssueInvoice) -> Bill:
    request = step.entry.fact if isinstance(step.entry.fact, facts.ChangeRequested) else None
    return Bill(
        issue=issue,
        issued_at=step.entry.at,
        because=_because(step, issue),
        before=step.before,
        request=request,
    )


def _because(step: Replayed, issue: IssueInvoice) -> str:
    what = billed_for(issue.price, issue.quantity, issue.add_ons)
    span = issue.period
    period = f" from {day(span.starts_at)} to {day(span.ends_at)}" if span else ""
    match issue.kind:
        case InvoiceKind.CHANGE:
            return f"a change to {what} was asked for by {step.entry.actor}"
        case InvoiceKind.RENEWAL:
            return f"the period before was over and it renews itself: {what}{period}"
        case InvoiceKind.FIRST if isinstance(step.entry.fact, facts.TrialEnded):
            return f"the trial was over and the first period is due: {what}{period}"
        case _:
            return f"{step.entry.actor} subscribed: {what}{period}"
