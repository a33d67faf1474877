from __future__ import annotations

from typing import ClassVar

import pytest
from django.core import mail
from pydantic import BaseModel

from saaskit_core.notifiers import (
    Channel,
    DeliveryFailure,
    DeliveryResult,
    DeliveryState,
    Message,
)
from saaskit_django import registry
from saaskit_django.accounts import mails
from saaskit_django.accounts.models import User
from saaskit_django.customers.models import Profile
from saaskit_django.outbox.dispatcher import deliver_due
from saaskit_django.outbox.models import Delivery
from tests.django.accounts.conftest import Api

pytestmark = pytest.mark.django_db


class NoSettings(BaseModel):
    """It needs none."""


class Failing:
    """A notifier whose mails fail as it is told."""

    type_name: ClassVar[str] = "failing"
    settings_model: ClassVar[type[BaseModel]] = NoSettings
    is_production_ready: ClassVar[bool] = True
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    failure: ClassVar[DeliveryFailure] = DeliveryFailure.RETRYABLE

    def __init__(self, settings: object, *, name: str) -> None:
        self.name = name

    def send(self, message: Message) -> DeliveryResult:
        return DeliveryResult(state=DeliveryState.FAILED, failure=self.failure)


@pytest.fixture
def failing(settings, monkeypatch: pytest.MonkeyPatch) -> type[Failing]:
    monkeypatch.setitem(registry._contributed, registry.NOTIFIER_TYPES, [Failing])
    settings.SAASKIT = {**settings.SAASKIT, "NOTIFIERS": {"mail": {"type": "failing"}}}
    return Failing


def test_mails_are_written_in_the_users_language(api: Api, user: User) -> None:
    Profile.objects.create(user=user, preferred_language="es")
    api.post("auth/request-password-reset/", email=user.email)
    deliver_due()
    (message,) = mail.outbox
    assert message.subject != "Set a new password"
    assert message.extra_headers["Content-Language"] == "es"


def test_every_mail_has_all_its_parts(user: User) -> None:
    for name in ("password_reset", "password_changed", "email_change", "email_change_notice"):
        mails.send(name, user=user, to=user.email, key=name, values={"url": "https://x.example"})
    for message in mail.outbox:
        assert message.subject.strip()
        assert "\n" not in message.subject
        assert "support@example.com" in message.body
        assert "{" not in message.body
        assert message.alternatives[0].mimetype == "text/html"


def test_a_mail_that_failed_for_now_is_tried_again(
    api: Api, user: User, failing: type[Failing]
) -> None:
    api.post("auth/request-password-reset/", email=user.email)
    deliver_due()
    waiting = Delivery.objects.get(handler__endswith="mail_reset_link")
    assert (waiting.status, waiting.attempts) == (Delivery.Status.PENDING, 1)
    assert user.email not in waiting.last_error


def test_a_mail_that_never_arrives_is_given_up(
    api: Api, user: User, failing: type[Failing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "failure", DeliveryFailure.PERMANENT)
    api.post("auth/request-password-reset/", email=user.email)
    deliver_due()
    done = Delivery.objects.get(handler__endswith="mail_reset_link")
    assert done.status == Delivery.Status.DELIVERED


def test_without_any_notifier_it_waits(
    api: Api, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._contributed, registry.NOTIFIER_TYPES, [])
    api.post("auth/request-password-reset/", email=user.email)
    deliver_due()
    waiting = Delivery.objects.get(handler__endswith="mail_reset_link")
    assert waiting.status == Delivery.Status.PENDING
