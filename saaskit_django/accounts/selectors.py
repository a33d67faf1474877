"""Reads of users and their logins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.accounts import EmailInvalid, LoginFacts, is_live, normalise_email
from saaskit_django.accounts.models import EmailChange, LoginSession, RefreshToken, User
from saaskit_django.customers.selectors import session_epoch_of
from saaskit_django.rest.errors import NotSignedIn

if TYPE_CHECKING:
    from saaskit_django.accounts.tokens import Claims


def live_login(claims: Claims) -> LoginSession | None:
    """Return the login that a token belongs to, with its user, while the database lets it live."""
    login = (
        LoginSession.objects.select_related("user", "user__saaskit_profile")
        .filter(pk=claims.session_id)
        .first()
    )
    if login is None or str(login.user_id) != claims.user_id:
        return None
    facts = LoginFacts(
        user_is_active=login.user.is_active,
        is_revoked=login.revoked_at is not None,
        claimed_epoch=claims.session_epoch,
        current_epoch=session_epoch_of(login.user),
    )
    return login if is_live(facts) else None


def own_user(principal: object) -> User:
    """Return the signed-in user of a request. Raises NotSignedIn when it isn't one of ours."""
    if not isinstance(principal, User):
        raise NotSignedIn
    return principal


def own_login(credentials: object) -> LoginSession | None:
    """Return the login a request came with; None when another authenticator let it in."""
    return credentials if isinstance(credentials, LoginSession) else None


def is_used(claims: Claims) -> bool:
    """Tell whether a refresh token was exchanged already; an access token never is."""
    return RefreshToken.objects.filter(jti=claims.jti, used_at__isnull=False).exists()


def user_of_email(email: str) -> User | None:
    """Return the active user of an address in any spelling."""
    try:
        return User.objects.filter(email=normalise_email(email), is_active=True).first()
    except EmailInvalid:
        return None


def active_user(user_id: str | int) -> User | None:
    """Return a user by id while he may sign in; "" is nobody's."""
    if user_id == "":
        return None
    return User.objects.filter(pk=user_id, is_active=True).first()


def pending_email(user: User) -> str:
    """Return the address that waits for its confirmation, "" when none does."""
    change = EmailChange.objects.filter(user=user).first()
    return change.email if change is not None else ""


def wanted_email(user: User, *, serial: int) -> str:
    """Return the address of one wish, "" once it was confirmed or replaced."""
    change = EmailChange.objects.filter(user=user, serial=serial).first()
    return change.email if change is not None else ""


def is_taken(email: str) -> bool:
    """Tell whether a normalised address is some user's."""
    return User.objects.filter(email=email).exists()
