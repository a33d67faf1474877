from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.limits import (
    UNLIMITED,
    NoQuotaInForce,
    OnPlanChange,
    QuotaChange,
    after_plan_change,
    prorated_quota,
)
from saaskit_core.periods import Period

START = datetime(2026, 6, 1, tzinfo=UTC)
JUNE = Period(START, datetime(2026, 7, 1, tzinfo=UTC))
MIDDLE = START + timedelta(days=15)


def quotas(*pairs):
    return [QuotaChange(at=at, quota=quota) for at, quota in pairs]


@pytest.mark.parametrize(
    ("mode", "quota", "used", "remaining"),
    [("keep", 1000, 80, 920), ("reset", 1000, 0, 1000), ("prorate", 550, 80, 470)],
)
def test_an_upgrade_in_the_middle_of_the_window(mode, quota, used, remaining):
    found = after_plan_change(
        OnPlanChange(mode), used=80, quotas=quotas((START, 100), (MIDDLE, 1000)), window=JUNE
    )
    assert (found.quota, found.used, found.remaining) == (quota, used, remaining)


def test_a_downgrade_never_leaves_less_than_nothing():
    found = after_plan_change(
        OnPlanChange.KEEP, used=80, quotas=quotas((START, 100), (MIDDLE, 10)), window=JUNE
    )
    assert (found.quota, found.used, found.remaining) == (10, 80, 0)


@pytest.mark.parametrize(
    ("pairs", "quota"),
    [
        ([(START, 100)], 100),
        ([(START - timedelta(days=40), 100), (START - timedelta(days=1), 7)], 7),
        ([(START, 100), (MIDDLE, UNLIMITED)], UNLIMITED),
        ([(START, UNLIMITED), (MIDDLE, 100)], 100),
        ([(START, 1), (MIDDLE, 2)], 1),
    ],
)
def test_each_quota_counts_for_its_time(pairs, quota):
    assert prorated_quota(quotas(*pairs), window=JUNE) == quota


@pytest.mark.parametrize("given_", [[], [(MIDDLE, 5)]])
def test_the_quota_at_the_beginning_must_be_known(given_):
    with pytest.raises(NoQuotaInForce):
        prorated_quota(quotas(*given_), window=JUNE)


@given(st.lists(st.tuples(st.integers(0, 30 * 86_400), st.integers(0, 10**6)), max_size=6))
def test_changing_back_and_forth_gives_nobody_more_than_the_best_plan(changes):
    pairs = [(START, 50), *((START + timedelta(seconds=s), q) for s, q in sorted(changes))]
    quota = prorated_quota(quotas(*pairs), window=JUNE)
    assert min(q for _, q in pairs) <= quota <= max(q for _, q in pairs)
