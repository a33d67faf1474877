"""Forgotten and changed passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.accounts import selectors
from saaskit_django.accounts.serializers import (
    ChangePasswordInput,
    ResetInput,
    ResetRequestInput,
)
from saaskit_django.accounts.services import passwords
from saaskit_django.accounts.views.base import OpenView, origin_of
from saaskit_django.rest.serializers import body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class RequestPasswordReset(OpenView):
    """Ask for a way back in."""

    def post(self, request: Request) -> Response:
        """Have a link mailed; the answer is the same whoever it is."""
        given = body_of(request, ResetRequestInput)
        passwords.request_reset(email=given["email"], origin=origin_of(request), now=clock.now())
        detail = _("If there is an account with this address, a mail is on its way.")
        return Response({"detail": detail}, status=202)


class ResetPassword(OpenView):
    """Set a new password through a mailed link."""

    def post(self, request: Request) -> Response:
        """Set it; every login ends."""
        given = body_of(request, ResetInput)
        passwords.reset(
            token=given["token"],
            new_password=given["new_password"],
            origin=origin_of(request),
            now=clock.now(),
        )
        return Response({"detail": _("The password was changed. Sign in with the new one.")})


class ChangePassword(SaasKitView):
    """Replace a known password."""

    def post(self, request: Request) -> Response:
        """Replace it; every other login ends."""
        given = body_of(request, ChangePasswordInput)
        passwords.change(
            user=selectors.own_user(request.user),
            old=given["old_password"],
            new=given["new_password"],
            keep=selectors.own_login(request.auth),
            origin=origin_of(request),
            now=clock.now(),
        )
        return Response({"detail": _("The password was changed.")})

    put = post
