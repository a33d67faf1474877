"""Refunds: full, partial, several at once; never more than came in, in any order."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saaskit_core.money import CurrencyMismatch, Money
from saaskit_core.payments.decisions import RefundRefused, RefundTooLarge, apply_result, refundable
from saaskit_core.payments.refunds import (
    RefundContradicted,
    apply_refund,
    release_refund,
    reserve_refund,
)
from saaskit_core.payments.states import PaymentState, PaymentStatus, wire_status
from saaskit_core.providers import RefundState
from tests.core.billing_builders import usd
from tests.core.payments.builders import asked, paid, refund_told, told

OK, FAILED, PENDING = RefundState.SUCCEEDED, RefundState.FAILED, RefundState.PENDING


def reserved(payment, minor, number=1):
    return reserve_refund(payment, refund_id=f"r{number}", amount=usd(minor))


def status(payment):
    return wire_status(
        payment.state, received_minor=payment.received.minor, refunded_minor=payment.refunded.minor
    )


def test_a_part_then_the_rest():
    payment, first = reserved(paid(), 300)
    assert (refundable(payment), payment.refunded) == (usd(700), usd(0))
    change = apply_refund(payment, first, refund_told(first))
    assert (change.payment.refunded, change.refund.state) == (usd(300), OK)
    assert status(change.payment) is PaymentStatus.PARTIAL
    (event,) = change.events
    assert (event.refund_minor, event.refunded_minor) == (300, 300)
    payment, rest = reserve_refund(change.payment, refund_id="r2")
    assert rest.amount == usd(700)
    done = apply_refund(payment, rest, refund_told(rest)).payment
    assert (status(done), refundable(done)) == (PaymentStatus.REFUNDED, usd(0))


def test_two_of_sixty_percent_at_once():
    payment, _ = reserved(paid(), 600)
    with pytest.raises(RefundTooLarge):
        reserved(payment, 600, 2)
    reserved(payment, 400, 2)


def test_a_failure_and_a_release_free_what_was_reserved():
    payment, refund = reserved(paid(), 600)
    failed = apply_refund(payment, refund, refund_told(refund, FAILED))
    assert (refundable(failed.payment), failed.events) == (usd(1000), ())
    released = release_refund(payment, refund)
    assert (released.refund.state, refundable(released.payment)) == (FAILED, usd(1000))
    done = apply_refund(payment, refund, refund_told(refund))
    assert not release_refund(done.payment, done.refund).applied


@pytest.mark.parametrize("state", [OK, FAILED])
def test_told_twice_is_told_once(state):
    payment, refund = reserved(paid(), 600)
    once = apply_refund(payment, refund, refund_told(refund, state))
    for again in (state, PENDING):
        twice = apply_refund(once.payment, once.refund, refund_told(refund, again))
        assert (twice.applied, twice.mismatch, twice.events) == (False, None, ())
        assert (twice.payment, twice.refund) == (once.payment, once.refund)


def test_what_contradicts_parks():
    payment, refund = reserved(paid(), 600)
    done = apply_refund(payment, refund, refund_told(refund))
    other = replace(refund, payment_id="p9")
    for before, of, result in (
        (payment, refund, refund_told(refund, amount=usd(599))),
        (payment, refund, refund_told(refund, amount=Money(600, "EUR"))),
        (payment, refund, refund_told(refund, reference="r9")),
        (payment, other, refund_told(refund)),
        (done.payment, done.refund, refund_told(refund, FAILED)),
        (done.payment, done.refund, refund_told(refund, refund_id="re_9")),
        (replace(payment, refunded=usd(500)), refund, refund_told(refund)),
    ):
        change = apply_refund(before, of, result)
        assert isinstance(change.mismatch, RefundContradicted)
        assert (change.applied, change.payment, change.refund) == (False, before, of)


@pytest.mark.parametrize(
    ("payment", "amount", "error"),
    [
        (asked(), usd(1), RefundRefused),
        (paid(is_disputed=True), usd(1), RefundRefused),
        (paid(), usd(0), RefundRefused),
        (paid(), usd(-1), RefundRefused),
        (paid(), usd(1001), RefundTooLarge),
        (paid(), Money(1, "EUR"), CurrencyMismatch),
        (paid(refunded=usd(1000)), None, RefundRefused),
    ],
)
def test_what_is_refused(payment, amount, error):
    with pytest.raises(error):
        reserve_refund(payment, refund_id="r1", amount=amount)


def test_our_own_refund_under_way_is_no_news_from_the_provider():
    payment, refund = reserved(paid(), 300)
    echoed = apply_result(payment, told(version=2, refunded=300))
    assert (echoed.facts.refunded, echoed.events) == (usd(0), ())
    foreign = apply_result(payment, told(version=2, refunded=500))
    assert foreign.facts.refunded == usd(200)
    done = apply_refund(foreign.facts, refund, refund_told(refund))
    assert (done.payment.refunded, refundable(done.payment)) == (usd(500), usd(500))
    assert not apply_result(done.payment, told(version=2, refunded=500)).applied


class RefundMachine(RuleBasedStateMachine):
    """Refunds are reserved and answered in any order, some are made at the provider itself."""

    @initialize()
    def begin(self):
        self.payment, self.refunds, self.there = paid(), [], 0

    @rule(minor=st.integers(-1, 1100))
    def reserve(self, minor):
        try:
            self.payment, refund = reserved(self.payment, minor, len(self.refunds))
        except RefundRefused:
            assert minor <= 0 or minor > refundable(self.payment).minor
            return
        self.refunds.append(refund)

    @precondition(lambda self: self.refunds)
    @rule(data=st.data(), state=st.sampled_from([OK, FAILED, PENDING]))
    def answer(self, data, state):
        place = data.draw(st.integers(0, len(self.refunds) - 1))
        refund = self.refunds[place]
        change = apply_refund(self.payment, refund, refund_told(refund, state))
        self.payment, self.refunds[place] = change.payment, change.refund

    @rule(minor=st.integers(0, 1000))
    def refund_there(self, minor):
        """Somebody refunds in the dashboard; the provider never gives back more than it has."""
        own = sum(each.amount.minor for each in self.refunds if each.state is not FAILED)
        self.there = max(self.there, min(minor, 1000 - own))
        result = told(version=9, refunded=own + self.there)
        change = apply_result(self.payment, result)
        assert change.mismatch is None
        self.payment = change.facts

    @invariant()
    def never_more_than_came_in(self):
        if not hasattr(self, "payment"):
            return
        pending = self.payment.refund_reserved or usd(0)
        assert self.payment.refunded.minor >= 0
        assert pending.minor == sum(
            each.amount.minor for each in self.refunds if each.state is PENDING
        )
        assert self.payment.refunded + pending <= self.payment.received
        assert self.payment.state is PaymentState.SUCCEEDED


TestRefunds = RefundMachine.TestCase
