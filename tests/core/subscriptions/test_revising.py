"""New versions of a price: who follows, when, and who is grandfathered."""

import pytest

from saaskit_core.billing.quotes import ChangeFacts, quote_change, quote_issue
from saaskit_core.money import CurrencyMismatch, Money
from saaskit_core.periods import Period
from saaskit_core.plans import InvalidPrice, Plan, revised
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.policies import ChangeTiming, PriceChange
from saaskit_core.subscriptions.states import BilledBy, SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn
from tests.core.billing_builders import (
    ONE_TIME,
    YEARLY,
    active,
    at,
    begin,
    commands,
    go,
    issued,
    paid,
    price,
    topics,
    usd,
    with_policies,
)

OLD = price(1000)
NEWER = revised(OLD, price_id="pro-2", amount=usd(1600))
CHEAPER = revised(OLD, price_id="pro-2", amount=usd(400))
NOW = with_policies(price_change="now")
TOLD = facts.PriceRevised(price=NEWER)
CANCEL_AT_END = facts.CancelRequested()


def renewed(subscription, now="2024-07-01"):
    return go(subscription, facts.PeriodEnded(), now)


def test_by_default_from_the_next_period_on():
    noted = go(active(OLD), TOLD, "2024-06-10")
    assert (noted.subscription.price, noted.commands) == (OLD, ())
    assert topics(noted) == ["subscription.change_scheduled"]
    assert noted.events[0].effective_at == at("2024-07-01").isoformat()
    renewal = renewed(noted.subscription)
    assert issued(renewal)[0].price == NEWER
    after = paid(renewal, "2024-07-01")
    assert (after.price, after.next_prices) == (NEWER, ())


def test_an_edit_never_changes_the_open_period():
    noted = go(active(OLD), TOLD, "2024-06-10").subscription
    quote = quote_change(
        ChangeFacts(subscription=noted, quantity=2, now=at("2024-06-16"), policies=NOW)
    )
    assert quote.invoice.total == usd(500)
    assert noted.period == active(OLD).period


@pytest.mark.parametrize("policies", [with_policies(price_change="never"), NOW])
def test_grandfathered(policies):
    fact = facts.PriceRevised(price=NEWER, policy=PriceChange.NEVER)
    for told in (fact, fact if policies is NOW else TOLD):
        moved = go(active(OLD), told, "2024-06-10", policies)
        assert not moved.applied
    assert issued(renewed(active(OLD)))[0].price == OLD


def test_told_twice_or_late_it_changes_nothing():
    noted = go(active(OLD), TOLD, "2024-06-10").subscription
    assert not go(noted, TOLD, "2024-06-11").applied
    third = revised(NEWER, price_id="pro-3", amount=usd(2000))
    later = go(noted, facts.PriceRevised(price=third), "2024-06-12").subscription
    assert [each.price for each in later.next_prices] == [third]
    assert not go(later, TOLD, "2024-06-13").applied
    assert issued(renewed(later))[0].price == third


def test_what_is_not_its_price_concerns_nobody():
    others = [
        price(900, "other"),
        price(900, frequency=YEARLY),
        price(900, currency="EUR"),
        price(900),
        revised(price(1, "life", ONE_TIME), price_id="l2", amount=usd(2)),
    ]
    for other in others:
        assert not go(active(OLD), facts.PriceRevised(price=other), "2024-06-10").applied
    lifetime = active(price(1, "life", ONE_TIME))
    assert not go(lifetime, facts.PriceRevised(price=others[-1]), "2024-06-10").applied
    store = active(OLD, billed_by=BilledBy.PROVIDER, provider_ref="s")
    assert not go(store, TOLD, "2024-06-10").applied
    ended = go(active(OLD), facts.CancelRequested(when=facts.CancelWhen.NOW), "2024-06-10")
    assert not go(ended.subscription, TOLD, "2024-06-11").applied


def test_now_is_a_change_with_its_invoice():
    moved = go(active(OLD), TOLD, "2024-06-16", NOW)
    (issue,) = issued(moved)
    quote = quote_change(
        ChangeFacts(
            subscription=active(OLD), price=NEWER, now=at("2024-06-16"), policies=NOW,
            timing=ChangeTiming.NOW_WITH_INVOICE,
        )
    )  # fmt: skip
    assert (issue.price, quote.invoice.total) == (NEWER, usd(300))
    done = go(moved.subscription, facts.ChangePaid(invoice_key=issue.key), "2024-06-16", NOW)
    assert done.subscription.price == NEWER
    assert issued(renewed(done.subscription))[0].price == NEWER


def test_whoever_does_not_pay_now_follows_with_the_next_period():
    waiting = go(active(OLD), TOLD, "2024-06-16", NOW).subscription
    dropped = go(waiting, facts.ChangeTimedOut(), "2024-06-17", NOW)
    assert (dropped.subscription.price, commands(dropped)) == (OLD, ["VoidInvoice"])
    assert issued(renewed(dropped.subscription))[0].price == NEWER


def test_now_and_cheaper_leaves_credit():
    moved = go(active(OLD), facts.PriceRevised(price=CHEAPER), "2024-06-16", NOW)
    assert moved.subscription.pending_change.timing is ChangeTiming.NOW_WITH_CREDIT


def test_now_in_a_trial_costs_nothing():
    trial = begin(OLD, trial_days=14, has_method=True).subscription
    moved = go(trial, TOLD, "2024-06-05", NOW)
    assert (moved.subscription.price, moved.commands) == (NEWER, ())
    assert topics(moved) == ["subscription.changed"]
    first = go(trial, TOLD, "2024-06-05").subscription
    assert issued(go(first, facts.TrialEnded(), "2024-06-15"))[0].price == NEWER


@pytest.mark.parametrize(
    "before",
    [CANCEL_AT_END, facts.ChangeRequested(price=price(5000, "big"))],
    ids=["a planned cancel", "a pending change"],
)
def test_what_the_customer_asked_for_goes_first(before):
    current = go(active(OLD), before, "2024-06-10").subscription
    moved = go(current, TOLD, "2024-06-10T01:00", NOW)
    assert moved.commands == ()
    assert moved.subscription.pending_change == current.pending_change
    assert moved.subscription.cancel_at == current.cancel_at


def test_an_open_renewal_keeps_what_was_billed():
    due = renewed(active(OLD)).subscription
    noted = go(due, TOLD, "2024-07-02").subscription
    key = facts.PaymentSucceeded(invoice_key=noted.awaiting_key)
    july = go(noted, key, "2024-07-03").subscription
    assert (july.price, july.period) == (OLD, Period(at("2024-07-01"), at("2024-08-01")))
    assert issued(renewed(july, "2024-08-01"))[0].price == NEWER


def test_a_first_invoice_keeps_what_was_agreed():
    pending = begin(OLD)
    noted = go(pending.subscription, TOLD, "2024-06-01T01:00").subscription
    june = go(noted, facts.PaymentSucceeded(invoice_key=noted.awaiting_key), "2024-06-01T02:00")
    assert june.subscription.price == OLD
    assert issued(renewed(june.subscription))[0].price == NEWER


def test_a_planned_change_to_an_old_version_takes_the_new_one():
    big = price(5000, "big")
    plan = facts.ChangeRequested(price=OLD)
    planned = go(active(big), plan, "2024-06-10").subscription
    noted = go(planned, TOLD, "2024-06-11").subscription
    assert issued(renewed(noted))[0].price == NEWER


def test_add_ons_follow_too():
    storage = price(500, "storage")
    newer = revised(storage, price_id="storage-2", amount=usd(700))
    current = active(OLD, add_ons=(AddOn(price=storage, quantity=2),))
    noted = go(current, facts.PriceRevised(price=newer), "2024-06-10").subscription
    renewal = renewed(noted)
    assert quote_issue(issued(renewal)[0]).total == usd(2400)
    assert paid(renewal, "2024-07-01").add_ons == (AddOn(price=newer, quantity=2),)


def test_beneath_a_hold():
    held = go(active(OLD), facts.SuspendedByAdmin(), "2024-06-05").subscription
    noted = go(held, TOLD, "2024-06-10").subscription
    assert noted.status is SubscriptionStatus.SUSPENDED
    lifted = go(noted, facts.Reinstated(), "2024-06-11").subscription
    assert issued(renewed(lifted))[0].price == NEWER


def test_versions_are_made_and_found():
    assert (NEWER.version, NEWER.plan, NEWER.interval) == (2, OLD.plan, OLD.interval)
    assert NEWER.supersedes(OLD)
    assert not OLD.supersedes(NEWER)
    assert not OLD.supersedes(OLD)
    plan = Plan(key="pro", name="Pro", prices=(NEWER,))
    assert plan.successor(OLD) == NEWER
    assert plan.successor(NEWER) is None
    with pytest.raises(InvalidPrice):
        revised(OLD, price_id=OLD.id, amount=usd(1))
    with pytest.raises(CurrencyMismatch):
        revised(OLD, price_id="x", amount=Money(1, "EUR"))
