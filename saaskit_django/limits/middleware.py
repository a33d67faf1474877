"""Plan-based limits on the endpoints below our core namespace, wherever a host mounts it.

A view may set `is_limited_by_plan = False` (nothing is charged) or `is_operation` (True or False;
without it, what isn't safe is an operation). An operation that fails is given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from rest_framework.exceptions import APIException

from saaskit_core.errors import SaasKitError
from saaskit_core.limits import HeaderStyle, rate_headers
from saaskit_django import clock
from saaskit_django.conf import conf
from saaskit_django.features.selectors import entitlements_of
from saaskit_django.limits.services import Charge, QuotaExceeded, charge_request, refund
from saaskit_django.rest.authentication import authenticator_classes
from saaskit_django.rest.problems import CONTENT_TYPE, of_error
from saaskit_django.rest.request_ids import HEADER, request_id
from saaskit_django.rest.views import SaasKitRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

NAMESPACES = ("saaskit", "core")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CHARGE = "saaskit_charge"


class APIRateLimit:
    """Charges each request of a signed-in user to his plan, and answers 429 when it is used up.

    It stands after whatever signs users in.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the limits' state in the headers."""
        response = self.get_response(request)
        charge: Charge | None = getattr(request, _CHARGE, None)
        if charge is None:
            return response
        if response.status_code >= 400:
            refund(charge)
        style = HeaderStyle(conf().ratelimit_headers)
        for name, value in rate_headers(charge.states, now=charge.at, style=style).items():
            response[name] = value
        return response

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Charge the request before its view runs; a refusal is the answer."""
        if not _is_limited(request, view):
            return None
        signed_in = _signed_in(request)
        if signed_in is None:
            return None
        now = clock.now()
        try:
            found = entitlements_of(signed_in, now=now)
            charge = charge_request(found, is_operation=_is_operation(request, view), now=now)
        except SaasKitError as problem:
            return _refusal(request, problem)
        setattr(request, _CHARGE, charge)
        return None


def _is_limited(request: HttpRequest, view: Any) -> bool:
    match = request.resolver_match
    names = tuple(match.app_names) if match else ()
    is_ours = any(names[i : i + 2] == NAMESPACES for i in range(len(names)))
    return is_ours and getattr(_view_class(view), "is_limited_by_plan", True)


def _is_operation(request: HttpRequest, view: Any) -> bool:
    said = getattr(_view_class(view), "is_operation", None)
    return request.method not in SAFE if said is None else bool(said)


def _view_class(view: Any) -> Any:
    return getattr(view, "view_class", view)


def _signed_in(request: HttpRequest) -> Any:
    """Return the request if somebody is signed in, by session or by credentials; else None."""
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        return request
    if "HTTP_AUTHORIZATION" not in request.META:
        return None
    authenticators = [each() for each in authenticator_classes()]
    asked = SaasKitRequest(request, authenticators=authenticators)
    try:
        return asked if asked.user.is_authenticated else None
    except (APIException, SaasKitError):
        return None  # The view refuses him in its own words.


def _refusal(request: HttpRequest, error: SaasKitError) -> HttpResponse:
    problem = of_error(error)
    response = JsonResponse(
        problem.document(instance=request_id(request)),
        status=problem.status,
        headers=dict(problem.headers),
        content_type=CONTENT_TYPE,
    )
    response[HEADER] = request_id(request)
    response["Cache-Control"] = "no-store"
    if isinstance(error, QuotaExceeded):
        headers = rate_headers(
            error.states,
            now=error.at,
            style=HeaderStyle(conf().ratelimit_headers),
            retry=error.retry_after or 0,
            violated=error.violated,
        )
        for name, value in headers.items():
            response[name] = value
    return response
