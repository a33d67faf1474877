import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.money import CurrencyMismatch, Money
from saaskit_core.payments.decisions import (
    InvalidPaymentMove,
    PaymentFacts,
    RefundRefused,
    RefundTooLarge,
    apply_dispute,
    apply_result,
    check_refund,
    janitor_at,
    move,
    refundable,
    use_of_money,
)
from saaskit_core.payments.states import PaymentState
from saaskit_core.provider_errors import DeclineReason
from saaskit_core.providers import PaymentResult
from tests.core.billing_builders import at, usd

SUCCEEDED, FAILED, CANCELLED = (
    PaymentState.SUCCEEDED,
    PaymentState.FAILED,
    PaymentState.CANCELLED,
)
NOW = at("2024-06-01T10:00")


def asked(**fields):
    fields = {"amount": usd(1000), "received": usd(0), "refunded": usd(0)} | fields
    return PaymentFacts(id="p1", customer_id="c1", **fields)


def told(state=SUCCEEDED, *, version=1, received=None, refunded=0, **fields):
    is_paid = state is SUCCEEDED
    given_fields = {
        "provider": "sandbox",
        "transaction_id": "t1",
        "reference": "p1",
        "state": state,
        "amount": usd(1000),
        "received": usd(received if received is not None else 1000 if is_paid else 0),
        "refunded": usd(refunded),
        "occurred_at": NOW + timedelta(seconds=version),
        "version": version,
    }
    return PaymentResult(**given_fields | fields)


def topics(change):
    return [event.topic for event in change.events]


def test_success():
    change = apply_result(asked(), told())
    assert (change.facts.state, change.facts.received) == (SUCCEEDED, usd(1000))
    assert (change.facts.transaction_id, change.facts.provider) == ("t1", "sandbox")
    assert topics(change) == ["payment.succeeded"]
    again = apply_result(change.facts, told())
    assert (again.applied, again.events, again.facts) == (False, (), change.facts)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PaymentState.REQUIRES_ACTION, ["payment.action_required"]),
        (PaymentState.PROCESSING, []),
        (CANCELLED, ["payment.cancelled"]),
    ],
)
def test_other_answers(state, expected):
    assert topics(apply_result(asked(), told(state))) == expected


@pytest.mark.parametrize(
    ("decline", "reason", "is_hard"),
    [
        (DeclineReason.EXPIRED_CARD, "expired_card", True),
        (DeclineReason.INSUFFICIENT_FUNDS, "insufficient_funds", False),
        (None, "", False),
    ],
)
def test_a_decline_names_its_reason(decline, reason, is_hard):
    (event,) = apply_result(asked(), told(FAILED, decline=decline)).events
    assert (event.topic, event.reason, event.is_hard) == ("payment.failed", reason, is_hard)


@pytest.mark.parametrize(
    "result",
    [
        told(amount=usd(999)),
        told(amount=Money(1000, "EUR"), received=0),
        told(received=Money(1000, "EUR").minor, refunded=1001),
        told(received=900),
        told(received=1100),
        told(reference="p2"),
        told(FAILED, received=-1),
    ],
)
def test_what_was_not_asked_is_a_mismatch_and_changes_nothing(result):
    change = apply_result(asked(), result)
    assert change.mismatch is not None
    assert (change.applied, change.facts, change.events) == (False, asked(), ())


def test_another_transaction_is_a_mismatch():
    assert apply_result(asked(transaction_id="t9"), told()).mismatch is not None
    assert apply_result(asked(transaction_id="t1"), told()).mismatch is None


@pytest.mark.parametrize("state", [FAILED, CANCELLED])
def test_money_for_a_payment_that_has_ended_is_a_mismatch(state):
    change = apply_result(asked(state=state), told())
    assert (change.mismatch is not None, change.facts.state) == (True, state)


def test_terminal_never_regresses():
    done = apply_result(asked(), told()).facts
    for state in PaymentState:
        if state is not SUCCEEDED:
            late = apply_result(done, told(state, version=9))
            assert (late.applied, late.facts) == (False, done)


def test_an_older_answer_changes_nothing():
    newer = apply_result(asked(), told(PaymentState.PROCESSING, version=5)).facts
    assert not apply_result(newer, told(PaymentState.REQUIRES_ACTION, version=4)).applied


def test_a_transfer_may_bring_more_or_less():
    transfer = asked(is_open_amount=True)
    part = apply_result(transfer, told(PaymentState.PROCESSING, received=400)).facts
    assert part.received == usd(400)
    stale = apply_result(part, told(PaymentState.PROCESSING, version=0, received=600))
    assert (stale.applied, stale.facts.received) == (True, usd(600))
    over = apply_result(part, told(version=2, received=1100)).facts
    assert (over.state, over.received) == (SUCCEEDED, usd(1100))


def test_refunds_grow_and_are_told_once():
    paid = apply_result(asked(), told()).facts
    part = apply_result(paid, told(version=2, refunded=300))
    assert (topics(part), part.events[0].refund_minor) == (["payment.refunded"], 300)
    assert not apply_result(part.facts, told(version=2, refunded=300)).applied
    assert not apply_result(part.facts, told(version=1, refunded=0)).applied
    rest = apply_result(part.facts, told(version=3, refunded=1000))
    assert (rest.events[0].refund_minor, rest.facts.refunded) == (700, usd(1000))


def test_paid_and_refunded_in_one_answer():
    change = apply_result(asked(), told(refunded=1000))
    assert topics(change) == ["payment.succeeded", "payment.refunded"]


STORY = [
    told(PaymentState.REQUIRES_ACTION, version=1),
    told(PaymentState.PROCESSING, version=2),
    told(PaymentState.AUTHORIZED, version=3),
    told(version=4),
    told(version=5, refunded=200),
    told(version=6, refunded=1000),
]


@given(st.data(), st.integers(0, len(STORY)))
def test_any_order_and_any_duplication_end_in_one_state(data, length):
    story = STORY[:length]
    repeated = story + (data.draw(st.lists(st.sampled_from(story), max_size=8)) if story else [])
    shuffled = data.draw(st.permutations(repeated))
    assert _money_of(replayed(shuffled)) == _money_of(replayed(story))


def test_every_order_of_a_whole_story():
    ends = {_money_of(replayed(order)) for order in itertools.permutations(STORY)}
    assert ends == {(SUCCEEDED, usd(1000), usd(1000))}


def replayed(story):
    facts = asked()
    for result in story:
        facts = apply_result(facts, result).facts
    return facts


def _money_of(facts):
    return facts.state, facts.received, facts.refunded


def test_a_dispute():
    paid = apply_result(asked(), told()).facts
    later = at("2024-06-05")
    opened = apply_dispute(paid, is_disputed=True, version=2, occurred_at=later)
    assert (opened.facts.is_disputed, topics(opened)) == (True, ["payment.disputed"])
    again = apply_dispute(opened.facts, is_disputed=True, version=2, occurred_at=later)
    older = apply_dispute(opened.facts, is_disputed=False, version=1, occurred_at=later)
    assert (again.applied, older.applied) == (False, False)
    with pytest.raises(RefundRefused):
        check_refund(opened.facts, usd(1))


def test_our_own_moves_follow_the_table():
    assert move(asked(), PaymentState.SUBMITTING).state is PaymentState.SUBMITTING
    with pytest.raises(InvalidPaymentMove):
        move(asked(state=SUCCEEDED), PaymentState.UNKNOWN)


@pytest.mark.parametrize(
    ("state", "hours"),
    [
        (PaymentState.UNKNOWN, ["1/12", "13/12", 25 + 1 / 12, 49 + 1 / 12]),
        (PaymentState.PROCESSING, [1, 25]),
    ],
)
def test_the_janitor_asks_less_and_less_often(state, hours):
    found = [janitor_at(state, attempts=number, since=NOW) for number in range(len(hours))]
    expected = [
        NOW + timedelta(minutes=5 if hour == "1/12" else 65 if hour == "13/12" else 60 * hour)
        for hour in hours
    ]
    assert found == expected


def test_the_janitor_gives_up_and_leaves_the_rest_alone():
    assert janitor_at(PaymentState.UNKNOWN, attempts=6, since=NOW) is not None
    assert janitor_at(PaymentState.UNKNOWN, attempts=7, since=NOW) is None
    for state in (PaymentState.CREATED, SUCCEEDED, FAILED, CANCELLED):
        assert janitor_at(state, attempts=0, since=NOW) is None


def test_what_can_be_refunded():
    paid = asked(state=SUCCEEDED, received=usd(1000), refunded=usd(300), refund_reserved=usd(200))
    assert refundable(paid) == usd(500)
    assert refundable(asked()) == usd(0)
    assert refundable(replace(paid, refund_reserved=usd(900))) == usd(0)
    check_refund(paid, usd(500))
    with pytest.raises(RefundTooLarge):
        check_refund(paid, usd(501))
    for amount in (usd(0), usd(-5)):
        with pytest.raises(RefundRefused):
            check_refund(paid, amount)
    with pytest.raises(RefundRefused):
        check_refund(asked(), usd(1))
    with pytest.raises(CurrencyMismatch):
        check_refund(paid, Money(5, "EUR"))


@pytest.mark.parametrize(
    ("received", "is_open", "applied", "surplus", "settled"),
    [(1000, True, 1000, 0, True), (1200, True, 1000, 200, True), (700, True, 700, 0, False),
     (700, False, 0, 700, False)],
)  # fmt: skip
def test_where_received_money_goes(received, is_open, applied, surplus, settled):
    use = use_of_money(usd(received), open_amount=usd(1000), is_invoice_open=is_open)
    assert (use.applied, use.surplus, use.is_settled) == (usd(applied), usd(surplus), settled)
