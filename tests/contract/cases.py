"""How each method and path of this version is called so that it succeeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saaskit_core.notifications import NotificationType
from saaskit_core.subscriptions.facts import CancelRequested, Paused
from saaskit_django import clock
from saaskit_django.accounts import links
from saaskit_django.accounts.services.logins import Origin, open_login
from saaskit_django.accounts.tokens import TokenPair
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.lifecycle import Asked, ask
from saaskit_django.notifications.services import create_notification
from saaskit_django.payments.services.methods import add_method
from saaskit_django.referrals.services.codes import generate as generate_code_of
from saaskit_django.rest.bodies import parse_json
from tests.builders import PASSWORD
from tests.contract.world import Caller, World, dumped

NEW_PASSWORD = "another correct horse battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: what stands in the path and the query, and the body."""

    parts: tuple[object, ...] = ()
    query: str = ""
    body: Any = None
    headers: dict[str, str] | None = None
    raw: bytes | None = None

    @property
    def data(self) -> bytes:
        return self.raw if self.raw is not None else dumped(self.body)


Case = Callable[[World, Caller], Call]
CASES: dict[str, Case] = {}


def case(*names: str) -> Callable[[Case], Case]:
    def keep(make: Case) -> Case:
        CASES.update(dict.fromkeys(names, make))
        return make

    return keep


def plain(*names: str, **body: Any) -> None:
    """Calls that need nothing but perhaps a body."""
    for name in names:
        CASES[name] = lambda _world, _caller: Call(body=body or None)


NEWCOMER = {"full_name": "New Comer", "email": "new@example.com", "password": PASSWORD}
plain("POST /api/auth/register-user/", **NEWCOMER)
plain("POST /api/auth/request-password-reset/", email="owner@example.com")
plain(
    "POST /api/auth/login/",
    "POST /api/auth/api/token/",
    "POST /api/token/",
    email="owner@example.com",
    password=PASSWORD,
)
plain(
    "POST /api/auth/users/change-password/",
    "PUT /api/auth/users/change-password/",
    old_password=PASSWORD,
    new_password=NEW_PASSWORD,
)
plain("PUT /api/core/user/update/", "PATCH /api/core/user/update/", phone="+1 555 0100")
plain("POST /api/auth/logout/", all=True)
plain("POST /api/core/notifications/create/", title="T", message="M", type="System")
plain("POST /api/core/discounts/validate/", code="welcome")
plain("POST /api/core/billing/payment-methods/", payment_method_id="pm_card_ok")
plain(
    "GET /api/auth/subscriptionplans/",
    "GET /api/auth/payment/status/",
    "GET /api/core/user/",
    "GET /api/core/features/",
    "POST /api/core/referrals/generate/",
    "GET /api/core/referrals/stats/",
    "GET /api/core/subscription/limits/",
    "GET /api/payment/providers/",
    "DELETE /api/core/notifications/clear-all/",
    "GET /api/admin/subscriptionplans/list/",
    "POST /api/admin/subscriptions/sync/auto-renew/",
)
plain(
    "POST /api/admin/subscriptionplans/create/",
    name="Team",
    monthly_price="50.00",
    yearly_price="500.00",
)


@case("POST /api/auth/register/")
def register(world: World, caller: Caller) -> Call:
    return Call(body={**NEWCOMER, "subscription_plan_id": world.pro.pk})


@case("POST /api/auth/reset-password/")
def reset_password(world: World, caller: Caller) -> Call:
    owner = world.user(Caller.OWNER)
    owner.refresh_from_db()
    token = links.mint(links.Purpose.PASSWORD_RESET, user=owner)
    return Call(body={"token": token, "new_password": NEW_PASSWORD})


@case("POST /api/auth/confirm-email-change/")
def confirm_email_change(world: World, caller: Caller) -> Call:
    wanted = dumped({"email": "elsewhere@example.com"})
    asked = world.send("PATCH", "/api/core/user/update/", wanted, caller=Caller.OWNER)
    assert asked.status_code == 200, asked.content
    owner = world.user(Caller.OWNER)
    return Call(body={"token": links.mint(links.Purpose.EMAIL_CHANGE, user=owner, serial=1)})


@case("POST /api/auth/token/refresh/")
def refresh_token(world: World, caller: Caller) -> Call:
    return Call(body={"refresh": _login(world).refresh})


@case("POST /api/auth/token/verify/")
def verify_token(world: World, caller: Caller) -> Call:
    return Call(body={"token": _login(world).access})


@case("POST /api/auth/payment/create-intent/", "POST /api/payment/create-intent/")
def create_intent(world: World, caller: Caller) -> Call:
    return Call(body={"subscription_plan_id": world.pro.pk})


@case("POST /api/core/referrals/apply/")
def apply_referral(world: World, caller: Caller) -> Call:
    friend = Caller.OTHER if caller is Caller.OWNER else Caller.OWNER
    code = generate_code_of(world.customer(friend), user=world.user(friend))
    return Call(body={"code": code.code})


@case("POST /api/core/discounts/apply/")
def apply_discount(world: World, caller: Caller) -> Call:
    return Call(body={"code": "WELCOME", "subscription_plan_id": world.pro.pk})


@case(
    "GET /api/core/subscription/",
    "GET /api/core/subscription/stats/",
    "GET /api/core/subscription/health/",
    "GET /api/core/subscription/plans/",
    "GET /api/core/subscription/history/",
    "GET /api/core/billing/upcoming/",
    "GET /api/core/payments/",
    "GET /api/core/payments/billing/history/",
    "GET /api/core/billing/payment-methods/",
    "GET /api/core/billing/invoices/",
)
def with_subscription(world: World, caller: Caller) -> Call:
    world.subscribed(caller)
    return Call()


@case("GET /api/core/billing/wallet/")
def wallet(world: World, caller: Caller) -> Call:
    world.credited(caller)
    return Call()


@case("POST /api/core/subscription/change/")
def change(world: World, caller: Caller) -> Call:
    world.subscribed(caller)
    return Call(body={"plan_id": world.pro.pk})


@case("POST /api/core/subscription/cancel/", "POST /api/core/subscription/pause/")
def end_or_rest(world: World, caller: Caller) -> Call:
    world.subscribed(caller)
    return Call(body={"group": "main"})


@case("POST /api/core/subscription/uncancel/")
def uncancel(world: World, caller: Caller) -> Call:
    return _after(world, caller, CancelRequested())


@case("POST /api/core/subscription/resume/")
def resume(world: World, caller: Caller) -> Call:
    return _after(world, caller, Paused())


@case("POST /api/core/subscription/quantity/")
def quantity(world: World, caller: Caller) -> Call:
    world.subscribed(caller)
    return Call(body={"quantity": 3})


@case("GET /api/core/notifications/list/")
def notifications(world: World, caller: Caller) -> Call:
    _notify(world, caller)
    return Call()


@case(
    "DELETE /api/core/notifications/<id>/delete/",
    "PATCH /api/core/notifications/<id>/mark-as-read/",
    "PUT /api/core/notifications/<id>/mark-as-read/",
)
def one_notification(world: World, caller: Caller) -> Call:
    return Call(parts=(_notify(world, Caller.OWNER),))


@case("POST /api/payment/confirm/")
def confirm_payment(world: World, caller: Caller) -> Call:
    payment = world.intent(Caller.OWNER)
    return Call(body={"transaction_id": payment.transaction_id, "payment_method_id": "pm_card_ok"})


@case("GET /api/payment/status/")
def payment_status(world: World, caller: Caller) -> Call:
    return Call(query=f"transaction_id={world.intent(Caller.OWNER).transaction_id}")


@case("POST /api/payment/refund/")
def refund(world: World, caller: Caller) -> Call:
    payment = world.subscribed(Caller.OWNER)
    return Call(body={"transaction_id": payment.transaction_id, "amount": "4.00"})


@case("DELETE /api/core/billing/payment-methods/<id>/")
def one_method(world: World, caller: Caller) -> Call:
    method, _ = add_method(
        world.customer(Caller.OWNER),
        provider_name="sandbox",
        method_ref="pm_card_ok",
        now=clock.now(),
    )
    return Call(parts=(method.pk,))


@case("GET /api/core/billing/invoices/<id>/", "GET /api/core/billing/invoices/<id>/html/")
def one_invoice(world: World, caller: Caller) -> Call:
    world.subscribed(Caller.OWNER)
    return Call(parts=(Invoice.objects.get().public_id,))


@case("POST /api/admin/customers/<id>/test-clock/")
def test_clock(world: World, caller: Caller) -> Call:
    return Call(parts=(world.customer(Caller.OWNER).pk,), body={"days": 1})


@case(
    "PUT /api/admin/subscriptionplans/<id>/update/",
    "PATCH /api/admin/subscriptionplans/<id>/update/",
)
def change_plan_terms(world: World, caller: Caller) -> Call:
    world.subscribed(Caller.OWNER)
    return Call(parts=(world.basic.pk,), body={"monthly_price": "12.00"})


@case("DELETE /api/admin/subscriptionplans/<id>/delete/")
def delete_plan(world: World, caller: Caller) -> Call:
    return Call(parts=(world.pro.pk,))


@case("POST /api/admin/subscriptions/create/")
def subscribe_somebody(world: World, caller: Caller) -> Call:
    return Call(
        body={
            "user_id": world.user(Caller.OTHER).pk,
            "subscription_plan_id": world.basic.pk,
            "billing_frequency": "Monthly",
        }
    )


@case(
    "GET /api/admin/subscriptions/list/",
    "GET /api/admin/payments/",
    "GET /api/admin/dashboard/stats/",
    "GET /api/admin/analytics/dashboard/",
    "GET /api/admin/subscriptions/analytics/",
    "GET /api/admin/subscriptions/dashboard/",
    "GET /api/admin/subscriptionplans/analytics/",
    "GET /api/admin/subscriptionplans/dashboard/",
)
def all_subscriptions(world: World, caller: Caller) -> Call:
    for each in (Caller.OWNER, Caller.OTHER):
        world.subscribed(each)
    return Call()


@case(
    "PUT /api/admin/subscriptions/<id>/update/",
    "PATCH /api/admin/subscriptions/<id>/update/",
)
def update_subscription(world: World, caller: Caller) -> Call:
    return Call(parts=(_subscription(world),), body={"status": "Suspended", "note": "Asked to"})


@case("DELETE /api/admin/subscriptions/<id>/delete/")
def delete_subscription(world: World, caller: Caller) -> Call:
    return Call(parts=(_subscription(world),))


@case("POST /api/admin/subscriptions/<id>/renew/")
def renew_subscription(world: World, caller: Caller) -> Call:
    return Call(parts=(_subscription(world),), body={"charge": False, "notes": "For the outage"})


@case("POST /api/payment/webhook/<provider>/")
def webhook(world: World, caller: Caller) -> Call:
    world.subscribed(Caller.OWNER)
    delivery = world.sandbox.signed_deliveries(signed_at=clock.now())[-1]
    signed = dict(delivery.headers) if caller is Caller.PROVIDER else {}
    return Call(
        parts=("sandbox",), raw=delivery.body, body=parse_json(delivery.body), headers=signed
    )


def _after(world: World, caller: Caller, asked: Asked) -> Call:
    world.subscribed(caller)
    ask(world.customer(caller), asked, group="main", now=clock.now())
    return Call()


def _login(world: World) -> TokenPair:
    return open_login(world.user(Caller.OWNER), origin=Origin(), now=clock.now())


def _subscription(world: World) -> object:
    """The owner's subscription."""
    return world.subscribed(Caller.OWNER).subscription_id


def _notify(world: World, caller: Caller) -> int:
    row = create_notification(
        user=world.user(caller), title="T", message="M", type=NotificationType.SYSTEM
    )
    key: int = row.pk
    return key
