"""Writing down what each subscription brings, event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.analytics.amounts import Recurring, Sold, amounts_of
from saaskit_core.analytics.revenue import COUNTED
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django.analytics.models import RevenueStretch
from saaskit_django.billing.selectors import applied_coupons
from saaskit_django.conf import conf
from saaskit_django.plans.models import Price
from saaskit_django.subscriptions.selectors import subscription_by_reference

if TYPE_CHECKING:
    from saaskit_core.subscriptions.events import SubscriptionEvent


def record_revenue(event: SubscriptionEvent) -> None:
    """Note from when on a subscription brings something else, inside a transaction.

    The same event again changes nothing.
    """
    brings = _brings(event)
    standing = RevenueStretch.objects.filter(
        subscription_reference=event.subscription_id, ends_at__isnull=True
    )
    columns = _columns(brings) if brings is not None and brings.amount.minor > 0 else None
    others = standing.exclude(**columns) if columns else standing
    others.update(ends_at=event.occurred_at)
    if columns and not standing.exists():
        RevenueStretch.objects.create(
            subscription_reference=event.subscription_id,
            customer_id=int(event.customer_id),
            starts_at=event.occurred_at,
            **columns,
        )


def _columns(brings: Recurring) -> dict[str, object]:
    return {
        "currency": brings.amount.currency,
        "amount_minor": brings.amount.minor,
        "interval_unit": brings.interval.unit.value,
        "interval_count": brings.interval.count,
    }


def _brings(event: SubscriptionEvent) -> Recurring | None:
    if SubscriptionStatus(event.status) not in COUNTED:
        return None
    sold = Sold(event.price_id, event.quantity, tuple(event.add_ons))
    named = [event.price_id, *(each.rpartition(" × ")[0] for each in event.add_ons)]
    prices = Price.objects.select_related("plan").filter(pk__in=[int(each) for each in named])
    row = subscription_by_reference(event.subscription_id)
    coupons = [each.coupon for each in applied_coupons(row)] if row is not None else []
    amount_of = amounts_of(
        {str(price.pk): price.to_core() for price in prices},
        coupons_of=lambda _event: coupons,
        policy=conf().policies.coupons_in_mrr,
    )
    return amount_of(event, sold)
