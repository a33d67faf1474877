"""The invoices to come of what a customer has, as they will be issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.billing.previews import UpcomingInvoice, upcoming
from saaskit_core.subscriptions.states import BilledBy
from saaskit_django import registry
from saaskit_django.billing.selectors import applied_coupons, settlement
from saaskit_django.conf import conf

if TYPE_CHECKING:
    from saaskit_django.subscriptions.models import Subscription

MOST = 120
"""Ten years of months."""


def upcoming_invoices(row: Subscription, count: int) -> tuple[UpcomingInvoice, ...]:
    """Return the next `count` invoices; fewer when it ends before, none when a provider bills it.

    Every payment is taken to succeed; planned changes, the wallet and coupons count.
    """
    status = row.to_core().status
    if row.billed_by != BilledBy.ENGINE or status.is_terminal:
        return ()
    provider = registry.payment_provider(row.provider or registry.default_provider())
    return upcoming(
        row.to_core(),
        count,
        policies=conf().policies,
        coupons=applied_coupons(row),
        settlement=settlement(row.customer, row.price.currency, limits=provider.limits),
    )
