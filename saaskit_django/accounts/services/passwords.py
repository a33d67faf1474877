"""Change a password, or set a new one through a link when it was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from saaskit_core.accounts import PasswordChanged, PasswordResetRequested, check_password_size
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.accounts import links, selectors
from saaskit_django.accounts.links import LinkInvalid, Purpose
from saaskit_django.accounts.models import LoginSession, User
from saaskit_django.accounts.services import throttles
from saaskit_django.accounts.services.logins import Origin, Reason, comparable, log, revoke
from saaskit_django.accounts.services.throttles import Attempt, Scope
from saaskit_django.customers.services import bump_session_epoch
from saaskit_django.outbox.services import record

if TYPE_CHECKING:
    from datetime import datetime


class PasswordWrong(SaasKitError):
    """The present password is not that one."""

    code = "password_wrong"
    kind = ErrorKind.INVALID
    template = "The password is not right."


class PasswordChangedMeanwhile(SaasKitError):
    """The password was changed by another request while this one was looked at."""

    code = "password_changed_meanwhile"
    kind = ErrorKind.CONFLICT
    template = "The password was changed a moment ago. Sign in again."


def request_reset(*, email: str, origin: Origin, now: datetime) -> None:
    """Have a link mailed to the stored address, if there is such a user; nobody is told which.

    Raises TooManyAttempts, for known and unknown addresses alike.
    """
    throttles.count(
        Attempt(scope=Scope.PASSWORD_RESET, ip=origin.ip),
        Attempt(scope=Scope.PASSWORD_RESET_MAIL, email=comparable(email)),
        now=now,
    )
    user = selectors.user_of_email(email)
    user_id = str(user.pk) if user is not None else ""
    asked = PasswordResetRequested(
        aggregate=f"user:{user_id or 'unknown'}", user_id=user_id, occurred_at=now
    )
    with transaction.atomic(durable=True):
        log(user, "password_reset_requested", origin=origin)
        record(asked)


def reset(*, token: str, new_password: str, origin: Origin, now: datetime) -> None:
    """Set a new password through a mailed link and end every login of the user.

    Raises PasswordTooLong, TooManyAttempts, LinkInvalid, or Django's ValidationError for a weak
    password.
    """
    check_password_size(new_password, pointer="/new_password")
    throttles.count(Attempt(scope=Scope.CONFIRM, ip=origin.ip), now=now)
    user = links.follow(Purpose.PASSWORD_RESET, token).user
    check_strength(new_password, user=user, field="new_password")
    if not _store(new_password, user=user, keep=None, origin=origin, now=now):
        raise LinkInvalid(pointer="/token")


def change(
    *, user: User, old: str, new: str, keep: LoginSession | None, origin: Origin, now: datetime
) -> None:
    """Replace a known password and end every login but `keep`.

    Raises PasswordTooLong, TooManyAttempts, PasswordWrong, PasswordChangedMeanwhile, or Django's
    ValidationError for a weak one.
    """
    check_password_size(old, pointer="/old_password")
    check_password_size(new, pointer="/new_password")
    confirm(user=user, password=old, pointer="/old_password", now=now)
    check_strength(new, user=user, field="new_password")
    if not _store(new, user=user, keep=keep, origin=origin, now=now):
        raise PasswordChangedMeanwhile


def confirm(*, user: User, password: str, pointer: str = "/password", now: datetime) -> None:
    """Check that a signed-in user knows his password. Raises PasswordWrong or TooManyAttempts."""
    attempt = Attempt(scope=Scope.PASSWORD_CHANGE, user_id=str(user.pk))
    throttles.count(attempt, now=now)
    if not check_password(password, user.password):
        raise PasswordWrong(pointer=pointer)
    throttles.give_back(attempt, now=now)


def check_strength(password: str, *, user: User, field: str = "password") -> None:
    """Run the site's password validators. Raises Django's ValidationError that names the field."""
    try:
        validate_password(password, user=user)
    except ValidationError as exc:
        raise ValidationError({field: exc.error_list}) from exc


def end_logins(*, user: User, keep: LoginSession | None, now: datetime) -> None:
    """End every login but `keep` after a new password, inside a transaction.

    Without one to keep the session epoch moves on too: it ends whatever else was signed.
    """
    logins = LoginSession.objects.filter(user=user)
    if keep is None:
        bump_session_epoch(user=user)
    else:
        logins = logins.exclude(pk=keep.pk)
    revoke(logins, reason=Reason.PASSWORD, now=now)


def _store(
    password: str, *, user: User, keep: LoginSession | None, origin: Origin, now: datetime
) -> bool:
    """Write a new hash if the old one still stands; False when it does not."""
    hashed = make_password(password)
    with transaction.atomic(durable=True):
        unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
        if not unchanged.update(password=hashed, updated_at=now):
            return False
        end_logins(user=user, keep=keep, now=now)
        log(user, "password_changed", origin=origin)
        record(PasswordChanged(aggregate=f"user:{user.pk}", user_id=str(user.pk), occurred_at=now))
    return True
