from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from saaskit_core.entitlements import grants_of
from saaskit_core.features import (
    FeatureDefinition,
    FeatureType,
    Grant,
    Merge,
    Reason,
    compile_features,
    define,
)
from saaskit_core.subscriptions.model import Subscription
from saaskit_core.subscriptions.policies import Policies
from saaskit_core.subscriptions.states import SubscriptionStatus
from tests.core.billing_builders import price

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEFAULT = Grant(plan="free", features={"seats": 1})
PLANS = {
    "pro": Grant(plan="pro", features={"seats": 5}, version=2),
    "team": Grant(plan="team", features={"seats": 9}),
    "extra": Grant(plan="extra", features={"seats": 3}, is_addon=True),
}
SEATS = define(
    [FeatureDefinition(path="seats", type=FeatureType.LIMIT, default=0, merge=Merge.SUM)]
)


def subscribed(status, plan="pro", **more):
    return Subscription(
        id=plan,
        customer_id="c1",
        price=price(plan=plan),
        anchor=NOW,
        status=SubscriptionStatus(status),
        **more,
    )


def granted(*subscriptions, default=DEFAULT, now=NOW, policies=None):
    return grants_of(
        subscriptions, plans=PLANS, default=default, now=now, policies=policies or Policies()
    )


def names(*subscriptions, **more):
    return [grant.plan for grant in granted(*subscriptions, **more)]


@pytest.mark.parametrize(
    ("status", "more", "plan"),
    [
        ("Trial", {}, "pro"),
        ("Active", {}, "pro"),
        ("Active", {"cancel_at": NOW + HOUR}, "pro"),
        ("Active", {"cancel_at": NOW}, "free"),
        ("Trial", {"cancel_at": NOW}, "free"),
        ("RenewalPending", {"grace_until": NOW + HOUR}, "pro"),
        ("RenewalPending", {"grace_until": NOW}, "free"),
        ("RenewalPending", {"grace_until": NOW + HOUR, "cancel_at": NOW}, "free"),
        ("Pending", {}, "free"),
        ("Suspended", {}, "free"),
        ("Cancelled", {}, "free"),
        ("Expired", {}, "free"),
    ],
)
def test_the_state_says_which_plan_counts(status, more, plan):
    assert names(subscribed(status, **more)) == [plan]


def test_past_due_is_stale_until_the_grace_ends():
    late = subscribed("RenewalPending", grace_until=NOW + HOUR)
    grants = granted(late)
    found = compile_features(SEATS, grants=grants, now=NOW)
    seats = found.integer("seats", 0)
    assert (seats.value, seats.reason) == (5, Reason.STALE)
    assert seats.flag_metadata == {
        "rule_type": "plan_entitlement",
        "plan": "pro",
        "plan_version": 2,
    }
    assert found.valid_until == NOW + HOUR
    assert compile_features(SEATS, grants=grants, now=NOW + HOUR).limit("seats") == 0
    assert names(late, now=NOW + HOUR) == ["free"]


def test_grace_may_give_no_access():
    late = subscribed("RenewalPending", grace_until=NOW + HOUR)
    assert names(late, policies=Policies(grace_gives_access=False)) == ["free"]


def test_several_plans_count_together():
    many = [subscribed("Active"), subscribed("Trial", "team"), subscribed("Active", "extra")]
    grants = granted(*many)
    assert [grant.plan for grant in grants] == ["pro", "team", "extra"]
    assert compile_features(SEATS, grants=grants, now=NOW).limit("seats") == 17


def test_an_add_on_stands_beside_the_default_plan():
    addon = subscribed("Active", "extra")
    assert names(addon) == ["free", "extra"]
    assert names(addon, subscribed("Expired")) == ["free", "extra"]
    assert names(addon, subscribed("Active")) == ["extra", "pro"]
    assert names(addon, default=None) == ["extra"]


def test_without_a_subscription_or_with_an_unknown_plan_the_default_counts():
    assert names() == ["free"]
    assert names(subscribed("Active", "gone")) == ["free"]
    assert names(default=None) == []


def test_a_plan_that_ends_by_itself_ends_first():
    ending = {"pro": replace(PLANS["pro"], ends_at=NOW + HOUR)}
    [grant] = grants_of(
        [subscribed("Active", cancel_at=NOW + 2 * HOUR)],
        plans=ending,
        now=NOW,
        policies=Policies(),
    )
    assert grant.ends_at == NOW + HOUR
