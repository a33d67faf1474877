"""Acting upon what was delivered: leased, in any order, again after a failure, then dead.

Any number of workers may run at once. A lease is one conditional UPDATE, so it holds on SQLite and
on PostgreSQL (where workers skip what others hold); a worker that dies leaves a lease that ends.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, QuerySet, Subquery

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.providers import (
    EventKind,
    PaymentResult,
    Payments,
    ProviderError,
    RefundResult,
    Refunds,
    UnsupportedOperation,
)
from saaskit_django import clock, registry
from saaskit_django.identifiers import new_uuid
from saaskit_django.payments.models import Payment, Refund, WebhookEvent
from saaskit_django.payments.services.confirm import follow_up
from saaskit_django.payments.services.refund import apply_refund_result
from saaskit_django.payments.services.settle import apply_payment_result

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

HANDLED = frozenset({EventKind.PAYMENT_CHANGED, EventKind.REFUND_CHANGED})
WAITING = (WebhookEvent.Status.RECEIVED, WebhookEvent.Status.DEFERRED)
LEASE = timedelta(minutes=5)
BACKOFF = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
)
"""How long to wait after the first, second … failure; after the last one a delivery is dead."""
MAX_ATTEMPTS = len(BACKOFF) + 1


class UnknownLocalObject(SaasKitError):
    code = "unknown_local_object"
    kind = ErrorKind.NOT_FOUND
    template = "The delivery is about something that isn't here (yet)."


def process_due(*, now: datetime, limit: int = 500) -> int:
    """Act on stored deliveries whose time has come; returns how many were looked at."""
    started = clock.now()
    _bury(now=now)
    for looked_at in range(limit):
        at = now + (clock.now() - started)
        event = _lease(WebhookEvent.objects.all(), now=at)
        if event is None:
            return looked_at
        _try(event, now=at)
    return limit


def process(event_id: int, *, now: datetime) -> None:
    """Act on one stored delivery, if it is due: ask the provider what is true, then write it.

    Deliveries are facts, never orders: whatever their order and number, the state that the provider
    reports is what ends up here. What fails is tried again with growing pauses, then marked dead.
    """
    event = _lease(WebhookEvent.objects.filter(pk=event_id), now=now)
    if event is not None:
        _try(event, now=now)


@transaction.atomic(durable=True)
def _lease(candidates: QuerySet[WebhookEvent], *, now: datetime) -> WebhookEvent | None:
    """Take the candidate that has been due longest and that nobody holds."""
    free = _free(now) & Q(status__in=WAITING, attempts__lt=MAX_ATTEMPTS)
    due = candidates.filter(free, next_try_at__lte=now).order_by("next_try_at", "pk")
    if transaction.get_connection().features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    token = str(new_uuid())
    taken = WebhookEvent.objects.filter(free, pk=Subquery(due.values("pk")[:1])).update(
        lease=token, leased_until=now + LEASE, attempts=F("attempts") + 1
    )
    return WebhookEvent.objects.defer("body").get(lease=token) if taken else None


def _free(now: datetime) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lte=now)


@transaction.atomic(durable=True)
def _bury(*, now: datetime) -> None:
    """Give up what was held by a worker that died at the last attempt: it may be what killed it."""
    last_tried = Q(status__in=WAITING, next_try_at__lte=now, attempts__gte=MAX_ATTEMPTS)
    buried = WebhookEvent.objects.filter(last_tried, leased_until__lte=now).update(
        status=WebhookEvent.Status.DEAD,
        next_try_at=None,
        lease="",
        leased_until=None,
        error="worker_lost",
    )
    if buried:
        logger.error("%s webhook deliveries are dead: their workers were lost", buried)


def _try(event: WebhookEvent, *, now: datetime) -> None:
    try:
        follow_ups = _act(event, now=now)
    except SaasKitError as exc:
        _postpone(event, problem=exc.code, now=now)
    except Exception:
        logger.exception("acting on webhook delivery %s failed", event.pk)
        _postpone(event, problem="internal_error", now=now)
    else:
        _send(follow_ups, now=now)


def _act(event: WebhookEvent, *, now: datetime) -> list[int]:
    """Write what the provider says; returns the payments to submit next (usually none)."""
    if EventKind(event.kind) is EventKind.PAYMENT_CHANGED:
        payment = _local_payment(event)
        result = None if _is_known(event, payment) else _fetch_payment(event)
        return _finish_payment(event, payment, result, now=now)
    refund = _local_refund(event)
    _finish_refund(event, refund, _fetch_refund(event), now=now)
    return []


def _is_known(event: WebhookEvent, payment: Payment) -> bool:
    """Tell whether what is stored is at least as new as what the delivery tells of."""
    is_same = payment.provider_ref == event.object_ref
    return is_same and 0 < event.version <= payment.provider_version


def _fetch_payment(event: WebhookEvent) -> PaymentResult:
    provider = registry.payment_provider(event.provider)
    if not isinstance(provider, Payments):
        raise UnsupportedOperation(provider=event.provider, operation="payments")
    return provider.get_payment(event.object_ref)


def _fetch_refund(event: WebhookEvent) -> RefundResult:
    provider = registry.payment_provider(event.provider)
    if not isinstance(provider, Refunds):
        raise UnsupportedOperation(provider=event.provider, operation="refunds")
    return provider.get_refund(event.object_ref)


def _local_payment(event: WebhookEvent) -> Payment:
    for name in _names(event, "transaction_id"):
        found = Payment.objects.filter(name, provider=event.provider).first()
        if found is not None:
            return found
    raise UnknownLocalObject


def _local_refund(event: WebhookEvent) -> Refund:
    for name in _names(event, "reference"):
        found = Refund.objects.filter(name, payment__provider=event.provider).first()
        if found is not None:
            return found
    raise UnknownLocalObject


def _names(event: WebhookEvent, ours: str) -> list[Q]:
    """Return how the object may be found: by our reference, then by the provider's."""
    given = ((ours, event.reference), ("provider_ref", event.object_ref))
    return [Q(**{name: text}) for name, text in given if text]


@transaction.atomic(durable=True)
def _finish_payment(
    event: WebhookEvent, payment: Payment, result: PaymentResult | None, *, now: datetime
) -> list[int]:
    if _close(event, now=now) and result is not None:
        return apply_payment_result(payment_id=payment.pk, result=result, now=now)
    return []


@transaction.atomic(durable=True)
def _finish_refund(
    event: WebhookEvent, refund: Refund, result: RefundResult, *, now: datetime
) -> None:
    if _close(event, now=now):
        apply_refund_result(refund_id=refund.pk, result=result, now=now)


def _close(event: WebhookEvent, *, now: datetime) -> bool:
    """Mark it done, unless another worker took it over meanwhile."""
    closed = WebhookEvent.objects.filter(pk=event.pk, lease=event.lease, status__in=WAITING).update(
        status=WebhookEvent.Status.DONE,
        done_at=now,
        next_try_at=None,
        lease="",
        leased_until=None,
        error="",
    )
    return bool(closed)


def _send(payment_ids: list[int], *, now: datetime) -> None:
    """Send what settling led to; whatever isn't sent now, the janitor sends."""
    try:
        follow_up(payment_ids, now=now)
    except ProviderError as exc:
        logger.info("a follow-up payment waits: %s", exc.code)
    except Exception:
        logger.exception("sending the follow-up payments %s failed", payment_ids)


@transaction.atomic(durable=True)
def _postpone(event: WebhookEvent, *, problem: str, now: datetime) -> None:
    is_dead = event.attempts >= MAX_ATTEMPTS
    changed = WebhookEvent.objects.filter(pk=event.pk, lease=event.lease).update(
        status=WebhookEvent.Status.DEAD if is_dead else WebhookEvent.Status.DEFERRED,
        next_try_at=None if is_dead else now + BACKOFF[event.attempts - 1],
        lease="",
        leased_until=None,
        error=problem,
    )
    if changed and is_dead:
        logger.error("webhook delivery %s is dead: %s", event.pk, problem)
