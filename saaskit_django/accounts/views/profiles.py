"""One's own user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.accounts import selectors
from saaskit_django.accounts.serializers import (
    ConfirmEmailInput,
    UpdateUserInput,
    profile_values,
    user_data,
)
from saaskit_django.accounts.services import email_changes, profiles
from saaskit_django.accounts.services.profiles import ProfileChange
from saaskit_django.accounts.uploads import LogoFormParser
from saaskit_django.accounts.views.base import OpenView, origin_of
from saaskit_django.rest.bodies import StrictJSONParser
from saaskit_django.rest.serializers import body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class CurrentUser(SaasKitView):
    """Who is signed in."""

    def get(self, request: Request) -> Response:
        """Answer the user."""
        return Response(_render(request.user))


class UpdateUser(SaasKitView):
    """What a user changes about himself, as JSON or as a form with a logo."""

    parser_classes = (StrictJSONParser, LogoFormParser)

    def patch(self, request: Request) -> Response:
        """Change what is given; a new address counts once it is confirmed."""
        given = body_of(request, UpdateUserInput)
        change = ProfileChange(
            full_name=given.get("full_name"),
            email=given.get("email"),
            profile=profile_values(given),
            logo=(given["logo"] or b"") if "logo" in given else None,
        )
        user = profiles.update_profile(
            user=selectors.own_user(request.user),
            change=change,
            origin=origin_of(request),
            now=clock.now(),
        )
        return Response(_render(user))

    put = patch


class ConfirmEmailChange(OpenView):
    """Confirm a new address through the link mailed to it."""

    def post(self, request: Request) -> Response:
        """Give the user the address."""
        given = body_of(request, ConfirmEmailInput)
        user = email_changes.confirm(
            token=given["token"], origin=origin_of(request), now=clock.now()
        )
        return Response({"email": user.email})


def _render(principal: object) -> dict[str, object]:
    user = selectors.own_user(principal)
    return user_data(user, pending_email=selectors.pending_email(user))
