"""Sign in, stay in, sign out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.accounts import selectors
from saaskit_django.accounts.serializers import (
    LoginInput,
    LogoutInput,
    RefreshInput,
    VerifyInput,
    pair_data,
    signed_in_data,
)
from saaskit_django.accounts.services import logins
from saaskit_django.accounts.views.base import OpenView, origin_of
from saaskit_django.rest.serializers import body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request

    from saaskit_django.accounts.services.logins import SignedIn


class Login(OpenView):
    """Sign in by e-mail and password."""

    def post(self, request: Request) -> Response:
        """Answer a pair of tokens and who it is."""
        signed_in = _sign_in(request)
        return Response({**pair_data(signed_in.pair), "user": signed_in_data(signed_in.user)})


class ObtainTokens(OpenView):
    """Sign in by e-mail and password, for those who want the tokens only."""

    def post(self, request: Request) -> Response:
        """Answer a pair of tokens."""
        return Response(pair_data(_sign_in(request).pair))


class RefreshTokens(OpenView):
    """Stay signed in."""

    def post(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair."""
        given = body_of(request, RefreshInput)
        pair = logins.refresh(raw=given["refresh"], origin=origin_of(request), now=clock.now())
        return Response(pair_data(pair))


class VerifyToken(OpenView):
    """Ask whether a token counts."""

    def post(self, request: Request) -> Response:
        """Answer an empty object, or 401."""
        given = body_of(request, VerifyInput)
        logins.verify(raw=given["token"], origin=origin_of(request), now=clock.now())
        return Response({})


class Logout(SaasKitView):
    """Sign out."""

    def post(self, request: Request) -> Response:
        """End this login, or all of the user's; answer how many ended."""
        given = body_of(request, LogoutInput)
        ended = logins.logout(
            user=selectors.own_user(request.user),
            current=selectors.own_login(request.auth),
            refresh_token=given.get("refresh"),
            everywhere=given["all"],
            origin=origin_of(request),
            now=clock.now(),
        )
        return Response({"ended": ended})


def _sign_in(request: Request) -> SignedIn:
    given = body_of(request, LoginInput)
    return logins.login(
        email=given["email"],
        password=given["password"],
        origin=origin_of(request),
        now=clock.now(),
    )
