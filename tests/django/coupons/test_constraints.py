from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from saaskit_core.coupons import Coupon as Terms
from saaskit_core.coupons import DiscountType
from saaskit_core.money import Money
from saaskit_django.coupons.models import Coupon, CouponAmount, CouponUsage
from saaskit_django.coupons.services import CouponPlanUnknown, put_coupon, set_active
from tests.builders import make_customer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOUND: dict[str, Any] = {"code": "A", "discount_type": "percentage", "percent": Decimal(20)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": Decimal(0)},
        {"percent": Decimal("100.01")},
        {"percent": None},
        {"discount_type": "fixed"},
        {"max_uses": 1, "current_uses": 2},
        {"duration": "repeating"},
        {"duration": "once", "duration_months": 3},
        {"valid_from": NOW, "valid_until": NOW},
        {"code": "TAKEN"},
    ],
)
def test_the_database_refuses_an_impossible_coupon(wrong: dict[str, Any]) -> None:
    Coupon.objects.create(**{**SOUND, "code": "TAKEN"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Coupon.objects.create(**{**SOUND, **wrong})


@pytest.mark.parametrize("wrong", [{"amount_minor": 0}, {"minimum_minor": -1}])
def test_the_database_refuses_amounts_that_are_not_positive(wrong: dict[str, Any]) -> None:
    coupon = Coupon.objects.create(**SOUND)
    with pytest.raises(IntegrityError), transaction.atomic():
        CouponAmount.objects.create(coupon=coupon, currency="USD", **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reference": "p1", "slot": 2},
        {"slot": 1},
        {"slot": 2, "status": "stolen"},
        {"slot": 2, "discount_applied_minor": 0},
        {"slot": 2, "discount_applied_minor": 1001},
        {"slot": 2, "reference": "", "expires_at": None},
    ],
)
def test_the_database_refuses_an_impossible_use(wrong: dict[str, Any]) -> None:
    sound = {
        "coupon": Coupon.objects.create(**SOUND),
        "customer": make_customer(),
        "reference": "p2",
        "currency": "USD",
        "original_amount_minor": 1000,
        "discount_applied_minor": 200,
    }
    first = CouponUsage.objects.create(**{**sound, "reference": "p1", "slot": 1})
    with pytest.raises(IntegrityError), transaction.atomic():
        CouponUsage.objects.create(**{**sound, **wrong})
    CouponUsage.objects.filter(pk=first.pk).update(status="released")
    CouponUsage.objects.create(**{**sound, "reference": "p1", "slot": 1})


def test_rows_name_themselves_and_say_what_they_take_off() -> None:
    coupon = Coupon.objects.create(**SOUND)
    assert (str(coupon), coupon.discount_value, coupon.duration_periods) == ("A", 20, None)
    fixed = Coupon.objects.create(code="F", discount_type="fixed")
    assert fixed.discount_value is None
    amount = CouponAmount.objects.create(coupon=fixed, currency="USD", amount_minor=500)
    assert (str(amount), amount.discount, amount.minimum) == ("F in USD", Money(500, "USD"), None)
    least = CouponAmount(coupon=fixed, currency="EUR", minimum_minor=900)
    assert (least.discount, least.minimum) == (None, Money(900, "EUR"))
    assert fixed.discount_value == Decimal("5.00")
    assert str(CouponUsage(coupon=coupon)) == "A for a purchase to come: reserved"


def test_a_coupon_for_a_plan_that_is_not_there_is_refused() -> None:
    terms = Terms(
        code="A",
        discount_type=DiscountType.PERCENTAGE,
        percent=Decimal(20),
        plans=frozenset({"nope"}),
    )
    with pytest.raises(CouponPlanUnknown, match="the plan nope"), transaction.atomic():
        put_coupon(terms, actor="engine")
    assert not Coupon.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_coupon_is_switched_on_and_off() -> None:
    coupon = Coupon.objects.create(**SOUND)
    assert set_active(coupon_id=coupon.pk, is_active=False, actor="engine")
    assert not set_active(coupon_id=coupon.pk, is_active=False, actor="engine")
    assert not Coupon.objects.get().is_active
