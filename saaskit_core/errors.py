"""The one error base; each concrete error stands, with its words, in the module that raises it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class ErrorKind(StrEnum):
    """What sort of refusal an error is; the REST edge maps each kind to one HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    DECLINED = "declined"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class SaasKitError(Exception):
    """Base of every error SaaSKit raises on purpose.

    A subclass sets `code` (stable, documented, never translated), `kind`, and `template`: an
    English sentence with %-named placeholders that are filled from the keyword arguments given at
    raise time. The template is the translation key, so `params` never leak into it.
    """

    code: ClassVar[str] = "error"
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID
    template: ClassVar[str] = "Something went wrong."

    def __init__(self, **params: Any) -> None:
        """Keep the placeholders' values; `pointer` may name the offending field (RFC 6901)."""
        self.pointer: str | None = params.pop("pointer", None)
        self.params: dict[str, Any] = params
        super().__init__(self.template % params)

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling: Exception's own way would lose the keyword arguments."""
        return (_rebuild, (type(self), {**self.params, "pointer": self.pointer}))


def _rebuild(cls: type[SaasKitError], params: dict[str, Any]) -> SaasKitError:
    return cls(**params)
