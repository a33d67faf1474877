"""What the staff does with plans, coupons and overrides: by actions only, never by forms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from saaskit_core.features import Override, OverrideScope
from saaskit_django.audit.models import AuditLog
from saaskit_django.coupons.models import Coupon, CouponAmount, CouponUsage
from saaskit_django.features.models import FeatureOverride
from saaskit_django.features.services import add_override
from saaskit_django.limits.models import UsageCounter
from saaskit_django.plans.models import CustomFeature, FeatureFlags, Price, SubscriptionPlan
from tests.builders import make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = (
    SubscriptionPlan,
    Price,
    FeatureFlags,
    CustomFeature,
    Coupon,
    CouponUsage,
    FeatureOverride,
    UsageCounter,
)


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_user("staff@example.com", is_staff=True, is_superuser=True))
    return client


def page(model: type[Any], what: str = "changelist") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}")


def act(staff: Client, row: Any, action: str) -> None:
    chosen = {"action": action, "_selected_action": [row.pk]}
    assert staff.post(page(type(row)), chosen, follow=True).status_code == 200


@pytest.mark.parametrize("model", SHOWN)
def test_every_table_is_shown_and_none_has_a_form(model: type[Any], staff: Client) -> None:
    make_plan("pro", "10")
    assert staff.get(page(model)).status_code == 200
    assert staff.get(page(model, "add")).status_code == 403


def test_amounts_are_shown_with_their_coupon_only() -> None:
    assert not admin.site.is_registered(CouponAmount)


def test_a_plan_goes_off_sale_and_on_again(staff: Client) -> None:
    plan = make_plan("pro", "10")
    for action, is_active in (("take_off_sale", False), ("put_on_sale", True)):
        act(staff, plan, action)
        assert SubscriptionPlan.objects.get().is_active is is_active
    assert list(AuditLog.objects.order_by("pk").values_list("action", flat=True)) == [
        "plan.deactivated",
        "plan.activated",
    ]


def test_a_coupon_is_switched_off_and_on_again(staff: Client) -> None:
    coupon = Coupon.objects.create(code="A", discount_type="percentage", percent=Decimal(20))
    for action, is_active in (("switch_off", False), ("switch_on", True)):
        act(staff, coupon, action)
        assert Coupon.objects.get().is_active is is_active


def test_an_override_is_ended(staff: Client) -> None:
    override = Override(path="export_formats.csv", value=True, scope=OverrideScope.GLOBAL)
    row = add_override(override, actor="engine")
    act(staff, row, "end_now")
    assert FeatureOverride.objects.get().ends_at is not None
