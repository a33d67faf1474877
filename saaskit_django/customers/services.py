"""Write customers and profiles: rows appear at the first write, once, whoever races."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from saaskit_core.customers import CustomerKind, MembershipRole, Role
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.audit.services import ENGINE
from saaskit_django.audit.services import record as audit
from saaskit_django.conf import conf
from saaskit_django.customers.models import Customer, Membership, Profile, ProviderCustomer
from saaskit_django.customers.selectors import CustomerNotFound, computed_customer, role_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.db.models import QuerySet


class LastAdmin(SaasKitError):
    """Somebody would leave the site without an admin, or demote himself."""

    code = "last_admin"
    kind = ErrorKind.CONFLICT
    template = "You can't take your own admin role."


class CustomerParked(SaasKitError):
    """No charge is made while somebody has to look."""

    code = "customer_parked"
    kind = ErrorKind.CONFLICT
    template = "Billing is on hold until a person has looked at this account."


class TestClockRefused(SaasKitError):
    """Billing time may be moved on test sites only."""

    __test__ = False

    code = "test_clock_refused"
    kind = ErrorKind.CONFLICT
    template = "A customer's clock can be moved on test sites only."


def ensure_customer(*, user: Any) -> Customer:
    """Return the user's personal customer, made on first need; safe under any race."""
    rows = Customer.objects.filter(user=user)
    if transaction.get_connection().in_atomic_block:
        # The transaction starts with a write, as SQLite needs it, even when there is nothing to do.
        is_there = rows.update(lock_version=F("lock_version")) > 0
    else:
        is_there = rows.exists()
    if not is_there:
        Customer.objects.bulk_create([computed_customer(user)], ignore_conflicts=True)
    return rows.get()


def ensure_saved(customer: Customer) -> Customer:
    """Return the customer with its row: what `acting_customer` computed becomes one."""
    return ensure_customer(user=customer.user) if customer._state.adding else customer


def ensure_profile(*, user: Any) -> Profile:
    """Return the user's profile, made on first need; safe under any race."""
    Profile.objects.bulk_create([Profile(user=user)], ignore_conflicts=True)
    profile = Profile.objects.get(user=user)
    user.saaskit_profile = profile
    return profile


def create_organisation(
    *, name: str, owner: Any, email: str = "", currency: str = "", timezone: str = "UTC"
) -> Customer:
    """Make an organisation with its owner. Inside a transaction."""
    customer = Customer.objects.create(
        kind=CustomerKind.ORGANISATION.value,
        name=name,
        email=email,
        currency=currency or conf().default_currency,
        timezone=timezone,
    )
    Membership.objects.create(customer=customer, user=owner, role=MembershipRole.OWNER.value)
    return customer


def lock_customer(customer_id: int) -> Customer:
    """Lock the customer until the transaction ends, and return it fresh. Inside a transaction.

    Every change to what a customer has or owes takes this lock first. Raises CustomerNotFound.
    """
    rows = Customer.objects.filter(pk=customer_id)
    if not rows.update(lock_version=F("lock_version") + 1):
        raise CustomerNotFound
    return rows.get()


def lock_customer_of(rows: QuerySet[Any], *, path: str = "customer_id") -> Customer:
    """Lock the customer that a row of `rows` belongs to, and return it. Inside a transaction.

    The lock is the first statement: on SQLite a transaction that reads before it writes fails
    beside another writer. Raises CustomerNotFound.
    """
    owners = Customer.objects.filter(pk__in=rows.values(path))
    if not owners.update(lock_version=F("lock_version") + 1):
        raise CustomerNotFound
    return owners.get()


def billing_now(customer: Customer, now: datetime) -> datetime:
    """Return the instant on the customer's billing clock: real time plus its test offset."""
    return now + customer.clock_offset


@transaction.atomic(durable=True)
def advance_clock(*, customer_id: int, by: timedelta) -> Customer:
    """Move a customer's billing clock forward. Raises TestClockRefused on a production site."""
    if not (settings.DEBUG or conf().allow_sandbox):
        raise TestClockRefused
    rows = Customer.objects.filter(pk=customer_id)
    if not rows.update(clock_offset=F("clock_offset") + by):
        raise CustomerNotFound
    return rows.get()


def refuse_parked(customer: Customer) -> None:
    """Raise CustomerParked while the customer's billing is on hold."""
    if customer.is_parked:
        raise CustomerParked


def park(customer: Customer, reason: str, *, now: datetime) -> bool:
    """Stop all charges of a customer until somebody has looked. Inside a transaction.

    The first reason stays; tells whether it was this one.
    """
    free = Customer.objects.filter(pk=customer.pk, parked_at__isnull=True)
    if not free.update(parked_at=now, parked_reason=reason[:255]):
        return False
    customer.parked_at, customer.parked_reason = now, reason[:255]
    audit(
        action="customer.parked",
        table="customer",
        record_id=customer.pk,
        after={"reason": reason[:255]},
        actor=ENGINE,
    )
    return True


@transaction.atomic(durable=True)
def unpark(*, customer_id: int, actor: object) -> bool:
    """Let a customer be charged again; tells whether he was parked."""
    parked = Customer.objects.filter(pk=customer_id, parked_at__isnull=False)
    if not parked.update(parked_at=None, parked_reason=""):
        return False
    audit(action="customer.unparked", table="customer", record_id=customer_id, actor=actor)
    return True


def set_role(*, user: Any, role: Role, actor: Any, request_id: str = "") -> None:
    """Give a user a role on the site. Inside a transaction. Raises LastAdmin."""
    ensure_profile(user=user)
    before = role_of(user)
    if getattr(actor, "pk", None) == user.pk and before is Role.ADMIN and role is not Role.ADMIN:
        raise LastAdmin
    Profile.objects.filter(user=user).update(role=role.value)
    user.saaskit_profile.role = role.value
    audit(
        action="user.role_changed",
        table="profile",
        record_id=user.pk,
        before={"role": before.value},
        after={"role": role.value},
        actor=actor,
        request_id=request_id,
    )


def bump_session_epoch(*, user: Any) -> int:
    """End every login of a user at once; return the new epoch. Inside a transaction."""
    ensure_profile(user=user)
    Profile.objects.filter(user=user).update(session_epoch=F("session_epoch") + 1)
    user.saaskit_profile.refresh_from_db(fields=["session_epoch"])
    epoch: int = user.saaskit_profile.session_epoch
    return epoch


def remember_provider_ref(customer: Customer, *, provider: str, ref: str) -> str:
    """Keep what a provider calls the customer; return the one kept: the first stays."""
    row = ProviderCustomer(customer=customer, provider=provider, ref=ref)
    ProviderCustomer.objects.bulk_create([row], ignore_conflicts=True)
    return ProviderCustomer.objects.get(customer=customer, provider=provider).ref
