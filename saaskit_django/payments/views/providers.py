"""The endpoints that say what payment providers there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.response import Response

from saaskit_core.errors import SaasKitError
from saaskit_core.providers import ProviderError, capabilities
from saaskit_django import registry
from saaskit_django.conf import conf
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class ListProviders(SaasKitView):
    """The payment providers of this site."""

    def get(self, request: Request) -> Response:
        """Say which plugins there are, which are configured, and what they can do."""
        configured = {alias: _described(alias) for alias in conf().providers}
        return Response(
            {
                "available": sorted(registry.plugins().payment_providers),
                "configured": [name for name, each in configured.items() if each["configured"]],
                "default_provider": conf().default_provider or next(iter(configured), None),
                "providers": configured,
            }
        )


class ServiceStatus(SaasKitView):
    """The default payment provider."""

    def get(self, request: Request) -> Response:
        """Say whether it is configured and answering."""
        alias = registry.default_provider() if conf().providers else ""
        problem = _problem_with(alias)
        return Response(
            {
                "stripe_enabled": bool(alias) and conf().providers[alias].type == "stripe",
                "service_status": "unavailable" if problem else "available",
                "provider": alias or None,
                "message": problem or _("The payment service is available."),
            }
        )


def _described(alias: str) -> dict[str, object]:
    try:
        provider = registry.payment_provider(alias)
    except SaasKitError:
        return {"display_name": alias, "configured": False, "capabilities": []}
    return {
        "display_name": provider.display_name,
        "configured": True,
        "capabilities": list(capabilities(provider)),
    }


def _problem_with(alias: str) -> str:
    """Return why the provider can't be used now; nothing when it can."""
    if not alias:
        return _("No payment provider is set up.")
    try:
        registry.payment_provider(alias).check_configuration()
    except ProviderError:
        return _("The payment service does not answer or is not set up correctly.")
    except SaasKitError:
        return _("The payment service is not available on this site.")
    return ""
