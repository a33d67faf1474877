"""The id of a request: the caller's `X-Request-ID` when it is a sane one, else a fresh one."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ATTRIBUTE = "saaskit_request_id"


def request_id(request: Request | HttpRequest) -> str:
    """Return the id of this request, the same however often it is asked for."""
    plain = getattr(request, "_request", request)
    known = getattr(plain, _ATTRIBUTE, None)
    if not isinstance(known, str):
        given = plain.META.get("HTTP_X_REQUEST_ID", "")
        known = given if _SANE.fullmatch(given) else secrets.token_hex(16)
        setattr(plain, _ATTRIBUTE, known)
    return known
