"""The endpoints of the acting customer's subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_django import clock
from saaskit_django.checkout import selectors
from saaskit_django.checkout.serializers.purchases import (
    ChangeInput,
    PlansQuery,
    changed_data,
    health_data,
    option_data,
    overview_data,
    stats_data,
)
from saaskit_django.checkout.services.change_plan import (
    Change,
    Changed,
    change_plan,
    preview_change,
)
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.customers.services import billing_now, ensure_saved
from saaskit_django.features.selectors import entitlements_of
from saaskit_django.limits.selectors import usage_of
from saaskit_django.payments.services.charge import raise_declined
from saaskit_django.plans.selectors import plan_for_sale
from saaskit_django.plans.serializers import plan_data
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.serializers import body_of, query_of
from saaskit_django.rest.views import SaasKitView
from saaskit_django.subscriptions.selectors import current_plan, latest_subscription

if TYPE_CHECKING:
    from rest_framework.request import Request


class CurrentSubscription(SaasKitView):
    """What the acting customer has now."""

    def get(self, request: Request) -> Response:
        """Show subscription, features and usage; without one, those of the default plan."""
        now = clock.now()
        found = entitlements_of(request, now=now)
        usage = usage_of(found.customer, now=now, features=found.features)
        row = latest_subscription(found.customer)
        return Response(overview_data(row, found, usage))


class Stats(SaasKitView):
    """The acting customer's subscription in figures."""

    def get(self, request: Request) -> Response:
        """Show it with its limits, what they leave, and which features are open."""
        now = clock.now()
        found = entitlements_of(request, now=now)
        usage = usage_of(found.customer, now=now, features=found.features)
        row = latest_subscription(found.customer)
        return Response(stats_data(row, found, usage))


class SubscriptionHealthView(SaasKitView):
    """How the acting customer's subscription is doing."""

    def get(self, request: Request) -> Response:
        """Show it in one word, with the next renewal and what it will cost."""
        customer = acting_customer(request)
        at = billing_now(customer, clock.now())
        return Response(health_data(selectors.subscription_health(customer, at=at)))


class PlanOptions(SaasKitView):
    """The plans the acting customer could change to; open to who has used up his own."""

    is_limited_by_plan = False

    def get(self, request: Request) -> Response:
        """List them, each compared with what he has."""
        wanted = query_of(request, PlansQuery)
        customer = acting_customer(request)
        now = current_plan(customer, now=billing_now(customer, clock.now()))
        options = selectors.plan_options(
            now.subscription, now.plan, currency=wanted.get("currency")
        )
        shown = [each for each in options if wanted["include_current"] or not each.is_current]
        return Response(
            {
                "current_plan": plan_data(now.plan) if now.plan else None,
                "available_plans": [option_data(each) for each in shown],
            }
        )


class ChangeSubscription(SaasKitView):
    """The acting customer's plan; open to who has used up his own, so that he can upgrade."""

    is_limited_by_plan = False
    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Change it, or with `preview` only say what that would come to."""
        given = body_of(request, ChangeInput)
        change = _change(request, given)
        customer, now = acting_customer(request), clock.now()

        if given["preview"]:
            return _answer(preview_change(customer, change, now=now), change)

        def work() -> Response:
            changed = change_plan(ensure_saved(customer), change, now=now)
            if changed.payment is not None:
                raise_declined(changed.payment)
            return _answer(changed, change)

        return run_idempotent(request, f"user:{request.user.pk}", work)


def _answer(changed: Changed, change: Change) -> Response:
    return Response(changed_data(changed, plan_id=change.plan.pk, plan_name=change.plan.name))


def _change(request: Request, given: dict[str, Any]) -> Change:
    frequency, policy = given.get("billing_frequency"), given.get("policy")
    return Change(
        user=request.user,
        plan=plan_for_sale(given["plan_id"]),
        frequency=BillingFrequency(frequency) if frequency else None,
        quantity=given.get("quantity"),
        coupon_code=given["coupon_code"],
        timing=ChangeTiming(policy) if policy else None,
    )
