from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from saaskit_core import coupons as core
from saaskit_core.coupons import Coupon as Terms
from saaskit_core.coupons import CouponNotRedeemable, DiscountType
from saaskit_core.money import Money
from saaskit_django.coupons import services
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.coupons.services import Buyer
from tests.builders import make_customer

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PRICE = Money(10000, "USD")


def make_coupon(code: str = "SAVE", **terms: Any) -> Coupon:
    sound: dict[str, Any] = {"discount_type": DiscountType.PERCENTAGE, "percent": Decimal(20)}
    with transaction.atomic():
        return services.put_coupon(Terms(code=code, **{**sound, **terms}), actor="engine")


def buyer(customer: Any, **more: Any) -> Buyer:
    return Buyer(**{"customer": customer, "plan": "pro", "price": PRICE, **more})


def hold(customer: Any, code: str = "SAVE", now: datetime = NOW, **more: Any) -> CouponUsage:
    with transaction.atomic():
        return services.hold(code, buyer(customer, **more), now=now)


def reserve(
    customer: Any, reference: str = "p1", *, code: str = "SAVE", now: datetime = NOW, **more: Any
) -> CouponUsage:
    with transaction.atomic():
        return services.reserve(code, buyer(customer, **more), reference=reference, now=now)


def confirm(usage: CouponUsage) -> None:
    with transaction.atomic():
        services.confirm(usage, now=NOW)


def release(usage: CouponUsage) -> None:
    with transaction.atomic():
        services.release(usage, now=NOW)


def uses() -> int:
    return Coupon.objects.get(code="SAVE").current_uses


def test_a_use_is_reserved_and_confirmed() -> None:
    make_coupon()
    usage = reserve(make_customer(), code=" save ")
    assert (usage.discount_applied, usage.final_amount) == (Money(2000, "USD"), Money(8000, "USD"))
    assert (usage.status, uses()) == ("reserved", 1)
    confirm(usage)
    confirm(usage)
    usage.refresh_from_db()
    assert (usage.status, usage.confirmed_at, uses()) == ("confirmed", NOW, 1)
    release(usage)
    usage.refresh_from_db()
    assert (usage.status, uses()) == ("confirmed", 1)


def test_the_same_purchase_again_is_the_same_use() -> None:
    make_coupon(max_uses=1)
    customer = make_customer()
    assert reserve(customer).pk == reserve(customer).pk
    assert (uses(), CouponUsage.objects.count()) == (1, 1)


def test_a_failed_purchase_gives_its_use_back_once() -> None:
    make_coupon(max_uses=1)
    customer = make_customer()
    usage = reserve(customer)
    release(usage)
    release(usage)
    assert uses() == 0
    assert reserve(customer, "p2").slot == 1


def test_a_held_use_is_taken_over_by_the_purchase() -> None:
    make_coupon(max_uses=1)
    customer = make_customer()
    held = hold(customer)
    again = hold(customer, now=NOW + timedelta(minutes=10), price=Money(5000, "USD"))
    assert again.pk == held.pk
    assert again.expires_at == NOW + timedelta(minutes=40)
    usage = reserve(customer, now=NOW + timedelta(minutes=20))
    assert usage.pk == held.pk
    usage.refresh_from_db()
    assert (usage.reference, usage.expires_at) == ("p1", None)
    assert (usage.discount_applied, uses()) == (Money(2000, "USD"), 1)


def test_a_use_held_too_long_is_free_again() -> None:
    make_coupon(max_uses=1)
    first, second = make_customer(), make_customer("b@example.com")
    hold(first)
    with pytest.raises(core.CouponUsedUp):
        reserve(second)
    assert reserve(second, now=LATER).customer == second
    with pytest.raises(core.CouponUsedUp):
        reserve(first, "p2", now=LATER)
    assert uses() == 1


def test_ones_own_expired_use_does_not_block_one() -> None:
    make_coupon(max_uses=5)
    customer = make_customer()
    hold(customer)
    assert reserve(customer, now=LATER).slot == 1
    assert (uses(), CouponUsage.objects.filter(status="released").count()) == (1, 1)


def test_expired_uses_are_swept() -> None:
    make_coupon()
    make_coupon("OTHER")
    customer = make_customer()
    hold(customer)
    hold(customer, "OTHER")
    assert services.release_expired(now=NOW) == 0
    assert services.release_expired(now=LATER) == 2
    assert services.release_expired(now=LATER) == 0
    assert list(Coupon.objects.values_list("current_uses", flat=True)) == [0, 0]


@pytest.mark.parametrize(
    ("terms", "more", "error"),
    [
        ({"is_active": False}, {}, core.CouponInactive),
        ({"ends_at": NOW}, {}, core.CouponExpired),
        ({"starts_at": LATER}, {}, core.CouponNotStarted),
        ({"minimums": {"USD": 20000}}, {}, core.CouponMinimumNotReached),
        ({"first_purchase_only": True}, {"has_purchased": True}, core.CouponFirstPurchaseOnly),
        ({}, {"price": Money(0, "USD")}, core.CouponHasNoEffect),
        ({}, {"customer": None}, core.CouponCustomerRequired),
    ],
)
def test_every_rule_is_checked_again_when_a_use_is_taken(
    terms: Any, more: Any, error: type[Exception]
) -> None:
    make_coupon(**terms)
    customer = make_customer()
    for take in (reserve, hold):
        with pytest.raises(error):
            take(**{"customer": customer, **more})
    assert uses() == 0
    assert not CouponUsage.objects.exists()


def test_a_refusal_takes_nothing_even_when_the_caller_goes_on() -> None:
    make_coupon(is_active=False)
    customer = make_customer()
    with transaction.atomic(), pytest.raises(core.CouponInactive):
        services.reserve("SAVE", buyer(customer), reference="p1", now=NOW)
    assert uses() == 0


def test_an_unknown_code_and_a_used_up_one_are_no_different_kind() -> None:
    for code in ("NOPE", "", "x" * 100, "a b"):
        with pytest.raises(CouponNotRedeemable) as caught:
            reserve(make_customer(f"{len(code)}@example.com"), code=code)
        assert caught.value.code == "coupon_not_redeemable"


def test_a_customer_has_as_many_uses_as_the_coupon_allows_him() -> None:
    make_coupon(max_uses_per_customer=2)
    customer = make_customer()
    assert [reserve(customer, name).slot for name in ("p1", "p2")] == [1, 2]
    with pytest.raises(core.CouponUsedByCustomer):
        reserve(customer, "p3")
    assert uses() == 2
    make_coupon("ANY", max_uses_per_customer=0)
    assert [reserve(customer, name, code="ANY").slot for name in ("p1", "p2")] == [None, None]


def test_checking_takes_nothing_and_counts_what_one_holds_as_ones_own() -> None:
    make_coupon(max_uses=1)
    first, second = make_customer(), make_customer("b@example.com")
    hold(first)
    row, discount = services.check("save", buyer(first), now=NOW)
    assert (row.code, discount.amount) == ("SAVE", Money(2000, "USD"))
    with pytest.raises(core.CouponUsedUp):
        services.check("save", buyer(second), now=NOW)
    assert services.check("save", buyer(second), now=LATER)
    with pytest.raises(core.CouponUsedUp):
        services.check("save", buyer(None), now=NOW)
    with pytest.raises(core.CouponCustomerRequired):
        services.check("save", buyer(None), now=LATER)
    reserve(first)
    with pytest.raises(core.CouponUsedUp):
        services.check("save", buyer(first), now=NOW)
    assert uses() == 1


def at_once(work: Any, items: Any) -> list[Any]:
    def one(item: Any) -> Any:
        try:
            return work(item)
        except CouponNotRedeemable as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, items))


def test_a_limit_is_exact_under_concurrency() -> None:
    make_coupon(max_uses=5)
    customers = [make_customer(f"c{i}@example.com") for i in range(30)]
    answers = at_once(lambda i: reserve(customers[i], f"p{i}"), range(30))
    granted = [answer for answer in answers if isinstance(answer, CouponUsage)]
    assert len(granted) == 5
    assert all(isinstance(a, CouponUsage | core.CouponUsedUp) for a in answers)
    assert (uses(), CouponUsage.objects.filter(status="reserved").count()) == (5, 5)


def test_one_customer_in_many_windows_gets_one_use() -> None:
    make_coupon()
    customer = make_customer()
    answers = at_once(lambda i: reserve(customer, f"p{i}"), range(12))
    assert sum(isinstance(answer, CouponUsage) for answer in answers) == 1
    assert uses() == 1


def test_one_purchase_completed_by_many_workers_is_one_use() -> None:
    make_coupon()
    customer = make_customer()
    answers = at_once(lambda _: reserve(customer, "p1").pk, range(12))
    assert len(set(answers)) == 1
    assert uses() == 1


def test_releasing_at_once_gives_back_once() -> None:
    make_coupon()
    usage = reserve(make_customer())
    at_once(lambda _: release(usage), range(8))
    assert uses() == 0
