"""Our access and refresh tokens: simplejwt's token classes with our key, issuer and audience.

The algorithm is pinned, `iss` and `aud` are always checked, and the host's SIMPLE_JWT has no say.
What a token says is never trusted alone: it names a login, and the database says whether it lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.conf import conf, jwt_signing_key

if TYPE_CHECKING:
    from saaskit_django.accounts.models import LoginSession

ALGORITHM = "HS256"
LEEWAY = timedelta(seconds=30)
MAX_TOKEN_LENGTH = 4096


class TokenInvalid(SaasKitError):
    """The token is forged, expired, of the other kind, used already, or its login has ended."""

    code = "token_invalid"
    kind = ErrorKind.UNAUTHENTICATED
    template = "This token is not valid or has expired."


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token of ours says once its signature, times, issuer and audience are right."""

    user_id: str
    session_id: int
    session_epoch: int
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a login hands out."""

    access: str
    refresh: str


class SaasKitToken(Token):
    """A token signed with our key for our issuer and audience."""

    def __init__(self, token: Token | None = None, verify: bool = True) -> None:  # noqa: FBT001, FBT002
        """Read `token`, or make a new one that lives as long as the settings say."""
        self.lifetime = self._lifetime()
        super().__init__(token, verify)

    @property
    def token_backend(self) -> TokenBackend:
        """Return what signs and reads: built anew, so that changed settings count at once."""
        jwt = conf().jwt
        return TokenBackend(
            ALGORITHM,
            signing_key=jwt_signing_key(),
            audience=jwt.audience,
            issuer=jwt.issuer,
            leeway=LEEWAY,
        )

    def _lifetime(self) -> timedelta:
        return timedelta(minutes=conf().jwt.access_minutes)


class AccessToken(SaasKitToken):
    """Opens the API for some minutes."""

    token_type = "access"  # noqa: S105


class RefreshToken(SaasKitToken):
    """Buys one new pair."""

    token_type = "refresh"  # noqa: S105

    def _lifetime(self) -> timedelta:
        return timedelta(days=conf().jwt.refresh_days)


def mint(kind: type[SaasKitToken], *, login: LoginSession, epoch: int) -> SaasKitToken:
    """Make a token of a login; `str()` of it is what travels."""
    token = kind()
    token["user_id"] = str(login.user_id)
    token["session_id"] = login.pk
    token["session_epoch"] = epoch
    return token


def claims_of(token: SaasKitToken) -> Claims:
    """Return what a token says. Raises TokenInvalid when it is signed by us but not in our form."""
    try:
        return Claims(
            user_id=str(token["user_id"]),
            session_id=int(token["session_id"]),
            session_epoch=int(token["session_epoch"]),
            jti=str(token["jti"]),
            expires_at=datetime.fromtimestamp(token["exp"], tz=UTC),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise TokenInvalid from exc


def read(kind: type[SaasKitToken], raw: str) -> Claims:
    """Check signature, algorithm, times, issuer, audience and kind. Raises TokenInvalid."""
    if len(raw) > MAX_TOKEN_LENGTH:
        raise TokenInvalid
    try:
        return claims_of(kind(cast("Token", raw)))
    except (TokenError, UnicodeError) as exc:
        raise TokenInvalid from exc
