"""The table of payment states, pair by pair."""

import itertools

import pytest

from saaskit_core.payments.decisions import InvalidPaymentMove, move
from saaskit_core.payments.states import ALLOWED, PaymentState, is_allowed
from tests.core.payments.builders import asked

C, S, R, P, U, A, OK, F, X = PaymentState
OPEN_LATER = {R, P, U, A}
ENDS = {OK, F, X}

# What each state may become, written out once more; staying is always allowed.
TABLE = {
    C: {S, *OPEN_LATER, *ENDS},
    S: {*OPEN_LATER, *ENDS},
    R: {S, *OPEN_LATER, *ENDS},
    P: {*OPEN_LATER, *ENDS},
    U: {*OPEN_LATER, *ENDS},
    A: {P, U, *ENDS},
    OK: set(),
    F: set(),
    X: set(),
}
PAIRS = list(itertools.product(PaymentState, PaymentState))


def test_the_names_in_the_table_are_the_states():
    assert (C, S, R, P, U, A, OK, F, X) == (
        PaymentState.CREATED, PaymentState.SUBMITTING, PaymentState.REQUIRES_ACTION,
        PaymentState.PROCESSING, PaymentState.UNKNOWN, PaymentState.AUTHORIZED,
        PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.CANCELLED,
    )  # fmt: skip
    assert set(ALLOWED) == set(PaymentState) == set(TABLE)


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_every_pair(before, after):
    may = before is after or after in TABLE[before]
    assert is_allowed(before, after) == may
    facts = asked(state=before)
    if may:
        assert move(facts, after).state is after
        return
    with pytest.raises(InvalidPaymentMove):
        move(facts, after)


def test_an_unknown_payment_is_never_submitted_again():
    assert not is_allowed(U, S)
    assert not is_allowed(U, C)
    assert ALLOWED[U] >= ENDS
