"""Sign in and out: each login is a family of refresh tokens, each of which buys one new pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import authenticate
from django.db import transaction

from saaskit_core.accounts import EmailInvalid, check_password_size, normalise_email
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.accounts import selectors, tokens
from saaskit_django.accounts.models import LoginSession, RefreshToken, User
from saaskit_django.accounts.services import throttles
from saaskit_django.accounts.services.throttles import Attempt, Scope
from saaskit_django.accounts.tokens import Claims, TokenInvalid, TokenPair
from saaskit_django.audit.services import record_activity
from saaskit_django.customers.selectors import session_epoch_of
from saaskit_django.customers.services import bump_session_epoch

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

Reason = LoginSession.RevokeReason


class InvalidCredentials(SaasKitError):
    """No active user has this address and password; which of the three is wrong is not told."""

    code = "invalid_credentials"
    kind = ErrorKind.UNAUTHENTICATED
    template = "The e-mail address or the password is not right."


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from."""

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A fresh login."""

    user: User
    pair: TokenPair


def login(*, email: str, password: str, origin: Origin, now: datetime) -> SignedIn:
    """Sign a user in. Unknown, wrong and inactive fail alike, after the same work.

    Raises PasswordTooLong, TooManyAttempts, InvalidCredentials.
    """
    check_password_size(password)
    address = comparable(email)
    failures = (
        Attempt(scope=Scope.LOGIN_FAILED, ip=origin.ip, email=address),
        Attempt(scope=Scope.LOGIN_FAILED_PER_IP, ip=origin.ip),
    )
    throttles.count(Attempt(scope=Scope.LOGIN, ip=origin.ip), *failures, now=now)
    try:
        user, pair = _sign_in(address, password=password, origin=origin, now=now)
    except InvalidCredentials:
        log(None, "sign_in_failed", origin=origin, subject=failures[0].subject)
        raise
    throttles.give_back(*failures, now=now)
    return SignedIn(user=user, pair=pair)


@transaction.atomic(durable=True)
def open_login(user: User, *, origin: Origin, now: datetime) -> TokenPair:
    """Sign in a user whose credentials, of whatever kind, have just been checked.

    Raises InvalidCredentials when he was closed or got another password since.
    """
    unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
    if not unchanged.update(last_login=now, updated_at=now):
        raise InvalidCredentials
    _forget_expired(user=user, now=now)
    session = LoginSession.objects.create(
        user=user,
        ip=origin.ip or None,
        user_agent=origin.user_agent[:200],
        last_used_at=now,
        expires_at=now,
    )
    log(user, "signed_in", origin=origin)
    return _hand_out(session, epoch=session_epoch_of(user))


def refresh(*, raw: str, origin: Origin, now: datetime) -> TokenPair:
    """Exchange a refresh token for a new pair, once.

    A token that was used already ends its whole family: either its owner or a thief holds the
    newer one, and nobody can tell which. Raises TooManyAttempts, TokenInvalid.
    """
    throttles.count(Attempt(scope=Scope.TOKEN, ip=origin.ip), now=now)
    pair = _rotate(tokens.read(tokens.RefreshToken, raw), now=now)
    if pair is None:
        raise TokenInvalid
    return pair


def verify(*, raw: str, origin: Origin, now: datetime) -> None:
    """Check an access or a refresh token, against the database too.

    Raises TooManyAttempts, TokenInvalid.
    """
    throttles.count(Attempt(scope=Scope.TOKEN, ip=origin.ip), now=now)
    claims = _claims_of_either(raw)
    if selectors.live_login(claims) is None or selectors.is_used(claims):
        raise TokenInvalid


def comparable(email: str) -> str:
    """Return the spelling to count and look up; what is no address belongs to nobody."""
    try:
        return normalise_email(email)
    except EmailInvalid:
        return email.strip().lower()


@transaction.atomic(durable=True)
def logout(
    *,
    user: User,
    current: LoginSession | None,
    refresh_token: str | None = None,
    everywhere: bool = False,
    origin: Origin,
    now: datetime,
) -> int:
    """End one login (that of `refresh_token`, else the current one) or all; answers how many.

    Its access and refresh tokens are refused at once. Raises TokenInvalid for a refresh token that
    is not this user's.
    """
    logins = LoginSession.objects.filter(user=user, expires_at__gt=now)
    if everywhere:
        ended = revoke(logins, reason=Reason.LOGOUT_ALL, now=now)
        bump_session_epoch(user=user)
        log(user, "signed_out_everywhere", origin=origin)
        return ended
    which = _login_of(refresh_token, user=user) if refresh_token is not None else current
    ended = revoke(logins.filter(pk=which.pk), reason=Reason.LOGOUT, now=now) if which else 0
    log(user, "signed_out", origin=origin)
    return ended


def log(user: User | None, activity: str, *, origin: Origin, **details: str) -> None:
    """Write down what a user did, and from where."""
    record_activity(
        user=user,
        activity=activity,
        details=details,
        ip=origin.ip or None,
        request_id=origin.request_id,
    )


def revoke(logins: QuerySet[LoginSession], *, reason: Reason, now: datetime) -> int:
    """End these logins, inside a transaction; answers how many lived."""
    return logins.filter(revoked_at__isnull=True).update(
        revoked_at=now, revoke_reason=reason, updated_at=now
    )


def _sign_in(
    address: str, *, password: str, origin: Origin, now: datetime
) -> tuple[User, TokenPair]:
    user = _authenticated(address, password=password)
    try:
        return user, open_login(user, origin=origin, now=now)
    except InvalidCredentials:
        # Two first logins after a change of PASSWORD_HASHERS each write a fresh hash, with a salt
        # of its own: the one that came second still holds the first's.
        user = _authenticated(address, password=password)
        return user, open_login(user, origin=origin, now=now)


def _authenticated(address: str, *, password: str) -> User:
    user = authenticate(username=address, password=password)
    if not isinstance(user, User):
        raise InvalidCredentials
    return user


@transaction.atomic(durable=True)
def _rotate(claims: Claims, *, now: datetime) -> TokenPair | None:
    """Use a token up and hand out the next pair; None when it must not be honoured.

    The first write locks the login's row, so uses of one family come one after the other.
    """
    session = LoginSession.objects.filter(pk=claims.session_id)
    if not session.filter(revoked_at__isnull=True).update(last_used_at=now, updated_at=now):
        return None
    login = selectors.live_login(claims)
    if login is None:
        return None
    unused = RefreshToken.objects.filter(session=login, jti=claims.jti, used_at__isnull=True)
    if not unused.update(used_at=now, updated_at=now):
        revoke(session, reason=Reason.REUSE, now=now)
        return None
    RefreshToken.objects.filter(session=login, expires_at__lt=now - tokens.LEEWAY).delete()
    return _hand_out(login, epoch=claims.session_epoch)


def _hand_out(login: LoginSession, *, epoch: int) -> TokenPair:
    """Write the refresh token's row, then hand out the pair."""
    renewal = tokens.mint(tokens.RefreshToken, login=login, epoch=epoch)
    claims = tokens.claims_of(renewal)
    RefreshToken.objects.create(session=login, jti=claims.jti, expires_at=claims.expires_at)
    LoginSession.objects.filter(pk=login.pk).update(expires_at=claims.expires_at)
    access = tokens.mint(tokens.AccessToken, login=login, epoch=epoch)
    return TokenPair(access=str(access), refresh=str(renewal))


def _login_of(refresh_token: str, *, user: User) -> LoginSession:
    claims = tokens.read(tokens.RefreshToken, refresh_token)
    login = LoginSession.objects.filter(pk=claims.session_id, user=user).first()
    if login is None:
        raise TokenInvalid
    return login


def _forget_expired(*, user: User, now: datetime) -> None:
    """Delete logins whose last token has run out, so that they don't pile up."""
    LoginSession.objects.filter(user=user, expires_at__lt=now - tokens.LEEWAY).delete()


def _claims_of_either(raw: str) -> Claims:
    try:
        return tokens.read(tokens.AccessToken, raw)
    except TokenInvalid:
        return tokens.read(tokens.RefreshToken, raw)
