"""Request bodies: read no more than allowed, and take only JSON that every database can hold."""

from __future__ import annotations

import json
import math
from typing import IO, TYPE_CHECKING, Any, NoReturn

from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from saaskit_django.conf import conf
from saaskit_django.rest.errors import BadRequest, BodyTooLarge, MalformedBody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

MAX_DEPTH = 32
MAX_INT = 2**63 - 1


def read_body(request: HttpRequest, *, limit: int) -> bytes:
    """Return the raw body. Raises BodyTooLarge before reading when the declared length says so."""
    try:
        declared = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BadRequest from None
    if declared > limit:
        raise BodyTooLarge(limit=limit)
    body: bytes = _stream(request, declared).read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge(limit=limit)
    return body


def _stream(request: HttpRequest, declared: int) -> Any:
    """Return where the body comes from: Django takes one without a length for empty."""
    is_chunked = not declared and request.META.get("wsgi.input_terminated")
    return request.META["wsgi.input"] if is_chunked else request


class StrictJSONParser(BaseParser):
    """Reads strict JSON: UTF-8, finite numbers of at most 64 bit, no key twice, not too deep."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read and parse. Raises BodyTooLarge or MalformedBody."""
        request = (parser_context or {})["request"]
        body = read_body(request._request, limit=conf().max_body_bytes)
        return parse_json(body)


class PlainJSONRenderer(JSONRenderer):
    """Writes compact UTF-8 JSON, whatever the host's own REST settings say."""

    compact = True
    strict = True
    ensure_ascii = False


def parse_json(body: bytes) -> object:
    """Parse strict JSON. Raises MalformedBody."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_fitting,
            object_pairs_hook=_without_repeats,
        )
    except RecursionError:
        raise MalformedBody(problem="it is nested too deeply") from None
    except UnicodeDecodeError:
        raise MalformedBody(problem="it is not UTF-8") from None
    except json.JSONDecodeError as exc:
        raise MalformedBody(problem=f"line {exc.lineno}, column {exc.colno}") from None
    _walk(value)
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise MalformedBody(problem="NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedBody(problem="a number is too large")
    return value


def _fitting(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > MAX_INT:
        raise MalformedBody(problem="a number is too large")
    return int(text)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedBody(problem="an object names a key twice")
    return found


def _walk(value: object) -> None:
    """Refuse depth and characters that no database column takes: NUL and lone surrogates."""
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                _check_text(each)
            elif isinstance(each, dict):
                below += [*each.keys(), *each.values()]
            elif isinstance(each, list):
                below += each
        level = below
        if not level:
            return
    raise MalformedBody(problem="it is nested too deeply")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise MalformedBody(problem="a text contains the character NUL")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise MalformedBody(problem="a text contains half a character")
