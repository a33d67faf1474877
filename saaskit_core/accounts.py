"""Who may sign in: how an address is compared, how long a password may be, when a login lives."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.events import Event

MAX_EMAIL_LENGTH = 254
"""RFC 5321, section 4.5.3.1.3: a path is at most 256 octets, brackets included."""

MAX_PASSWORD_BYTES = 4096
"""Longer ones are refused before they are hashed: a megabyte keeps a server busy."""

_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# The four characters that IDNA 2003 (the standard library's) maps and IDNA 2008 keeps: with either
# reading somebody else's domain could be meant, so neither is guessed.
_AMBIGUOUS_IN_DOMAINS = frozenset("ßς\u200c\u200d")


class EmailInvalid(SaasKitError):
    """The text is not an address that mail can be sent to."""

    code = "email_invalid"
    kind = ErrorKind.INVALID
    template = "Enter a valid e-mail address."


class PasswordTooLong(SaasKitError):
    """The password is larger than what we are willing to hash."""

    code = "password_too_long"
    kind = ErrorKind.INVALID
    template = "A password has at most %(limit)s bytes."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFacts:
    """What the database says about a login, beside the epoch that its token claims."""

    user_is_active: bool
    is_revoked: bool
    claimed_epoch: int
    current_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(Event):
    """Somebody made an account for himself; `referral_code` is what he was sent with, "" if not."""

    topic: ClassVar[str] = "user.registered"

    user_id: str
    referral_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(Event):
    """Somebody asked for a way back in; `user_id` is "" when there is no such user.

    It is written down for unknown addresses too, so that asking takes the same work.
    """

    topic: ClassVar[str] = "user.password_reset_requested"

    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A user has a new password."""

    topic: ClassVar[str] = "user.password_changed"

    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeRequested(Event):
    """A user wants another address; `serial` is the number of this wish."""

    topic: ClassVar[str] = "user.email_change_requested"

    user_id: str
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged(Event):
    """A user has a new address."""

    topic: ClassVar[str] = "user.email_changed"

    user_id: str


def normalise_email(raw: str) -> str:
    """Return the one spelling under which an address is stored and compared.

    NFKC, lower case, the domain in its ASCII form: two spellings of one mailbox are one account,
    and look-alikes (dotless i, long s) can't reach somebody else's (CVE-2019-19844).
    Raises EmailInvalid.
    """
    text = unicodedata.normalize("NFKC", raw).strip().lower()
    local, _, domain = text.rpartition("@")
    address = f"{local}@{_ascii_domain(domain)}"
    if len(local) > 64 or len(address) > MAX_EMAIL_LENGTH or not _LOCAL_PART.fullmatch(local):
        raise EmailInvalid(pointer="/email")
    return address


def check_password_size(raw: str, *, pointer: str = "/password") -> None:
    """Refuse a password that is too long to be hashed. Raises PasswordTooLong."""
    if len(raw.encode("utf-8", "surrogatepass")) > MAX_PASSWORD_BYTES:
        raise PasswordTooLong(limit=MAX_PASSWORD_BYTES, pointer=pointer)


def is_live(login: LoginFacts) -> bool:
    """Tell whether tokens of this login still count: a new epoch ends them all at once."""
    return (
        login.user_is_active and not login.is_revoked and login.claimed_epoch == login.current_epoch
    )


def _ascii_domain(domain: str) -> str:
    if _AMBIGUOUS_IN_DOMAINS.intersection(domain):
        raise EmailInvalid(pointer="/email")
    try:
        ascii_form = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as exc:
        raise EmailInvalid(pointer="/email") from exc
    if not _DOMAIN.fullmatch(ascii_form):
        raise EmailInvalid(pointer="/email")
    return ascii_form
