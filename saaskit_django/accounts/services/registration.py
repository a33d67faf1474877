"""Make an account. One address is one account, whoever races."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from saaskit_core.accounts import UserRegistered, check_password_size, normalise_email
from saaskit_core.providers import ProviderError
from saaskit_django.accounts import selectors
from saaskit_django.accounts.models import User
from saaskit_django.accounts.services import throttles
from saaskit_django.accounts.services.email_changes import EmailTaken
from saaskit_django.accounts.services.logins import Origin, log
from saaskit_django.accounts.services.passwords import check_strength
from saaskit_django.accounts.services.throttles import Attempt, Scope
from saaskit_django.checkout.services.subscribe import Purchase, Subscribed, subscribe
from saaskit_django.customers.models import Profile
from saaskit_django.customers.services import ensure_customer
from saaskit_django.outbox.services import record
from saaskit_django.payments.services.charge import submit
from saaskit_django.plans.selectors import plan_for_sale
from saaskit_django.registry import payment_provider
from saaskit_django.subscriptions.selectors import with_prices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saaskit_core.periods import BillingFrequency
    from saaskit_django.payments.models import Payment
    from saaskit_django.subscriptions.models import Subscription

logger = logging.getLogger("saaskit.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What somebody says about himself; `profile` names columns of customers.Profile."""

    email: str
    password: str = field(repr=False)
    full_name: str
    profile: Mapping[str, str] = field(default_factory=dict)
    referral_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody buys as he registers."""

    plan_id: int
    frequency: BillingFrequency
    currency: str = ""
    coupon_code: str = ""
    provider: str = ""
    payment_method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What stands then; `payment` is None when nothing is due yet."""

    user: User
    subscription: Subscription
    payment: Payment | None


def register_user(*, new: NewUser, origin: Origin, now: datetime) -> User:
    """Make a user; his default plan needs no row.

    Raises TooManyAttempts, EmailInvalid, PasswordTooLong, EmailTaken, or Django's ValidationError
    for a weak password.
    """
    user = checked(new, origin=origin, now=now)
    try:
        with transaction.atomic(durable=True):
            save(user, new=new, origin=origin, now=now)
    except IntegrityError as exc:
        raise taken(new, exc) from exc
    return user


def register(*, new: NewUser, order: Order, origin: Origin, now: datetime) -> Registered:
    """Make a user with a subscription to a plan, all or nothing, then have its payment made.

    A provider that can't be asked at that moment undoes nothing: the payment stays open and is made
    by the next create-intent. Raises like register_user, and PlanNotFound, PriceNotForSale,
    ProviderNotFound or a CouponNotRedeemable subclass.
    """
    plan = plan_for_sale(order.plan_id)
    if order.provider:
        payment_provider(order.provider)
    if order.coupon_code:
        throttles.count(Attempt(scope=Scope.REGISTER_COUPON, ip=origin.ip), now=now)
    user = checked(new, origin=origin, now=now)
    purchase = Purchase(
        user=user,
        plan=plan,
        frequency=order.frequency,
        currency=order.currency,
        coupon_code=order.coupon_code,
        provider=order.provider,
        payment_method=order.payment_method,
    )
    try:
        subscribed = _save_with_plan(user, purchase, new=new, origin=origin, now=now)
    except IntegrityError as exc:
        raise taken(new, exc) from exc
    payment = _sent(subscribed.payment, now=now) if subscribed.payment is not None else None
    row = with_prices().get(pk=subscribed.subscription.pk)
    return Registered(user=user, subscription=row, payment=payment)


@transaction.atomic(durable=True)
def _save_with_plan(
    user: User, purchase: Purchase, *, new: NewUser, origin: Origin, now: datetime
) -> Subscribed:
    save(user, new=new, origin=origin, now=now)
    return subscribe(ensure_customer(user=user), purchase, now=now)


def _sent(payment: Payment, *, now: datetime) -> Payment:
    try:
        return submit(payment.pk, now=now)
    except ProviderError as exc:
        logger.warning("payment %s was not sent: %s", payment.transaction_id, type(exc).__name__)
        payment.refresh_from_db()
        return payment


def checked(new: NewUser, *, origin: Origin, now: datetime) -> User:
    """Return the unsaved user once everything that needs no row is right; raises like register."""
    throttles.count(Attempt(scope=Scope.REGISTER, ip=origin.ip), now=now)
    check_password_size(new.password)
    user = User(email=normalise_email(new.email), full_name=new.full_name)
    if selectors.is_taken(user.email):
        raise EmailTaken(pointer="/email")
    check_strength(new.password, user=user)
    user.password = make_password(new.password)
    return user


def save(user: User, *, new: NewUser, origin: Origin, now: datetime) -> None:
    """Write user and profile, inside a transaction. Raises IntegrityError when he exists."""
    user.save(force_insert=True)
    user.saaskit_profile = Profile.objects.create(user=user, **new.profile)
    log(user, "registered", origin=origin)
    record(
        UserRegistered(
            aggregate=f"user:{user.pk}",
            user_id=str(user.pk),
            referral_code=new.referral_code,
            occurred_at=now,
        )
    )


def taken(new: NewUser, exc: IntegrityError) -> Exception:
    """Return what a failed INSERT means: the address is taken, or else a fault of ours."""
    if selectors.is_taken(normalise_email(new.email)):
        return EmailTaken(pointer="/email")
    return exc
