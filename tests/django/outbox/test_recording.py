"""Events are written with the change that makes them, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from saaskit_django.outbox import reactions
from saaskit_django.outbox.messages import Message
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.outbox.services import RecordedOutsideTransaction, gathered, record
from tests.django.outbox.shop import NOW, Ordered, first, order, second, write


@pytest.mark.django_db
def test_an_event_is_a_message_and_a_delivery_per_reaction(react):
    react(first, second)
    (message,) = write(order(7))
    assert (message.topic, message.aggregate, message.occurred_at) == (
        "shop.ordered",
        "order:1",
        NOW,
    )
    assert message.payload["number"] == 7
    names = Delivery.objects.values_list("handler", flat=True)
    assert sorted(names) == sorted(reactions.name_of(each) for each in (first, second))


@pytest.mark.django_db
def test_nothing_to_write_writes_nothing():
    assert record() == ()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_refused():
    with pytest.raises(RecordedOutsideTransaction):
        record(order(1))


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_has_no_event(react):
    with transaction.atomic():
        record(order(1))
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert react().seen == []


@pytest.mark.django_db
def test_with_a_key_an_event_is_written_once(react):
    assert len(write(order(1), order(2), key="k")) == 2
    assert write(order(1), order(2), key="k") == ()
    assert OutboxMessage.objects.count() == Delivery.objects.count() == 2


@pytest.mark.django_db
def test_what_is_gathered_is_written_in_order_at_the_end(react, django_assert_num_queries):
    react(first, second)
    with transaction.atomic(), django_assert_num_queries(2), gathered():
        record(order(1))
        with gathered():
            record(order(2))
        assert record(order(3)) == ()
    written = OutboxMessage.objects.order_by("pk")
    assert [each.payload["number"] for each in written] == [1, 2, 3]
    assert Delivery.objects.count() == 6


@pytest.mark.django_db
def test_what_is_gathered_and_fails_is_not_written(react):
    react(first)

    @transaction.atomic
    def fail() -> None:
        with gathered():
            record(order(1))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with transaction.atomic():
        assert len(record(order(2))) == 1
    assert OutboxMessage.objects.count() == 1


@pytest.mark.django_db
def test_a_delivery_is_unique_and_its_state_makes_sense(react):
    (message,) = write(order(1))
    row = {"message": message, "handler": "x", "aggregate": "a", "next_at": NOW}
    Delivery.objects.create(**row)
    for bad in (row, {**row, "handler": "y", "status": "delivered"}, {**row, "status": "odd"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.create(**{"handler": "z", **bad})


def message(**changes) -> Message:
    values = {
        "id": 1,
        "topic": "shop.ordered",
        "key": "k",
        "aggregate": "order:1",
        "payload": order(7, due_at=NOW, codes=("a",)).payload(),
        "occurred_at": NOW,
    }
    return Message(**{**values, **changes})


def test_the_event_comes_back_as_it_was():
    assert message().event() == order(7, due_at=NOW, codes=("a",))
    as_stored = {**message().payload, "codes": ["a"]}
    assert message(payload=as_stored).event() == order(7, due_at=NOW, codes=("a",))


@pytest.mark.parametrize(
    "changes",
    [{"topic": "gone"}, {"payload": {"number": 1}}, {"payload": {**message().payload, "x": 1}}],
)
def test_an_event_whose_class_changed_has_no_object(changes):
    assert message(**changes).event() is None


def test_topics_are_matched_exactly_by_family_and_by_star(monkeypatch):
    table = {"a.b": ("one",), "a.*": ("two", "one"), "*": ("three",)}
    monkeypatch.setattr(reactions, "reactions", lambda: table)
    assert reactions.handlers_of("a.b") == ("one", "two", "three")
    assert reactions.handlers_of("a.c") == ("two", "one", "three")
    assert reactions.handlers_of("b") == ("three",)


def test_every_installed_app_is_asked_for_its_reactions():
    reactions.discover()
    table = reactions.reactions()
    assert "saaskit_django.outbox.handlers.announce" in table["*"]
    assert "saaskit_django.notifications.handlers.send_on_channel" in table["notification.queued"]
    for names in table.values():
        assert all(callable(reactions.handler(name)) for name in names)


def test_events_are_json(react):
    assert Ordered.topic == "shop.ordered"
    assert order(1, due_at=datetime(2026, 1, 1, tzinfo=UTC)).payload()["due_at"].startswith("2026")
