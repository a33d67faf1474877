"""Errors as `application/problem+json` (RFC 9457): one shape for every error there is."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.rest.errors import (
    BadRequest,
    BodyTooLarge,
    DatabaseBusy,
    InternalError,
    InvalidInput,
    MethodRefused,
    NotSignedIn,
    NotThere,
    PermissionRefused,
    TooManyRequests,
    UnsupportedContentType,
)

logger = logging.getLogger("saaskit.rest")

CONTENT_TYPE = "application/problem+json"

STATUS: dict[ErrorKind, HTTPStatus] = {
    ErrorKind.INVALID: HTTPStatus.BAD_REQUEST,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.DECLINED: HTTPStatus.PAYMENT_REQUIRED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.UNPROCESSABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What each kind of refusal is in HTTP."""

_OWN_STATUS: dict[type[SaasKitError], HTTPStatus] = {
    UnsupportedContentType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    MethodRefused: HTTPStatus.METHOD_NOT_ALLOWED,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one value: where (a JSON pointer, RFC 6901), a stable code, and words."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error answer. `members` are more members of the document, such as a decline's reason."""

    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, object] = field(default_factory=dict)

    def document(self, *, instance: str) -> dict[str, object]:
        """Return the JSON document; `instance` is the id of the request."""
        shown = [
            {"pointer": each.pointer, "code": each.code, "detail": each.detail}
            for each in self.errors
        ]
        return {
            "type": self.type or f"urn:problem-type:saaskit:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            **({"errors": shown} if shown else {}),
            **self.members,
        }


def respond(problem: Problem, *, instance: str) -> Response:
    """Make the answer of a problem."""
    return Response(
        problem.document(instance=instance),
        status=problem.status,
        headers=dict(problem.headers),
        content_type=CONTENT_TYPE,
    )


def problem_of(exc: Exception) -> Problem:
    """Describe any exception; what nobody foresaw becomes a 500 that tells nothing."""
    if isinstance(exc, exceptions.ValidationError):
        return of_error(InvalidInput(), errors=tuple(_field_errors(exc.detail)))
    if isinstance(exc, DjangoValidationError):
        return of_error(InvalidInput(), errors=tuple(_model_errors(exc)))
    if isinstance(exc, SaasKitError):
        return of_error(exc)
    return _of_foreign(exc)


def of_error(exc: SaasKitError, *, errors: tuple[FieldError, ...] = ()) -> Problem:
    """Describe an error of ours.

    An error class may carry `retry_after` (a timedelta or seconds), `problem_type` (a URI) and
    `problem_members` (a mapping): they reach the answer.
    """
    detail = gettext(exc.template) % exc.params
    if exc.pointer is not None and not errors:
        errors = (FieldError(pointer=exc.pointer, code=exc.code, detail=detail),)
    return Problem(
        status=_OWN_STATUS.get(type(exc), STATUS[exc.kind]),
        code=exc.code,
        detail=detail,
        errors=errors,
        type=getattr(exc, "problem_type", ""),
        headers=_retry_after(getattr(exc, "retry_after", None)),
        members=_members(exc),
    )


def _members(exc: SaasKitError) -> Mapping[str, object]:
    if exc.kind is ErrorKind.DECLINED:
        closed = ("reason", "advice")
        return {name: str(exc.params[name]) for name in closed if exc.params.get(name)}
    members: Mapping[str, object] = getattr(exc, "problem_members", {})
    return members


def _retry_after(wait: timedelta | float | None) -> Mapping[str, str]:
    if wait is None:
        return {}
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def _of_foreign(exc: Exception) -> Problem:
    if isinstance(exc, exceptions.APIException):
        return _of_rest_framework(exc)
    translated = next((make for kind, make in _FOREIGN if isinstance(exc, kind)), InternalError)
    error = translated()
    if isinstance(error, InternalError | DatabaseBusy):
        logger.error("%s", type(exc).__name__, exc_info=exc)
    retry = {"Retry-After": "1"} if isinstance(error, DatabaseBusy) else {}
    return _with_headers(of_error(error), retry)


def _request_too_big() -> SaasKitError:
    return BodyTooLarge(limit="the site's limit of")


_FOREIGN: tuple[tuple[type[Exception], Any], ...] = (
    (Http404, NotThere),
    (PermissionDenied, PermissionRefused),
    (RequestDataTooBig, _request_too_big),
    (SuspiciousOperation, BadRequest),
    (UnreadablePostError, BadRequest),
    (OperationalError, DatabaseBusy),
)


def _of_rest_framework(exc: exceptions.APIException) -> Problem:
    match exc:
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return of_error(NotSignedIn())
        case exceptions.PermissionDenied():
            return of_error(PermissionRefused())
        case exceptions.NotFound():
            return of_error(NotThere())
        case exceptions.MethodNotAllowed():
            return of_error(MethodRefused(method=str(exc.args[0]) if exc.args else "This method"))
        case exceptions.Throttled():
            wait = getattr(exc, "wait", None)
            return _with_headers(of_error(TooManyRequests()), _retry_after(wait))
        case _:
            return _of_other(exc)


def _of_other(exc: exceptions.APIException) -> Problem:
    """A host's own DRF exception keeps its status, code and words."""
    if isinstance(exc, exceptions.UnsupportedMediaType):
        return of_error(UnsupportedContentType())
    codes = exc.get_codes()
    return Problem(
        status=exc.status_code,
        code=codes if isinstance(codes, str) else exc.default_code,
        detail=str(exc.detail) if isinstance(exc.detail, str) else str(exc.default_detail),
    )


def _with_headers(problem: Problem, headers: Mapping[str, str]) -> Problem:
    return Problem(
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors,
        type=problem.type,
        headers={**problem.headers, **headers},
        members=problem.members,
    )


def _field_errors(detail: object, pointer: str = "") -> Iterator[FieldError]:
    """Flatten what serializers raise; the host's name for "the whole object" points at it."""
    if isinstance(detail, Mapping):
        for key, below in detail.items():
            whole = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from _field_errors(below, pointer if whole else f"{pointer}/{escaped(key)}")
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        is_flat = all(isinstance(each, str) for each in detail)
        for index, below in enumerate(detail):
            if is_flat or below:
                yield from _field_errors(below, pointer if is_flat else f"{pointer}/{index}")
    else:
        code = str(getattr(detail, "code", "invalid"))
        yield FieldError(pointer=pointer, code=code, detail=str(detail))


def _model_errors(exc: DjangoValidationError) -> Iterator[FieldError]:
    if not hasattr(exc, "error_dict"):
        yield from _coded("", exc.error_list)
        return
    for name, errors in exc.error_dict.items():
        yield from _coded("" if name == "__all__" else f"/{escaped(name)}", errors)


def _coded(pointer: str, errors: Sequence[DjangoValidationError]) -> Iterator[FieldError]:
    for error in errors:
        words = " ".join(error.messages)
        yield FieldError(pointer=pointer, code=error.code or "invalid", detail=words)


def escaped(key: object) -> str:
    """Escape one step of a JSON pointer (RFC 6901), and keep a stranger's key short."""
    return str(key)[:64].replace("~", "~0").replace("/", "~1")
