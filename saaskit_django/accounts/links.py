"""Single-use tokens for links in mails: nothing is stored, and using one makes it worthless.

A token is bound to its purpose and to what its use changes: a new password, address or session
epoch ends it, and a login ends a password reset. It is made when the mail is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.accounts import selectors
from saaskit_django.customers.selectors import session_epoch_of

if TYPE_CHECKING:
    from saaskit_django.accounts.models import User

LIFETIME = timedelta(hours=1)
MAX_LINK_TOKEN_LENGTH = 1024


class Purpose(StrEnum):
    """What a link is for; a token of one purpose is worthless for another."""

    PASSWORD_RESET = "password-reset"  # noqa: S105
    EMAIL_CHANGE = "email-change"


class LinkInvalid(SaasKitError):
    """The link was used, is too old, was replaced by a newer one, or is not ours."""

    code = "link_invalid"
    kind = ErrorKind.INVALID
    template = "This link is not valid any more. Ask for a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whom a token is for."""

    user: User
    serial: int


def mint(purpose: Purpose, *, user: User, serial: int = 0) -> str:
    """Make the token for a link; `serial` numbers the wishes of one user for one purpose."""
    facts = {"user": str(user.pk), "serial": serial, "state": _state(purpose, user)}
    return signing.dumps(facts, salt=_salt(purpose))


def follow(purpose: Purpose, token: str) -> Link:
    """Return whom a token is for, if it is fresh and its user unchanged. Raises LinkInvalid."""
    if len(token) > MAX_LINK_TOKEN_LENGTH:
        raise LinkInvalid(pointer="/token")
    try:
        facts = signing.loads(token, salt=_salt(purpose), max_age=LIFETIME)
        user_id, serial, state = facts["user"], int(facts["serial"]), str(facts["state"])
    except (signing.BadSignature, KeyError, TypeError, ValueError) as exc:
        raise LinkInvalid(pointer="/token") from exc
    user = selectors.active_user(user_id)
    if user is None or not constant_time_compare(state, _state(purpose, user)):
        raise LinkInvalid(pointer="/token")
    return Link(user=user, serial=serial)


def _salt(purpose: Purpose) -> str:
    return f"saaskit.accounts.{purpose}"


def _state(purpose: Purpose, user: User) -> str:
    parts = [user.pk, user.password, user.email, session_epoch_of(user)]
    if purpose is Purpose.PASSWORD_RESET and user.last_login is not None:
        parts.append(user.last_login.isoformat())
    state = "\0".join(str(part) for part in parts)
    return salted_hmac(_salt(purpose), state, algorithm="sha256").hexdigest()[:32]
