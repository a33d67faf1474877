"""Hypothesis strategies for money, calendars and subscriptions. Needs the `hypothesis` package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from saaskit_core.currencies import EXPONENTS
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency, Interval, Period, Unit
from saaskit_core.plans import Price
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.facts import CancelWhen
from saaskit_core.subscriptions.states import StatusReason

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from saaskit_core.subscriptions.facts import Fact

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
)
"""Zones with and without DST, and with half hours."""

BIGGEST = 10**12


def currencies() -> SearchStrategy[str]:
    """Draw any ISO 4217 currency."""
    return st.sampled_from(sorted(EXPONENTS))


def money(
    currency: str | None = None, *, low: int = -BIGGEST, high: int = BIGGEST
) -> SearchStrategy[Money]:
    """Draw an amount, of one currency or of any."""
    codes = st.just(currency) if currency else currencies()
    return st.builds(Money, st.integers(low, high), codes)


def zones() -> SearchStrategy[str]:
    """Draw a time zone out of `ZONES`."""
    return st.sampled_from(ZONES)


def instants(*, first_year: int = 1995, last_year: int = 2095) -> SearchStrategy[datetime]:
    """Draw an instant in UTC from the beginning of one year to the beginning of another."""
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (first_year, last_year))
    naive = st.datetimes(first.replace(tzinfo=None), last.replace(tzinfo=None))
    return naive.map(lambda at: at.replace(tzinfo=UTC))


def intervals() -> SearchStrategy[Interval]:
    """Draw any billing interval up to a few years."""
    return st.builds(Interval, st.sampled_from(Unit), st.integers(1, 30))


def periods() -> SearchStrategy[Period]:
    """Draw a half-open span of up to two years."""
    return st.builds(_period, instants(), st.timedeltas(timedelta(seconds=1), timedelta(days=730)))


def prices(
    *, currency: str = "USD", plan: str | None = None, low: int = 0
) -> SearchStrategy[Price]:
    """Draw a recurring price; with `low` 0 it may be free."""
    plans = st.just(plan) if plan else st.sampled_from(["free", "basic", "pro", "team"])
    recurring = [value for value in BillingFrequency if value is not BillingFrequency.ONE_TIME]
    return st.builds(
        _price, plans, st.integers(low, 10**7), st.sampled_from(recurring), st.just(currency)
    )


def payment_facts(invoice_key: str) -> SearchStrategy[list[Fact]]:
    """Draw what providers may report of one invoice: attempts that fail, and maybe success."""
    attempts = st.lists(st.sampled_from(["soft", "hard", "action"]), max_size=5)
    return st.builds(_payment_story, st.just(invoice_key), attempts, st.booleans())


def requests() -> SearchStrategy[Fact]:
    """Draw something that somebody may ask of a subscription."""
    return st.one_of(
        st.builds(
            facts.CancelRequested,
            when=st.sampled_from([CancelWhen.NOW, CancelWhen.PERIOD_END]),
            reason=st.sampled_from([StatusReason.CUSTOMER, StatusReason.MERCHANT]),
        ),
        st.just(facts.Uncancelled()),
        st.builds(facts.ChangeRequested, price=prices(), quantity=st.integers(1, 9)),
        st.just(facts.ChangeDropped()),
        st.just(facts.Paused()),
        st.just(facts.Resumed()),
        st.just(facts.SuspendedByAdmin()),
        st.just(facts.Reinstated()),
        st.builds(facts.Extended, to=instants(first_year=2024)),
    )


def _period(start: datetime, length: timedelta) -> Period:
    return Period(start, start + length)


def _price(plan: str, minor: int, frequency: BillingFrequency, currency: str) -> Price:
    return Price(
        id=f"{plan}-{frequency.value}-{minor}".lower(),
        plan=plan,
        amount=Money(minor, currency),
        frequency=frequency,
    )


def _payment_story(key: str, attempts: list[str], is_paid: bool) -> list[Fact]:  # noqa: FBT001
    story: list[Fact] = []
    for number, outcome in enumerate(attempts):
        if outcome == "action":
            story.append(facts.PaymentActionRequired(invoice_key=key, attempt=number))
        is_hard = outcome == "hard"
        story.append(facts.PaymentFailed(invoice_key=key, attempt=number, is_hard=is_hard))
    if is_paid:
        story.append(facts.PaymentSucceeded(invoice_key=key))
    return story
