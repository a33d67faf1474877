"""What the contract's callers find: a site with plans, a coupon, and one of each kind of caller."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.http import HttpResponse
from django.test import Client

from saaskit_core.customers import Role
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_django import clock
from saaskit_django.billing.services.wallet import credit
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon
from saaskit_django.customers.models import Customer, Profile
from saaskit_django.customers.services import ensure_customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.referrals.models import ReferralProgramme
from saaskit_django.rest.scheduler import scheduler_token
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import access_token, make_plan, make_user

MONTHLY = BillingFrequency.MONTHLY


class Caller(StrEnum):
    """Who may knock."""

    ANYONE = "anyone"
    OWNER = "owner"
    OTHER = "other"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SCHEDULER = "scheduler"
    PROVIDER = "provider"


PEOPLE = (Caller.OWNER, Caller.OTHER, Caller.MODERATOR, Caller.ADMIN)
NOT_OURS = {
    "saaskit_limits",
    "saaskit_accounts.LoginSession",
    "saaskit_accounts.RefreshToken",
    "saaskit_payments.RefusedDelivery",
}
"""What a refused request may write all the same: counters of tries, and this harness's logins."""


@dataclass
class World:
    """One site. People and plans stand from the start, the rest is made when a case needs it."""

    sandbox: SandboxProvider
    people: dict[Caller, Any] = field(default_factory=dict)
    basic: SubscriptionPlan = field(init=False)
    pro: SubscriptionPlan = field(init=False)
    tokens: dict[Caller, str] = field(init=False)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __post_init__(self) -> None:
        make_plan("free")
        self.basic = make_plan("basic", "10.00")
        self.pro = make_plan("pro", "30.00")
        Coupon.objects.create(code="WELCOME", discount_type="percentage", percent=20)
        ReferralProgramme.objects.create(
            key="friends",
            is_default=True,
            referrer_reward={"type": "credit", "amounts": {"USD": 1000}},
            referred_reward={"type": "credit", "amounts": {"USD": 500}},
        )
        for caller in PEOPLE:
            self.people[caller] = make_user(f"{caller}@example.com", full_name=caller.title())
        for caller, role in ((Caller.MODERATOR, Role.MODERATOR), (Caller.ADMIN, Role.ADMIN)):
            Profile.objects.create(user=self.people[caller], role=role.value)
        self.tokens = {caller: access_token(user) for caller, user in self.people.items()}

    def user(self, caller: Caller) -> Any:
        """The caller's user; that of the owner for those who are nobody."""
        return self.people.get(caller, self.people[Caller.OWNER])

    def customer(self, caller: Caller) -> Customer:
        return ensure_customer(user=self.user(caller))

    def intent(self, caller: Caller, plan: SubscriptionPlan | None = None) -> Payment:
        """A payment of the caller that waits for him."""
        purchase = Purchase(user=self.user(caller), plan=plan or self.basic, frequency=MONTHLY)
        made = intend_purchase(self.customer(caller), purchase, now=clock.now())
        assert made.payment is not None
        return made.payment

    def subscribed(self, caller: Caller) -> Payment:
        """The payment by which the caller subscribed to the basic plan."""
        return confirm(
            self.intent(caller), method_ref="pm_card_ok", idempotency_key="", now=clock.now()
        )

    @transaction.atomic
    def credited(self, caller: Caller) -> None:
        customer = self.customer(caller)
        amount = Money(100, "USD")
        credit(customer=customer, amount=amount, transaction="t", reason="gift", now=clock.now())

    def headers(self, caller: Caller) -> dict[str, str]:
        """The credentials of a kind of caller."""
        if caller in PEOPLE:
            return {"authorization": f"Bearer {self.tokens[caller]}"}
        if caller is Caller.SCHEDULER:
            return {"authorization": f"Bearer {scheduler_token(now=clock.now())}"}
        return {"sandbox-signature": "t=1,v1=00"} if caller is Caller.PROVIDER else {}

    def send(
        self,
        method: str,
        path: str,
        data: bytes = b"",
        *,
        caller: Caller = Caller.ANYONE,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> HttpResponse:
        every = {**self.headers(caller), **(headers or {})}
        return self.client.generic(method, path, data, content_type=content_type, headers=every)


def dumped(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of ours, counters and logins left out: equal means that nothing changed."""
    return {
        model._meta.label: list(
            model._base_manager.order_by("pk").values_list(
                *(each.attname for each in model._meta.concrete_fields)
            )
        )
        for model in _models()
    }


def _models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label.startswith("saaskit_")
        and model._meta.app_label not in NOT_OURS
        and model._meta.label not in NOT_OURS
    ]
