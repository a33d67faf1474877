"""The rows of kept payment methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.providers import SavedMethod
from saaskit_django.payments.models import PaymentMethod

if TYPE_CHECKING:
    from saaskit_core.providers import PaymentResult
    from saaskit_django.customers.models import Customer
    from saaskit_django.payments.models import Payment


def keep_method(payment: Payment, result: PaymentResult) -> bool:
    """Keep the method a purchase was paid with, inside a transaction; tell whether it is new."""
    if not (result.method_ref and result.customer_ref and payment.subscription_id):
        return False
    saved = SavedMethod(method_ref=result.method_ref, customer_ref=result.customer_ref)
    is_known = PaymentMethod.objects.filter(
        customer_id=payment.customer_id,
        provider=payment.provider,
        method_ref=saved.method_ref,
        removed_at__isnull=True,
    ).exists()
    if not is_known:
        make_default(payment.customer, provider_name=payment.provider, saved=saved)
    return not is_known


def make_default(customer: Customer, *, provider_name: str, saved: SavedMethod) -> PaymentMethod:
    """Write a kept method and make it the default, inside a transaction."""
    PaymentMethod.objects.filter(customer=customer, is_default=True).update(is_default=False)
    method, _ = PaymentMethod.objects.update_or_create(
        customer=customer,
        provider=provider_name,
        method_ref=saved.method_ref,
        defaults={
            "customer_ref": saved.customer_ref,
            "kind": saved.kind,
            "brand": saved.brand,
            "last4": saved.last4,
            "expires": saved.expires,
            "is_default": True,
            "removed_at": None,
        },
    )
    return method
