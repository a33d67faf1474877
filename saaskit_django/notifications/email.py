"""E-mail through django.core.mail, so that the host's EMAIL_BACKEND works unchanged."""

from __future__ import annotations

import smtplib
from typing import ClassVar

from django.core.mail import EmailMultiAlternatives
from pydantic import BaseModel, ConfigDict

from saaskit_core.notifiers import (
    Channel,
    DeliveryFailure,
    DeliveryResult,
    DeliveryState,
    Message,
)


class DjangoMailSettings(BaseModel):
    """From whom; the host's DEFAULT_FROM_EMAIL when it is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_email: str = ""


class DjangoMailNotifier:
    """Sends e-mail with whatever backend the host has set up."""

    type_name: ClassVar[str] = "django_mail"
    settings_model: ClassVar[type[BaseModel]] = DjangoMailSettings
    is_production_ready: ClassVar[bool] = True
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})

    def __init__(self, settings: DjangoMailSettings, *, name: str) -> None:
        self._settings = settings
        self._name = name

    @property
    def name(self) -> str:
        """Return the alias this instance was configured under."""
        return self._name

    def send(self, message: Message) -> DeliveryResult:
        """Send one e-mail; a failure is a result, never an exception."""
        mail = EmailMultiAlternatives(
            subject=" ".join(message.subject.split()),
            body=message.text,
            from_email=self._settings.from_email or None,
            to=[message.address],
            headers={
                "X-SaaSKit-Key": message.idempotency_key,
                "Content-Language": message.language,
            },
        )
        if message.html:
            mail.attach_alternative(message.html, "text/html")
        try:
            mail.send()
        except (smtplib.SMTPRecipientsRefused, ValueError):
            return DeliveryResult(state=DeliveryState.FAILED, failure=DeliveryFailure.PERMANENT)
        except smtplib.SMTPAuthenticationError:
            return DeliveryResult(state=DeliveryState.FAILED, failure=DeliveryFailure.CONFIGURATION)
        except (smtplib.SMTPException, OSError):
            return DeliveryResult(state=DeliveryState.FAILED, failure=DeliveryFailure.RETRYABLE)
        return DeliveryResult(state=DeliveryState.SENT)
