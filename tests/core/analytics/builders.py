"""Revenue for the tests of analytics: lines, and streams of them."""

from __future__ import annotations

from hypothesis import strategies as st

from saaskit_core.analytics.revenue import RevenueLine
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS
from saaskit_core.testing.strategies import instants, intervals
from tests.core.billing_builders import MONTHLY, at

CUSTOMERS = "abcd"
CURRENCIES = ("USD", "JPY")


def line(minor, frequency=MONTHLY, *, start="2024-01-01", end=None, who="c1", currency="USD"):
    return RevenueLine(
        subscription_id="s",
        customer_id=who,
        amount=Money(minor, currency),
        interval=INTERVALS[frequency],
        starts_at=at(start),
        ends_at=at(end) if end else None,
    )


def lines():
    """Draw a few stretches of a few customers in two currencies, over two years."""
    return st.lists(_line(), max_size=12)


def _line():
    days = instants(first_year=2024, last_year=2026)
    firsts = st.sampled_from([at("2024-01-01"), at("2024-02-01"), at("2024-02-15")])
    moments = days | firsts
    return st.builds(
        lambda customer, currency, minor, interval, one, other, open_end: RevenueLine(
            subscription_id="s",
            customer_id=customer,
            amount=Money(minor, currency),
            interval=interval,
            starts_at=min(one, other),
            ends_at=None if open_end else max(one, other),
        ),
        st.sampled_from(CUSTOMERS),
        st.sampled_from(CURRENCIES),
        st.integers(0, 10**6),
        intervals() | st.sampled_from(list(INTERVALS.values())),
        moments,
        moments,
        st.booleans(),
    )
