import itertools

import pytest

from saaskit_core.payments.states import (
    ALLOWED,
    OPEN,
    TERMINAL,
    PaymentState,
    PaymentStatus,
    is_allowed,
    wire_status,
)


@pytest.mark.parametrize("state", TERMINAL)
def test_nothing_leaves_a_terminal_state(state):
    assert state.is_terminal
    assert all(is_allowed(state, other) == (other is state) for other in PaymentState)


@pytest.mark.parametrize("state", OPEN)
def test_every_open_state_may_end_and_stay(state):
    assert not state.is_terminal
    assert is_allowed(state, state)
    assert ALLOWED[state] >= TERMINAL
    assert PaymentState.CREATED not in ALLOWED[state]


@pytest.mark.parametrize(
    ("state", "received", "refunded", "status"),
    [
        (PaymentState.CREATED, 0, 0, PaymentStatus.PENDING),
        (PaymentState.REQUIRES_ACTION, 0, 0, PaymentStatus.PENDING),
        (PaymentState.PROCESSING, 40, 0, PaymentStatus.PENDING),
        (PaymentState.SUBMITTING, 0, 0, PaymentStatus.PROCESSING),
        (PaymentState.PROCESSING, 0, 0, PaymentStatus.PROCESSING),
        (PaymentState.UNKNOWN, 0, 0, PaymentStatus.PROCESSING),
        (PaymentState.AUTHORIZED, 0, 0, PaymentStatus.PROCESSING),
        (PaymentState.SUCCEEDED, 100, 0, PaymentStatus.COMPLETED),
        (PaymentState.SUCCEEDED, 0, 0, PaymentStatus.COMPLETED),
        (PaymentState.SUCCEEDED, 100, 40, PaymentStatus.PARTIAL),
        (PaymentState.SUCCEEDED, 100, 100, PaymentStatus.REFUNDED),
        (PaymentState.FAILED, 0, 0, PaymentStatus.FAILED),
        (PaymentState.CANCELLED, 0, 0, PaymentStatus.CANCELLED),
    ],
)
def test_the_wire_value(state, received, refunded, status):
    assert wire_status(state, received_minor=received, refunded_minor=refunded) is status


def test_every_state_has_a_wire_value():
    amounts = itertools.product(PaymentState, (0, 100), (0, 50))
    for state, received, refunded in amounts:
        assert wire_status(state, received_minor=received, refunded_minor=refunded)
