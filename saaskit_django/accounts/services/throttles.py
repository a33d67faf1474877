"""Slow down guessing: how often something may be tried, by whom.

The counters are those of the limits app: exact for any number of processes, and nothing is let
through when they can't be reached.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.limits import Denied, OnBackendError, Policy, retry_after
from saaskit_django.conf import conf
from saaskit_django.limits.stores import consume, release

if TYPE_CHECKING:
    from datetime import datetime


class Scope(StrEnum):
    """What is counted; each name is a key of SAASKIT["RATE_LIMITS"]."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGIN_FAILED_PER_IP = "login_failed_per_ip"
    REGISTER = "register"
    REGISTER_COUPON = "register_coupon"
    TOKEN = "token"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    PASSWORD_RESET_MAIL = "password_reset_mail"  # noqa: S105
    PASSWORD_CHANGE = "password_change"  # noqa: S105
    EMAIL_CHANGE = "email_change"
    CONFIRM = "confirm"


DEFAULT_RATES: dict[Scope, str] = {
    Scope.LOGIN: "60/m",
    Scope.LOGIN_FAILED: "5/5m",
    Scope.LOGIN_FAILED_PER_IP: "30/5m",
    Scope.REGISTER: "60/m",
    Scope.REGISTER_COUPON: "10/m",
    Scope.TOKEN: "600/m",
    Scope.PASSWORD_RESET: "30/m",
    Scope.PASSWORD_RESET_MAIL: "5/15m",
    Scope.PASSWORD_CHANGE: "5/5m",
    Scope.EMAIL_CHANGE: "10/h",
    Scope.CONFIRM: "60/m",
}


class TooManyAttempts(SaasKitError):
    """Too often in a short time; `retry_after` seconds later it will be looked at again."""

    code = "too_many_attempts"
    kind = ErrorKind.RATE_LIMITED
    template = "Too many attempts. Try again in %(retry_after)s seconds."

    @property
    def retry_after(self) -> int:
        """Return the seconds to wait."""
        return int(self.params["retry_after"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One thing tried by one subject: an address of the network, an account, or both."""

    scope: Scope
    ip: str = ""
    email: str = ""
    user_id: str = ""

    @property
    def subject(self) -> str:
        """Return who is counted, unreadable: a table of addresses is nobody's business."""
        who = "\0".join((network(self.ip), self.email, self.user_id))
        return salted_hmac("saaskit.accounts.throttles", who, algorithm="sha256").hexdigest()


def policy(scope: Scope) -> Policy:
    """Return the limit in force: the one of SAASKIT["RATE_LIMITS"], else ours.

    Raises InvalidPolicy when it can't be read.
    """
    rate = conf().rate_limits.get(scope, DEFAULT_RATES[scope])
    return Policy.of_rate(f"attempts_{scope}", rate, on_backend_error=OnBackendError.CLOSED)


def network(ip: str) -> str:
    """Return what one subscriber of a network owns: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def count(*attempts: Attempt, now: datetime) -> None:
    """Count each attempt, or none of them when one is refused.

    Raises TooManyAttempts, and LimitsUnavailable when they can't be counted.
    """
    for place, attempt in enumerate(attempts):
        decision = consume(attempt.subject, [policy(attempt.scope)], now=now)
        if isinstance(decision, Denied):
            give_back(*attempts[:place], now=now)
            raise TooManyAttempts(retry_after=retry_after(decision, now) or 1)


def give_back(*attempts: Attempt, now: datetime) -> None:
    """Uncount attempts of `now` that turned out well, so that only failures add up."""
    for attempt in attempts:
        release(attempt.subject, [policy(attempt.scope)], now=now)
