"""What to do where our books and the provider's differ."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.money import Money
from saaskit_core.payments.decisions import apply_result
from saaskit_core.payments.reconciliation import (
    MOST_QUESTIONS,
    Comparison,
    Difference,
    InvoiceStanding,
    Remedy,
    reconcile,
)
from saaskit_core.payments.states import PaymentState
from saaskit_core.subscriptions.policies import RefundAdjustment
from tests.core.billing_builders import usd
from tests.core.payments.builders import asked, paid, told

CREATED, SUBMITTING, ACTION, PROCESSING, UNKNOWN, AUTHORIZED, OK, FAILED, CANCELLED = PaymentState
PAID, VOID, NOWHERE = InvoiceStanding.PAID, InvoiceStanding.VOID, InvoiceStanding.UNKNOWN
TRANSFER = asked(state=PROCESSING, is_open_amount=True)
DUE = {"open_amount": usd(1000)}
EURO = Money(1000, "EUR")
D, R = Difference, Remedy

# name: (ours, theirs, circumstances) → [(difference, remedy, amount)]
CASES = {
    "neither": (None, None, {}, []),
    "agreed": (paid(), told(), {}, []),
    "agreed on a failure": (asked(state=FAILED), told(FAILED), {}, []),
    "never sent": (asked(), None, {}, []),
    "failed here, unknown there": (asked(state=FAILED), None, {}, []),
    "sent, not there": (asked(state=UNKNOWN), None, {}, [(D.MISSING_THERE, R.ASK_AGAIN, 1000)]),
    "sent, not there, asked for long": (
        asked(state=UNKNOWN), None, {"questions": MOST_QUESTIONS},
        [(D.MISSING_THERE, R.PARK, 1000)],
    ),
    "paid here, not there": (paid(), None, {}, [(D.MISSING_THERE, R.PARK, 1000)]),
    "paid there, not here": (None, told(), DUE, [(D.MISSING_HERE, R.ADOPT, 1000)]),
    "paid there for an unknown invoice": (
        None, told(), {"invoice": NOWHERE}, [(D.MISSING_HERE, R.PARK, 1000)],
    ),
    "under way there, not here": (
        None, told(PROCESSING), DUE, [(D.MISSING_HERE, R.ASK_AGAIN, 1000)],
    ),
    "failed there, not here": (None, told(FAILED), DUE, []),
    "paid there, not here, another amount": (
        None, told(), {"open_amount": usd(900)}, [(D.AMOUNT, R.PARK, 1000)],
    ),
    "paid there, not here, another currency": (
        None, told(), {"open_amount": EURO}, [(D.CURRENCY, R.PARK, 1000)],
    ),
    "paid there, not here, its invoice void": (
        None, told(), {**DUE, "invoice": VOID},
        [(D.MISSING_HERE, R.ADOPT, 1000), (D.PAID_LATE, R.CREDIT_WALLET, 1000)],
    ),
    "paid there, not here, its invoice paid": (
        None, told(), {**DUE, "invoice": PAID},
        [(D.MISSING_HERE, R.ADOPT, 1000), (D.PAID_TWICE, R.REFUND_DUPLICATE, 1000)],
    ),
    "we are behind": (asked(state=UNKNOWN), told(), {}, [(D.STATE_BEHIND, R.ADOPT, 1000)]),
    "it failed meanwhile": (
        asked(state=PROCESSING), told(FAILED), {}, [(D.STATE_BEHIND, R.ADOPT, 1000)],
    ),
    "another amount asked": (
        asked(), told(amount=usd(900), received=900), {}, [(D.AMOUNT, R.PARK, 900)],
    ),
    "another currency": (
        asked(), told(amount=EURO, received=0), {}, [(D.CURRENCY, R.PARK, 1000)],
    ),
    "refunded more than came in": (
        paid(), told(refunded=1001), {}, [(D.AMOUNT, R.PARK, 1000)],
    ),
    "another payment": (asked(), told(reference="p9"), {}, [(D.ANOTHER_PAYMENT, R.PARK, 1000)]),
    "another transaction": (
        paid(transaction_id="t9"), told(), {}, [(D.ANOTHER_PAYMENT, R.PARK, 1000)],
    ),
    "paid here, failed there": (paid(), told(FAILED), {}, [(D.STATE_CONTRADICTS, R.PARK, 1000)]),
    "paid here, not yet there": (
        paid(), told(PROCESSING), {}, [(D.STATE_CONTRADICTS, R.ASK_AGAIN, 1000)],
    ),
    "failed here, paid there, invoice open": (
        asked(state=FAILED), told(), {}, [(D.STATE_CONTRADICTS, R.PARK, 1000)],
    ),
    "failed here, cancelled there": (asked(state=FAILED), told(CANCELLED), {}, []),
    "cancelled here, paid there, invoice void": (
        asked(state=CANCELLED), told(), {"invoice": VOID},
        [(D.STATE_BEHIND, R.ADOPT, 1000), (D.PAID_LATE, R.CREDIT_WALLET, 1000)],
    ),
    "paid late, part of it given back there": (
        asked(state=UNKNOWN), told(refunded=400), {"invoice": VOID},
        [(D.STATE_BEHIND, R.ADOPT, 1000), (D.PAID_LATE, R.CREDIT_WALLET, 600)],
    ),
    "paid late, all given back there": (
        asked(state=UNKNOWN), told(refunded=1000), {"invoice": VOID},
        [(D.STATE_BEHIND, R.ADOPT, 1000)],
    ),
    "paid there, its invoice unknown": (
        asked(state=UNKNOWN), told(), {"invoice": NOWHERE},
        [(D.STATE_BEHIND, R.ADOPT, 1000), (D.MISSING_HERE, R.PARK, 1000)],
    ),
    "paid twice": (
        asked(state=UNKNOWN), told(), {"invoice": PAID},
        [(D.STATE_BEHIND, R.ADOPT, 1000), (D.PAID_TWICE, R.REFUND_DUPLICATE, 1000)],
    ),
    "paid twice through one who can't refund": (
        asked(state=UNKNOWN), told(), {"invoice": PAID, "can_refund": False},
        [(D.STATE_BEHIND, R.ADOPT, 1000), (D.PAID_TWICE, R.CREDIT_WALLET, 1000)],
    ),
    "a transfer that brought less": (
        TRANSFER, told(received=700), DUE,
        [(D.STATE_BEHIND, R.ADOPT, 700), (D.PAID_LESS, R.OPEN_REST, 300)],
    ),
    "a transfer that brought more": (
        TRANSFER, told(received=1200), DUE,
        [(D.STATE_BEHIND, R.ADOPT, 1200), (D.PAID_MORE, R.CREDIT_WALLET, 200)],
    ),
    "a transfer of which more has arrived": (
        TRANSFER, told(PROCESSING, received=400), {}, [(D.STATE_BEHIND, R.ADOPT, 400)],
    ),
    "a card that brought less": (
        asked(state=UNKNOWN), told(received=700), {}, [(D.PAID_LESS, R.PARK, 700)],
    ),
    "a card that brought more": (
        asked(state=UNKNOWN), told(received=1200), {}, [(D.PAID_MORE, R.PARK, 1200)],
    ),
    "another sum, both for good": (
        paid(is_open_amount=True), told(received=900), {}, [(D.AMOUNT, R.PARK, 900)],
    ),
    "refunded in the dashboard": (
        paid(), told(refunded=300), {}, [(D.REFUNDED_THERE, R.ISSUE_CREDIT_NOTE, 300)],
    ),
    "refunded in the dashboard, without item adjustment": (
        paid(), told(refunded=300), {"refund": RefundAdjustment.WITHOUT},
        [(D.REFUNDED_THERE, R.OPEN_REST, 300)],
    ),
    "our refund under way": (paid(refund_reserved=usd(300)), told(refunded=300), {}, []),
    "refunded beside our own": (
        paid(refund_reserved=usd(300)), told(refunded=500), {},
        [(D.REFUNDED_THERE, R.ISSUE_CREDIT_NOTE, 200)],
    ),
    "refunded of what had become credit": (
        paid(), told(refunded=300), {"invoice": VOID}, [(D.REFUNDED_THERE, R.PARK, 300)],
    ),
    "our refund isn't there": (
        paid(refunded=usd(300)), told(), {}, [(D.REFUND_MISSING_THERE, R.ASK_AGAIN, 300)],
    ),
    "paid and refunded there, behind here": (
        asked(state=UNKNOWN), told(refunded=300), {},
        [(D.STATE_BEHIND, R.ADOPT, 1000), (D.REFUNDED_THERE, R.ISSUE_CREDIT_NOTE, 300)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_difference_has_its_remedy(name):
    ours, theirs, around, expected = CASES[name]
    found = reconcile(Comparison(ours=ours, theirs=theirs, **around))
    assert [(each.difference, each.remedy, each.amount.minor) for each in found] == expected
    assert all(each.explanation.endswith(".") for each in found)


def test_every_difference_and_every_remedy_has_a_case():
    found = [each for case in CASES.values() for each in case[3]]
    assert {difference for difference, _, _ in found} == set(Difference)
    assert {remedy for _, remedy, _ in found} == set(Remedy)


states = st.sampled_from(PaymentState)
sums = st.integers(-100, 1300)


@given(
    st.none() | st.builds(
        lambda state, received, refunded, reserved, is_open: asked(
            state=state, received=usd(received), refunded=usd(refunded),
            refund_reserved=usd(reserved), is_open_amount=is_open,
        ),
        states, st.sampled_from([0, 700, 1000]), st.sampled_from([0, 300]),
        st.sampled_from([0, 200]), st.booleans(),
    ),
    st.none() | st.builds(
        lambda state, received, refunded: told(state, received=received, refunded=refunded),
        states, sums, sums,
    ),
    st.sampled_from(InvoiceStanding), st.none() | st.just(usd(1000)), st.integers(0, 9),
)  # fmt: skip
def test_it_never_raises_and_never_moves_money_that_is_not_there(
    ours, theirs, invoice, open_amount, questions
):
    found = reconcile(
        Comparison(
            ours=ours, theirs=theirs, invoice=invoice, open_amount=open_amount, questions=questions
        )
    )
    moving = {R.CREDIT_WALLET, R.REFUND_DUPLICATE, R.ISSUE_CREDIT_NOTE}
    moved = sum(each.amount.minor for each in found if each.remedy in moving)
    assert moved <= (max(theirs.received.minor, 0) if theirs else 0)
    assert all(each.amount.minor > 0 for each in found if each.remedy in moving)
    if any(each.remedy is R.PARK for each in found):
        assert moved == 0


@given(
    st.sampled_from([UNKNOWN, SUBMITTING, PROCESSING]),
    st.booleans(),
    st.integers(1, 1500),
    st.integers(0, 1500),
)
def test_what_was_adopted_agrees(state, is_transfer, received, refunded):
    ours = asked(state=state, is_open_amount=is_transfer)
    theirs = told(received=received, refunded=min(refunded, received))
    found = reconcile(Comparison(ours=ours, theirs=theirs, open_amount=usd(1000)))
    if any(each.remedy is R.PARK for each in found):
        assert apply_result(ours, theirs).mismatch is not None
        return
    adopted = apply_result(ours, theirs).facts
    assert reconcile(Comparison(ours=adopted, theirs=theirs, open_amount=usd(1000))) == ()
    assert reconcile(Comparison(ours=replace(adopted, version=9), theirs=theirs)) == ()
