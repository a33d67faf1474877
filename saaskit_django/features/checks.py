"""System checks of features."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error, register

from saaskit_core.errors import SaasKitError
from saaskit_django.conf import InvalidSettings
from saaskit_django.plans.selectors import FEATURE_DEFINITIONS, refused_features


@register("saaskit")
def check_feature_definitions(**_: Any) -> list[CheckMessage]:
    """Check that the features which apps and plugins bring don't collide."""
    try:
        refused = refused_features()
    except (SaasKitError, ImportError, TypeError) as exc:
        hint = f"Correct what is contributed to {FEATURE_DEFINITIONS!r} in the registry."
        message = f"The contributed features can't be used: {exc}"
        return [Error(message, hint=hint, id="saaskit.E050")]
    except InvalidSettings:
        return []
    return [
        checks.Warning(
            f"A plugin offers the feature {path}, which collides with another one: it is left out.",
            hint="Ask the plugin's author for another path, or block the plugin.",
            id="saaskit.W055",
        )
        for path in refused
    ]
