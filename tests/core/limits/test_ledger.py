import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saaskit_core.errors import SaasKitError
from saaskit_core.limits import (
    CalendarUnit,
    CommitTooLarge,
    Enforcement,
    InvalidCost,
    InvalidPolicy,
    MemoryQuotaLedger,
    OnPlanChange,
    Policy,
    QuotaUsedUp,
    ReservationDiffers,
    ReservationEnded,
    UnknownReservation,
    UsageEventDiffers,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
LATER = NOON + LEASE


def monthly(quota=10, **given):
    return Policy(name="exports", quota=quota, calendar=CalendarUnit.MONTH, **given)


def numbers(state):
    return state.settled, state.reserved, state.remaining


@pytest.fixture
def ledger():
    return MemoryQuotaLedger()


def reserve(ledger, amount, key="r1", *, policy=None, now=NOON):
    return ledger.reserve("c", policy or monthly(), amount, key=key, lease=LEASE, now=now)


def test_an_event_counts_once_however_often_it_is_recorded(ledger):
    for _ in range(3):
        state = ledger.record("c", monthly(), 4, key="e1", now=NOON)
    assert numbers(state) == (4, 0, 6)
    with pytest.raises(UsageEventDiffers):
        ledger.record("c", monthly(), 5, key="e1", now=NOON)
    next_month = NOON + timedelta(days=40)
    assert numbers(ledger.record("c", monthly(), 4, key="e1", now=next_month)) == (0, 0, 10)


def test_what_is_reserved_can_be_settled_in_part_and_the_rest_is_free(ledger):
    assert numbers(reserve(ledger, 8)) == (0, 8, 2)
    with pytest.raises(QuotaUsedUp):
        ledger.record("c", monthly(), 3, key="e1", now=NOON)
    for _ in range(2):
        assert numbers(ledger.commit("c", monthly(), 5, key="r1", now=NOON)) == (5, 0, 5)
    for late in (ledger.release, lambda *a, **k: ledger.commit(*a, 4, **k)):
        with pytest.raises(ReservationEnded):
            late("c", monthly(), key="r1", now=NOON)


def test_a_released_reservation_frees_all_of_it_once(ledger):
    reserve(ledger, 8)
    for _ in range(2):
        assert numbers(ledger.release("c", monthly(), key="r1", now=NOON)) == (0, 0, 10)
    with pytest.raises(ReservationEnded):
        ledger.commit("c", monthly(), 8, key="r1", now=NOON)


def test_a_lease_ends_by_itself(ledger):
    reserve(ledger, 8)
    assert numbers(ledger.read("c", monthly(), now=LATER)) == (0, 0, 10)
    assert numbers(reserve(ledger, 10, "r2", now=LATER)) == (0, 10, 0)
    with pytest.raises(ReservationEnded, match="lease"):
        ledger.commit("c", monthly(), 8, key="r1", now=LATER)


def test_reserving_again_changes_nothing(ledger):
    assert reserve(ledger, 8) == reserve(ledger, 8)
    with pytest.raises(ReservationDiffers):
        reserve(ledger, 7)


@pytest.mark.parametrize("amount", [-1, 9, True, 1.5])
def test_no_more_can_be_settled_than_was_reserved(ledger, amount):
    reserve(ledger, 8)
    with pytest.raises(CommitTooLarge):
        ledger.commit("c", monthly(), amount, key="r1", now=NOON)
    assert numbers(ledger.read("c", monthly(), now=NOON)) == (0, 8, 2)


def test_what_was_never_reserved_is_named(ledger):
    with pytest.raises(UnknownReservation):
        ledger.commit("c", monthly(), 1, key="nope", now=NOON)
    with pytest.raises(InvalidCost):
        reserve(ledger, 0)
    with pytest.raises(InvalidPolicy):
        ledger.read("c", Policy(name="r", quota=1, window=LEASE), now=NOON)


def test_a_reservation_settles_in_the_window_it_was_made_in(ledger):
    eve = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    reserve(ledger, 8, now=eve)
    february = eve + timedelta(minutes=2)
    assert numbers(ledger.commit("c", monthly(), 8, key="r1", now=february)) == (8, 0, 2)
    assert numbers(ledger.read("c", monthly(), now=february)) == (0, 0, 10)
    assert ledger.forget_before(datetime(2026, 2, 1, tzinfo=UTC)) == 1
    with pytest.raises(UnknownReservation):
        ledger.commit("c", monthly(), 8, key="r1", now=february)


def test_a_plan_change_keeps_the_use_or_resets_it_as_the_policy_says(ledger):
    ledger.record("c", monthly(), 6, key="e1", now=NOON)
    reserve(ledger, 3)
    assert numbers(ledger.change_plan("c", monthly(5), now=NOON)) == (6, 3, 0)
    with pytest.raises(QuotaUsedUp):
        ledger.record("c", monthly(5), 1, key="e2", now=NOON)
    fresh = monthly(20, on_plan_change=OnPlanChange.RESET)
    assert numbers(ledger.change_plan("c", fresh, now=NOON)) == (0, 3, 17)


def test_a_soft_quota_settles_what_goes_over(ledger):
    soft = monthly(5, enforcement=Enforcement.SOFT)
    reserve(ledger, 9, policy=soft)
    state = ledger.commit("c", soft, 9, key="r1", now=NOON)
    assert (state.overage, state.remaining) == (4, 0)


def test_a_quota_is_exact_under_threads(ledger):
    def one(number):
        try:
            if number % 2:
                ledger.record("c", monthly(50), 1, key=f"e{number}", now=NOON)
            else:
                reserve(ledger, 1, f"r{number}", policy=monthly(50))
        except QuotaUsedUp:
            return 0
        return 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(one, range(200))) == 50
    finally:
        sys.setswitchinterval(interval)


class Quotas(RuleBasedStateMachine):
    """Any interleaving of uses, reservations, plan changes and time, beside a plain model."""

    @initialize()
    def begin(self):
        self.ledger, self.now, self.quota = MemoryQuotaLedger(), NOON, 10
        self.settled, self.held, self.events, self.keys = 0, {}, {}, 0

    def reserved(self):
        return sum(amount for amount, until in self.held.values() if self.now < until)

    def room(self):
        return max(0, self.quota - self.settled - self.reserved())

    def attempt(self, works, call):
        try:
            call()
        except SaasKitError:
            assert not works
            return False
        assert works
        return True

    @rule(amount=st.integers(1, 6), old=st.booleans())
    def record(self, amount, old):
        key = f"e{max(0, len(self.events) - 1)}" if old else f"e{len(self.events)}"
        known = self.events.get(key)
        works = known == amount if known else amount <= self.room()
        call = lambda: self.ledger.record("c", monthly(self.quota), amount, key=key, now=self.now)  # noqa: E731
        if self.attempt(works, call) and not known:
            self.events[key] = amount
            self.settled += amount

    @rule(amount=st.integers(1, 6))
    def reserve(self, amount):
        self.keys += 1
        key = f"r{self.keys}"
        call = lambda: reserve(self.ledger, amount, key, policy=monthly(self.quota), now=self.now)  # noqa: E731
        if self.attempt(amount <= self.room(), call):
            self.held[key] = (amount, self.now + LEASE)

    @rule(data=st.data(), amount=st.integers(0, 6))
    def commit(self, data, amount):
        if not self.held:
            return
        key = data.draw(st.sampled_from(sorted(self.held)))
        reserved, until = self.held[key]
        works = amount <= reserved and self.now < until
        call = lambda: self.ledger.commit("c", monthly(self.quota), amount, key=key, now=self.now)  # noqa: E731
        if self.attempt(works, call):
            self.settled += amount
            del self.held[key]

    @rule(data=st.data())
    def release(self, data):
        if self.held:
            key = data.draw(st.sampled_from(sorted(self.held)))
            self.ledger.release("c", monthly(self.quota), key=key, now=self.now)
            del self.held[key]

    @rule(quota=st.integers(0, 30))
    def change_plan(self, quota):
        self.quota = quota
        self.ledger.change_plan("c", monthly(quota), now=self.now)

    @rule(minutes=st.integers(1, 7))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @invariant()
    def the_three_numbers_are_the_models(self):
        state = self.ledger.read("c", monthly(self.quota), now=self.now)
        assert numbers(state) == (self.settled, self.reserved(), self.room())


TestQuotas = Quotas.TestCase
