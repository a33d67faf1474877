"""Reads of customers and profiles. A missing row is a computed value; reading writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q

from saaskit_core.customers import CustomerKind, MembershipRole, Role, may_move_money
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.conf import conf
from saaskit_django.customers.models import Customer, Membership, Profile, ProviderCustomer
from saaskit_django.rest.errors import NotSignedIn

if TYPE_CHECKING:
    from rest_framework.request import Request

ACTING_HEADER = "HTTP_X_CUSTOMER"


class CustomerNotFound(SaasKitError):
    """There is no such customer, or the user is not one of its members."""

    code = "customer_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such customer."


class UserNotFound(SaasKitError):
    """There is no such user."""

    code = "user_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such user."


_ACTING = "saaskit_acting_customer"


def acting_customer(request: Request) -> Customer:
    """Return for whom the user acts: the customer of X-Customer, else his personal one.

    The personal one is computed and unsaved (no pk) as long as nothing was written for it.
    One that has a row is read once per request: permissions and views ask for it. Raises
    CustomerNotFound when he isn't a member, NotSignedIn for nobody.
    """
    user = request.user
    if getattr(user, "pk", None) is None:
        raise NotSignedIn
    who = (user.pk, request.META.get(ACTING_HEADER))
    known: tuple[object, Customer] | None = getattr(request, _ACTING, None)
    if known is not None and known[0] == who:
        return known[1]
    asked = who[1]
    found = personal_customer(user) if asked is None else customer_of(asked, user=user)
    if found.pk is not None:
        setattr(request, _ACTING, (who, found))
    return found


def customer_of(customer_id: object, *, user: Any) -> Customer:
    """Return a customer the user belongs to. Raises CustomerNotFound."""
    key = _key(customer_id)
    theirs = Q(user=user) | Q(memberships__user=user)
    customer = Customer.objects.filter(theirs, pk=key).distinct().first()
    if customer is None:
        raise CustomerNotFound
    return customer


def customer_by_id(customer_id: int) -> Customer:
    """Return any customer; only for admins to ask. Raises CustomerNotFound."""
    customer = Customer.objects.select_related("user").filter(pk=customer_id).first()
    if customer is None:
        raise CustomerNotFound
    return customer


def personal_customer(user: Any) -> Customer:
    """Return the user's own customer; unsaved (no pk) as long as it has no row."""
    return Customer.objects.filter(user=user).first() or computed_customer(user)


def computed_customer(user: Any) -> Customer:
    """Return what a user's personal customer is before anything was written."""
    return Customer(
        kind=CustomerKind.PERSONAL.value,
        user=user,
        name=name_of(user)[:255],
        email=email_of(user)[:254],
        currency=conf().default_currency,
        timezone=profile_of(user).timezone,
    )


def membership_role(customer: Customer, *, user: Any) -> MembershipRole | None:
    """Return the user's role for a customer, None when he is no member."""
    if customer.user_id is not None:
        return MembershipRole.OWNER if customer.user_id == user.pk else None
    row = Membership.objects.filter(customer=customer, user=user).only("role").first()
    return MembershipRole(row.role) if row else None


def payers_of(customer: Customer) -> list[Any]:
    """Return the users who look after the customer's bills, inactive ones left out."""
    if customer.user_id is not None:
        users = [customer.user]
    else:
        members = customer.memberships.select_related("user").order_by("pk")
        users = [each.user for each in members if may_move_money(MembershipRole(each.role))]
    return [user for user in users if getattr(user, "is_active", True)]


def profile_of(user: Any) -> Profile:
    """Return the user's profile; unsaved as long as it has no row."""
    try:
        profile: Profile = user.saaskit_profile
    except ObjectDoesNotExist:
        return Profile(user_id=user.pk)
    return profile


def role_of(user: Any) -> Role:
    """Return the user's role on the site; a superuser is an admin."""
    if getattr(user, "is_superuser", False):
        return Role.ADMIN
    if getattr(user, "pk", None) is None:
        return Role.USER
    return Role(profile_of(user).role)


def session_epoch_of(user: Any) -> int:
    """Return the number that tokens must carry to be alive."""
    return profile_of(user).session_epoch


def user_by_id(user_id: Any) -> Any:
    """Return a user of the host's model; only for admins to ask. Raises UserNotFound."""
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is None:
        raise UserNotFound
    return user


def name_of(user: Any) -> str:
    """Return what a user is called, whatever his model has."""
    full = getattr(user, "full_name", "") or getattr(user, "get_full_name", str)()
    return str(full or user.get_username())


def email_of(user: Any) -> str:
    """Return a user's e-mail address, "" when his model has none."""
    return str(getattr(user, user.get_email_field_name(), "") or "")


def provider_ref(customer: Customer, *, provider: str) -> str:
    """Return what a provider calls the customer, "" when it doesn't know him."""
    if customer._state.adding:
        return ""
    row = ProviderCustomer.objects.filter(customer=customer, provider=provider).first()
    return row.ref if row else ""


def _key(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise CustomerNotFound
    return int(text)
