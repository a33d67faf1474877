"""What Django tests start from: plans, customers, a clock that can be moved."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client

from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency
from saaskit_django import clock
from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import ensure_customer
from saaskit_django.plans.models import FeatureFlags, Price, SubscriptionPlan

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@dataclass
class Moving:
    """A clock for calls that take `now`."""

    now: datetime = START

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


def make_plan(
    key: str,
    amount: str = "0",
    *,
    currency: str = "USD",
    trial_days: int = 0,
    frequencies: tuple[BillingFrequency, ...] = (BillingFrequency.MONTHLY,),
    features: dict[str, Any] | None = None,
) -> SubscriptionPlan:
    """A plan sold at `amount` in each of the frequencies."""
    plan = SubscriptionPlan.objects.create(
        key=key, name=key.title(), currency=currency, trial_days=trial_days
    )
    FeatureFlags.objects.create(subscription_plan=plan, features=features or {})
    for frequency in frequencies:
        interval = INTERVALS.get(frequency)
        Price.objects.create(
            plan=plan,
            currency=currency,
            amount_minor=Money.of(amount, currency).minor,
            frequency=frequency,
            interval_unit=interval.unit if interval else "",
            interval_count=interval.count if interval else 0,
        )
    return plan


def make_user(email: str = "ada@example.com", **fields: Any) -> Any:
    return get_user_model().objects.create_user(email, PASSWORD, **fields)


def make_customer(email: str = "ada@example.com", **fields: Any) -> Customer:
    customer = ensure_customer(user=make_user(email))
    if fields:
        Customer.objects.filter(pk=customer.pk).update(**fields)
        customer.refresh_from_db()
    return customer


@dataclass
class Api:
    """A client that speaks JSON as one user, signed in without a password."""

    user: Any = None
    prefix: str = "/api"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        data = "" if body is None else json.dumps(body)
        if self.user is not None:
            headers.setdefault("authorization", f"Bearer {access_token(self.user)}")
        return self.client.generic(
            method, f"{self.prefix}/{path}", data, content_type="application/json", headers=headers
        )

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body or {}, **headers)


def access_token(user: Any) -> str:
    """A live access token of a login of its own."""
    from saaskit_django.accounts.services.logins import Origin, open_login

    return open_login(user, origin=Origin(), now=clock.now()).access
