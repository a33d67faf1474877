"""The endpoints by which a customer ends, rests, resumes or resizes his subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.subscriptions.facts import (
    CancelRequested,
    CancelWhen,
    Paused,
    Resumed,
    Uncancelled,
)
from saaskit_django import clock
from saaskit_django.checkout.serializers.lifecycle import (
    CancelInput,
    GroupInput,
    PauseInput,
    QuantityInput,
    moved_data,
)
from saaskit_django.checkout.serializers.purchases import changed_data
from saaskit_django.checkout.services.change_plan import (
    Change,
    Changed,
    change_plan,
    preview_change,
)
from saaskit_django.checkout.services.lifecycle import Asked, ask, quantity_change
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.payments.services.charge import raise_declined
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.serializers import body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class AskingView(SaasKitView):
    """Base: open to who has used up his plan's calls, and to who may move money only."""

    is_limited_by_plan = False
    permission_classes = (MayMoveMoney,)


class CancelSubscription(AskingView):
    """The end of the acting customer's subscription."""

    def post(self, request: Request) -> Response:
        """Cancel it now, at the end of the paid period (the default), or at an instant."""
        given = body_of(request, CancelInput)
        asked = CancelRequested(when=CancelWhen(given["when"]), at=given.get("at"))
        return _asked(request, given, asked)


class UncancelSubscription(AskingView):
    """A cancellation that is only planned."""

    def post(self, request: Request) -> Response:
        """Withdraw it."""
        return _asked(request, body_of(request, GroupInput), Uncancelled())


class PauseSubscription(AskingView):
    """A rest for the acting customer's subscription."""

    def post(self, request: Request) -> Response:
        """Pause it, by default from the end of the paid period."""
        given = body_of(request, PauseInput)
        asked = Paused(starts_at=given.get("starts_at"), resumes_at=given.get("resumes_at"))
        return _asked(request, given, asked)


class ResumeSubscription(AskingView):
    """A pause, planned or running."""

    def post(self, request: Request) -> Response:
        """End it, or give it up; a new period is charged once the paid one is over."""
        return _asked(request, body_of(request, GroupInput), Resumed())


class ChangeQuantity(AskingView):
    """How many of its plan the acting customer's subscription has."""

    def post(self, request: Request) -> Response:
        """Change it, or with `preview` only say what that would come to."""
        given = body_of(request, QuantityInput)
        customer, now = acting_customer(request), clock.now()
        if given["preview"]:
            return _changed(preview_change(customer, _change(request, given), now=now))

        def work() -> Response:
            changed = change_plan(customer, _change(request, given), now=now)
            if changed.payment is not None:
                raise_declined(changed.payment)
            return _changed(changed)

        return run_idempotent(request, f"user:{request.user.pk}", work)


def _change(request: Request, given: dict[str, Any]) -> Change:
    return quantity_change(
        acting_customer(request),
        given["quantity"],
        user=request.user,
        group=given["group"],
        coupon_code=given["coupon_code"],
    )


def _asked(request: Request, given: dict[str, Any], asked: Asked) -> Response:
    customer, now = acting_customer(request), clock.now()

    def work() -> Response:
        return Response(moved_data(ask(customer, asked, group=given["group"], now=now)))

    return run_idempotent(request, f"user:{request.user.pk}", work)


def _changed(changed: Changed) -> Response:
    plan = changed.previous_plan
    return Response(changed_data(changed, plan_id=plan.pk, plan_name=plan.name))
