"""The endpoints by which admins look after subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django import clock
from saaskit_django.checkout.selectors import SubscriptionFilter, subscriptions_within
from saaskit_django.checkout.serializers.administration import (
    AdminSubscriptionInput,
    AdminSubscriptionUpdate,
    SubscriptionsQuery,
    administered_data,
)
from saaskit_django.checkout.services.administer import (
    SubscriptionEdit,
    customer_for,
    delete_subscription,
    subscribe_customer,
    update_subscription,
)
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.permissions import IsAdmin
from saaskit_django.payments.services.charge import raise_declined
from saaskit_django.plans.selectors import plan_by_id
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.serializers import NoInput, body_of, query_of
from saaskit_django.rest.views import SaasKitView
from saaskit_django.subscriptions.serializers import subscription_data

if TYPE_CHECKING:
    from rest_framework.request import Request


class ListSubscriptions(SaasKitView):
    """All subscriptions, for admins."""

    permission_classes = (IsAdmin,)

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        wanted = SubscriptionFilter(**query_of(request, SubscriptionsQuery))
        return paginated(request, subscriptions_within(wanted, now=clock.now()), subscription_data)


class CreateSubscription(SaasKitView):
    """A new subscription of anybody."""

    permission_classes = (IsAdmin,)

    def post(self, request: Request) -> Response:
        """Make it, charging what the customer has kept for that; or grant its first period."""
        given = body_of(request, AdminSubscriptionInput)
        plan = plan_by_id(given["subscription_plan_id"])
        customer = customer_for(customer_id=given.get("customer_id"), user_id=given.get("user_id"))
        purchase = Purchase(
            user=customer.user,
            plan=plan,
            frequency=BillingFrequency(given["billing_frequency"]),
            starts_at=given.get("start_date"),
            auto_renew=given["auto_renew"],
            trial_days=given.get("trial_days"),
            is_granted=not given["charge"],
            is_off_session=True,
            actor=f"user:{request.user.pk}",
        )

        def work() -> Response:
            made = subscribe_customer(customer, purchase, actor=request.user, now=clock.now())
            return Response(administered_data(made), status=201)

        return run_idempotent(request, f"user:{request.user.pk}", work)


class UpdateSubscription(SaasKitView):
    """One subscription of anybody."""

    permission_classes = (IsAdmin,)

    def patch(self, request: Request, subscription_id: int) -> Response:
        """Change it along the transitions that are allowed."""
        edit = _edit(body_of(request, AdminSubscriptionUpdate))
        done = update_subscription(
            subscription_id=subscription_id, edit=edit, actor=request.user, now=clock.now()
        )
        if done.payment is not None:
            raise_declined(done.payment)
        return Response(administered_data(done))

    put = patch


class DeleteSubscription(SaasKitView):
    """One subscription of anybody."""

    permission_classes = (IsAdmin,)

    def delete(self, request: Request, subscription_id: int) -> Response:
        """Cancel and hide it."""
        body_of(request, NoInput)
        delete_subscription(subscription_id=subscription_id, actor=request.user, now=clock.now())
        return Response(status=204)


def _edit(given: dict[str, Any]) -> SubscriptionEdit:
    status, frequency = given.get("status"), given.get("billing_frequency")
    return SubscriptionEdit(
        status=SubscriptionStatus(status) if status else None,
        auto_renew=given.get("auto_renew"),
        ends_at=given.get("end_date"),
        plan_id=given.get("subscription_plan_id"),
        frequency=BillingFrequency(frequency) if frequency else None,
        note=given["note"],
    )
