"""The inbox: taken in once, acted upon until it is done, and nobody can fill or stop it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client

from saaskit_core.periods import BillingFrequency
from saaskit_django import clock
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.payments import tasks
from saaskit_django.payments.models import Payment, RefusedDelivery, WebhookEvent
from saaskit_django.payments.services.deliveries import purge, revive
from saaskit_django.payments.services.inbox import (
    BACKOFF,
    LEASE,
    MAX_ATTEMPTS,
    _act,
    _lease,
    process,
    process_due,
)
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from saaskit_providers.sandbox.signatures import HEADER, sign
from saaskit_providers.sandbox.webhooks import SignedDelivery
from tests.builders import make_customer, make_plan, make_user
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/payment/webhook/sandbox/"
KIB = 1024


@pytest.fixture(autouse=True)
def _workers(sandbox: SandboxProvider, settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}


@pytest.fixture
def paid(sandbox: SandboxProvider) -> Payment:
    """A purchase that its provider knows to be paid; here it is pending."""
    customer = make_customer()
    purchase = Purchase(
        user=customer.user, plan=make_plan("pro", "30.00"), frequency=BillingFrequency.MONTHLY
    )
    payment = intend_purchase(customer, purchase, now=clock.now()).payment
    assert payment is not None
    sandbox.approve(payment.provider_ref)
    return payment


def deliveries(sandbox: SandboxProvider) -> list[SignedDelivery]:
    """What tells of payments, the oldest first."""
    found = sandbox.signed_deliveries(signed_at=clock.now())
    return [each for each in found if json.loads(each.body)["type"].startswith("payment.")]


def post(delivery: SignedDelivery, **environ: Any) -> HttpResponse:
    return post_raw(delivery.body, delivery.headers[HEADER], **environ)


def post_raw(body: bytes, signature: str, **environ: Any) -> HttpResponse:
    return Client(raise_request_exception=False).post(
        PATH, body, content_type="application/json", headers={HEADER: signature}, **environ
    )


def signed(sandbox: SandboxProvider, **changes: Any) -> tuple[bytes, str]:
    """A delivery with a good signature over a changed body."""
    body = json.dumps({**json.loads(deliveries(sandbox)[-1].body), **changes}).encode()
    return body, sign(body, secret=sandbox._secrets()[0], at=clock.now())


def test_taking_in_costs_at_most_six_queries(sandbox, paid, django_assert_max_num_queries):
    new, *_ = deliveries(sandbox)
    for _ in range(2):
        with django_assert_max_num_queries(6):
            assert post(new).json() == {"status": "received"}
    assert WebhookEvent.objects.count() == 1


def test_twenty_at_once_are_one(sandbox, paid):
    one = deliveries(sandbox)[-1]
    assert [each.status_code for each in at_once(post, [one] * 20)] == [200] * 20
    assert WebhookEvent.objects.count() == 1
    assert process_due(now=clock.now()) == 1
    assert Subscription.objects.get().status == "Active"


def test_the_same_event_of_another_provider_or_endpoint_is_another(sandbox, paid):
    post(deliveries(sandbox)[-1])
    row = WebhookEvent.objects.get()
    for changes in ({"provider": "other"}, {"endpoint": "acct_2"}):
        values = {each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields}
        WebhookEvent.objects.create(**{**values, "id": None, **changes})
    assert WebhookEvent.objects.count() == 3


@pytest.mark.parametrize("size", [256 * KIB + 1, 5 * 1024 * KIB])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_too_large_is_refused_before_it_is_read(sandbox, paid, size, is_chunked):
    stream = io.BytesIO(b"x" * size)
    environ: dict[str, Any] = {"wsgi.input": stream}
    if is_chunked:
        environ |= {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert post_raw(b"x" * size, "t=1,v1=00", **environ).status_code == 413
    assert stream.tell() <= 256 * KIB + 1
    assert not WebhookEvent.objects.exists()


def test_one_without_a_length_is_read(sandbox, paid):
    one = deliveries(sandbox)[-1]
    environ = {
        "CONTENT_LENGTH": "",
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(one.body),
    }
    assert post(one, **environ).status_code == 200
    assert WebhookEvent.objects.count() == 1


def test_secrets_are_rotated_with_both_in_use(sandbox, paid, settings):
    def use(*secrets: str) -> None:
        entry = {**settings.SAASKIT["PROVIDERS"]["sandbox"], "webhook_secrets": secrets}
        settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": {"sandbox": entry}}

    old, new = "whsec_" + "o" * 32, "whsec_" + "n" * 32
    body = deliveries(sandbox)[-1].body
    answers = []
    for secrets in ((old,), (new, old), (new,)):
        use(*secrets)
        signatures = (sign(body, secret=each, at=clock.now()) for each in (old, new))
        answers.append([post_raw(body, each).status_code for each in signatures])
    assert answers == [[200, 400], [200, 200], [400, 200]]
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_of_another_time_is_refused(sandbox, paid, seconds):
    at = clock.now() + timedelta(seconds=seconds + (1 if seconds > 0 else -1))
    body = deliveries(sandbox)[-1].body
    signature = sign(body, secret=sandbox._secrets()[0], at=at)
    assert post_raw(body, signature).status_code == 400
    assert post(deliveries(sandbox)[-1]).status_code == 200


def test_what_is_refused_is_only_counted(sandbox, paid):
    for number in range(30):
        assert post_raw(b"x" * number, "t=1,v1=00").status_code == 400
    assert not WebhookEvent.objects.exists()
    counted = RefusedDelivery.objects.values_list("provider", "code", "count")
    assert list(counted) == [("sandbox", "webhook_not_verified", 30)]


@pytest.mark.parametrize("event_id", ["", "x" * 256, "a\x00b"])
def test_names_that_no_column_holds_are_refused(sandbox, paid, event_id):
    assert post_raw(*signed(sandbox, id=event_id)).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_what_fails_waits_and_is_done_later(sandbox, paid, settings):
    assert post(deliveries(sandbox)[-1]).status_code == 200
    complete, now = settings.SAASKIT, clock.now()
    settings.SAASKIT = {**complete, "PROVIDERS": {}}
    assert process_due(now=now) == 1
    row = WebhookEvent.objects.get()
    assert (row.status, row.error, row.attempts) == ("deferred", "provider_not_found", 1)
    settings.SAASKIT = complete
    assert process_due(now=now) == 0
    assert process_due(now=row.next_try_at) == 1
    assert WebhookEvent.objects.get().status == "done"
    assert Subscription.objects.get().status == "Active"


def test_the_same_again_uses_up_no_attempt(sandbox, paid):
    one = deliveries(sandbox)[-1]
    post(one)
    WebhookEvent.objects.update(reference="", object_ref="elsewhere")
    now = clock.now()
    for _ in range(15):
        post(one)
        process(WebhookEvent.objects.get().pk, now=now)
    assert WebhookEvent.objects.get().attempts == 1


def test_what_is_known_already_asks_nobody(sandbox, paid, settings):
    for each in reversed(deliveries(sandbox)):
        post(each)
    newest = WebhookEvent.objects.order_by("-version")[0]
    process(newest.pk, now=clock.now())
    assert Payment.objects.get().provider_version == newest.version > 1
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": {}}
    process_due(now=clock.now())
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"done"}


def test_a_lost_worker_holds_it_until_its_lease_ends(sandbox, paid):
    post(deliveries(sandbox)[-1])
    now = clock.now()
    held = _lease(WebhookEvent.objects.all(), now=now)
    assert held is not None
    assert process_due(now=now) == 0
    assert process_due(now=now + LEASE) == 1
    assert _act(held, now=now) == []
    assert (WebhookEvent.objects.get().status, WebhookEvent.objects.get().attempts) == ("done", 2)


def test_what_kills_its_workers_is_given_up(sandbox, paid, caplog):
    post(deliveries(sandbox)[-1])
    now = clock.now()
    for _ in range(MAX_ATTEMPTS):
        assert _lease(WebhookEvent.objects.all(), now=now) is not None
        now += LEASE
    assert process_due(now=now) == 0
    row = WebhookEvent.objects.get()
    assert (row.status, row.error, row.next_try_at) == ("dead", "worker_lost", None)
    assert "dead" in caplog.text
    assert revive([row.pk], now=now) == 1
    assert process_due(now=now) == 1
    assert WebhookEvent.objects.get().status == "done"


def test_about_something_unknown_it_waits_longer_each_time(sandbox, paid):
    post(deliveries(sandbox)[-1])
    WebhookEvent.objects.update(reference="", object_ref="elsewhere")
    now = clock.now()
    for wait in BACKOFF:
        process(WebhookEvent.objects.get().pk, now=now)
        row = WebhookEvent.objects.get()
        assert (row.status, row.error, row.next_try_at) == (
            "deferred",
            "unknown_local_object",
            now + wait,
        )
        now += wait
    process(row.pk, now=now)
    assert WebhookEvent.objects.get().status == "dead"


def test_a_purged_delivery_that_comes_again_changes_nothing(sandbox, paid):
    for each in deliveries(sandbox):
        post(each)
    process_due(now=clock.now())
    before = Payment.objects.values().get()
    assert purge(older_than=clock.now() + timedelta(seconds=1)) == len(deliveries(sandbox))
    for each in deliveries(sandbox):
        assert post(each).status_code == 200
    process_due(now=clock.now())
    assert Payment.objects.values().get() == before
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"done"}


def test_with_celery_a_task_acts_and_a_broker_that_is_away_changes_no_answer(
    sandbox, paid, settings, monkeypatch
):
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "celery"}
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.process_webhooks, "apply_async", lambda **how: sent.append(how))
    one = deliveries(sandbox)[-1]
    assert post(one).status_code == 200
    assert sent == [{"retry": False}]

    def fail(**_: Any) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(tasks.process_webhooks, "apply_async", fail)
    assert post(one).status_code == 200
    assert WebhookEvent.objects.get().status == "received"
    tasks.process_webhooks()
    assert WebhookEvent.objects.get().status == "done"


class TestAdmin:
    page = "/admin/saaskit_payments/webhookevent/"

    @pytest.fixture(autouse=True)
    def _delivered(self, sandbox, paid):
        for each in deliveries(sandbox):
            post(each)

    def test_it_shows_no_bodies_and_costs_the_same_for_many(
        self, admin_client, django_assert_max_num_queries
    ):
        row = WebhookEvent.objects.all()[0]
        values = {each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields}
        WebhookEvent.objects.bulk_create(
            WebhookEvent(**{**values, "id": None, "event_id": f"copy{number}"})
            for number in range(40)
        )
        with django_assert_max_num_queries(8):
            shown = admin_client.get(f"{self.page}?status__exact=received&provider=sandbox")
        assert shown.status_code == 200
        one = admin_client.get(f"{self.page}{row.pk}/change/").content.decode()
        assert row.event_id in one
        assert "Body" not in one
        assert admin_client.get("/admin/saaskit_payments/refuseddelivery/").status_code == 200

    def test_who_may_change_may_replay(self, admin_client):
        process_due(now=clock.now())
        ids = list(WebhookEvent.objects.values_list("pk", flat=True))
        admin_client.post(self.page, {"action": "replay", "_selected_action": ids})
        assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"received"}

    def test_who_may_only_look_may_not(self, client):
        process_due(now=clock.now())
        user = make_user("looker@example.com", is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_webhookevent"))
        client.force_login(user)
        ids = list(WebhookEvent.objects.values_list("pk", flat=True))
        assert 'value="replay"' not in client.get(self.page).content.decode()
        client.post(self.page, {"action": "replay", "_selected_action": ids})
        assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"done"}


def test_an_unconfigured_provider_has_no_webhook(sandbox, paid):
    one = deliveries(sandbox)[-1]
    answer = Client().post(
        "/api/payment/webhook/other/", one.body, "application/json", headers=dict(one.headers)
    )
    assert answer.status_code == 404
    assert not RefusedDelivery.objects.exists()
