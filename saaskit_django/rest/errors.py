"""What the HTTP edge itself refuses, whatever the use case is."""

from __future__ import annotations

from saaskit_core.errors import ErrorKind, SaasKitError


class InvalidInput(SaasKitError):
    """Some fields are wrong; the answer's `errors` say which."""

    code = "invalid_input"
    template = "Some of the values sent are not valid."


class MalformedBody(SaasKitError):
    """The body can't be read as JSON."""

    code = "malformed_body"
    template = "The body is not valid JSON: %(problem)s."


class BodyTooLarge(SaasKitError):
    """The body is larger than what this endpoint reads."""

    code = "body_too_large"
    kind = ErrorKind.TOO_LARGE
    template = "The body is larger than %(limit)s bytes."


class BadRequest(SaasKitError):
    """The request itself is broken: host, query string, an interrupted body."""

    code = "bad_request"
    template = "The request can't be understood."


class UnsupportedContentType(SaasKitError):
    """The body has a content type that this endpoint doesn't read."""

    code = "unsupported_content_type"
    template = "This endpoint does not read bodies of that content type."


class NotSignedIn(SaasKitError):
    """There are no credentials, or they are not or no longer good."""

    code = "not_signed_in"
    kind = ErrorKind.UNAUTHENTICATED
    template = "Sign in to do that."


class PermissionRefused(SaasKitError):
    """The signed-in user may not do that."""

    code = "permission_denied"
    kind = ErrorKind.FORBIDDEN
    template = "You may not do that."


class NotThere(SaasKitError):
    """It does not exist, or it is somebody else's."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such thing."


class MethodRefused(SaasKitError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"
    template = "%(method)s is not possible here."


class TooManyRequests(SaasKitError):
    """Asked too often; `Retry-After` says when it may work again."""

    code = "too_many_requests"
    kind = ErrorKind.RATE_LIMITED
    template = "Too many requests; try again later."


class DatabaseBusy(SaasKitError):
    """The database is not available or too busy; nothing was changed."""

    code = "database_busy"
    kind = ErrorKind.UNAVAILABLE
    template = "The service is busy; try again in a moment."


class InternalError(SaasKitError):
    """A fault of ours. The request id leads to it in the log; nothing else is told."""

    code = "internal_error"
    kind = ErrorKind.UNAVAILABLE
    template = "Something went wrong on our side."
