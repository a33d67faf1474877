"""System checks of limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from saaskit_core.limits import InvalidPolicy, OnBackendError, Policy
from saaskit_django.conf import Counters, InvalidSettings, conf
from saaskit_django.limits.services import GUESSES

if TYPE_CHECKING:
    from collections.abc import Iterator

MIDDLEWARE = "saaskit_django.limits.middleware.APIRateLimit"
SIGNS_IN = (
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "saaskit_django.accounts.middleware.JWTAuthentication",
)


@register("saaskit")
def check_limits(**_: Any) -> list[CheckMessage]:
    """Check that plan limits are enforced, after users are signed in, at readable rates."""
    return [*_middleware(), *_rates()]


@register("saaskit", Tags.security, deploy=True)
def check_counters(**_: Any) -> list[CheckMessage]:
    """Check that a production site counts for all its processes together."""
    try:
        is_local = conf().counters is Counters.MEMORY
    except InvalidSettings:
        return []
    if not is_local:
        return []
    message = "SAASKIT['COUNTERS'] is 'memory': each process counts for itself."
    return [checks.Warning(message, hint="Use 'database'.", id="saaskit.W053")]


def _middleware() -> Iterator[CheckMessage]:
    installed = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in installed:
        yield checks.Warning(
            "MIDDLEWARE lacks APIRateLimit: the limits of plans are not enforced.",
            hint=f"Add {MIDDLEWARE!r} at the end of MIDDLEWARE.",
            id="saaskit.W051",
        )
        return
    late = [name for name in SIGNS_IN if name in installed[installed.index(MIDDLEWARE) :]]
    if late:
        yield Error(
            f"MIDDLEWARE has APIRateLimit before {late[0]}: it doesn't know who asks.",
            hint="Move APIRateLimit behind it.",
            id="saaskit.E052",
        )


def _rates() -> Iterator[CheckMessage]:
    try:
        rates = conf().rate_limits
    except InvalidSettings:
        return
    for scope in GUESSES:
        try:
            Policy.of_rate(scope, rates.get(scope, "1/s"), on_backend_error=OnBackendError.CLOSED)
        except InvalidPolicy as problem:
            yield Error(
                f"SAASKIT['RATE_LIMITS'][{scope!r}]: {problem}",
                hint='Write it as "10/m": so many per s, m, h or d.',
                id="saaskit.E054",
            )
