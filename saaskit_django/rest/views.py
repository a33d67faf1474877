"""The one base view. What a host's REST_FRAMEWORK says never changes how ours behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.signals import got_request_exception
from django.db import connections
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from saaskit_django.rest.authentication import authenticator_classes
from saaskit_django.rest.bodies import PlainJSONRenderer, StrictJSONParser
from saaskit_django.rest.errors import InternalError
from saaskit_django.rest.permissions import IsSignedIn
from saaskit_django.rest.problems import problem_of, respond
from saaskit_django.rest.request_ids import HEADER, request_id
from saaskit_django.rest.scheduler import SchedulerAuthentication

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.http import HttpRequest
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.parsers import BaseParser
    from rest_framework.permissions import BasePermission
    from rest_framework.renderers import BaseRenderer


class OnlyJSON(BaseContentNegotiation):
    """Answers JSON whatever Accept says, and reads only what the view's parsers read."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser whose content type the request has, else None (415)."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class SaasKitRequest(Request):
    """A request whose anonymous user is Django's, whatever the host's REST settings say."""

    def _not_authenticated(self) -> None:
        self._authenticator = None
        self.user = AnonymousUser()
        self.auth = None


class SaasKitView(APIView):
    """Base of all our views: JSON only, signed-in only unless said otherwise, problem details.

    The view runs outside the host's ATOMIC_REQUESTS transaction, since our services open their
    own. `accepts_scheduler` lets in the scheduler's signed token beside the usual credentials.
    """

    accepts_scheduler: bool = False

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes: Sequence[type[BasePermission]] = (IsSignedIn,)
    throttle_classes = ()
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    renderer_classes = (PlainJSONRenderer,)
    content_negotiation_class = OnlyJSON
    versioning_class = None
    metadata_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view function, kept out of every database's ATOMIC_REQUESTS."""
        view = super().as_view(**initkwargs)
        vars(view)["_non_atomic_requests"] = set(connections)
        return view

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return a view's own authenticators, else those of the settings."""
        classes = self.authentication_classes or authenticator_classes()
        own = [SchedulerAuthentication()] if self.accepts_scheduler else []
        return [*own, *(authenticator() for authenticator in classes)]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Wrap the plain request."""
        return SaasKitRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def handle_exception(self, exc: Exception) -> Response:
        """Answer any exception as a problem; an unforeseen one is also reported to the host."""
        problem = problem_of(exc)
        if problem.code == InternalError.code:
            got_request_exception.send(sender=type(self), request=self.request._request)
        response = respond(problem, instance=request_id(self.request))
        response.exception = True
        if problem.status == 401:
            response["WWW-Authenticate"] = self._challenge()
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Add the request id, and keep answers out of shared caches."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished[HEADER] = request_id(request)
        finished.setdefault("Cache-Control", "no-store")
        return finished

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Say which methods there are."""
        return Response(status=204)

    def _challenge(self) -> str:
        """A 401 always names a scheme (RFC 9110, section 11.6.1)."""
        asked = (each.authenticate_header(self.request) for each in self.get_authenticators())
        return next((challenge for challenge in asked if challenge), "Bearer")
