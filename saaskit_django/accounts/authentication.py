"""The authenticator of our views: a bearer token names a login, the database decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from saaskit_django.accounts import selectors, tokens
from saaskit_django.accounts.tokens import TokenInvalid

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from saaskit_django.accounts.models import LoginSession, User

SCHEME = "Bearer"
_LOOKED_UP = "saaskit_login"


class JWTAuthentication(BaseAuthentication):
    """Signs a request in by `Authorization: Bearer <access>`.

    `request.auth` is the LoginSession. Role, liveness and session epoch are read from the database
    at each request, so that a demoted, closed or signed-out user is so at once.
    """

    def authenticate(self, request: Request) -> tuple[User, LoginSession] | None:
        """Return user and login, None without a bearer token. Raises AuthenticationFailed."""
        plain = getattr(request, "_request", request)
        if bearer_token(plain) is None:
            return None
        login = login_of(plain)
        if login is None:
            raise AuthenticationFailed
        return login.user, login

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme for a 401."""
        return SCHEME


def bearer_token(request: HttpRequest) -> str | None:
    """Return the bearer token of a request, "" when it is none, None without the scheme."""
    scheme, _, token = str(request.META.get("HTTP_AUTHORIZATION", "")).strip().partition(" ")
    return token.strip() if scheme.lower() == SCHEME.lower() else None


def login_of(request: HttpRequest) -> LoginSession | None:
    """Return the login that a request's token belongs to, looked up once per request.

    None when there is no token, or when it or its login is not valid any more.
    """
    raw = bearer_token(request)
    looked_up = getattr(request, _LOOKED_UP, None)
    if looked_up is None or looked_up[0] != raw:
        looked_up = (raw, _live_login(raw) if raw else None)
        setattr(request, _LOOKED_UP, looked_up)
    found: LoginSession | None = looked_up[1]
    return found


def _live_login(raw: str) -> LoginSession | None:
    try:
        claims = tokens.read(tokens.AccessToken, raw)
    except TokenInvalid:
        return None
    return selectors.live_login(claims)
