"""Several sweeps share what is due, and one that stops or dies leaves nothing behind for long."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import advance_clock
from saaskit_django.jobs import Pace
from saaskit_django.renewals.models import SweepClaim
from saaskit_django.renewals.selectors import count_due
from saaskit_django.renewals.services import claims
from saaskit_django.renewals.services.claims import LEASE, claimed_subscriptions
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START
from tests.concurrency.threads import at_once
from tests.proof.due import make_due

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due(sandbox: SandboxProvider, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Five subscriptions that are due, in chunks of two."""
    monkeypatch.setattr(claims, "CHUNK", 2)
    make_due(5, now=START)
    return list(Subscription.objects.order_by("pk").values_list("pk", flat=True))


def test_two_at_once_share_them(due: list[int]) -> None:
    with (
        closing(claimed_subscriptions(now=START)) as one,
        closing(claimed_subscriptions(now=START)) as other,
    ):
        dealt = [next(each) for each in (one, other, one, other, other)]
    assert dealt == [due[0], due[2], due[1], due[3], due[4]]
    assert not SweepClaim.objects.exists()


def test_threads_take_each_once(due: list[int]) -> None:

    def take(_: int) -> int:
        return sweep(now=START).renewed

    assert sum(at_once(take, range(4))) == 5
    assert Subscription.objects.filter(period_index=1).count() == 5


def test_a_dead_workers_are_taken_over_after_its_lease(due: list[int]) -> None:
    for pk in due[:3]:
        SweepClaim.objects.create(subscription_id=pk, leased_by="gone", leased_until=START + LEASE)
    assert list(claimed_subscriptions(now=START)) == due[3:]
    assert list(claimed_subscriptions(now=START + LEASE)) == due


def test_a_sweep_that_is_stopped_gives_back_what_it_has(due: list[int]) -> None:
    seen: list[tuple[int, int]] = []
    pace = Pace(
        should_stop=lambda: len(seen) == 3, report=lambda done, total: seen.append((done, total))
    )
    assert sweep(now=START, pace=pace).renewed == 3
    assert seen == [(1, 5), (2, 5), (3, 5)]
    assert not SweepClaim.objects.exists()
    assert count_due(now=START) == 2
    assert sweep(now=START).renewed == 2


def test_what_stays_due_comes_once_per_sweep(due: list[int]) -> None:
    for _ in range(2):
        assert list(claimed_subscriptions(now=START)) == due


def test_test_clocks_are_dealt_out_too(due: list[int]) -> None:
    early = START - timedelta(days=10)
    assert list(claimed_subscriptions(now=early)) == []
    ahead = Subscription.objects.get(pk=due[2]).customer_id
    advance_clock(customer_id=ahead, by=timedelta(days=10))
    assert list(claimed_subscriptions(now=early)) == [due[2]]
    SweepClaim.objects.create(
        subscription_id=due[2], leased_by="another", leased_until=early + LEASE
    )
    assert list(claimed_subscriptions(now=early)) == []


def test_a_chunk_costs_as_many_queries_for_many(
    sandbox: SandboxProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(claimed_subscriptions(now=START))
        return len(captured)

    make_due(1, now=START)
    few = queries()
    one = Subscription.objects.get()
    template = {
        field.attname: getattr(one, field.attname)
        for field in Subscription._meta.concrete_fields
        if not field.primary_key
    }
    owner = Customer.objects.get()
    Subscription.objects.bulk_create(
        Subscription(**{**template, "reference": f"copy{number}", "group": f"group{number}"})
        for number in range(30)
    )
    assert Subscription.objects.filter(customer=owner).count() == 31
    assert queries() == few <= 11
