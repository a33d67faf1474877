"""Taking deliveries in: verified on their raw bytes, stored once, then answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils.module_loading import import_string

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.providers import (
    ProviderEvent,
    WebhookPayloadError,
    WebhookRequest,
    Webhooks,
    WebhookVerificationError,
)
from saaskit_django import registry
from saaskit_django.conf import Dispatch, conf
from saaskit_django.payments.models import RefusedDelivery, WebhookEvent
from saaskit_django.payments.services.inbox import HANDLED, process

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

TASK = "saaskit_django.payments.tasks.process_webhooks"
LARGEST_VERSION = 2**63 - 1


class WebhooksNotOffered(SaasKitError):
    code = "webhooks_not_offered"
    kind = ErrorKind.NOT_FOUND
    template = "There is no webhook here."


def receive(*, provider_name: str, request: WebhookRequest) -> WebhookEvent:
    """Verify a delivery on its raw bytes and store it once; the caller answers 2xx after that.

    Raises UnknownProvider (404), WebhooksNotOffered (404), WebhookVerificationError and
    WebhookPayloadError (400): then the delivery is counted and nothing of it is stored.
    """
    provider = registry.payment_provider(provider_name)
    if not isinstance(provider, Webhooks):
        raise WebhooksNotOffered
    try:
        event = provider.parse_webhook(request)
        _check_storable(event, provider_name)
    except (WebhookVerificationError, WebhookPayloadError) as refusal:
        logger.info("refused a delivery for %s: %r", provider_name, refusal.provider_code[:64])
        _count_refused(provider_name, code=refusal.code, now=request.received_at)
        raise
    return _store(provider_name, event, request)


def act_soon(event: WebhookEvent, *, now: datetime) -> None:
    """Have a stored delivery acted upon as DISPATCH says. It never raises: the row waits."""
    mode = conf().dispatch
    if mode is Dispatch.INLINE:
        process(event.pk, now=now)
    elif mode is Dispatch.CELERY and event.next_try_at is not None:
        try:
            import_string(TASK).apply_async(retry=False)
        except Exception:
            logger.exception("webhook delivery %s waits: the broker can't be reached", event.pk)


def _check_storable(event: ProviderEvent, provider_name: str) -> None:
    """Refuse names that no column holds: a signature doesn't make a payload sensible."""
    for name, text in (
        ("event_id", event.event_id),
        ("object_ref", event.object_ref),
        ("endpoint", event.endpoint),
    ):
        if len(text) > 255 or "\x00" in text or (name == "event_id" and not text):
            raise WebhookPayloadError(provider=provider_name, provider_code=name)


@transaction.atomic(durable=True)
def _store(provider_name: str, event: ProviderEvent, request: WebhookRequest) -> WebhookEvent:
    is_handled = event.kind in HANDLED
    row = WebhookEvent(
        provider=provider_name,
        endpoint=event.endpoint,
        event_id=event.event_id,
        kind=event.kind,
        object_ref=event.object_ref,
        reference=_ours(event.reference),
        version=event.version if 0 <= event.version <= LARGEST_VERSION else 0,
        body=request.body,
        occurred_at=event.occurred_at,
        received_at=request.received_at,
        status=WebhookEvent.Status.RECEIVED if is_handled else WebhookEvent.Status.IGNORED,
        next_try_at=request.received_at if is_handled else None,
    )
    WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
    return WebhookEvent.objects.defer("body").get(
        provider=provider_name, endpoint=event.endpoint, event_id=event.event_id
    )


def _ours(reference: str) -> str:
    """Return the reference if it can be one of ours; other systems write longer ones."""
    return reference if len(reference) <= 64 and "\x00" not in reference else ""


@transaction.atomic(durable=True)
def _count_refused(provider_name: str, *, code: str, now: datetime) -> None:
    """Count in a row per provider, reason and day, so that nobody can fill the table."""
    names = {"provider": provider_name, "code": code, "day": now.date()}
    while not RefusedDelivery.objects.filter(**names).update(count=F("count") + 1, last_at=now):
        fresh = RefusedDelivery(**names, last_at=now)
        RefusedDelivery.objects.bulk_create([fresh], ignore_conflicts=True)
