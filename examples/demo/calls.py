"""Real HTTP calls to the server, each one kept for the report."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from examples.demo.steps import Exchange, Step

SECRET = {"password", "access", "refresh", "client_secret"}
SHOWN_HEADERS = ("content-type", "retry-after", "ratelimit", "ratelimit-policy")
LONGEST_SHOWN = 6000
TIMEOUT = 25

# Loopback only, whatever proxy the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass(slots=True, kw_only=True)
class Api:
    """Calls the site as one user, or as nobody."""

    url: str
    token: str = ""

    def call(
        self,
        step: Step,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        expect: int = 200,
        is_shown: bool = True,
    ) -> Answer:
        """Make a call and check its status; `is_shown` puts it into the report."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        answer, took = self.send(method, path, data=data, headers=headers)
        if is_shown or answer.status != expect:
            step.exchanges.append(_exchange(method, path, body, answer, took))
        found = answer.status if answer.status == expect else _problem(answer)
        step.check(f"{method} {path.partition('?')[0]} answers", found, expect)
        return answer

    def get(self, step: Step, path: str, **options: Any) -> Answer:
        """GET something."""
        return self.call(step, "GET", path, **options)

    def post(self, step: Step, path: str, body: Mapping[str, object], **options: Any) -> Answer:
        """POST something."""
        return self.call(step, "POST", path, body, **options)

    def send(
        self, method: str, path: str, *, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Answer, float]:
        """Send bytes as they are; answers with the milliseconds it took, whatever the status."""
        request = urllib.request.Request(  # noqa: S310 (our own http address)
            self.url + path, data=data, headers=dict(headers), method=method
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        started = time.perf_counter()
        try:
            with _opener.open(request, timeout=TIMEOUT) as response:
                answer = _answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                answer = _answer(refused.code, refused.headers, refused.read())
        return answer, (time.perf_counter() - started) * 1000


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def _problem(answer: Answer) -> str:
    """Say what was answered instead of what was expected."""
    return f"{answer.status} {answer.text[:400]}"


def _exchange(
    method: str, path: str, body: Mapping[str, object] | None, answer: Answer, took: float
) -> Exchange:
    shown = [(name, answer.headers[name]) for name in SHOWN_HEADERS if name in answer.headers]
    return Exchange(
        method=method,
        path=path,
        status=answer.status,
        request="" if body is None else _pretty(body),
        answer=_readable(answer)[:LONGEST_SHOWN],
        headers=tuple(shown),
        milliseconds=took,
    )


def _readable(answer: Answer) -> str:
    if "json" not in answer.headers.get("content-type", ""):
        return answer.text
    return _pretty(answer.json)


def _pretty(value: object) -> str:
    return json.dumps(_without_secrets(value), indent=2, ensure_ascii=False)


def _without_secrets(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            key: "…" if key in SECRET and each else _without_secrets(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return value
