"""The endpoints of periodic work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.customers.permissions import IsAdmin, IsScheduler
from saaskit_django.payments.services.charge import raise_declined
from saaskit_django.renewals.serializers import AdvanceInput, RenewInput, renewed_data, swept_data
from saaskit_django.renewals.services.clocks import live_through
from saaskit_django.renewals.services.renew import grant, renew
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.rest.fields import instant_text
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.serializers import NoInput, body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class AutoRenew(SaasKitView):
    """Every due subscription."""

    permission_classes = (IsScheduler,)
    accepts_scheduler = True

    def post(self, request: Request) -> Response:
        """Bring them up to now; safe to run beside the task."""
        body_of(request, NoInput)
        return Response(swept_data(sweep(now=clock.now())))


class RenewSubscription(SaasKitView):
    """One subscription of anybody."""

    permission_classes = (IsAdmin,)

    def post(self, request: Request, subscription_id: int) -> Response:
        """Collect what is due for its next period, or with `charge=false` give that away."""
        given = body_of(request, RenewInput)
        make = renew if given["charge"] else grant

        def work() -> Response:
            done = make(
                subscription_id=subscription_id,
                notes=given["notes"],
                actor=request.user,
                now=clock.now(),
            )
            if done.payment is not None:
                raise_declined(done.payment)
            return Response(renewed_data(done))

        return run_idempotent(request, f"user:{request.user.pk}", work)


class AdvanceTestClock(SaasKitView):
    """A customer's billing clock, on test sites."""

    permission_classes = (IsAdmin,)

    def post(self, request: Request, customer_id: int) -> Response:
        """Move it forward and do what falls due on the way."""
        given = body_of(request, AdvanceInput)
        by = timedelta(days=given["days"], seconds=given["seconds"])
        customer, at, lived = live_through(customer_id=customer_id, by=by, now=clock.now())
        return Response({"customer_id": customer.pk, "now": instant_text(at), **swept_data(lived)})
