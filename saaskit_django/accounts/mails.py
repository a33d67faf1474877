"""The mails about an account. A template of the same name in the host project replaces ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from saaskit_core.notifiers import Channel, DeliveryFailure, DeliveryState, Message
from saaskit_django.conf import conf
from saaskit_django.notifications.selectors import language_of
from saaskit_django.registry import notifier_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_django.accounts.models import User


class MailNotSent(Exception):
    """Raised when a mail could not be sent now; trying again later may help."""


def link(path: str, *, token: str) -> str:
    """Return the address of a page of the site's frontend with a token in it."""
    return f"{conf().frontend_url.rstrip('/')}/{path}?token={quote(token, safe='')}"


def send(
    name: str, *, user: User, to: str, key: str, values: Mapping[str, str] | None = None
) -> None:
    """Send the mail called `name`, such as "password_reset", in the user's language.

    Opens no transaction. Raises MailNotSent when it should be tried again.
    """
    notifier = notifier_for(Channel.EMAIL)
    if notifier is None:
        raise MailNotSent("no notifier is set up for e-mail")
    result = notifier.send(_message(name, user=user, to=to, key=key, values=values or {}))
    failed = result.state is DeliveryState.FAILED
    if failed and result.failure is not DeliveryFailure.PERMANENT:
        raise MailNotSent(f"{name} by {notifier.name}: {result.failure}")


def _message(name: str, *, user: User, to: str, key: str, values: Mapping[str, str]) -> Message:
    language = language_of(user) or settings.LANGUAGE_CODE
    context = {"user": user, "support_email": conf().support_email, **values}
    with override(language):
        subject = render_to_string(f"saaskit/email/{name}.subject.txt", context)
        return Message(
            idempotency_key=key,
            channel=Channel.EMAIL,
            address=to,
            subject=" ".join(subject.split()),
            text=render_to_string(f"saaskit/email/{name}.txt", context),
            html=render_to_string(f"saaskit/email/{name}.html", context),
            language=language,
        )
