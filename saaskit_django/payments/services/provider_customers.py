"""What a provider calls our customer: asked for once, then remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_django.customers.selectors import provider_ref
from saaskit_django.customers.services import remember_provider_ref

if TYPE_CHECKING:
    from saaskit_core.providers import SavedMethods
    from saaskit_django.customers.models import Customer


def customer_ref_at(customer: Customer, provider: SavedMethods, *, alias: str) -> str:
    """Return the provider's id of the customer, made there on first need, outside a transaction."""
    known = provider_ref(customer, provider=alias)
    if known:
        return known
    made = provider.ensure_customer(
        reference=str(customer.pk),
        email=customer.email,
        idempotency_key=f"saaskit:customer:{customer.pk}",
    )
    with transaction.atomic(durable=True):
        return remember_provider_ref(customer, provider=alias, ref=made)
