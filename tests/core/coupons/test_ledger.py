from collections import Counter
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saaskit_core.coupons import (
    Campaign,
    CouponNotRedeemable,
    CouponUsedByCustomer,
    CouponUsedUp,
    EntryKind,
    Ledger,
    LedgerConflict,
    OrderEnd,
    ReservationClosed,
    ReservationStatus,
    Subject,
    Uses,
    confirm,
    extend,
    release,
    reserve,
    roll_back,
    sweep,
    uses_of,
)
from tests.core.coupons.builders import NOW, SECOND, TTL, fixed, percent, purchase, usd, who

CAMPAIGN = Campaign(key="SPRING", budgets={"USD": 5000})


def taken(ledger, coupon, wanted, *, now=NOW, ttl=TTL):
    moved = reserve(ledger, coupon, wanted, now=now, ttl=ttl)
    return ledger.with_entries(moved.entries), moved.reservation


def test_a_reservation_holds_a_use_and_its_money():
    ledger, use = taken(Ledger(), percent(campaign=CAMPAIGN), purchase())
    assert (use.coupon_code, use.order, use.subject) == ("SAVE", "o1", who("ada"))
    assert (use.discount, use.campaign, use.version) == (usd(2000), "SPRING", 1)
    assert (use.status, use.expires_at) == (ReservationStatus.RESERVED, NOW + TTL)
    assert (ledger.held("SAVE"), ledger.used("SAVE")) == (1, 0)
    assert (ledger.held("OTHER"), ledger.used("OTHER")) == (0, 0)
    assert ledger.spent("SPRING") == {"USD": 2000}
    assert ledger.reservation("SAVE", "o1") == use
    assert ledger.reservations() == (use,)
    assert ledger.reservation("SAVE", "o2") is None
    assert ledger.reservation("OTHER", "o1") is None


def test_a_confirmed_use_is_used_and_no_longer_held():
    ledger, use = taken(Ledger(), percent(campaign=CAMPAIGN), purchase())
    ledger = ledger.with_entries(confirm(use, now=NOW).entries)
    assert (ledger.held("SAVE"), ledger.used("SAVE")) == (0, 1)
    assert ledger.spent("SPRING") == {"USD": 2000}
    undone = roll_back(ledger.reservation("SAVE", "o1"), OrderEnd.REFUNDED, now=NOW)
    ledger = ledger.with_entries(undone.entries)
    assert (ledger.held("SAVE"), ledger.used("SAVE")) == (0, 0)
    assert ledger.spent("SPRING") == {"USD": 0}


def test_without_a_time_limit_it_lives_as_long_as_its_payment():
    _, use = taken(Ledger(), percent(), purchase(), ttl=None)
    assert (use.expires_at, use.campaign) == (None, "")


def test_spending_is_counted_per_campaign_and_currency():
    both = {"USD": 1000, "EUR": 900}
    a = fixed(amounts=both, code="A", campaign=CAMPAIGN_WITHOUT_LIMIT)
    ledger, _ = taken(Ledger(), a, purchase("o1"))
    ledger, _ = taken(ledger, a, purchase("o2", who("bob"), currency="EUR"))
    ledger, _ = taken(ledger, fixed(code="B"), purchase("o3"))
    assert ledger.spent("OPEN") == {"USD": 1000, "EUR": 900}
    assert ledger.spent("") == {}
    assert ledger.spent("OTHER") == {}


CAMPAIGN_WITHOUT_LIMIT = Campaign(key="OPEN")


def test_the_same_order_again_returns_its_use():
    coupon = percent(max_uses=1)
    ledger, use = taken(Ledger(), coupon, purchase())
    again, same = taken(ledger, coupon, purchase(minor=500), now=NOW + SECOND)
    assert (again, same) == (ledger, use)
    paid = ledger.with_entries(confirm(use, now=NOW).entries)
    moved = reserve(paid, coupon, purchase(), now=NOW, ttl=TTL)
    assert (moved.reservation.status, moved.entries) == (ReservationStatus.CONFIRMED, ())


def test_an_order_that_gave_its_use_back_may_take_it_anew():
    coupon = percent(max_uses=1)
    ledger, use = taken(Ledger(), coupon, purchase())
    ledger = ledger.with_entries(release(use, now=NOW).entries)
    ledger, use = taken(ledger, coupon, purchase(minor=500))
    assert (use.version, use.discount) == (3, usd(100))
    assert [entry.key for entry in ledger.entries] == ["SAVE:o1:1", "SAVE:o1:2", "SAVE:o1:3"]
    assert ledger.held("SAVE") == 1


def test_a_use_that_lapsed_is_free_without_a_sweep():
    coupon = percent(max_uses=1)
    ledger, _ = taken(Ledger(), coupon, purchase())
    bob = purchase("o2", who("bob"))
    with pytest.raises(CouponUsedUp):
        reserve(ledger, coupon, bob, now=NOW + TTL - SECOND, ttl=TTL)
    moved = reserve(ledger, coupon, bob, now=NOW + TTL, ttl=TTL)
    assert [entry.kind for entry in moved.entries] == [EntryKind.EXPIRE, EntryKind.RESERVE]
    assert ledger.with_entries(moved.entries).held("SAVE") == 1


def test_a_sweep_brings_the_expiries_along_even_when_the_order_has_its_use():
    coupon = percent()
    ledger, _ = taken(Ledger(), coupon, purchase())
    ledger, _ = taken(ledger, coupon, purchase("o2", who("bob")), ttl=None)
    moved = reserve(ledger, coupon, purchase("o2", who("bob")), now=NOW + TTL, ttl=TTL)
    assert [entry.key for entry in moved.entries] == ["SAVE:o1:2"]
    assert sweep(ledger, now=NOW + TTL) == moved.entries
    assert sweep(ledger, now=NOW) == ()


def test_uses_are_counted_in_all_and_for_who_buys():
    coupon = percent(max_uses_per_customer=2, campaign=CAMPAIGN)
    ledger, _ = taken(Ledger(), coupon, purchase("o1"))
    ledger, _ = taken(ledger, coupon, purchase("o2", who("bob")))
    ledger, gone = taken(ledger, percent(code="B"), purchase("o3"))
    ledger = ledger.with_entries(release(gone, now=NOW).entries)
    ada = purchase("o4", has_purchased=True)
    found = uses_of(ledger, coupon, ada)
    assert found == Uses(total=2, by_customer=1, has_purchased=True, spent={"USD": 4000})
    assert uses_of(ledger, percent(code="B"), ada) == Uses(has_purchased=True)
    assert uses_of(ledger, coupon, purchase("o5", Subject())).by_customer is None


def test_a_step_written_twice_counts_once_and_another_one_is_refused():
    ledger, use = taken(Ledger(), percent(), purchase())
    kept = confirm(use, now=NOW)
    later = confirm(use, now=NOW + SECOND)
    paid = ledger.with_entries(kept.entries)
    assert paid.with_entries(later.entries) == paid
    with pytest.raises(LedgerConflict, match="another entry under the key SAVE:o1:2"):
        paid.with_entries(release(use, now=NOW).entries)
    assert ledger.entries == paid.entries[:1]


# -- whoever comes first, in whatever order the steps of several buyers fall ----------------------


class Store:
    """What a database does for the ledger: a decision counts only if nothing changed since."""

    def __init__(self):
        self.ledger = Ledger()

    def write(self, seen, entries):
        if seen is not self.ledger:
            return False
        self.ledger = seen.with_entries(entries)
        return True


def buyer(store, coupon, wanted, outcomes):
    """Look, then decide and write as two steps, and begin anew when somebody was faster."""
    while True:
        seen = store.ledger
        yield
        try:
            moved = reserve(seen, coupon, wanted, now=NOW, ttl=TTL)
        except CouponNotRedeemable as refused:
            if seen is store.ledger:
                outcomes.append(type(refused))
                return
            continue
        if store.write(seen, moved.entries):
            outcomes.append(moved.reservation.order)
            return


def run(order, coupon, purchases):
    """Advance the buyers in the given order until each is done."""
    store, outcomes = Store(), []
    going = {i: buyer(store, coupon, wanted, outcomes) for i, wanted in enumerate(purchases)}
    turns = list(order)
    while going:
        turn = turns.pop(0) if turns else next(iter(going))
        if turn in going:
            try:
                next(going[turn])
            except StopIteration:
                del going[turn]
    return store.ledger, outcomes


def interleavings(buyers):
    return sorted(set(permutations([i for i in range(buyers) for _ in range(2)])))


@pytest.mark.parametrize("limit", [1, 2])
def test_c1_of_simultaneous_buyers_as_many_succeed_as_the_limit_allows(limit):
    coupon = percent(max_uses=limit)
    wanted = [purchase(f"o{i}", who(f"u{i}")) for i in range(3)]
    for order in interleavings(3):
        ledger, outcomes = run(order, coupon, wanted)
        assert ledger.held("SAVE") == limit
        assert outcomes.count(CouponUsedUp) == 3 - limit


def test_c2_a_hundred_and_fifty_at_once_take_exactly_a_hundred():
    # Every buyer looks before any of them writes: the worst case of a check outside the lock.
    coupon = percent(max_uses=100)
    store, won, lost = Store(), 0, 0
    for i in range(150):
        moved = None
        try:
            moved = reserve(store.ledger, coupon, purchase(f"o{i}", who(f"u{i}")), now=NOW, ttl=TTL)
        except CouponUsedUp:
            lost += 1
        else:
            won += store.write(store.ledger, moved.entries)
    assert (won, lost, store.ledger.held("SAVE")) == (100, 50, 100)


def test_c3_a_check_made_earlier_reserves_nothing():
    coupon = percent(max_uses=3)
    wanted = [purchase(f"o{i}", who(f"u{i}")) for i in range(5)]
    everybody_looks_first = [*range(5), *range(5)]
    ledger, outcomes = run(everybody_looks_first, coupon, wanted)
    assert ledger.held("SAVE") == 3
    assert outcomes.count(CouponUsedUp) == 2


def test_c4_one_customer_at_two_logins_takes_one():
    coupon = percent(max_uses_per_customer=1)
    wanted = [purchase("o1"), purchase("o2")]
    for order in interleavings(2):
        ledger, outcomes = run(order, coupon, wanted)
        assert ledger.held("SAVE") == 1
        assert outcomes.count(CouponUsedByCustomer) == 1


def test_c5_two_workers_of_one_order_take_one_use_and_both_get_it():
    coupon = percent(max_uses=1)
    for order in interleavings(2):
        ledger, outcomes = run(order, coupon, [purchase(), purchase()])
        assert outcomes == ["o1", "o1"]
        assert ledger.held("SAVE") == 1
    use = ledger.reservation("SAVE", "o1")
    first, second = confirm(use, now=NOW), confirm(use, now=NOW + SECOND)
    paid = ledger.with_entries(first.entries).with_entries(second.entries)
    assert (paid.held("SAVE"), paid.used("SAVE")) == (0, 1)


def test_c7_an_abandoned_reservation_frees_its_slot_whoever_notices_first():
    coupon = percent(max_uses=1)
    ledger, _ = taken(Ledger(), coupon, purchase())
    late, bob = NOW + TTL, purchase("o2", who("bob"))
    swept = ledger.with_entries(sweep(ledger, now=late))
    for before in (ledger, swept):
        after, use = taken(before, coupon, bob, now=late)
        assert (use.order, after.held("SAVE")) == ("o2", 1)


class Coupons(RuleBasedStateMachine):
    """Buyers who reserve, pay, give up, come late and act on what they saw earlier."""

    MAX_USES, PER_CUSTOMER, BUDGET = 3, 2, 5000

    @initialize()
    def begin(self):
        campaign = Campaign(key="C", budgets={"USD": self.BUDGET})
        terms = {"max_uses": self.MAX_USES, "max_uses_per_customer": self.PER_CUSTOMER}
        self.coupons = [
            percent("20", "A", campaign=campaign, **terms),
            fixed(1500, "B", campaign=campaign, **terms),
        ]
        self.ledger, self.now, self.seen = Ledger(), NOW, []

    @rule(
        coupon=st.integers(0, 1),
        order=st.integers(1, 8),
        minor=st.integers(1, 12000),
        ttl=st.sampled_from([TTL, None]),
    )
    def reserve(self, coupon, order, minor, ttl):
        wanted = purchase(f"o{order}", who(f"u{order % 3}"), minor=minor)
        try:
            moved = reserve(self.ledger, self.coupons[coupon], wanted, now=self.now, ttl=ttl)
        except CouponNotRedeemable:
            return
        self.ledger = self.ledger.with_entries(moved.entries)
        self.seen.append(moved.reservation)

    @rule(
        which=st.integers(0, 50),
        step=st.sampled_from(["confirm", "release", "extend", *OrderEnd]),
        is_stale=st.booleans(),
    )
    def act(self, which, step, is_stale):
        if not self.seen:
            return
        use = self.seen[which % len(self.seen)]
        if not is_stale:
            use = self.ledger.reservation(use.coupon_code, use.order)
        try:
            moved = self.moved(use, step)
            self.ledger = self.ledger.with_entries(moved.entries)
        except (ReservationClosed, LedgerConflict):
            return
        self.seen.append(moved.reservation)

    def moved(self, use, step):
        match step:
            case "confirm":
                return confirm(use, now=self.now)
            case "release":
                return release(use, now=self.now)
            case "extend":
                return extend(use, expires_at=self.now + 2 * TTL, now=self.now)
            case end:
                return roll_back(use, end, now=self.now)

    @rule(minutes=st.sampled_from([1, 29, 30, 31]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self):
        self.ledger = self.ledger.with_entries(sweep(self.ledger, now=self.now))

    @invariant()
    def no_limit_is_exceeded_and_nothing_is_negative(self):
        for coupon in self.coupons:
            held, used = self.ledger.held(coupon.code), self.ledger.used(coupon.code)
            assert held >= 0
            assert used >= 0
            assert held + used <= self.MAX_USES
        assert 0 <= self.ledger.spent("C").get("USD", 0) <= self.BUDGET

    @invariant()
    def the_sums_are_what_the_uses_say(self):
        uses = [use for use in self.ledger.reservations() if use.status.is_taken]
        for coupon in self.coupons:
            mine = [use for use in uses if use.coupon_code == coupon.code]
            states = Counter(use.status for use in mine)
            assert self.ledger.held(coupon.code) == states[ReservationStatus.RESERVED]
            assert self.ledger.used(coupon.code) == states[ReservationStatus.CONFIRMED]
            per_customer = Counter(use.subject for use in mine)
            assert max(per_customer.values(), default=0) <= self.PER_CUSTOMER
        assert self.ledger.spent("C").get("USD", 0) == sum(use.discount.minor for use in uses)

    @invariant()
    def every_key_is_there_once(self):
        keys = [entry.key for entry in self.ledger.entries]
        assert len(keys) == len(set(keys))


TestCoupons = Coupons.TestCase
