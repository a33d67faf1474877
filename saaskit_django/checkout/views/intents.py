"""The endpoints that start a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.customers import Role
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_django import clock, registry
from saaskit_django.checkout.serializers.purchases import (
    IntentInput,
    PlanIntentInput,
    made_intent_data,
)
from saaskit_django.checkout.services.create_intent import (
    Intent,
    intend_amount,
    intend_invoice,
    intend_purchase,
)
from saaskit_django.checkout.services.referrals import claim_referral
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.conf import conf
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer, role_of
from saaskit_django.limits.services import guess_limited
from saaskit_django.payments.services.charge import raise_declined
from saaskit_django.payments.services.reserve import Collection
from saaskit_django.plans.selectors import plan_for_sale
from saaskit_django.rest.errors import PermissionRefused
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.serializers import body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class NothingToPay(SaasKitError):
    code = "nothing_to_pay"
    template = "Name either a plan or an invoice to pay."


class NoClientSecret(SaasKitError):
    code = "no_client_secret"
    kind = ErrorKind.UNAVAILABLE
    template = "The default payment provider does not work with a client secret."


class CreateIntent(SaasKitView):
    """What the acting customer pays for now."""

    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Make the payment, or answer the one that is under way for the same purchase."""
        given = body_of(request, IntentInput)
        _check_target(request, given)

        def work() -> Response:
            return Response(made_intent_data(_unless_declined(_intend(request, given))))

        return run_idempotent(request, f"user:{request.user.pk}", work)


class CreatePlanIntent(SaasKitView):
    """A plan's payment with the default provider, answered by its client secret."""

    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Make the payment, or answer the one that is under way for the same purchase."""
        given = body_of(request, PlanIntentInput)

        def work() -> Response:
            answer = made_intent_data(_unless_declined(_intend_plan(request, given)))
            if answer["transaction_id"] and not answer["client_secret"]:
                raise NoClientSecret
            names = ("client_secret", "transaction_id", "amount", "currency")
            return Response({name: answer[name] for name in names})

        return run_idempotent(request, f"user:{request.user.pk}", work)


def _unless_declined(intent: Intent) -> Intent:
    if intent.payment is not None:
        raise_declined(intent.payment)
    return intent


def _check_target(request: Request, given: dict[str, Any]) -> None:
    targets = [name for name in ("subscription_plan_id", "invoice_id", "amount") if name in given]
    if "amount" in given and role_of(request.user) is not Role.ADMIN:
        raise PermissionRefused
    if len(targets) != 1:
        raise NothingToPay


def _intend(request: Request, given: dict[str, Any]) -> Intent:
    if "subscription_plan_id" in given:
        return _intend_plan(request, given)
    collection = Collection(
        provider=given.get("provider") or registry.default_provider(),
        user=request.user,
        payment_method=given["payment_method"],
        description=given["description"],
    )
    customer, now = acting_customer(request), clock.now()
    if "invoice_id" in given:
        return intend_invoice(
            customer,
            invoice_id=given["invoice_id"],
            collection=collection,
            now=now,
            return_url=given["return_url"],
        )
    amount = Money.of(given["amount"], given.get("currency") or conf().default_currency)
    return intend_amount(
        customer, amount, collection=collection, now=now, return_url=given["return_url"]
    )


def _intend_plan(request: Request, given: dict[str, Any]) -> Intent:
    if given.get("referral_code"):
        guess_limited(request, "referral")
        claim_referral(acting_customer(request), code=given["referral_code"], user=request.user)
    purchase = Purchase(
        user=request.user,
        plan=plan_for_sale(given["subscription_plan_id"]),
        frequency=BillingFrequency(given.get("billing_frequency", BillingFrequency.MONTHLY)),
        currency=given.get("currency", ""),
        coupon_code=given["coupon_code"],
        provider=given.get("provider", ""),
        payment_method=given.get("payment_method", ""),
    )
    return intend_purchase(
        acting_customer(request),
        purchase,
        now=clock.now(),
        return_url=given.get("return_url", ""),
    )
