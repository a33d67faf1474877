"""Where providers report: no session, no token, no CSRF; the signature on the raw bytes decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_core.providers import WebhookRequest
from saaskit_django import clock
from saaskit_django.conf import conf
from saaskit_django.payments.services.webhook import act_soon, receive
from saaskit_django.rest.bodies import read_body
from saaskit_django.rest.permissions import Anyone
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class ReceiveWebhook(SaasKitView):
    """One provider's deliveries."""

    permission_classes = (Anyone,)

    def get_authenticators(self) -> list[object]:  # type: ignore[override]
        """Ask nobody who he is: the signature says it."""
        return []

    def post(self, request: Request, provider: str) -> Response:
        """Store a verified delivery and answer; it is acted upon afterwards."""
        now = clock.now()
        body = read_body(request._request, limit=conf().webhook_max_bytes)
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = receive(
            provider_name=provider,
            request=WebhookRequest(
                headers=headers, body=body, url=request.build_absolute_uri(), received_at=now
            ),
        )
        act_soon(event, now=now)
        return Response({"status": "ignored" if event.is_ignored else "received"})
