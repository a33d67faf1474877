"""The rows that the crash tests make and look at; imported once Django is set up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_django import registry
from saaskit_django.billing.models import AppliedCoupon, Invoice, WalletEntry
from saaskit_django.billing.selectors import ledger_sum, wallet_balance
from saaskit_django.billing.services.wallet import credit
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.customers.models import Customer
from saaskit_django.outbox.models import OutboxMessage
from saaskit_django.payments.models import Payment, PaymentMethod
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import make_customer, make_plan


def purchase(number: int, *, now: datetime) -> Payment:
    """A payment that waits for its payer, for a discounted plan and partly paid from the wallet."""
    plan = SubscriptionPlan.objects.filter(key="pro").first() or make_plan("pro", "30.00")
    Coupon.objects.get_or_create(code="SAVE", discount_type="percentage", percent=20)
    customer = make_customer(f"buyer{number}@example.com")
    with transaction.atomic():
        amount = Money(500, "USD")
        credit(
            customer=customer, amount=amount, transaction=f"gift:{number}", reason="gift", now=now
        )
    wanted = Purchase(
        user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY, coupon_code="save"
    )
    made = intend_purchase(customer, wanted, now=now)
    assert made.payment is not None
    return made.payment


def rows_of(customer: Customer) -> dict[str, Any]:
    """What stands for one customer, here and at the provider."""
    subscription = Subscription.objects.get(customer=customer)
    provider = registry.payment_provider("sandbox")
    assert isinstance(provider, SandboxProvider)
    payments = Payment.objects.filter(customer=customer).order_by("pk")
    return {
        "payments": [[each.state, each.received_minor] for each in payments],
        "invoices": [
            [each.status, each.number is not None, each.total_minor]
            for each in Invoice.objects.filter(customer=customer).order_by("pk")
        ],
        "subscription": [
            subscription.status,
            subscription.period_index if subscription.period_start else None,
            subscription.renewal_count,
            subscription.transitions.count(),
        ],
        "coupon": list(
            CouponUsage.objects.filter(customer=customer).values_list("status", flat=True)
        ),
        "counts_from": AppliedCoupon.objects.filter(
            subscription=subscription, first_period_start__isnull=False
        ).count(),
        "wallet": wallet_balance(customer, "USD").minor,
        "wallet_entries": WalletEntry.objects.filter(customer=customer).count(),
        "methods": PaymentMethod.objects.filter(customer=customer).count(),
        "told": sorted(
            OutboxMessage.objects.filter(payload__customer_id=str(customer.pk)).values_list(
                "topic", flat=True
            )
        ),
        "ledger": ledger_sum(),
        "charged": sorted(
            charge.received.minor
            for each in payments
            for charge in provider.payments(reference=each.transaction_id)
        ),
    }
