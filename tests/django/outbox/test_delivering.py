"""What is written gets delivered: at least once, in order per aggregate, again after a failure."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction

from saaskit_core.plugin_reports import Listener, LoadedPlugin
from saaskit_django import clock
from saaskit_django.outbox import handlers
from saaskit_django.outbox.deliveries import revive
from saaskit_django.outbox.dispatcher import (
    BACKOFF,
    LEASE,
    Delivered,
    _deliver,
    _lease,
    deliver_due,
    purge_delivered,
)
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.outbox.reactions import name_of
from saaskit_django.outbox.signals import event_delivered
from saaskit_django.outbox.tasks import deliver_outbox
from tests.builders import make_user
from tests.django.outbox.shop import STATE, first, order, outside, second, write

pytestmark = pytest.mark.django_db
really_committed = pytest.mark.django_db(transaction=True)
LATER = timedelta(days=2)


@pytest.fixture(autouse=True)
def _by_hand(settings):
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}


def fail(message):
    raise RuntimeError("no")


def fail_on(number):
    def behave(message):
        if message.payload["number"] == number:
            raise RuntimeError("no")

    return behave


@really_committed
def test_each_reaction_runs_once(react):
    react(first, second, outside)
    write(order(1))
    assert deliver_due() == Delivered(done=3)
    assert deliver_due() == Delivered()
    assert sorted(STATE.seen) == [("first", 1), ("outside", 1), ("second", 1)]
    assert set(Delivery.objects.values_list("status", "attempts")) == {("delivered", 1)}


def test_an_aggregate_stays_in_order(react):
    for number in range(1, 8):
        write(order(number))
    deliver_due()
    assert STATE.seen == [("first", number) for number in range(1, 8)]


def test_a_failure_holds_back_its_own_aggregate_and_reaction_only(react):
    react(first, second)
    STATE.behaviour = lambda message: fail_on(1)(message) if STATE.seen[-1][0] == "first" else None
    write(order(1), order(2))
    write(order(3, aggregate="order:2"))
    done = deliver_due()
    assert (done.done, done.failed) == (4, 1)
    assert ("first", 2) not in STATE.seen
    assert ("first", 3) in STATE.seen
    STATE.behaviour = lambda message: None
    assert deliver_due(clock.now() + LATER).done == 2
    assert STATE.seen[-2:] == [("first", 1), ("first", 2)]


def test_a_failed_reaction_leaves_nothing_and_waits_longer_each_time(react):
    def write_and_fail(message):
        OutboxMessage.objects.create(
            topic="x", key="left behind", aggregate="x", payload={}, occurred_at=clock.now()
        )
        raise RuntimeError("secret?")

    STATE.behaviour = write_and_fail
    write(order(1))
    now = clock.now()
    for wait in BACKOFF:
        assert deliver_due(now) == Delivered(failed=1)
        row = Delivery.objects.get()
        assert row.next_at == now + wait
        assert row.last_error == "RuntimeError: secret?"
        assert deliver_due(now + wait - timedelta(microseconds=1)) == Delivered()
        now += wait
    assert deliver_due(now) == Delivered(dead=1)
    assert OutboxMessage.objects.count() == 1
    assert deliver_due(now + LATER) == Delivered()


def test_what_is_dead_lets_the_next_one_pass_and_can_be_revived(react):
    STATE.behaviour = fail_on(1)
    write(order(1), order(2))
    Delivery.objects.filter(message__payload__number=1).update(attempts=len(BACKOFF))
    assert deliver_due() == Delivered(dead=1, done=1)
    STATE.behaviour = lambda message: None
    dead = list(Delivery.objects.filter(status="dead").values_list("pk", flat=True))
    assert revive(delivery_ids=dead, now=clock.now()) == 1
    assert deliver_due() == Delivered(done=1)


def test_a_reaction_in_a_transaction_takes_effect_with_its_mark(react):
    def check(message):
        assert transaction.get_connection().in_atomic_block
        assert Delivery.objects.get().status == "delivered"

    STATE.behaviour = check
    write(order(1))
    assert deliver_due() == Delivered(done=1)


def test_a_reaction_that_is_gone_is_a_failure(react):
    write(order(1))
    Delivery.objects.update(handler="no.such.reaction")
    assert deliver_due() == Delivered(failed=1)
    assert "ModuleNotFoundError" in Delivery.objects.get().last_error


def test_the_message_says_which_attempt_it_is(react):
    attempts = []
    STATE.behaviour = lambda message: attempts.append(message.attempt) or fail(message)
    write(order(1))
    deliver_due()
    deliver_due(clock.now() + LATER)
    assert attempts == [1, 2]


def test_a_lease_keeps_others_away_until_it_ends(react):
    write(order(1))
    now = clock.now()
    assert len(_lease(now, size=5)) == 1
    assert deliver_due(now) == Delivered()
    assert deliver_due(now + LEASE) == Delivered(done=1)


def test_what_kills_its_workers_is_given_up_and_takes_no_others_along(react):
    for number in range(3):
        write(order(number, aggregate=f"order:{number}"))
    now = clock.now()
    leased = _lease(now, size=5)
    assert len(leased) == 3
    killer = leased[0].pk
    for _ in range(len(BACKOFF)):
        now += LEASE
        (taken,) = _lease(now, size=5)
        if taken.pk != killer:
            assert _deliver(taken, now=now) == Delivered(done=1)
    others = Delivery.objects.exclude(pk=killer)
    assert set(others.values_list("status", "attempts")) <= {("delivered", 2), ("pending", 0)}
    for _ in range(3):
        now += LEASE
        for taken in _lease(now, size=5):
            if taken.pk != killer:
                _deliver(taken, now=now)
    assert deliver_due(now + LEASE).dead == 1
    dead = Delivery.objects.get(status="dead")
    assert (dead.pk, dead.last_error) == (killer, "the worker was lost")
    assert set(others.values_list("status", flat=True)) == {"delivered"}


@really_committed
@pytest.mark.parametrize("reaction", [first, outside])
def test_who_lost_his_lease_leaves_it_to_the_other(react, reaction):
    react(reaction)

    def steal(message):
        Delivery.objects.filter(status="pending").update(leased_by="another")

    if reaction is outside:
        STATE.behaviour = steal
        write(order(1))
        assert deliver_due() == Delivered()
        assert Delivery.objects.get().leased_by == "another"
    else:
        write(order(1))
        (held,) = _lease(clock.now(), size=1)
        steal(None)
        assert _deliver(held, now=clock.now()) == Delivered()
        assert STATE.seen == []


@really_committed
def test_many_workers_deliver_each_once(react):
    for number in range(40):
        write(order(number, aggregate=f"order:{number % 8}"))

    def work(_):
        try:
            return deliver_due().done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(work, range(4)))
    done += deliver_due().done
    assert done == 40
    assert sorted(number for _, number in STATE.seen) == list(range(40))
    for aggregate in range(8):
        numbers = [number for _, number in STATE.seen if number % 8 == aggregate]
        assert numbers == sorted(numbers)


def test_a_limit_is_kept(react):
    for number in range(5):
        write(order(number))
    assert deliver_due(limit=3).done == 3
    assert deliver_due().done == 2


def test_what_was_delivered_long_ago_is_purged(react):
    react(first, second)
    write(order(1))
    deliver_due()
    write(order(2))
    later = clock.now() + timedelta(days=31)
    assert purge_delivered(now=clock.now()) == 0
    assert purge_delivered(now=later) == 1
    assert OutboxMessage.objects.get().payload["number"] == 2


@really_committed
class TestAfterCommit:
    @pytest.fixture(autouse=True)
    def _inline(self, settings):
        settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "inline"}

    def test_inline_it_is_delivered_at_once(self, react):
        write(order(1), order(2))
        assert STATE.seen == [("first", 1), ("first", 2)]

    def test_a_failing_reaction_never_breaks_the_request(self, react):
        STATE.behaviour = fail
        write(order(1))
        assert Delivery.objects.get().status == "pending"

    def test_a_broken_outbox_never_breaks_the_request(self, react, monkeypatch, caplog):
        monkeypatch.setattr("saaskit_django.outbox.dispatcher._lease", fail)
        with caplog.at_level(logging.ERROR):
            write(order(1))
        assert OutboxMessage.objects.count() == 1

    def test_what_a_reaction_records_is_delivered_in_the_same_run(self, react):
        STATE.behaviour = lambda message: (
            write(order(2, aggregate="order:2")) if message.payload["number"] == 1 else None
        )
        write(order(1))
        assert STATE.seen == [("first", 1), ("first", 2)]

    def test_with_celery_the_task_delivers(self, react, settings, monkeypatch):
        sent = []
        task = "saaskit_django.outbox.tasks.deliver_outbox"
        monkeypatch.setattr(f"{task}.apply_async", lambda **_: sent.append(1))
        settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "celery"}
        write(order(1), order(2))
        assert (STATE.seen, sent) == ([], [1])
        deliver_outbox()
        assert STATE.seen == [("first", 1), ("first", 2)]


class TestAnnouncing:
    @pytest.fixture(autouse=True)
    def _announce(self, react):
        react(handlers.announce)

    def test_the_signal_reaches_the_host(self):
        seen = []

        def receive(sender, message, **_):
            seen.append(message.payload["number"])

        event_delivered.connect(receive)
        write(order(1))
        deliver_due()
        event_delivered.disconnect(receive)
        assert seen == [1]

    def test_a_receiver_that_raises_is_called_again(self):
        calls = []

        def receive(sender, message, **_):
            calls.append(message.attempt)
            if len(calls) == 1:
                raise RuntimeError

        event_delivered.connect(receive)
        write(order(1))
        assert deliver_due().failed == 1
        assert deliver_due(clock.now() + LATER).done == 1
        event_delivered.disconnect(receive)
        assert calls == [1, 2]

    def test_plugins_are_told_and_their_failures_only_reported(self, monkeypatch, caplog):
        told = []
        report = handlers.plugins()
        plugin = LoadedPlugin(name="p", distribution="d", version="1", hooks=())
        listeners = (
            Listener(plugin=plugin, react=fail),
            Listener(plugin=plugin, react=told.append),
        )
        changed = type(report)(
            **{
                **{name: getattr(report, name) for name in report.__dataclass_fields__},
                "listeners": listeners,
            }
        )
        monkeypatch.setattr(handlers, "plugins", lambda: changed)
        write(order(1))
        with caplog.at_level(logging.ERROR):
            assert deliver_due().done == 1
        assert told == [order(1)]
        assert "saaskit_domain_event raised" in caplog.text


def test_the_admin_pages_open(react, admin_client):
    write(order(1))
    for page in ("delivery", "outboxmessage"):
        assert admin_client.get(f"/admin/saaskit_outbox/{page}/").status_code == 200
    Delivery.objects.update(status="dead")
    chosen = {"action": "deliver_again", "_selected_action": [Delivery.objects.get().pk]}
    admin_client.post("/admin/saaskit_outbox/delivery/", chosen)
    assert Delivery.objects.get().status == "pending"


def test_the_admin_list_costs_the_same_for_many(react, admin_client, django_assert_max_num_queries):
    page = "/admin/saaskit_outbox/delivery/?status__exact=pending"
    for number in range(30):
        write(order(number))
    with django_assert_max_num_queries(8):
        assert admin_client.get(page).status_code == 200


def test_who_may_only_look_revives_nothing(react, client):
    write(order(1))
    Delivery.objects.update(status="dead")
    user = make_user("looker@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(user)
    page = "/admin/saaskit_outbox/delivery/"
    assert "deliver_again" not in client.get(page).content.decode()
    client.post(page, {"action": "deliver_again", "_selected_action": [Delivery.objects.get().pk]})
    assert Delivery.objects.get().status == "dead"


def test_names_are_stable():
    assert name_of(first) == "tests.django.outbox.shop.first"
