"""One HTTP call. Every way to fail says what is known about the money."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from saaskit_core.providers import (
    IdempotencyConflict,
    InvalidProviderRequest,
    InvalidProviderState,
    Outcome,
    ProviderConfigurationError,
    ProviderError,
    ProviderObjectNotFound,
    ProviderRateLimited,
    ProviderUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECONDS = 20.0

_REFUSALS = {404: ProviderObjectNotFound, 409: InvalidProviderState, 422: IdempotencyConflict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Acme's API, version 1."""

    provider: str
    base_url: str
    api_key: str = field(repr=False)

    def post(self, path: str, body: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        return self._call("POST", path, body=body, headers={"idempotency-key": key})

    def get(self, path: str, **query: str) -> dict[str, Any]:
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return self._call("GET", f"{path}?{asked}" if asked else path)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (the settings allow http and https only)
            f"{self.base_url}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "authorization": f"Bearer {self.api_key}",
                "content-type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as exc:
            raise self._refusal(exc) from None
        except urllib.error.URLError as exc:
            is_unsent = isinstance(exc.reason, ConnectionRefusedError)
            raise self._silence(Outcome.NOT_SENT if is_unsent else Outcome.UNKNOWN) from None
        except (OSError, ValueError):
            raise self._silence(Outcome.UNKNOWN) from None

    def _refusal(self, answer: urllib.error.HTTPError) -> ProviderError:
        """Acme's status codes, as its documentation has them."""
        request_id = answer.headers.get("x-request-id", "")
        about = {"provider": self.provider, "request_id": request_id}
        if answer.code in _REFUSALS:
            return _REFUSALS[answer.code](**about)
        if answer.code in {401, 403}:
            return ProviderConfigurationError(problem="api_key is not accepted", **about)
        if answer.code == 429:
            wait = timedelta(seconds=int(answer.headers.get("retry-after", "1")))
            return ProviderRateLimited(retry_after=wait, **about)
        if answer.code < 500:
            return InvalidProviderRequest(**about)
        outcome = Outcome.NOT_SENT if answer.code == 503 else Outcome.UNKNOWN
        return ProviderUnavailable(outcome=outcome, **about)

    def _silence(self, outcome: Outcome) -> ProviderUnavailable:
        return ProviderUnavailable(provider=self.provider, outcome=outcome)
