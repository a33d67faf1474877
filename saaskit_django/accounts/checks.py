"""System checks: settings with which accounts would be unsafe or would not work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks

from saaskit_core.errors import SaasKitError
from saaskit_django.accounts.models import User
from saaskit_django.accounts.services.throttles import Scope, policy
from saaskit_django.conf import InvalidSettings, conf

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

LONGEST_ACCESS_MINUTES = 15


def check_accounts(**_: Any) -> list[CheckMessage]:
    """Return what is wrong; settings that can't be read at all are another check's business."""
    try:
        conf()
    except InvalidSettings:
        return []
    return [*_user_model(), *_tokens(), *_rates(), *_simple_jwt(), *_passwords()]


def _user_model() -> list[CheckMessage]:
    if issubclass(get_user_model(), User):
        return []
    return [
        checks.Error(
            f"AUTH_USER_MODEL is {settings.AUTH_USER_MODEL!r}, which has no e-mail login of ours.",
            hint='Set AUTH_USER_MODEL = "saaskit_accounts.User", or leave saaskit_django.accounts'
            " out: saaskit_django.apps(optional=()).",
            id="saaskit.E301",
        )
    ]


def _tokens() -> list[CheckMessage]:
    minutes = conf().jwt.access_minutes
    if minutes <= LONGEST_ACCESS_MINUTES:
        return []
    return [
        checks.Warning(
            f"Access tokens live {minutes} minutes.",
            hint=f"SAASKIT['JWT']['ACCESS_MINUTES'] should be at most {LONGEST_ACCESS_MINUTES}:"
            " a stolen token opens the API for as long.",
            id="saaskit.W302",
        )
    ]


def _rates() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for scope in Scope:
        try:
            policy(scope)
        except SaasKitError as exc:
            found.append(
                checks.Error(
                    str(exc), hint=f"Correct SAASKIT['RATE_LIMITS']['{scope}'].", id="saaskit.E303"
                )
            )
    return found


def _simple_jwt() -> list[CheckMessage]:
    theirs = getattr(settings, "SIMPLE_JWT", {})
    blacklist = "rest_framework_simplejwt.token_blacklist"
    if not theirs.get("BLACKLIST_AFTER_ROTATION") or blacklist in settings.INSTALLED_APPS:
        return []
    return [
        checks.Error(
            "SIMPLE_JWT sets BLACKLIST_AFTER_ROTATION, but its blacklist app is not installed:"
            " rotated refresh tokens would stay valid.",
            hint=f'Add "{blacklist}" to INSTALLED_APPS, or take the setting out: SaaSKit\'s own'
            " tokens read SAASKIT['JWT'] and need neither.",
            id="saaskit.E304",
        )
    ]


def _passwords() -> list[CheckMessage]:
    if settings.AUTH_PASSWORD_VALIDATORS:
        return []
    return [
        checks.Warning(
            "AUTH_PASSWORD_VALIDATORS is empty: any password is accepted.",
            hint="Take over Django's four validators.",
            id="saaskit.W305",
        )
    ]
