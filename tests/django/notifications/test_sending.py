"""A notice is made once and sent once per channel, each channel by itself."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import TestCase

from saaskit_core.notifications import NotificationType
from saaskit_core.notifiers import (
    Channel,
    DeliveryFailure,
    DeliveryResult,
    DeliveryState,
    Message,
)
from saaskit_django import clock
from saaskit_django.customers.models import Profile
from saaskit_django.notifications import services
from saaskit_django.notifications.email import DjangoMailNotifier, DjangoMailSettings
from saaskit_django.notifications.models import Notification, NotificationDelivery
from saaskit_django.notifications.services import ChannelNotDelivered, deliver, notify
from saaskit_django.notifications.tasks import send_notification_task
from saaskit_django.outbox.dispatcher import deliver_due
from tests.builders import make_user

pytestmark = pytest.mark.django_db
SENT = DeliveryResult(state=DeliveryState.SENT, provider_message_id="m-1")


def failed(failure: DeliveryFailure, **values) -> DeliveryResult:
    return DeliveryResult(state=DeliveryState.FAILED, failure=failure, **values)


class Recorder:
    """A notifier that keeps what it is given and answers from a list."""

    name = "recorder"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.answers: list[DeliveryResult | Exception] = []

    def send(self, message: Message) -> DeliveryResult:
        self.sent.append(message)
        answer = self.answers.pop(0) if self.answers else SENT
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def recorder(monkeypatch):
    notifier = Recorder()
    monkeypatch.setattr(services, "notifier_for", lambda channel: notifier)
    return notifier


@pytest.fixture
def ada():
    user = make_user("ada@example.com")
    Profile.objects.create(user=user, fcm_token="token", preferred_language="es")
    return user


def tell(user, *channels: str, key: str | None = None, title: str = "Hello") -> Notification:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return notify(
            user=user, title=title, message="How <b>are</b> you?", channels=channels, key=key
        )


def statuses() -> dict[str, str]:
    return dict(NotificationDelivery.objects.values_list("channel", "status"))


def test_without_channels_it_is_only_in_the_list(ada, recorder):
    row = tell(ada)
    assert (row.type, row.is_read, recorder.sent) == ("System", False, [])


def test_each_channel_gets_it_once_after_commit(ada, recorder):
    row = tell(ada, "email", "push", "email")
    assert [(each.channel, each.address) for each in recorder.sent] == [
        (Channel.EMAIL, "ada@example.com"),
        (Channel.PUSH, "token"),
    ]
    assert {each.idempotency_key for each in recorder.sent} == {
        f"notification:{row.pk}:email",
        f"notification:{row.pk}:push",
    }
    assert statuses() == {"email": "sent", "push": "sent"}
    assert NotificationDelivery.objects.first().provider_message_id == "m-1"


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_notice_is_never_sent(ada, recorder):
    with transaction.atomic():
        notify(user=ada, title="x", message="y", channels=["email"])
        transaction.set_rollback(True)
    assert (recorder.sent, Notification.objects.count()) == ([], 0)


def test_with_a_key_it_is_made_and_sent_once(ada, recorder):
    first = tell(ada, "email", key="renewal:7")
    again = tell(ada, "email", key="renewal:7")
    assert first.pk == again.pk
    assert len(recorder.sent) == 1


def test_a_channel_without_an_address_is_skipped(ada, recorder):
    tell(ada, "sms", "email")
    assert statuses() == {"sms": "skipped", "email": "sent"}


def test_a_channel_without_a_notifier_fails_for_good(ada, monkeypatch):
    monkeypatch.setattr(services, "notifier_for", lambda channel: None)
    tell(ada, "email")
    assert statuses() == {"email": "failed"}


def test_a_failure_for_now_is_tried_again_by_itself(ada, recorder):
    recorder.answers = [failed(DeliveryFailure.RETRYABLE)]
    tell(ada, "email", "push")
    assert statuses() == {"email": "pending", "push": "sent"}
    deliver_due(clock.now() + timedelta(minutes=1))
    assert statuses() == {"email": "sent", "push": "sent"}
    assert [each.channel for each in recorder.sent] == ["email", "push", "email"]


def test_a_failure_for_good_is_not_tried_again(ada, recorder):
    recorder.answers = [failed(DeliveryFailure.PERMANENT, forget_address=True)]
    tell(ada, "push")
    deliver_due(clock.now() + timedelta(days=1))
    assert (statuses(), len(recorder.sent)) == ({"push": "failed"}, 1)
    assert Profile.objects.get(user=ada).fcm_token == ""


def test_a_notifier_that_raises_is_a_failure_for_now(ada, recorder):
    recorder.answers = [RuntimeError("boom")]
    tell(ada, "email")
    assert statuses() == {"email": "pending"}


def test_what_is_being_sent_is_left_alone_until_its_lease_ends(ada, recorder, settings):
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    tell(ada, "email")
    row = NotificationDelivery.objects.get()
    NotificationDelivery.objects.update(
        status="sending", leased_until=clock.now() + timedelta(minutes=1)
    )
    with pytest.raises(ChannelNotDelivered):
        deliver(delivery_id=row.pk)
    NotificationDelivery.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    assert deliver(delivery_id=row.pk) == "sent"
    assert deliver(delivery_id=row.pk) == "sent"
    assert deliver(delivery_id=0) == "skipped"
    assert len(recorder.sent) == 1


class TestMail:
    def test_e_mail_goes_through_the_hosts_backend(self, ada):
        tell(ada, "email", title="Hello\nBcc: all@example.com")
        (sent,) = mail.outbox
        assert sent.to == ["ada@example.com"]
        assert sent.subject == "Hello Bcc: all@example.com"
        assert sent.bcc == []
        assert sent.extra_headers["Content-Language"] == "es"
        html = sent.alternatives[0].content
        assert "&lt;b&gt;are&lt;/b&gt;" in html
        assert 'lang="es"' in html

    @pytest.mark.parametrize(
        ("problem", "failure"),
        [
            (smtplib.SMTPServerDisconnected(), DeliveryFailure.RETRYABLE),
            (ConnectionRefusedError(), DeliveryFailure.RETRYABLE),
            (smtplib.SMTPRecipientsRefused({}), DeliveryFailure.PERMANENT),
            (smtplib.SMTPAuthenticationError(535, b"no"), DeliveryFailure.CONFIGURATION),
        ],
    )
    def test_its_failures_are_results(self, monkeypatch, problem, failure):
        def refuse(*args, **kwargs):
            raise problem

        monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
        notifier = DjangoMailNotifier(DjangoMailSettings(from_email="a@example.com"), name="mail")
        message = Message(
            idempotency_key="k",
            channel=Channel.EMAIL,
            address="b@example.com",
            subject="s",
            text="t",
        )
        assert notifier.send(message) == failed(failure)


class TestTask:
    @pytest.fixture(autouse=True)
    def _worker(self, settings):
        settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}

    def run(self, user, **options):
        return send_notification_task.apply(
            kwargs={
                "user_id": user.pk,
                "title": "Alert",
                "message": "m",
                "channels": ["email", "push"],
            },
            **options,
        )

    def test_it_notifies_once_per_task_id(self, ada, recorder):
        assert self.run(ada, task_id="t-1").successful()
        assert self.run(ada, task_id="t-1").successful()
        assert Notification.objects.count() == 1
        assert sorted(each.channel for each in recorder.sent) == ["email", "push"]

    def test_only_the_failed_channel_is_tried_again(self, ada, recorder):
        recorder.answers = [failed(DeliveryFailure.RETRYABLE), SENT, SENT]
        assert self.run(ada).successful()
        assert [each.channel for each in recorder.sent] == ["email", "push", "email"]

    def test_it_gives_up_after_three_retries(self, ada, recorder):
        recorder.answers = [failed(DeliveryFailure.RETRYABLE), SENT] + [
            failed(DeliveryFailure.RETRYABLE)
        ] * 3
        assert self.run(ada).failed()
        assert [each.channel for each in recorder.sent].count("email") == 4

    def test_the_outbox_does_not_send_it_twice(self, ada, recorder):
        self.run(ada)
        deliver_due()
        assert len(recorder.sent) == 2


def test_constraints_stand_in_the_database(ada):
    row = tell(ada, "email", key="k")
    broken = [
        lambda: Notification.objects.create(user=ada, title="t", message="m", type="Odd"),
        lambda: Notification.objects.create(
            user=ada, title="t", message="m", type="System", is_read=True
        ),
        lambda: Notification.objects.create(
            user=ada, title="t", message="m", type="System", key="k"
        ),
        lambda: NotificationDelivery.objects.create(notification=row, channel="email"),
        lambda: NotificationDelivery.objects.create(notification=row, channel="pigeon"),
        lambda: NotificationDelivery.objects.create(notification=row, channel="sms", status="sent"),
    ]
    for write in broken:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_types_are_the_contracts():
    assert [each.value for each in NotificationType] == ["Expiry", "Renewal", "System"]
