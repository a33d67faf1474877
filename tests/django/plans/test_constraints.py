from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from saaskit_django.plans.models import CustomFeature, Price, SubscriptionPlan
from tests.builders import make_plan

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": -1},
        {"version": 0},
        {"frequency": "Sometimes"},
        {"frequency": "One-Time"},
        {"interval_count": 0},
        {"interval_unit": "hour"},
        {"version": 1, "is_current": False},
        {"version": 2, "is_current": True},
    ],
)
def test_the_database_refuses_an_impossible_price(wrong: dict[str, Any]) -> None:
    plan = make_plan("pro", "10")
    sound = {"interval_unit": "month", "interval_count": 1, "version": 2, "is_current": False}
    sound |= {"plan": plan, "currency": "USD", "amount_minor": 5, "frequency": "Monthly"}
    with transaction.atomic():
        Price.objects.create(**{**sound, "version": 9})
    with pytest.raises(IntegrityError), transaction.atomic():
        Price.objects.create(**{**sound, **wrong})


def test_the_database_refuses_impossible_plans_and_features() -> None:
    make_plan("pro", "10")
    for wrong in ({"key": "pro"}, {"trial_days": 4000}, {"price_change": "later"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SubscriptionPlan.objects.create(**{"key": "x", "name": "X", **wrong})
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomFeature.objects.create(path="a.b", type="colour")


def test_a_deleted_plan_gives_its_key_free() -> None:
    plan = make_plan("pro", "10")
    SubscriptionPlan.objects.filter(pk=plan.pk).update(deleted_at=plan.created_at)
    assert not SubscriptionPlan.objects.exists()
    make_plan("pro", "12")


@pytest.mark.postgres
def test_postgresql_refuses_to_edit_a_price() -> None:
    price = make_plan("pro", "10").prices.get()
    Price.objects.filter(pk=price.pk).update(is_current=False)
    assert connection.vendor == "postgresql"
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        Price.objects.filter(pk=price.pk).update(amount_minor=1)


def test_rows_name_themselves() -> None:
    plan = make_plan("pro", "10")
    assert str(plan) == "Pro"
    assert str(plan.prices.get()) == "10.00 USD Monthly v1"
    custom = Price(
        plan=plan, currency="USD", amount_minor=5, interval_unit="day", interval_count=30
    )
    assert str(custom) == "0.05 USD every 30 day v1"
    assert custom.to_core().interval is not None
    assert str(plan.feature_flags) == "features of Pro"
    assert str(CustomFeature(path="a.b")) == "a.b"
    assert SubscriptionPlan(key="x").features == {}
