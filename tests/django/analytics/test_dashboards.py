"""The dashboards of staff, and that their revenue is what the core says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_core.analytics.mrr import mrr
from saaskit_core.analytics.revenue import RevenueLine, is_counted, recurring_amount
from saaskit_core.customers import Role
from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.documents import add_ons_document
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn
from saaskit_django import clock as real
from saaskit_django.analytics.models import RevenueStretch
from saaskit_django.analytics.selectors.revenue import by_currency, mrr_by_plan
from saaskit_django.billing.models import AppliedCoupon
from saaskit_django.checkout.services.administer import (
    SubscriptionEdit,
    subscribe_customer,
    update_subscription,
)
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.customers.models import Profile
from saaskit_django.outbox.dispatcher import deliver_due
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.subscriptions.models import Subscription
from saaskit_django.subscriptions.selectors import with_prices
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, access_token, make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = 6
"""What the middleware asks before any view."""
READS = [
    "dashboard/stats/",
    "analytics/dashboard/",
    "subscriptions/analytics/",
    "subscriptions/dashboard/",
    "subscriptionplans/analytics/",
    "subscriptionplans/dashboard/",
]
MONTHLY, YEARLY, WEEKLY = (
    BillingFrequency.MONTHLY,
    BillingFrequency.YEARLY,
    BillingFrequency.WEEKLY,
)


@pytest.fixture
def api(sandbox: SandboxProvider) -> Api:
    admin = make_user("admin@example.com")
    Profile.objects.create(user=admin, role=Role.ADMIN.value)
    return Api(user=admin)


def granted(
    api: Api,
    email: str,
    plan: SubscriptionPlan,
    frequency: BillingFrequency = MONTHLY,
    *,
    quantity: int = 1,
    trial_days: int = 0,
) -> Subscription:
    customer = make_customer(email)
    purchase = Purchase(
        user=customer.user,
        plan=plan,
        frequency=frequency,
        quantity=quantity,
        trial_days=trial_days,
        is_granted=True,
    )
    row = subscribe_customer(customer, purchase, actor=api.user, now=real.now()).subscription
    deliver_due(now=real.now())
    return row


def status(api: Api, row: Subscription, wanted: SubscriptionStatus) -> None:
    edit = SubscriptionEdit(status=wanted)
    update_subscription(subscription_id=row.pk, edit=edit, actor=api.user, now=real.now())
    deliver_due(now=real.now())


def of_the_core() -> dict[str, Fraction]:
    """What the core says of the same rows, one by one."""
    at = real.now()
    lines = []
    for row in with_prices().prefetch_related("coupons__coupon__amounts"):
        core = row.to_core()
        if not is_counted(core) or core.price.interval is None:
            continue
        coupons = [each.coupon.to_core() for each in row.coupons.all()]
        amount = recurring_amount(core.price, core.quantity, add_ons=core.add_ons, coupons=coupons)
        lines.append(
            RevenueLine(
                subscription_id=core.id,
                customer_id=core.customer_id,
                amount=amount,
                interval=core.price.interval,
                starts_at=at,
            )
        )
    return mrr(lines, at=at)


def with_coupon(row: Subscription, code: str, **terms: Any) -> None:
    coupon = Coupon.objects.create(code=code, discount_type="percentage", percent=25, **terms)
    usage = CouponUsage.objects.create(
        coupon=coupon,
        customer=row.customer,
        reference=row.reference,
        original_amount_minor=1000,
        discount_applied_minor=250,
        currency="USD",
    )
    AppliedCoupon.objects.create(subscription=row, coupon=coupon, usage=usage)


@pytest.fixture
def site(api: Api) -> dict[str, Subscription]:
    every = (MONTHLY, YEARLY, WEEKLY)
    pro = make_plan("pro", "10.01", frequencies=every)
    yen = make_plan("yen", "1000", currency="JPY", frequencies=every)
    once = make_plan("once", "99.00", frequencies=(BillingFrequency.ONE_TIME,))
    rows = {
        "monthly": granted(api, "a@example.com", pro, quantity=3),
        "yearly": granted(api, "b@example.com", pro, YEARLY),
        "weekly": granted(api, "c@example.com", yen, WEEKLY),
        "once": granted(api, "d@example.com", once, BillingFrequency.ONE_TIME),
        "free": granted(api, "e@example.com", make_plan("free")),
        "trial": granted(api, "f@example.com", pro, trial_days=7),
        "suspended": granted(api, "g@example.com", pro),
        "added": granted(api, "h@example.com", pro),
    }
    status(api, rows["suspended"], SubscriptionStatus.SUSPENDED)
    add_on = make_plan("storage", "5.00").current_prices[0].to_core()
    document = add_ons_document((AddOn(price=add_on, quantity=2),))
    Subscription.objects.filter(pk=rows["added"].pk).update(add_ons=document)
    return rows


def test_revenue_is_what_the_core_says(site: dict[str, Subscription]) -> None:
    found = by_currency(mrr_by_plan())
    assert found == of_the_core()
    assert found["JPY"] == Fraction(1000 * 365, 84)
    assert found["USD"] == 3003 + Fraction(1001, 12) + 2001


def test_coupons_that_last_lower_it_and_others_do_not(site: dict[str, Subscription]) -> None:
    before = by_currency(mrr_by_plan())["USD"]
    with_coupon(site["monthly"], "ONCE", duration="once")
    assert by_currency(mrr_by_plan())["USD"] == before
    with_coupon(site["yearly"], "ALWAYS", duration="forever")
    after = by_currency(mrr_by_plan())
    assert after["USD"] < before
    assert after == of_the_core()


def test_the_dashboard_never_mixes_currencies(api: Api, site: dict[str, Subscription]) -> None:
    dollars = api.get("admin/analytics/dashboard/").json()
    assert (dollars["currency"], dollars["mrr"], dollars["arr"]) == ("USD", "50.87", "610.49")
    assert (dollars["active_subscribers"], dollars["arpu"]) == (3, "16.96")
    yen = api.get("admin/analytics/dashboard/?currency=JPY").json()
    assert (yen["mrr"], yen["active_subscribers"]) == ("4345", 1)
    none = api.get("admin/analytics/dashboard/?currency=CHF").json()
    assert (none["mrr"], none["arpu"], none["ltv"]) == ("0.00", None, None)
    assert dollars["total_users"] == dollars["new_users_this_month"] == 9


def test_months_say_what_moved(api: Api) -> None:
    basic, pro = make_plan("basic", "10.00"), make_plan("pro", "30.00")
    row, other = granted(api, "a@example.com", basic), granted(api, "b@example.com", pro)
    started = real.now() - timedelta(days=40)
    RevenueStretch.objects.update(starts_at=started)
    status(api, row, SubscriptionStatus.SUSPENDED)
    status(api, row, SubscriptionStatus.ACTIVE)
    status(api, other, SubscriptionStatus.CANCELLED)
    assert RevenueStretch.objects.filter(ends_at__isnull=True).count() == 1
    months = api.get("admin/analytics/dashboard/").json()["movements"]
    assert len(months) == 12
    assert sum(Decimal(month["new"]) for month in months) == 40
    latest = months[-1]
    assert latest["churn"] == "-40.00"
    assert latest["reactivation"] == "10.00"


@pytest.mark.parametrize(
    "query", ["from=2026-02-01&to=2026-01-01", "from=2026-13-01", "to=soon", "currency=usd"]
)
def test_windows_that_are_none(api: Api, query: str) -> None:
    assert api.get(f"admin/analytics/dashboard/?{query}").status_code == 400


def test_windows_are_whole_months(api: Api) -> None:
    answer = api.get("admin/analytics/dashboard/?from=2026-01-31&to=2026-03-01").json()
    assert [each["month"] for each in answer["movements"]] == ["2026-01", "2026-02", "2026-03"]


def test_subscriptions_in_figures(api: Api, site: dict[str, Subscription]) -> None:
    found = api.get("admin/subscriptions/analytics/").json()
    assert (found["overview"]["total"], found["overview"]["active"]) == (8, 6)
    assert (found["overview"]["suspended"], found["overview"]["trial"]) == (1, 1)
    assert sum(each["count"] for each in found["distributions"]["by_plan"]) == 6
    assert found["distributions"]["by_billing_frequency"]["Monthly"] == 3
    trend = found["trends"]["monthly_new_subscriptions"]
    assert len(trend) == 12
    assert trend[-1]["count"] == 8
    growth = api.get("admin/subscriptions/dashboard/").json()["growth"]
    assert (growth["this_month_new"], growth["growth_rate_percent"]) == (8, None)


def test_plans_in_figures(api: Api, site: dict[str, Subscription]) -> None:
    usage = {each["plan_name"]: each for each in plan_usage(api)}
    assert usage["Pro"]["active_subscriptions"] == 3
    assert usage["Pro"]["mrr"] == {"USD": "50.87"}
    assert usage["Yen"]["mrr"] == {"JPY": "4345"}
    top = api.get("admin/subscriptionplans/dashboard/").json()["top_performers"]
    assert top["most_popular_plan"]["plan_name"] == "Pro"
    assert top["highest_revenue_plan"]["plan_name"] == "Pro"


def plan_usage(api: Api) -> list[dict[str, Any]]:
    usage: list[dict[str, Any]] = api.get("admin/subscriptionplans/analytics/").json()["usage"]
    return usage


@pytest.mark.parametrize("path", READS)
def test_reads_take_as_many_queries_for_many_rows(
    api: Api, site: dict[str, Subscription], path: str
) -> None:
    token = access_token(api.user)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = api.get(f"admin/{path}", authorization=f"Bearer {token}")
        assert answer.status_code == 200, answer.content
        own = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        return sum(not each["sql"].startswith(own) for each in captured.captured_queries)

    few = asked()
    for number in range(4):
        granted(api, f"more{number}@example.com", make_plan(f"plan{number}", "7.00"))
    assert few == asked() <= 8 + BEFORE
