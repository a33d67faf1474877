"""Signs requests in by their token before any view or later middleware asks who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_django.accounts.authentication import login_of
from saaskit_django.customers.selectors import role_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class JWTAuthentication:
    """Sets `request.user`, `request.user_id` and `request.role` from the database.

    Our own views sign in without it. It is for what else asks: the host's plain views and the
    middleware behind it. Without a good token whoever AuthenticationMiddleware found stays.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Attach who it is, then answer."""
        login = login_of(request)
        if login is not None:
            request.user = login.user
        user = getattr(request, "user", None)
        if user is not None and not user.is_authenticated:
            user = None
        request.user_id = user.pk if user is not None else None  # type: ignore[attr-defined]
        request.role = role_of(user) if user is not None else None  # type: ignore[attr-defined]
        return self.get_response(request)
