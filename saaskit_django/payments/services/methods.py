"""Payment methods that a provider keeps for us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models, transaction

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.providers import SavedMethods, UnsupportedOperation
from saaskit_core.subscriptions.facts import MethodChanged
from saaskit_django import registry
from saaskit_django.customers.services import billing_now, lock_customer
from saaskit_django.payments.models import PaymentMethod
from saaskit_django.payments.selectors import waiting_charges
from saaskit_django.payments.services.cancel import cancel
from saaskit_django.payments.services.collect import Work, tell_subscriptions
from saaskit_django.payments.services.confirm import follow_up
from saaskit_django.payments.services.keep import make_default
from saaskit_django.payments.services.provider_customers import customer_ref_at

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.providers import SavedMethod
    from saaskit_django.customers.models import Customer


class PaymentMethodNotFound(SaasKitError):
    code = "payment_method_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such payment method."


def add_method(
    customer: Customer, *, provider_name: str, method_ref: str, now: datetime
) -> tuple[PaymentMethod, list[int]]:
    """Keep a method the payer's browser made and make it the default.

    What is overdue is tried with it at once: the second value are the payments to submit. Raises
    PaymentDeclined, UnsupportedOperation and what the provider raises.
    """
    provider = registry.payment_provider(provider_name)
    if not isinstance(provider, SavedMethods):
        raise UnsupportedOperation(provider=provider_name, operation="saved_methods")
    key = f"saaskit:method:{customer.pk}:{method_ref}:{_removals(customer, provider_name)}"
    customer_ref = customer_ref_at(customer, provider, alias=provider_name)
    saved = provider.save_method(
        customer_ref=customer_ref, method_ref=method_ref, idempotency_key=key
    )
    for waiting in waiting_charges(customer):
        cancel(waiting, now=now)
    return _store(customer, provider_name=provider_name, saved=saved, now=now)


def remove_method(customer: Customer, *, method_id: int, now: datetime) -> None:
    """Forget a method, here and at its provider. Raises PaymentMethodNotFound."""
    method = PaymentMethod.objects.filter(
        customer_id=customer.pk, pk=method_id, removed_at__isnull=True
    ).first()
    if method is None:
        raise PaymentMethodNotFound
    provider = registry.payment_provider(method.provider)
    if isinstance(provider, SavedMethods):
        added_at = method.updated_at.isoformat()
        provider.detach_method(
            method_ref=method.method_ref,
            idempotency_key=f"saaskit:detach:{method.pk}:{added_at}",
        )
    follow_up(_remove(customer, method, now=now), now=now)


def _removals(customer: Customer, provider_name: str) -> str:
    """Tell apart adding a method from adding it again after it was removed."""
    mine = PaymentMethod.objects.filter(customer=customer, provider=provider_name)
    last = mine.aggregate(models.Max("removed_at"))["removed_at__max"]
    return last.isoformat() if last else ""


@transaction.atomic(durable=True)
def _store(
    customer: Customer, *, provider_name: str, saved: SavedMethod, now: datetime
) -> tuple[PaymentMethod, list[int]]:
    customer = lock_customer(customer.pk)
    method = make_default(customer, provider_name=provider_name, saved=saved)
    work = Work(now=now, at=billing_now(customer, now))
    tell_subscriptions(customer, MethodChanged(), work)
    return method, work.to_submit


@transaction.atomic(durable=True)
def _remove(customer: Customer, method: PaymentMethod, *, now: datetime) -> list[int]:
    customer = lock_customer(customer.pk)
    PaymentMethod.objects.filter(pk=method.pk).update(removed_at=now, is_default=False)
    left = PaymentMethod.objects.filter(customer=customer, removed_at__isnull=True)
    newest = left.order_by("-pk").first()
    if newest is not None:
        PaymentMethod.objects.filter(pk=newest.pk).update(is_default=True)
    work = Work(now=now, at=billing_now(customer, now))
    tell_subscriptions(customer, MethodChanged(has_method=newest is not None), work)
    return work.to_submit
