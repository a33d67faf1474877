"""Unused time is worth what was paid for it, not what the list says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from saaskit_core.periods import BillingFrequency
from saaskit_django.checkout.services.change_plan import Change, change_plan, preview_change
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon
from saaskit_django.payments.services.confirm import confirm
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Moving, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_credit_for_unused_time_is_what_was_paid_for_it(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    coupon = Coupon.objects.create(code="QUARTER", discount_type="percentage", percent=Decimal(25))
    customer, pro = make_customer(), make_plan("pro", "100.00")
    coupon.applicable_plans.add(pro)
    purchase = Purchase(
        user=customer.user,
        plan=pro,
        frequency=BillingFrequency.MONTHLY,
        coupon_code="QUARTER",
    )
    intent = intend_purchase(customer, purchase, now=clock.now)
    assert intent.payment is not None
    confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)
    clock.forward(days=15)
    change = Change(user=customer.user, plan=make_plan("team", "1000.00"))

    preview = preview_change(customer, change, now=clock.now)
    done = change_plan(customer, change, now=clock.now)

    assert preview.quote == done.quote
    assert [line.amount.minor for line in done.quote.invoice.lines] == [-3750, 50000]
    assert done.payment is not None
    assert done.payment.received_minor == 46250
