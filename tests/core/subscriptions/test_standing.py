"""Status and access at an instant, swept or not."""

from datetime import datetime

import pytest

from saaskit_core.periods import NaiveDatetime
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.churn import churned_at
from saaskit_core.subscriptions.model import InvalidSubscription, evolve
from saaskit_core.subscriptions.standing import access, status_at, swept
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.transitions import InvalidTransition, resubscribe
from tests.core.billing_builders import (
    DEFAULT,
    active,
    at,
    begin,
    go,
    price,
    started,
    with_policies,
)

PAUSE = facts.Paused(starts_at=at("2024-06-10"), resumes_at=at("2024-06-20"))
CANCEL_LATER = facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-06-20"))
NOW = facts.CancelRequested(when=facts.CancelWhen.NOW)


def stands(subscription, now, policies=DEFAULT):
    found = status_at(subscription, now=at(now), policies=policies)
    entry = access(subscription, now=at(now), policies=policies)
    assert (found.status, found.reason) == (entry.status, entry.reason)
    return f"{found.status} {found.reason}".strip(), entry.is_open


@pytest.mark.parametrize(
    ("make", "now", "expected", "is_open"),
    [
        (active, "2024-06-30T23:59:59", "Active", True),
        (active, "2024-07-01", "RenewalPending retrying", True),
        (active, "2024-07-08", "Suspended payment", False),
        (active, "2024-07-22", "Cancelled dunning", False),
        (active, "2050-01-01", "Cancelled dunning", False),
        (lambda: active(price(0)), "2050-01-01", "Active", True),
        (lambda: active(auto_renew=False), "2024-07-01", "Expired term_end", False),
        (lambda: begin(trial_days=9).subscription, "2024-06-09", "Trial without_method", True),
        (lambda: begin(trial_days=9).subscription, "2024-06-10", "Expired trial_end", False),
        (lambda: begin().subscription, "2024-06-01T22:59", "Pending awaiting_payment", False),
        (lambda: begin().subscription, "2024-06-01T23:00", "Expired payment_timeout", False),
        (lambda: go(active(), PAUSE, "2024-06-05").subscription, "2024-06-15",
         "Suspended paused", False),
        (lambda: go(active(), PAUSE, "2024-06-05").subscription, "2024-06-25", "Active", True),
        (lambda: go(active(), CANCEL_LATER, "2024-06-05").subscription, "2024-06-20",
         "Cancelled customer", False),
        (active, "2020-01-01", "Active", True),
    ],
)  # fmt: skip
def test_what_time_will_have_made_of_it(make, now, expected, is_open):
    assert stands(make(), now) == (expected, is_open)


def test_since_when():
    found = status_at(active(), now=at("2024-07-10"), policies=DEFAULT)
    assert found.since == at("2024-07-08")
    assert status_at(active(), now=at("2024-06-10"), policies=DEFAULT).since is None


@pytest.mark.parametrize(
    ("make", "now", "until"),
    [
        (active, "2024-06-10", "2024-07-08"),
        (lambda: active(price(0)), "2024-06-10", None),
        (lambda: go(active(), PAUSE, "2024-06-05").subscription, "2024-06-06", "2024-06-10"),
        (lambda: go(active(), PAUSE, "2024-06-05").subscription, "2024-06-12", "2024-06-20"),
        (lambda: go(active(), CANCEL_LATER, "2024-06-05").subscription, "2024-06-06",
         "2024-06-20"),
        (lambda: go(active(), NOW, "2024-06-05").subscription, "2024-06-06", None),
        (lambda: begin(starts_at=at("2024-07-01"), of=price(0)).subscription, "2024-06-06",
         "2024-07-01"),
    ],
)  # fmt: skip
def test_until_when(make, now, until):
    entry = access(make(), now=at(now), policies=DEFAULT)
    assert entry.until == (at(until) if until else None)


def test_grace_without_access():
    policies = with_policies(grace_gives_access=False)
    assert stands(active(), "2024-07-02", policies) == ("RenewalPending retrying", False)


def test_asking_changes_nothing_and_a_sweep_on_time_gives_the_same():
    current = active()
    later = swept(current, now=at("2024-07-10"), policies=DEFAULT)
    assert current == active()
    assert later.status is SubscriptionStatus.SUSPENDED
    with pytest.raises(NaiveDatetime):
        status_at(current, now=datetime(2024, 7, 1), policies=DEFAULT)  # noqa: DTZ001
    with pytest.raises(NaiveDatetime):
        access(current, now=datetime(2024, 7, 1), policies=DEFAULT)  # noqa: DTZ001


def test_churn_counts_at_the_end_or_at_the_request():
    at_cancel = with_policies(churn="at-cancel")
    planned = go(active(), facts.CancelRequested(), "2024-06-10").subscription
    assert churned_at(planned, policies=DEFAULT) is None
    assert churned_at(planned, policies=at_cancel) == at("2024-06-10")
    ended = go(planned, facts.CancelReached(), "2024-07-01").subscription
    assert churned_at(ended, policies=DEFAULT) == at("2024-07-01")
    assert churned_at(ended, policies=at_cancel) == at("2024-06-10")
    kept = go(planned, facts.Uncancelled(), "2024-06-11").subscription
    assert churned_at(kept, policies=at_cancel) is None
    lost = swept(active(), now=at("2024-08-01"), policies=DEFAULT)
    assert churned_at(lost, policies=at_cancel) == at("2024-07-22")


def test_subscribing_again_is_a_new_subscription():
    ended = go(active(), NOW, "2024-06-05").subscription
    again = evolve_started(id="s2")
    moved = resubscribe(ended, again, now=at("2024-08-01"), policies=DEFAULT)
    assert (moved.subscription.previous_id, moved.subscription.id) == ("s1", "s2")
    assert moved.events[0].previous_id == "s1"
    with pytest.raises(InvalidTransition):
        resubscribe(active(), again, now=at("2024-08-01"), policies=DEFAULT)
    for wrong in ({"id": "s1"}, {"id": "s2", "customer_id": "c2"}, {"id": "s2", "group": "x"}):
        with pytest.raises(InvalidSubscription):
            resubscribe(ended, evolve_started(**wrong), now=at("2024-08-01"), policies=DEFAULT)


def evolve_started(**fields):
    given = started()
    return type(given)(**{"id": given.id, "customer_id": "c1", "price": given.price, **fields})


def test_a_field_that_is_none_is_refused():
    with pytest.raises(TypeError):
        evolve(active(), colour="red")
