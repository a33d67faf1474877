"""Change a user's address: the new one counts once its owner has followed the link mailed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F

from saaskit_core.accounts import EmailChanged, EmailChangeRequested
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.accounts import links
from saaskit_django.accounts.links import LinkInvalid, Purpose
from saaskit_django.accounts.models import EmailChange, User
from saaskit_django.accounts.services import throttles
from saaskit_django.accounts.services.logins import Origin, log
from saaskit_django.accounts.services.throttles import Attempt, Scope
from saaskit_django.outbox.services import record

if TYPE_CHECKING:
    from datetime import datetime


class EmailTaken(SaasKitError):
    """Another user has this address."""

    code = "email_taken"
    kind = ErrorKind.INVALID
    template = "A user with this e-mail address exists already."


def count_wish(*, user: User, now: datetime) -> None:
    """Count a wish for another address. Raises TooManyAttempts."""
    throttles.count(Attempt(scope=Scope.EMAIL_CHANGE, user_id=str(user.pk)), now=now)


def ask(*, user: User, email: str, origin: Origin, now: datetime) -> None:
    """Note the address a user wants and have its owner asked, inside a transaction.

    A wish for the address he has takes an older wish back. Whether the address is taken is not
    told here: its owner would be betrayed to anybody with an account.
    """
    wanted = "" if email == user.email else email
    changes = EmailChange.objects.filter(user=user)
    wish = {"email": wanted, "serial": F("serial") + 1, "updated_at": now}
    if not changes.update(**wish):
        EmailChange.objects.bulk_create([EmailChange(user=user)], ignore_conflicts=True)
        changes.update(**wish)
    if wanted:
        log(user, "email_change_requested", origin=origin)
        serial = changes.values_list("serial", flat=True).get()
        record(
            EmailChangeRequested(
                aggregate=f"user:{user.pk}", user_id=str(user.pk), serial=serial, occurred_at=now
            )
        )


def confirm(*, token: str, origin: Origin, now: datetime) -> User:
    """Give the user the address whose owner followed the link. Raises LinkInvalid, EmailTaken."""
    throttles.count(Attempt(scope=Scope.CONFIRM, ip=origin.ip), now=now)
    link = links.follow(Purpose.EMAIL_CHANGE, token)
    change = EmailChange.objects.filter(user=link.user, serial=link.serial).first()
    if change is None or not change.email:
        raise LinkInvalid(pointer="/token")
    try:
        _take_over(change, user=link.user, origin=origin, now=now)
    except IntegrityError as exc:
        raise EmailTaken(pointer="/email") from exc
    return User.objects.get(pk=link.user.pk)


@transaction.atomic(durable=True)
def _take_over(change: EmailChange, *, user: User, origin: Origin, now: datetime) -> None:
    open_wish = EmailChange.objects.filter(pk=change.pk, serial=change.serial, email=change.email)
    if not open_wish.update(email="", serial=F("serial") + 1, updated_at=now):
        raise LinkInvalid(pointer="/token")
    User.objects.filter(pk=user.pk).update(email=change.email, updated_at=now)
    log(user, "email_changed", origin=origin)
    record(EmailChanged(aggregate=f"user:{user.pk}", user_id=str(user.pk), occurred_at=now))
