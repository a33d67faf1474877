"""Disputes: any order of reports ends in the same books, and each is told once."""

import itertools
from dataclasses import replace

import pytest

from saaskit_core.billing.ledger import Account, Ledger
from saaskit_core.money import Money
from saaskit_core.payments.disputes import (
    DisputeContradicted,
    DisputeFacts,
    DisputeState,
    InvoiceAfterDispute,
    apply_dispute_report,
)
from saaskit_core.subscriptions.facts import DisputeClosed, DisputeOpened
from saaskit_core.subscriptions.states import SubscriptionStatus
from tests.core.billing_builders import active, at, go, usd

INQUIRY, OPEN, REVIEW, WON, LOST = DisputeState


def report(state, version, *, withdrawn=0, returned=0, fee=0, **fields):
    base = {"id": "d1", "payment_id": "p1", "customer_id": "c1", "amount": usd(1000)}
    return DisputeFacts(
        **base | fields, state=state, version=version, withdrawn=usd(withdrawn),
        returned=usd(returned), fee=usd(fee), observed_at=at("2024-06-01"),
    )  # fmt: skip


WON_STORY = [
    report(INQUIRY, 1),
    report(OPEN, 2, withdrawn=1000, fee=150),
    report(REVIEW, 3, withdrawn=1000, fee=150),
    report(WON, 4, withdrawn=1000, returned=1000, fee=150),
]
LOST_STORY = [*WON_STORY[:3], report(LOST, 4, withdrawn=1000, fee=150)]


def replayed(story):
    known, ledger, facts = None, Ledger(), []
    for each in story:
        change = apply_dispute_report(known, each)
        assert change.mismatch is None
        known, ledger = change.facts, ledger.posted(*change.entries)
        facts += change.subscription_facts
    return known, ledger, facts


def balances(ledger):
    found = {account: ledger.balance(account, "USD").minor for account in Account}
    return {account: minor for account, minor in found.items() if minor}


EXPECTED = {
    WON: {Account.FEES: 150, Account.CLEARING: -150},
    LOST: {Account.FEES: 150, Account.CLEARING: -1150, Account.WRITE_OFF: 1000},
}


@pytest.mark.parametrize("story", [WON_STORY, LOST_STORY], ids=["won", "lost"])
def test_any_order_and_any_duplication_end_in_the_same_books(story):
    orders = [*itertools.permutations(story), (*story, *story), (*reversed(story), *story)]
    for order in orders:
        known, ledger, facts = replayed(order)
        end = story[-1].state
        assert known.state is end
        assert balances(ledger) == EXPECTED[end]
        assert set(ledger.sums().values()) == {0}
        subscription = active()
        for fact in facts:
            subscription = go(subscription, fact, "2024-06-10").subscription
        ended = SubscriptionStatus.CANCELLED if end is LOST else SubscriptionStatus.ACTIVE
        assert subscription.status is ended


def test_an_open_dispute_suspends_and_the_invoice_stays_paid():
    change = apply_dispute_report(None, report(OPEN, 1, withdrawn=1000))
    assert change.subscription_facts == (DisputeOpened(dispute_id="d1"),)
    assert (change.invoice, change.is_disputed) == (InvoiceAfterDispute.STAYS_PAID, True)
    again = apply_dispute_report(change.facts, report(OPEN, 1, withdrawn=1000))
    assert (again.applied, again.entries, again.subscription_facts) == (False, (), ())


def test_an_inquiry_moves_nothing():
    change = apply_dispute_report(None, report(INQUIRY, 1))
    assert (change.entries, change.subscription_facts) == ((), ())
    won = apply_dispute_report(change.facts, report(WON, 2))
    assert won.subscription_facts == ()


def test_one_that_is_lost_before_we_hear_of_it_still_cancels():
    change = apply_dispute_report(None, report(LOST, 4, withdrawn=1000))
    assert change.subscription_facts == (
        DisputeOpened(dispute_id="d1"), DisputeClosed(dispute_id="d1", is_won=False),
    )  # fmt: skip
    assert (change.invoice, change.is_disputed) == (InvoiceAfterDispute.UNCOLLECTIBLE, False)
    assert balances(Ledger().posted(*change.entries)) == {
        Account.CLEARING: -1000, Account.WRITE_OFF: 1000,
    }  # fmt: skip


def test_a_second_withdrawal_is_booked_too():
    first = apply_dispute_report(None, report(OPEN, 1, withdrawn=400))
    second = apply_dispute_report(first.facts, report(OPEN, 2, withdrawn=1000))
    ledger = Ledger().posted(*first.entries, *second.entries)
    assert balances(ledger) == {Account.DISPUTED: 1000, Account.CLEARING: -1000}


OPENED = report(OPEN, 1, withdrawn=1000)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (None, report(OPEN, 1, withdrawn=-1)),
        (None, report(OPEN, 1, returned=1)),
        (None, report(LOST, 1, withdrawn=1000, returned=1)),
        (None, replace(OPENED, fee=Money(1, "EUR"))),
        (OPENED, replace(OPENED, id="d2")),
        (OPENED, replace(OPENED, payment_id="p2")),
        (OPENED, DisputeFacts(
            id="d1", payment_id="p1", customer_id="c1", **dict.fromkeys(
                ("amount", "withdrawn", "returned", "fee"), Money(0, "EUR")),
        )),
        (report(WON, 2, withdrawn=1000), report(LOST, 3, withdrawn=1000)),
        (report(LOST, 2, withdrawn=1000), report(WON, 3, withdrawn=1000, returned=1000)),
        (report(OPEN, 2, withdrawn=1000, returned=1000), report(LOST, 3, withdrawn=1000)),
    ],
)  # fmt: skip
def test_what_contradicts_parks(known, told):
    change = apply_dispute_report(known, told)
    assert isinstance(change.mismatch, DisputeContradicted)
    assert (change.applied, change.facts, change.entries) == (False, known or told, ())
    assert change.subscription_facts == ()
