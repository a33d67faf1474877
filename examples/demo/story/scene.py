"""What all chapters share: the people, their clocks, the rows they look at."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, cast

from examples.demo.calls import Answer, Api
from examples.demo.mails import Mail, read_mails
from saaskit_django import registry
from saaskit_django.billing.models import AppliedCoupon as AppliedCouponRow
from saaskit_django.billing.models import Invoice
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.subscriptions.selectors import with_prices

if TYPE_CHECKING:
    from pathlib import Path

    from examples.demo.cast import Cast, Offer
    from examples.demo.steps import Step, Story
    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.money import Money
    from saaskit_django.subscriptions.models import Subscription
    from saaskit_providers.sandbox import SandboxProvider

MOST_SECONDS = 200 * 86400
"""How far a test clock is moved in one request."""

GOOD_CARD = "pm_card_ok"
Figures = dict[str, object]


@dataclass(slots=True, kw_only=True)
class Person:
    """A customer of the story, signed in."""

    name: str
    email: str
    api: Api
    customer_id: int = 0

    @property
    def row(self) -> Subscription:
        """The subscription as it stands in the database now."""
        return with_prices().filter(customer_id=self.customer_id).order_by("-pk")[0]

    @property
    def payment(self) -> Payment:
        """The newest payment."""
        return Payment.objects.filter(customer_id=self.customer_id).order_by("-pk")[0]

    @property
    def invoice(self) -> Invoice:
        """The newest invoice."""
        return Invoice.objects.filter(customer_id=self.customer_id).order_by("-pk")[0]

    @property
    def coupons(self) -> tuple[AppliedCoupon, ...]:
        """The coupons on the subscription."""
        rows = AppliedCouponRow.objects.filter(subscription=self.row, is_released=False)
        return tuple(row.to_core() for row in rows.order_by("pk"))


@dataclass(slots=True, kw_only=True)
class Scene:
    """The stage."""

    story: Story
    cast: Cast
    folder: Path
    url: str
    admin: Api
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    people: dict[str, Person] = field(default_factory=dict)
    figures: Figures = field(default_factory=dict)
    invoices: dict[str, str] = field(default_factory=dict)

    def nobody(self) -> Api:
        """Return a caller who isn't signed in."""
        return Api(url=self.url)

    def enter(self, step: Step, name: str, *, offer: Offer | None, **choices: object) -> Answer:
        """Register somebody, with a plan if one is offered, and sign him in."""
        email, password = f"{name.split()[0].lower()}@example.com", secrets.token_urlsafe(12)
        body: dict[str, object] = {"full_name": name, "email": email, "password": password}
        path = "/api/auth/register-user/"
        if offer is not None:
            path = "/api/auth/register/"
            body |= {**order(offer), **choices}
        answer = self.nobody().post(step, path, body, expect=201)
        api = self.sign_in(step, email, password)
        self.people[name] = Person(name=name, email=email, api=api)
        return answer

    def sign_in(self, step: Step, email: str, password: str) -> Api:
        """Sign somebody in and return a caller with his token."""
        body = {"email": email, "password": password}
        answer = self.nobody().post(step, "/api/auth/login/", body, is_shown=False)
        return Api(url=self.url, token=answer.json["access"])

    def live_until(self, step: Step, person: Person, instant: datetime) -> None:
        """Move a customer's test clock to an instant; what falls due on the way is done."""
        left = ceil((instant - clock_of(person)).total_seconds())
        while left > 0:
            by = min(left, MOST_SECONDS)
            left -= by
            days, seconds = divmod(by, 86400)
            answer = self.admin.post(
                step,
                f"/api/admin/customers/{person.customer_id}/test-clock/",
                {"days": days, "seconds": seconds},
            )
            step.check("the sweep stopped at nothing", answer.json["errors"], [])

    def keep_invoice(self, step: Step, person: Person, invoice: Invoice) -> str:
        """Fetch an invoice's page for the report and return it."""
        path = f"/api/core/billing/invoices/{invoice.public_id}/html/"
        page = person.api.get(step, path, is_shown=False).text
        self.invoices[invoice.number_text] = page
        return page

    def mails_to(self, person: Person) -> list[Mail]:
        """Return the e-mails somebody got, oldest first."""
        return [mail for mail in read_mails(self.folder / "mails") if mail.to == person.email]


def sandbox() -> SandboxProvider:
    """Return the payment provider, as this process sees its books."""
    return cast("SandboxProvider", registry.payment_provider("sandbox"))


def order(offer: Offer) -> dict[str, object]:
    """Name an offer as requests do."""
    return {
        "subscription_plan_id": plan_id(offer),
        "billing_frequency": str(offer.price.frequency),
        "currency": offer.price.amount.currency,
    }


def plan_id(offer: Offer) -> int:
    """Return the id under which an offer's plan is on sale."""
    return SubscriptionPlan.objects.get(key=offer.plan.key).pk


def clock_of(person: Person) -> datetime:
    """Return the instant on the customer's billing clock: real time plus his test offset."""
    return datetime.now(UTC) + _offset(person)


def _offset(person: Person) -> timedelta:
    offset: timedelta = Customer.objects.values_list("clock_offset", flat=True).get(
        pk=person.customer_id
    )
    return offset


def decimal(amount: Money) -> str:
    """Write an amount as the wire does."""
    return f"{amount.decimal:f}"
