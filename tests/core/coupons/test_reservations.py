from datetime import timedelta, timezone
from itertools import product

import pytest

from saaskit_core.coupons import (
    Entry,
    EntryKind,
    OrderEnd,
    Reservation,
    ReservationClosed,
    ReservationStatus,
    Rollback,
    RollbackPolicy,
    confirm,
    expire,
    extend,
    release,
    roll_back,
)
from saaskit_core.coupons.reservations import opened
from saaskit_core.periods import NaiveDatetime
from tests.core.coupons.builders import NOW, SECOND, TTL, usd, who

LATER = NOW + TTL
RESERVED, CONFIRMED, RELEASED, EXPIRED = ReservationStatus


def use(status=RESERVED, *, expires_at=LATER, version=1):
    return Reservation(
        coupon_code="SAVE",
        order="o1",
        subject=who("ada"),
        discount=usd(2000),
        campaign="C",
        status=status,
        expires_at=expires_at if status is RESERVED else None,
        version=version,
    )


def only_entry(moved):
    (entry,) = moved.entries
    assert entry.reservation == moved.reservation
    return entry


def test_the_words_of_the_contract():
    assert [status.wire for status in ReservationStatus] == [
        "reserved",
        "confirmed",
        "released",
        "released",
    ]
    assert [status.is_taken for status in ReservationStatus] == [True, True, False, False]


def test_taking_a_use_holds_it():
    entry = only_entry(opened(use(), now=NOW))
    assert Entry(key="k", kind=EntryKind.EXTEND, reservation=use(), at=NOW).taken_minor == 0
    assert (entry.key, entry.kind) == ("SAVE:o1:1", EntryKind.RESERVE)
    assert (entry.held, entry.used, entry.taken_minor, entry.at) == (1, 0, 2000, NOW)


@pytest.mark.parametrize("expires_at", [LATER, None])
def test_a_payment_keeps_the_use_for_good(expires_at):
    moved = confirm(use(expires_at=expires_at), now=NOW)
    entry = only_entry(moved)
    assert moved.reservation == use(CONFIRMED, version=2)
    assert (entry.key, entry.kind) == ("SAVE:o1:2", EntryKind.CONSUME)
    assert (entry.held, entry.used, entry.taken_minor) == (-1, 1, 0)


def test_a_failed_payment_gives_it_back():
    moved = release(use(), now=NOW)
    entry = only_entry(moved)
    assert moved.reservation == use(RELEASED, version=2)
    assert (entry.key, entry.kind) == ("SAVE:o1:2", EntryKind.REVERSE)
    assert (entry.held, entry.used, entry.taken_minor) == (-1, 0, -2000)


def test_time_gives_it_back_at_the_very_instant():
    assert expire(use(), now=LATER - SECOND).entries == ()
    moved = expire(use(), now=LATER)
    entry = only_entry(moved)
    assert moved.reservation == use(EXPIRED, version=2)
    assert (entry.key, entry.kind) == ("SAVE:o1:2", EntryKind.EXPIRE)
    assert (entry.held, entry.used, entry.taken_minor) == (-1, 0, -2000)
    assert expire(use(expires_at=None), now=LATER).entries == ()
    assert expire(use(CONFIRMED), now=LATER).entries == ()


@pytest.mark.parametrize(
    ("status", "now", "counts"),
    [
        (RESERVED, LATER - SECOND, True),
        (RESERVED, LATER, False),
        (CONFIRMED, LATER, True),
        (RELEASED, NOW, False),
        (EXPIRED, NOW, False),
    ],
)
def test_what_counts_when(status, now, counts):
    assert use(status).is_taken_at(now) is counts
    assert use(expires_at=None).is_taken_at(LATER)


@pytest.mark.parametrize("step", [confirm, release, expire])
def test_a_step_again_does_nothing(step):
    moved = step(use(), now=LATER if step is expire else NOW)
    again = step(moved.reservation, now=LATER)
    assert again.entries == ()
    assert again.reservation is moved.reservation


@pytest.mark.parametrize("step", [release, expire])
def test_a_confirmed_use_is_not_given_back_by_accident(step):
    assert step(use(CONFIRMED), now=LATER).reservation.status is CONFIRMED


@pytest.mark.parametrize(
    "step", [confirm, lambda each, now: extend(each, expires_at=None, now=now)]
)
@pytest.mark.parametrize(
    ("status", "now", "word"),
    [(RELEASED, NOW, "released"), (EXPIRED, NOW, "expired"), (RESERVED, LATER, "expired")],
)
def test_what_was_given_back_stays_so(step, status, now, word):
    with pytest.raises(ReservationClosed) as refused:
        step(use(status), now=now)
    assert str(refused.value) == f"The use of the coupon SAVE for this purchase is {word} already."


def test_a_payment_that_begins_takes_the_clock_off():
    moved = extend(use(), expires_at=None, now=NOW)
    entry = only_entry(moved)
    assert moved.reservation == use(expires_at=None, version=2)
    assert (entry.key, entry.kind) == ("SAVE:o1:2", EntryKind.EXTEND)
    assert (entry.held, entry.used, entry.taken_minor) == (0, 0, 0)
    assert extend(moved.reservation, expires_at=None, now=LATER).entries == ()


def test_a_use_can_be_held_longer():
    east = timezone(timedelta(hours=3))
    moved = extend(use(), expires_at=(LATER + TTL).astimezone(east), now=NOW)
    assert moved.reservation.expires_at == LATER + TTL
    assert moved.reservation.expires_at.utcoffset() == timedelta(0)
    assert extend(use(), expires_at=LATER, now=NOW).entries == ()
    assert extend(use(CONFIRMED), expires_at=LATER, now=NOW).entries == ()


@pytest.mark.parametrize("step", [expire, confirm, release])
def test_a_naive_now_is_refused(step):
    with pytest.raises(NaiveDatetime):
        step(use(), now=NOW.replace(tzinfo=None))


GIVEN_BACK = {
    OrderEnd.PAYMENT_FAILED: True,
    OrderEnd.CANCELLED: True,
    OrderEnd.REFUNDED: True,
    OrderEnd.FRAUD: False,
}


@pytest.mark.parametrize(("end", "status"), list(product(OrderEnd, [RESERVED, CONFIRMED])))
def test_by_default_a_use_comes_back_except_after_fraud(end, status):
    moved = roll_back(use(status), end, now=NOW)
    assert moved.reservation.status is (RELEASED if GIVEN_BACK[end] else CONFIRMED)
    balance = sum(entry.held + entry.used for entry in moved.entries)
    assert balance == (-1 if GIVEN_BACK[end] else 0)


def test_undoing_a_confirmed_use_takes_it_from_those_used():
    entry = only_entry(roll_back(use(CONFIRMED), OrderEnd.REFUNDED, now=NOW))
    assert (entry.key, entry.kind) == ("SAVE:o1:2", EntryKind.REVERSE)
    assert (entry.held, entry.used, entry.taken_minor) == (0, -1, -2000)


@pytest.mark.parametrize("end", OrderEnd)
@pytest.mark.parametrize("rollback", Rollback)
def test_each_end_has_its_own_policy(end, rollback):
    other = next(each for each in Rollback if each is not rollback)
    policy = RollbackPolicy(**{each.value: other for each in OrderEnd} | {end.value: rollback})
    assert policy.after(end) is rollback
    moved = roll_back(use(CONFIRMED), end, now=NOW, policy=policy)
    given_back = rollback is Rollback.WITH_ORDER
    assert moved.reservation.status is (RELEASED if given_back else CONFIRMED)


@pytest.mark.parametrize("end", OrderEnd)
@pytest.mark.parametrize("status", [RELEASED, EXPIRED])
def test_rolling_back_what_was_given_back_does_nothing(end, status):
    assert roll_back(use(status), end, now=NOW).entries == ()


def test_rolling_back_what_has_lapsed_is_its_expiry():
    assert roll_back(use(), OrderEnd.FRAUD, now=LATER).reservation.status is EXPIRED
