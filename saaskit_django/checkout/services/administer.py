"""Subscriptions in an admin's hands: made, changed and ended through the same rules, audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import BillingFrequency, InvalidPeriod, period_start
from saaskit_core.subscriptions.changes import ChangeRefused
from saaskit_core.subscriptions.facts import (
    CancelRequested,
    CancelWhen,
    Extended,
    Reinstated,
    Resumed,
    SuspendedByAdmin,
    Uncancelled,
)
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.transitions import InvalidTransition
from saaskit_django.audit.services import record as audit
from saaskit_django.audit.services import reference
from saaskit_django.checkout.services.change_plan import Change, reserve_change
from saaskit_django.checkout.services.subscribe import Purchase, Subscribed, subscribe
from saaskit_django.customers.selectors import CustomerNotFound, customer_by_id, user_by_id
from saaskit_django.customers.services import (
    billing_now,
    ensure_customer,
    lock_customer,
    lock_customer_of,
    refuse_parked,
)
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.plans.selectors import current_price, plan_by_id
from saaskit_django.subscriptions.models import Subscription
from saaskit_django.subscriptions.selectors import SubscriptionNotFound, with_prices
from saaskit_django.subscriptions.services import advance, hide, reread, set_auto_renew

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.facts import Fact
    from saaskit_django.customers.models import Customer
    from saaskit_django.payments.models import Payment


class GrantStartsNow(SaasKitError):
    code = "grant_starts_now"
    template = "What is granted without a charge begins at once, or has begun already."


class OtherProductGroup(ChangeRefused):
    code = "other_product_group"
    template = "This plan belongs to another product group; that is a subscription of its own."


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEdit:
    """What an admin wants of a subscription; what is None stays. `note` goes to the audit."""

    status: SubscriptionStatus | None = None
    auto_renew: bool | None = None
    ends_at: datetime | None = None
    plan_id: int | None = None
    frequency: BillingFrequency | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administered:
    """The subscription as it is now, and the payment that was made for it, if any."""

    subscription: Subscription
    payment: Payment | None = None


def customer_for(*, customer_id: int | None, user_id: Any) -> Customer:
    """Return the customer that an admin names, or the named user's personal one, made if need be.

    Raises CustomerNotFound, UserNotFound.
    """
    if customer_id is not None:
        return customer_by_id(customer_id)
    return ensure_customer(user=user_by_id(user_id))


def subscribe_customer(
    customer: Customer, purchase: Purchase, *, actor: Any, now: datetime
) -> Administered:
    """Subscribe somebody on his behalf, charging the method he has kept.

    Without such a method it waits for his payment; a `purchase` that is granted costs nothing
    until its first period is over. A declined charge leaves it Pending, as the answer's payment
    says. Raises AlreadySubscribed, GrantStartsNow, InvalidPeriod, and what `subscribe` raises.
    """
    made = _subscribe(customer, purchase, actor=actor, now=now)
    payment = made.payment
    if payment is not None and payment.is_off_session:
        payment = submit(payment.pk, now=now)
    fresh = with_prices().get(pk=made.subscription.pk)
    return Administered(subscription=fresh, payment=payment)


def update_subscription(
    *, subscription_id: int, edit: SubscriptionEdit, actor: Any, now: datetime
) -> Administered:
    """Change a subscription through its state machine, all of `edit` or nothing.

    An upgrade is charged as the customer's own would be, and is in force once that is paid. Raises
    SubscriptionNotFound, InvalidTransition, InvalidPeriod for an end that is no extension,
    ChangeRefused subclasses, PlanNotFound and PriceNotForSale.
    """
    change_id, others = _update(subscription_id, edit, actor=actor, now=now)
    for payment_id in others:
        submit(payment_id, now=now)
    payment = submit(change_id, now=now) if change_id is not None else None
    return Administered(subscription=with_prices().get(pk=subscription_id), payment=payment)


@transaction.atomic(durable=True)
def delete_subscription(*, subscription_id: int, actor: Any, now: datetime) -> None:
    """End a subscription at once if it is live, and hide it; invoices and payments stay.

    Raises SubscriptionNotFound, ManagedByProvider.
    """
    row, work = _locked(subscription_id, now=now)
    before = _audited(row)
    if row.to_core().status.is_live:
        fact = CancelRequested(when=CancelWhen.NOW, reason=StatusReason.MERCHANT)
        _apply(row, fact, work, actor=actor)
    hide(row, now=now)
    _audit("subscription.deleted", row, before, actor=actor)


@transaction.atomic(durable=True)
def _subscribe(customer: Customer, purchase: Purchase, *, actor: Any, now: datetime) -> Subscribed:
    customer = lock_customer(customer.pk)
    _check_start(customer, purchase, at=billing_now(customer, now))
    made = subscribe(customer, purchase, now=now)
    row = made.subscription
    action = "subscription.granted" if purchase.is_granted else "subscription.created"
    _audit(action, row, None, actor=actor)
    return made


def _check_start(customer: Customer, purchase: Purchase, *, at: datetime) -> None:
    """Refuse a start whose first period is over already, and a grant for later."""
    starts_at = purchase.starts_at
    if starts_at is None:
        return
    if purchase.is_granted and starts_at > at:
        raise GrantStartsNow
    price = current_price(
        purchase.plan, frequency=purchase.frequency, currency=purchase.currency or None
    ).to_core()
    if price.interval is None:
        return
    ends_at = period_start(starts_at, price.interval, 1, customer.timezone)
    if ends_at <= at:
        raise InvalidPeriod(starts_at=at.isoformat(), ends_at=ends_at.isoformat())


@transaction.atomic(durable=True)
def _update(
    subscription_id: int, edit: SubscriptionEdit, *, actor: Any, now: datetime
) -> tuple[int | None, list[int]]:
    """Write it all; return the payment of a change of plan and those of anything else."""
    row, work = _locked(subscription_id, now=now)
    before = _audited(row)
    fact = _fact_of(row, edit.status) if edit.status is not None else None
    if fact is not None:
        _apply(row, fact, work, actor=actor)
    if edit.auto_renew is not None:
        set_auto_renew(row, edit.auto_renew)
    if edit.ends_at is not None and edit.ends_at != row.end_date:
        _apply(row, Extended(to=edit.ends_at, reason=edit.note), work, actor=actor)
    change_id = None
    if edit.plan_id is not None or edit.frequency is not None:
        change_id = _change(row, edit, now=now)
        row = with_prices().get(pk=row.pk)
    _audit("subscription.updated", row, before, actor=actor, note=edit.note)
    return change_id, work.to_submit


def _locked(subscription_id: int, *, now: datetime) -> tuple[Subscription, Work]:
    rows = Subscription.objects.filter(pk=subscription_id, deleted_at__isnull=True)
    try:
        customer = lock_customer_of(rows)
    except CustomerNotFound:
        raise SubscriptionNotFound from None
    row = with_prices().get(pk=subscription_id)
    return row, Work(now=now, at=billing_now(customer, now))


def _fact_of(row: Subscription, wanted: SubscriptionStatus) -> Fact | None:
    """Return what leads to a status, None when it is there. Raises InvalidTransition."""
    current = row.to_core()
    is_planned_to_end = current.cancel_at is not None and current.status.is_live
    if wanted is current.status and not is_planned_to_end:
        return None
    match wanted:
        case SubscriptionStatus.SUSPENDED:
            return SuspendedByAdmin()
        case SubscriptionStatus.CANCELLED:
            return CancelRequested(when=CancelWhen.NOW, reason=StatusReason.MERCHANT)
        case SubscriptionStatus.ACTIVE if current.status_reason is StatusReason.ADMIN:
            return Reinstated()
        case SubscriptionStatus.ACTIVE if current.status is SubscriptionStatus.ACTIVE:
            return Uncancelled()
        case SubscriptionStatus.ACTIVE if current.status_reason is StatusReason.PAUSED:
            return Resumed()
    raise InvalidTransition(action=f"Becoming {wanted.value}", status=current.status.value)


def _apply(row: Subscription, fact: Fact, work: Work, *, actor: Any) -> None:
    carry_out(row, advance(row, fact, now=work.at, actor=reference(actor)), work)
    reread(row)


def _change(row: Subscription, edit: SubscriptionEdit, *, now: datetime) -> int | None:
    refuse_parked(row.customer)
    plan = plan_by_id(edit.plan_id or row.subscription_plan_id)
    if plan.group != row.group:
        raise OtherProductGroup
    change = Change(user=row.user, plan=plan, frequency=edit.frequency)
    return reserve_change(row, change, now=now).payment_id


def _audited(row: Subscription) -> dict[str, object]:
    return {
        "status": row.status,
        "status_reason": row.status_reason,
        "plan": row.subscription_plan.key,
        "billing_frequency": row.price.frequency,
        "auto_renew": row.auto_renew,
        "end_date": row.end_date.isoformat() if row.end_date else None,
    }


def _audit(
    action: str,
    row: Subscription,
    before: dict[str, object] | None,
    *,
    actor: Any,
    note: str = "",
) -> None:
    noted = {"note": note} if note else {}
    audit(
        action=action,
        table="subscription",
        record_id=row.pk,
        before=before,
        after={**_audited(row), **noted},
        actor=actor,
    )
