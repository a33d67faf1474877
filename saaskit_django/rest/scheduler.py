"""The scheduler's signed token: a bearer JWT for the rows that time, not a person, starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from saaskit_django.conf import conf, jwt_signing_key

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request

AUDIENCE = "scheduler"
ALGORITHM = "HS256"
LONGEST_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SchedulerPrincipal:
    """Who calls when a scheduler does: authenticated, but nobody's account."""

    pk: None = None
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    def __str__(self) -> str:
        """Name it for logs and the audit trail."""
        return "scheduler"


def scheduler_token(*, now: datetime, life: timedelta = LONGEST_LIFE) -> str:
    """Sign a token for a cron job or another scheduler; it lives at most 5 minutes."""
    claims = {
        "aud": AUDIENCE,
        "iss": conf().jwt.issuer,
        "iat": now,
        "exp": now + min(life, LONGEST_LIFE),
    }
    return jwt.encode(claims, jwt_signing_key(), algorithm=ALGORITHM)


class SchedulerAuthentication(BaseAuthentication):
    """Takes the scheduler's token; any other credentials are left to the next authenticator."""

    def authenticate(self, request: Request) -> tuple[SchedulerPrincipal, str] | None:
        """Return the scheduler. Raises AuthenticationFailed for a bad or long-lived token."""
        token = _bearer(request)
        if token is None or not _is_for_scheduler(token):
            return None
        try:
            claims = jwt.decode(
                token,
                jwt_signing_key(),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=conf().jwt.issuer,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.PyJWTError as exc:
            raise AuthenticationFailed from exc
        if claims["exp"] - claims["iat"] > LONGEST_LIFE.total_seconds():
            raise AuthenticationFailed
        return SchedulerPrincipal(), token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme for a 401."""
        return "Bearer"


def _bearer(request: Request) -> str | None:
    scheme, _, token = get_authorization_header(request).partition(b" ")
    if scheme.lower() != b"bearer" or not token:
        return None
    return token.decode("latin-1").strip()


def _is_for_scheduler(token: str) -> bool:
    """Look at the audience only, unverified: it decides who verifies the token, nothing else."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return False
    return bool(claims.get("aud") == AUDIENCE)
