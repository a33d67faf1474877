"""Charge use and refuse what is too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.limits import DenialReason, Denied, OnBackendError, Policy, retry_after
from saaskit_django import clock
from saaskit_django.conf import conf
from saaskit_django.features.selectors import FeatureNotInPlan
from saaskit_django.limits.selectors import (
    call_policies,
    operation_policies,
    subject_of,
)
from saaskit_django.limits.stores import consume, forget_ended, release
from saaskit_django.rest.client_addresses import client_ip
from saaskit_django.rest.fields import instant_text

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request

    from saaskit_core.limits import PolicyState
    from saaskit_django.features.selectors import Entitlements

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
GUESSES = {"coupon": "10/m", "referral": "10/m"}
"""How often something that could be guessed may be tried, unless RATE_LIMITS says otherwise."""

GUESSES_PER_ADDRESS = 6
"""Many people may share one address: it may try so many times as often as one of them."""

__all__ = ["Charge", "QuotaExceeded", "charge_request", "forget_ended", "guess_limited", "refund"]


class QuotaExceeded(SaasKitError):
    """The plan's limit is reached; `retry_after` is when it may work again."""

    code = "quota_exceeded"
    kind = ErrorKind.RATE_LIMITED
    template = "You have used all that your plan includes for now (%(policy)s)."
    problem_type = QUOTA_EXCEEDED

    def __init__(self, *, denied: Denied, now: datetime, **_: object) -> None:
        """Describe the refusal."""
        worst = denied.violated[0] if denied.violated else denied.states[0].policy
        state = next(each for each in denied.states if each.policy is worst)
        super().__init__(policy=worst.name, denied=denied, now=now)
        self.states, self.at, self.violated = denied.states, now, denied.violated
        self.retry_after = retry_after(denied, now)
        self.problem_members = {
            "violated-policies": [policy.name for policy in denied.violated],
            "limit": worst.quota,
            "used": state.used,
            "reset_at": instant_text(denied.retry_at or state.resets_at),
            "upgrade_url": conf().frontend_url,
        }


class TooManyGuesses(SaasKitError):
    """Tried too often; every answer is this one, right or wrong."""

    code = "too_many_guesses"
    kind = ErrorKind.RATE_LIMITED
    template = "Too many attempts. Try again in a moment."

    def __init__(self, *, retry_after: int = 60, **_: object) -> None:
        """Say when it may be tried again."""
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one request was charged: what to tell in its answer, and what to give back."""

    subject: str
    at: datetime
    states: tuple[PolicyState, ...]
    refundable: tuple[Policy, ...] = ()


def charge_request(found: Entitlements, *, is_operation: bool, now: datetime) -> Charge:
    """Charge one call, and one operation if it is one, to the acting customer: all or nothing.

    Raises QuotaExceeded; FeatureNotInPlan where the plan has none of it at all; LimitsUnavailable.
    """
    subject = subject_of(found.customer)
    operations = (
        operation_policies(found.features, tz=found.customer.timezone) if is_operation else []
    )
    policies = [*call_policies(found.features), *operations]
    decision = consume(subject, policies, now=now) if policies else None
    if isinstance(decision, Denied):
        if decision.reason is DenialReason.NOT_IN_PLAN:
            raise FeatureNotInPlan(feature=decision.violated[0].name)
        raise QuotaExceeded(denied=decision, now=now)
    states = decision.states if decision else ()
    refundable = tuple(operations) if decision else ()
    return Charge(subject=subject, at=now, states=states, refundable=refundable)


def refund(charge: Charge) -> None:
    """Give back the operation of a request that came to nothing; the call stays counted."""
    if charge.refundable:
        release(charge.subject, charge.refundable, now=charge.at)


def guess_limited(request: Request, scope: str) -> None:
    """Count one try of something that could be guessed, per user and per address.

    The rate is RATE_LIMITS[scope]. When it can't be counted nothing may be tried. Raises
    TooManyGuesses or LimitsUnavailable.
    """
    now = clock.now()
    per_user = Policy.of_rate(
        f"guess_{scope}",
        conf().rate_limits.get(scope, GUESSES[scope]),
        on_backend_error=OnBackendError.CLOSED,
    )
    per_address = Policy(
        name=per_user.name,
        quota=per_user.quota * GUESSES_PER_ADDRESS,
        window=per_user.window,
        on_backend_error=OnBackendError.CLOSED,
    )
    address = salted_hmac("saaskit.limits", client_ip(request), algorithm="sha256").hexdigest()
    for subject, policy in (
        (f"user:{request.user.pk}", per_user),
        (f"ip:{address[:32]}", per_address),
    ):
        decision = consume(subject, [policy], now=now)
        if isinstance(decision, Denied):
            raise TooManyGuesses(retry_after=retry_after(decision, now) or 60)
