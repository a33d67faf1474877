"""A renewal: from the end of a period to the next one paid, with the invoice explained."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from saaskit_core.billing.quotes import InvoiceDraft, quote_period
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Price
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.facts import PaymentSucceeded, Started
from saaskit_core.subscriptions.model import Subscription
from saaskit_core.subscriptions.policies import Policies
from saaskit_core.subscriptions.transitions import create, transition
from tests.bench.report import Row, medians

MONTHS = 36
BASE = 100
POLICIES = Policies()
GOAL = 100e-6
MONTHS_GOAL = 5_000
START = datetime(2024, 1, 31, 10, tzinfo=UTC)


def measure() -> list[Row]:
    """Measure a renewal on a UTC calendar and on one with DST, and how cost grows with the base."""
    small, large = _base(BASE, "UTC"), _base(10 * BASE, "UTC")
    paris = _base(BASE, "Europe/Paris")
    taken = medians(
        {"utc": lambda: _months(small, MONTHS), "paris": lambda: _months(paris, MONTHS)},
        clock=time.process_time,
    )
    once = medians(
        {"small": lambda: _months(small, 3), "large": lambda: _months(large, 3)},
        clock=time.process_time,
    )
    return [
        _renewal("due, transition, quote, paid, on a UTC calendar", taken["utc"]),
        _renewal("the same in Europe/Paris", taken["paris"]),
        Row(
            what="subscription-months per second",
            ours=f"{BASE * MONTHS / taken['utc']:,.0f}",
            beside=f"{MONTHS_GOAL:,}",
            ratio=BASE * MONTHS / taken["utc"] / MONTHS_GOAL,
            goal="≥ 1",
            met=BASE * MONTHS / taken["utc"] >= MONTHS_GOAL,
        ),
        Row(
            what=f"cost of {10 * BASE} subscriptions, beside {BASE}",
            ours=f"{once['large'] * 1e3:.0f} ms",
            beside=f"{once['small'] * 1e3:.0f} ms",
            ratio=once["large"] / once["small"],
            goal="≤ 12",
            met=once["large"] / once["small"] <= 12,
        ),
    ]


def _renewal(what: str, seconds: float) -> Row:
    each = seconds / (BASE * MONTHS)
    return Row(
        what=what,
        ours=f"{each * 1e6:.0f} µs",
        beside=f"{GOAL * 1e6:.0f} µs",
        ratio=each / GOAL,
        goal="≤ 1",
        met=each <= GOAL,
    )


def _base(count: int, zone: str) -> list[Subscription]:
    price = Price(
        id="pro",
        plan="pro",
        amount=Money.of("29.00", "USD"),
        frequency=BillingFrequency.MONTHLY,
    )
    return [
        create(
            Started(id=str(n), customer_id=str(n), price=price, zone=zone, is_paid=True),
            now=START + timedelta(seconds=n),
            policies=POLICIES,
        ).subscription
        for n in range(count)
    ]


def _months(base: list[Subscription], months: int) -> None:
    for subscription in base:
        current = subscription
        for _ in range(months):
            current, _ = renew(current)


def renew(current: Subscription) -> tuple[Subscription, InvoiceDraft]:
    """Take one subscription through its next renewal, as a sweep does."""
    now = next_due_at(current, policies=POLICIES)
    fact = due(current, now=now, policies=POLICIES)
    moved = transition(current, fact, now=now, policies=POLICIES)
    issue = next(command for command in moved.commands if isinstance(command, IssueInvoice))
    draft = quote_period(
        kind=issue.kind,
        price=issue.price,
        quantity=issue.quantity,
        period=issue.period,
        zone=current.zone,
    )
    paid = PaymentSucceeded(invoice_key=issue.key)
    return transition(moved.subscription, paid, now=now, policies=POLICIES).subscription, draft
