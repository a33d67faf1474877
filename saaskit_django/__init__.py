"""Thin Django apps over the rules of saaskit_core."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUIRED = (
    "rest",
    "outbox",
    "audit",
    "customers",
    "notifications",
    "plans",
    "subscriptions",
    "coupons",
    "features",
    "limits",
    "billing",
    "payments",
    "checkout",
    "renewals",
)
OPTIONAL = (
    "teams",
    "calendar",
    "moderation",
    "content",
    "referrals",
    "webhooks_out",
    "accounts",
    "analytics",
    "portal",
)


def apps(*, optional: Iterable[str] = ("accounts",)) -> tuple[str, ...]:
    """Return what to add to INSTALLED_APPS: the required apps and the `optional` ones named.

    Raises ValueError for a name that is not an optional app.
    """
    wanted = set(optional)
    unknown = wanted.difference(OPTIONAL)
    if unknown:
        raise ValueError(f"{sorted(unknown)} are not among the optional apps {list(OPTIONAL)}")
    names = [*REQUIRED, *(name for name in OPTIONAL if name in wanted)]
    return tuple(f"saaskit_django.{name}" for name in names if _exists(name))


def _exists(name: str) -> bool:
    package = f"saaskit_django.{name}"
    return find_spec(package) is not None and find_spec(f"{package}.apps") is not None
