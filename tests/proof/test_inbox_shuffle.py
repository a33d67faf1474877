"""p01: deliveries in any order, any number of times, while the provider goes on: one end state."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from saaskit_core.providers import WebhookRequest
from saaskit_django import clock, registry
from saaskit_django.payments.models import Payment, WebhookEvent
from saaskit_django.payments.services.deliveries import revive
from saaskit_django.payments.services.inbox import BACKOFF, process, process_due
from saaskit_django.payments.services.webhook import receive
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.proof.histories import Shop, differences, fingerprint, state
from tests.proof.sizes import SEEDS, size
from tests.proof.workers import together

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS = size(5, 2350)
"""Nine events each on average, of payments and refunds: 200 and 100,000 deliveries."""
COPIES = 5
WORKERS = 2
REPLAYED = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one worker gets: deliveries, in their order, and a seed."""

    requests: Sequence[WebhookRequest]
    seed: int


def take_in(batch: Batch) -> int:
    """Store each; act upon some at once, leave the others to the queue, replay a few."""
    rng = random.Random(batch.seed)
    for request in batch.requests:
        event = receive(provider_name="sandbox", request=request)
        chance = rng.random()
        if chance < REPLAYED:
            revive([event.pk], now=clock.now())
        if chance < 0.5:
            process(event.pk, now=clock.now())
        elif chance < 0.6:
            process_due(now=clock.now(), limit=10)
    return len(batch.requests)


def fresh_books(settings: Any, path: Path) -> SandboxProvider:
    call_command("flush", interactive=False, verbosity=0)
    providers = {"sandbox": {"type": "sandbox", "path": str(path)}}
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": providers}
    sandbox = registry.payment_provider("sandbox")
    assert isinstance(sandbox, SandboxProvider)
    return sandbox


def deliver_everything(shop: Shop, rng: random.Random) -> int:
    """Deliver while it happens, half of what waits per round; at the end all that is left."""
    delivered = since = 0
    waiting: list[WebhookRequest] = []
    goes_on = True
    while goes_on or waiting:
        goes_on = goes_on and shop.go_on(rng)
        signed_at = clock.now()
        for each in shop.sandbox.signed_deliveries(since=since, signed_at=signed_at):
            since = max(since, each.sequence)
            waiting += [_request(each.headers, each.body, signed_at)] * COPIES
        rng.shuffle(waiting)
        count = len(waiting) // 2 if goes_on else len(waiting)
        now, waiting = waiting[:count], waiting[count:]
        delivered += _deliver(now, rng)
    return delivered


def _request(headers: Any, body: bytes, at: datetime) -> WebhookRequest:
    return WebhookRequest(headers=dict(headers), body=body, url="", received_at=at)


def _deliver(requests: Sequence[WebhookRequest], rng: random.Random) -> int:
    batches = [
        Batch(requests=requests[each::WORKERS], seed=rng.randrange(2**32))
        for each in range(WORKERS)
    ]
    return sum(together(take_in, batches))


def settle_the_rest() -> None:
    """Let time pass until nothing waits: what is about nothing of ours ends as dead."""
    now = clock.now()
    for wait in (timedelta(0), *BACKOFF):
        now += wait + timedelta(hours=1)
        while process_due(now=now):
            pass


def test_shuffled_deliveries_end_in_one_state(settings: Any, tmp_path: Path) -> None:
    prints = {}
    for seed in SEEDS:
        shop = Shop(fresh_books(settings, tmp_path / f"books-{seed}.sqlite3"), buyers=BUYERS)
        started = time.perf_counter()
        delivered = deliver_everything(shop, random.Random(seed))
        seconds = time.perf_counter() - started
        settle_the_rest()

        assert differences(shop.sandbox) == []
        found = state()
        prints[seed] = fingerprint(found)
        print(  # noqa: T201 (a proof's figures)
            f"\nseed {seed}: {delivered} deliveries of {WebhookEvent.objects.count()} events in"
            f" {seconds:.1f} s ({delivered / seconds:.0f}/s), state {prints[seed]}"
        )
        assert delivered == COPIES * WebhookEvent.objects.count()
        assert found["parked"] == 0
        _check_outcomes()

    assert len(set(prints.values())) == 1, prints


def _check_outcomes() -> None:
    paid = BUYERS - BUYERS // 5
    states = Counter(Payment.objects.values_list("state", flat=True))
    assert states == {"succeeded": paid, "failed": BUYERS - paid}
    statuses = Counter(WebhookEvent.objects.values_list("status", flat=True))
    unknown = WebhookEvent.objects.filter(error="unknown_local_object")
    assert set(statuses) <= {"done", "dead", "ignored"}
    assert statuses["dead"] == unknown.filter(kind="refund.changed").count()
