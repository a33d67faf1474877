"""Features on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saaskit_core.features import JSON
    from saaskit_django.features.selectors import Entitlements


def entitlements_data(found: Entitlements) -> dict[str, JSON]:
    """Return the plan and the nested features; a limit without end is "unlimited"."""
    plan = found.plan
    return {
        "plan": {"id": plan.pk, "key": plan.key, "name": plan.name} if plan else None,
        "features": found.features.document(),
        "is_stale": found.is_stale,
    }
