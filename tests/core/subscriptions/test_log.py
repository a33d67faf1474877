"""The log: what is written, what it gives when it is read again, and what it explains."""

from dataclasses import replace
from datetime import timedelta

import pytest

from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.bills import BillState
from saaskit_core.subscriptions.explaining import explain
from saaskit_core.subscriptions.log import BrokenLog, begin_log, logged, replay
from saaskit_core.subscriptions.states import BilledBy, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn
from saaskit_core.subscriptions.transitions import InvalidTransition
from tests.core.billing_builders import DEFAULT, ONE_TIME, at, price, started, with_policies

OPEN = "the open invoice"


def story(*told, policies=DEFAULT, **fields):
    """Begin on 1 June and apply (when, fact) one after the other; OPEN stands for the open key."""
    fields.setdefault("is_paid", True)
    moved, entries = begin_log(started(**fields), now=at("2024-06-01"), policies=policies)
    current = moved.subscription
    for when, fact in told:
        if getattr(fact, "invoice_key", "") == OPEN:
            change = current.pending_change
            key = current.awaiting_key or (change.key if change else "")
            fact = replace(fact, invoice_key=key)
        moved, entries = logged(entries, current, fact, now=at(when), policies=policies)
        current = moved.subscription
    return current, entries


def why(entries, now, policies=DEFAULT):
    explained = explain(entries, now=at(now), policies=policies)
    return explained.why, explained.access.is_open, explained.remedy


DECLINED = facts.PaymentFailed(invoice_key=OPEN)
PAID = facts.PaymentSucceeded(invoice_key=OPEN)
PAST_DUE = (("2024-07-01", facts.PeriodEnded()), ("2024-07-01T00:01", DECLINED))
CANCEL_NOW = facts.CancelRequested(when=facts.CancelWhen.NOW)


def test_what_is_written():
    _, entries = story(*PAST_DUE)
    assert [entry.what for entry in entries] == ["Started", "PeriodEnded", "PaymentFailed"]
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert (entries[0].from_status, entries[0].actor) == (None, "customer")
    assert entries[1].from_status is SubscriptionStatus.ACTIVE
    assert entries[1].to_reason is StatusReason.RETRYING
    assert entries[1].moves
    assert not entries[2].moves


def test_replay_gives_the_subscription():
    current, entries = story(*PAST_DUE, ("2024-07-02", PAID))
    assert replay(entries, policies=DEFAULT) == current


def test_what_changes_nothing_is_not_written():
    _, entries = story(("2024-06-10", facts.PeriodEnded()), ("2024-06-11", DECLINED))
    assert len(entries) == 1


def test_what_is_refused_is_not_written():
    with pytest.raises(InvalidTransition):
        story(("2024-06-10", facts.Uncancelled()))


def broken(entries):
    first, second, third = entries
    yield "starts a second", [first, replace(first, sequence=2)]
    yield "begin with the start", [replace(second, sequence=1)]
    yield "numbered 3", [first, third]
    yield "numbered 1", [first, first]
    yield "earlier", [first, second, replace(third, at=first.at)]
    yield "it says Active to Active", [first, replace(second, to_status=SubscriptionStatus.ACTIVE)]
    refused = replace(second, fact=facts.Uncancelled())
    yield "Withdrawing a cancellation", [first, refused]
    yield "no entry", []


def test_a_log_that_contradicts_itself_is_named():
    _, entries = story(*PAST_DUE)
    for said, wrong in broken(entries):
        with pytest.raises(BrokenLog, match=said):
            replay(wrong, policies=DEFAULT)


def test_time_does_not_go_back():
    current, entries = story(*PAST_DUE)
    with pytest.raises(BrokenLog):
        logged(entries, current, PAID, now=at("2024-06-01"), policies=DEFAULT)
    with pytest.raises(BrokenLog, match="nothing has happened"):
        explain(entries, now=at("2024-05-01"), policies=DEFAULT)


WHY = {
    "paid": ((), {}, "2024-06-10", "The period until 2024-07-01 00:00 UTC is paid.", True),
    "free": ((), {"of": price(0)}, "2024-06-10", "is free", True),
    "for good": ((), {"of": price(9, "life", ONE_TIME)}, "2024-06-10", "bought for good", True),
    "cancelling": ((("2024-06-10", facts.CancelRequested()),), {}, "2024-06-11",
                   "A cancellation is planned for 2024-07-01 00:00 UTC", True),
    "trial": ((), {"trial_days": 14}, "2024-06-10", "The trial runs until 2024-06-15", True),
    "trial over": ((), {"trial_days": 14}, "2024-06-20", "there was no payment method", False),
    "pending": ((), {"is_paid": False}, "2024-06-01T01:00", "is not confirmed", False),
    "scheduled": ((), {"starts_at": at("2024-07-01")}, "2024-06-10", "It begins on 2024-07-01",
                  False),
    "too late": ((), {"is_paid": False}, "2024-06-03", "the first payment didn't come", False),
    "term": ((), {"auto_renew": False}, "2024-07-03", "doesn't renew itself", False),
    "grace": (PAST_DUE, {}, "2024-07-02", "not paid after 1 declined charge. Access goes on until"
              " 2024-07-08", True),
    "suspended": (PAST_DUE, {}, "2024-07-09", "By 2024-07-08 00:00 UTC, the end of grace", False),
    "given up": (PAST_DUE, {}, "2024-07-30", "by the last day of dunning", False),
    "paused": ((("2024-06-10", facts.Paused(starts_at=at("2024-06-10"))),), {}, "2024-06-12",
               "It is paused, since 2024-06-10", False),
    "paused for a time": (
        (("2024-06-09", facts.Paused(starts_at=at("2024-06-10"), resumes_at=at("2024-06-20"))),),
        {}, "2024-06-12", "It is paused until 2024-06-20 00:00 UTC, since 2024-06-10", False),
    "staff": ((("2024-06-10", facts.SuspendedByAdmin()),), {}, "2024-06-12", "Staff blocked it",
              False),
    "dispute": ((("2024-06-10", facts.DisputeOpened(dispute_id="d9")),), {}, "2024-06-12",
                "disputes a payment (d9)", False),
    "cancelled": ((("2024-06-10", CANCEL_NOW),), {}, "2024-06-12",
                  "with effect from 2024-06-10 00:00 UTC (customer), asked for", False),
    "fraud": ((("2024-06-10", facts.DisputeOpened(dispute_id="d")),
               ("2024-06-11", facts.DisputeClosed(dispute_id="d", is_won=False))), {},
              "2024-06-12", "(fraud)", False),
    "by the store": ((("2024-06-10", facts.ProviderReported(
        status=SubscriptionStatus.SUSPENDED, reason=StatusReason.PAYMENT, version=1)),),
        {"billed_by": BilledBy.PROVIDER, "provider_ref": "x"}, "2024-06-12",
        "The provider reports", False),
}  # fmt: skip


@pytest.mark.parametrize("name", WHY)
def test_why_a_customer_gets_in_or_not(name):
    told, fields, now, said, is_open = WHY[name]
    _, entries = story(*told, **fields)
    found, opened, remedy = why(entries, now)
    assert said in found
    assert opened is is_open
    assert bool(remedy) is not is_open


def test_grace_that_gives_no_access_says_so():
    policies = with_policies(grace_gives_access=False)
    _, entries = story(*PAST_DUE, policies=policies)
    said, is_open, _ = why(entries, "2024-07-02", policies)
    assert "By the policy" in said
    assert not is_open


def test_why_he_was_billed_and_what_became_of_it():
    change = facts.ChangeRequested(price=price(2000, "team"))
    _, entries = story(
        ("2024-06-16", change),
        ("2024-06-16", facts.ChangePaid(invoice_key=OPEN)),
        *PAST_DUE,
        ("2024-07-02", PAID),
        ("2024-08-01", facts.PeriodEnded()),
        ("2024-08-22", facts.DunningEnded()),
        is_paid=False,
        trial_days=0,
        of=price(0),
    )
    bills = explain(entries, now=at("2024-09-01"), policies=DEFAULT).bills
    assert [(bill.issue.kind.value, bill.state, bill.declines) for bill in bills] == [
        ("change", BillState.PAID, 0),
        ("renewal", BillState.PAID, 1),
        ("renewal", BillState.WRITTEN_OFF, 0),
    ]
    assert "asked for by engine" in bills[0].because
    assert "it renews itself: team at 20.00 USD" in bills[1].because
    assert bills[1].settled_at == at("2024-07-02")


def test_a_first_invoice_after_a_trial_and_one_that_is_void():
    _, entries = story(
        ("2024-06-15", facts.TrialEnded(has_method=True)),
        ("2024-06-16", CANCEL_NOW),
        is_paid=False,
        trial_days=14,
    )
    (bill,) = explain(entries, now=at("2024-06-20"), policies=DEFAULT).bills
    assert "the trial was over" in bill.because
    assert bill.state is BillState.VOID
    _, unpaid = story(is_paid=False)
    (first,) = explain(unpaid, now=at("2024-06-01"), policies=DEFAULT).bills
    assert "customer subscribed: pro at 10.00 USD from" in first.because
    assert first.state is BillState.OPEN


def test_the_text_tells_everything_in_order():
    _, entries = story(*PAST_DUE, add_ons=(AddOn(price=price(500, "storage"), quantity=2),))
    text = explain(entries, now=at("2024-07-09"), policies=DEFAULT).text
    lines = text.splitlines()
    assert lines[0] == "2024-07-09 00:00 UTC: Suspended (payment), no access"
    assert lines[1].startswith("Why: ")
    assert "What would let the customer in: A payment of the open invoice" in lines[2]
    assert "subscribed to pro at 10.00 USD, storage at 5.00 USD × 2 → Active" in text
    assert "the days of grace are over → Suspended (payment) [time, not swept yet]" in text
    assert "[open after 1 declined]" in text


EVERY_FACT = [
    (facts.CancelRequested(), "at the period's end, by the customer"),
    (facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-06-20")), "for 2024-06-20"),
    (facts.ChangeRequested(quantity=3, add_ons=()), "quantity 3, add-ons none"),
    (facts.Extended(to=at("2024-07-10"), reason="outage"), "2024-07-10 00:00 UTC (outage)"),
    (facts.Paused(), "at the period's end"),
    (facts.PriceRevised(price=replace(price(2000), id="v2", version=2)), "in version 2"),
    (facts.SuspendedByAdmin(), "staff blocks it"),
    (facts.DisputeOpened(dispute_id="d7"), "(d7)"),
]


@pytest.mark.parametrize(("fact", "said"), EVERY_FACT)
def test_every_fact_has_its_sentence(fact, said):
    _, entries = story(("2024-06-10", fact))
    told = explain(entries, now=at("2024-06-10"), policies=DEFAULT).story
    assert said in told[-1].text
    assert told[-1].at - told[0].at == timedelta(days=9)
