"""Writing what the core decided about a subscription: row, log and events in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.subscriptions.documents import (
    add_ons_document,
    fact_document,
    next_prices_document,
)
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.transitions import transition
from saaskit_django.conf import conf
from saaskit_django.outbox.services import record
from saaskit_django.plans.models import Price
from saaskit_django.subscriptions.models import (
    SAME_NAMED,
    Subscription,
    SubscriptionTransition,
)
from saaskit_django.subscriptions.selectors import with_prices

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.facts import Fact, Started
    from saaskit_core.subscriptions.model import Subscription as CoreSubscription
    from saaskit_core.subscriptions.transitions import Transition
    from saaskit_django.customers.models import Customer


class SubscriptionChangedMeanwhile(SaasKitError):
    code = "subscription_changed_meanwhile"
    kind = ErrorKind.CONFLICT
    template = "The subscription was changed by someone else at the same time; read it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """What a new row needs beside the core's decision on `started`."""

    started: Started
    customer: Customer
    user: Any
    price: Price
    provider: str = ""
    previous: Subscription | None = None


def start(
    new: NewSubscription, decision: Transition, *, now: datetime, actor: str = "customer"
) -> Subscription:
    """Insert the subscription that the core decided on, inside a transaction.

    Call it with the customer locked. A second live one in the product group is an IntegrityError.
    """
    row = Subscription.objects.create(
        reference=decision.subscription.id,
        customer=new.customer,
        user=new.user,
        subscription_plan=new.price.plan,
        price=new.price,
        provider=new.provider,
        previous=new.previous,
        start_date=now,
        next_due_at=next_due_at(decision.subscription, policies=conf().policies),
        **_without_price(_columns(decision.subscription)),
    )
    _log(row, new.started, before="", now=now, actor=actor)
    record(*decision.events)
    return row


def advance(row: Subscription, fact: Fact, *, now: datetime, actor: str = "engine") -> Transition:
    """Apply a fact through the core's transition table and write the outcome, inside a transaction.

    Call it with the customer locked and the row read after that. Raises InvalidTransition for a
    command that isn't possible; a provider's fact that doesn't apply changes nothing.
    """
    before = row.to_core()
    decision = transition(before, fact, now=now, policies=conf().policies)
    if not decision.applied:
        return decision
    _write(row, decision.subscription)
    _log(row, fact, before=before.status, now=now, actor=actor)
    record(*decision.events)
    return decision


def next_fact(row: Subscription, *, now: datetime, is_charging: bool) -> Fact | None:
    """Return what time has made happen to it by `now`, if anything; see the core's `due`."""
    return due(row.to_core(), now=now, policies=conf().policies, is_charging=is_charging)


def set_auto_renew(row: Subscription, value: bool) -> None:  # noqa: FBT001
    """Say whether it goes on after its period, inside a transaction with the customer locked."""
    Subscription.objects.filter(pk=row.pk).update(auto_renew=value)
    row.auto_renew = value


def hide(row: Subscription, *, now: datetime) -> None:
    """Take an ended subscription out of sight, inside a transaction; the engine still knows it."""
    Subscription.objects.filter(pk=row.pk).update(deleted_at=now)
    row.deleted_at = now


def count_renewal(row: Subscription, *, now: datetime) -> None:
    """Note that it entered a paid period again, inside a transaction."""
    Subscription.objects.filter(pk=row.pk).update(
        renewal_count=models.F("renewal_count") + 1, last_renewed_at=now
    )
    row.renewal_count, row.last_renewed_at = row.renewal_count + 1, now


def _write(row: Subscription, core: CoreSubscription) -> None:
    columns = _columns(core)
    prices = _prices(row, columns["price_id"], columns["pending_price_id"])
    columns["next_due_at"] = next_due_at(core, policies=conf().policies)
    columns["lock_version"] = row.lock_version + 1
    columns["subscription_plan_id"] = prices[columns["price_id"]].plan_id
    moved = Subscription.objects.filter(pk=row.pk, lock_version=row.lock_version).update(**columns)
    if not moved:
        raise SubscriptionChangedMeanwhile
    for name, value in columns.items():
        setattr(row, name, value)
    row.price, row.pending_price = prices[row.price_id], prices.get(row.pending_price_id)
    row.subscription_plan = row.price.plan


def _prices(row: Subscription, *wanted: int | None) -> dict[int | None, Price]:
    """Return the wanted prices with their plans by id; those that the row has aren't read again."""
    known: dict[int | None, Price] = {row.price_id: row.price}
    if row.pending_price is not None:
        known[row.pending_price_id] = row.pending_price
    missing = {each for each in wanted if each is not None} - known.keys()
    if missing:
        known.update(Price.objects.select_related("plan").in_bulk(missing))
    return known


def reread(row: Subscription) -> None:
    """Bring a row and all that `to_core()` needs up to what the database has."""
    fresh = with_prices().get(pk=row.pk)
    for field in Subscription._meta.concrete_fields:
        setattr(row, field.attname, getattr(fresh, field.attname))
    row.price, row.pending_price = fresh.price, fresh.pending_price
    row.subscription_plan = fresh.subscription_plan


def _columns(core: CoreSubscription) -> dict[str, Any]:
    pending, pause = core.pending_change, core.pause
    return {
        **{name: getattr(core, name) for name in SAME_NAMED if name != "lock_version"},
        "price_id": int(core.price.id),
        "quantity": core.quantity,
        "add_ons": add_ons_document(core.add_ons),
        "next_prices": next_prices_document(core.next_prices),
        "status": core.status,
        "status_reason": core.status_reason,
        "billed_by": core.billed_by,
        "collection": core.collection,
        "timezone": core.zone,
        "period_start": core.period.starts_at if core.period else None,
        "end_date": core.period.ends_at if core.period else None,
        "cancel_reason": core.cancel_reason,
        "pause_starts_at": pause.starts_at if pause else None,
        "pause_resumes_at": pause.resumes_at if pause else None,
        "held_status": core.held_status or "",
        "held_reason": core.held_reason,
        "provider_subscription_id": core.provider_ref,
        "pending_price_id": int(pending.price.id) if pending else None,
        "pending_quantity": pending.quantity if pending else None,
        "pending_add_ons": add_ons_document(pending.add_ons) if pending else [],
        "pending_key": pending.key if pending else "",
        "pending_timing": pending.timing if pending else "",
        "pending_requested_at": pending.requested_at if pending else None,
        "pending_at": pending.effective_at if pending else None,
    }


def _log(
    row: Subscription, fact: Fact | Started, *, before: str, now: datetime, actor: str
) -> None:
    """Write the line; every write of the row has one, so its version numbers them."""
    SubscriptionTransition.objects.create(
        subscription=row,
        sequence=row.lock_version + 1,
        event=type(fact).__name__,
        from_status=before,
        to_status=row.status,
        reason=row.status_reason,
        actor=actor,
        occurred_at=now,
        detail=fact_document(fact),
    )


def _without_price(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if name != "price_id"}
