"""The inbox: a verified delivery is stored, answered, then acted upon, in any order."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.providers import (
    EventKind,
    PaymentResult,
    Payments,
    ProviderEvent,
    RefundResult,
    Refunds,
    WebhookRequest,
    Webhooks,
)
from saaskit_django import registry
from saaskit_django.identifiers import new_uuid
from saaskit_django.payments.models import Payment, Refund, WebhookEvent
from saaskit_django.payments.services.refund import apply_refund_result
from saaskit_django.payments.services.settle import apply_payment_result

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 10
_HANDLED = frozenset({EventKind.PAYMENT_CHANGED, EventKind.REFUND_CHANGED})
_WAITING = (WebhookEvent.Status.RECEIVED, WebhookEvent.Status.DEFERRED)


class WebhooksNotOffered(SaasKitError):
    code = "webhooks_not_offered"
    kind = ErrorKind.NOT_FOUND
    template = "There is no webhook here."


class UnknownLocalObject(SaasKitError):
    code = "unknown_local_object"
    kind = ErrorKind.NOT_FOUND
    template = "The delivery is about something that isn't here (yet)."


def receive(*, provider_name: str, request: WebhookRequest) -> WebhookEvent:
    """Verify a delivery on its raw bytes and store it once; the caller answers 2xx after that.

    Raises UnknownProvider (404), WebhooksNotOffered (404), WebhookVerificationError and
    WebhookPayloadError (400): then nothing is stored.
    """
    provider = registry.payment_provider(provider_name)
    if not isinstance(provider, Webhooks):
        raise WebhooksNotOffered
    return _store(provider_name, provider.parse_webhook(request), request)


@transaction.atomic(durable=True)
def _store(provider_name: str, event: ProviderEvent, request: WebhookRequest) -> WebhookEvent:
    is_handled = event.kind in _HANDLED
    row = WebhookEvent(
        provider=provider_name,
        event_id=event.event_id,
        kind=event.kind,
        object_ref=event.object_ref,
        reference=event.reference,
        body=request.body,
        occurred_at=event.occurred_at,
        received_at=request.received_at,
        status=WebhookEvent.Status.RECEIVED if is_handled else WebhookEvent.Status.IGNORED,
        next_try_at=request.received_at if is_handled else None,
    )
    WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
    return WebhookEvent.objects.get(provider=provider_name, event_id=event.event_id)


def process_due(*, now: datetime, limit: int = 100) -> int:
    """Act on stored deliveries whose time has come; returns how many were looked at."""
    due = WebhookEvent.objects.filter(next_try_at__lte=now).order_by("next_try_at", "pk")
    events = list(due.values_list("pk", flat=True)[:limit])
    for event_id in events:
        process(event_id, now=now)
    return len(events)


def process(event_id: int, *, now: datetime) -> None:
    """Act on one stored delivery: ask the provider what is true now, then write it.

    Deliveries are facts, never orders: whatever their order and number, the state that the provider
    reports is what ends up here. What fails is tried again with growing pauses, then marked dead.
    """
    lease = _claim(event_id, now=now)
    if lease is None:
        return
    event = WebhookEvent.objects.get(pk=event_id)
    try:
        _act(event, lease=lease, now=now)
    except SaasKitError as exc:
        _postpone(event, lease=lease, problem=exc.code, now=now)
    except Exception:
        logger.exception("acting on webhook delivery %s failed", event.pk)
        _postpone(event, lease=lease, problem="internal_error", now=now)


@transaction.atomic(durable=True)
def revive(event_id: int, *, now: datetime) -> bool:
    """Let a delivery be acted upon again; tells whether it is one that can."""
    handled = WebhookEvent.objects.filter(pk=event_id, kind__in=sorted(_HANDLED))
    return bool(
        handled.update(
            status=WebhookEvent.Status.RECEIVED,
            attempts=0,
            next_try_at=now,
            lease="",
            leased_until=None,
        )
    )


def _claim(event_id: int, *, now: datetime) -> str | None:
    lease = str(new_uuid())
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    claimed = WebhookEvent.objects.filter(free, pk=event_id, status__in=_WAITING).update(
        lease=lease, leased_until=now + LEASE, attempts=F("attempts") + 1
    )
    return lease if claimed else None


def _act(event: WebhookEvent, *, lease: str, now: datetime) -> None:
    kind = EventKind(event.kind)
    if kind is EventKind.PAYMENT_CHANGED:
        payment = _local_payment(event)
        _finish_payment(event, payment, _fetch_payment(event), lease=lease, now=now)
    elif kind is EventKind.REFUND_CHANGED:
        refund = _local_refund(event)
        _finish_refund(event, refund, _fetch_refund(event), lease=lease, now=now)


def _fetch_payment(event: WebhookEvent) -> PaymentResult:
    provider = registry.payment_provider(event.provider)
    if not isinstance(provider, Payments):
        raise WebhooksNotOffered
    return provider.get_payment(event.object_ref)


def _fetch_refund(event: WebhookEvent) -> RefundResult:
    provider = registry.payment_provider(event.provider)
    if not isinstance(provider, Refunds):
        raise WebhooksNotOffered
    return provider.get_refund(event.object_ref)


def _local_payment(event: WebhookEvent) -> Payment:
    mine = Q(transaction_id=event.reference) | Q(provider_ref=event.object_ref)
    payment = Payment.objects.filter(mine, provider=event.provider).first()
    if payment is None:
        raise UnknownLocalObject
    return payment


def _local_refund(event: WebhookEvent) -> Refund:
    mine = Q(reference=event.reference) | Q(provider_ref=event.object_ref)
    refund = Refund.objects.filter(mine, payment__provider=event.provider).first()
    if refund is None:
        raise UnknownLocalObject
    return refund


@transaction.atomic(durable=True)
def _finish_payment(
    event: WebhookEvent, payment: Payment, result: PaymentResult, *, lease: str, now: datetime
) -> None:
    if _close(event, lease=lease, now=now):
        apply_payment_result(payment_id=payment.pk, result=result, now=now)


@transaction.atomic(durable=True)
def _finish_refund(
    event: WebhookEvent, refund: Refund, result: RefundResult, *, lease: str, now: datetime
) -> None:
    if _close(event, lease=lease, now=now):
        apply_refund_result(refund_id=refund.pk, result=result, now=now)


def _close(event: WebhookEvent, *, lease: str, now: datetime) -> bool:
    closed = WebhookEvent.objects.filter(pk=event.pk, lease=lease, status__in=_WAITING).update(
        status=WebhookEvent.Status.DONE,
        done_at=now,
        next_try_at=None,
        lease="",
        leased_until=None,
        error="",
    )
    return bool(closed)


@transaction.atomic(durable=True)
def _postpone(event: WebhookEvent, *, lease: str, problem: str, now: datetime) -> None:
    is_dead = event.attempts >= MAX_ATTEMPTS
    WebhookEvent.objects.filter(pk=event.pk, lease=lease).update(
        status=WebhookEvent.Status.DEAD if is_dead else WebhookEvent.Status.DEFERRED,
        next_try_at=None if is_dead else now + timedelta(seconds=10 * 2**event.attempts),
        lease="",
        leased_until=None,
        error=problem,
    )
