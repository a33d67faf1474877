"""Signed deliveries: `sandbox-signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = "sandbox-signature"
TOLERANCE = timedelta(seconds=300)
"""How far the signing instant may lie from the receiving one, in either direction."""


def sign(body: bytes, *, secret: str, at: datetime) -> str:
    """Return the header value for `body` signed at an instant."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={_digest(body, secret=secret, stamp=stamp)}"


def problem_with(header: str, *, body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """Return why the signature is not to be trusted; nothing when it is."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not _is_stamp(stamps[0]) or not signatures:
        return "malformed_header"
    if not secrets:
        return "no_secret"
    if not any(
        _matches(body, stamp=stamps[0], secret=each, signatures=signatures) for each in secrets
    ):
        return "wrong_signature"
    age = now.timestamp() - int(stamps[0])
    return "" if abs(age) <= TOLERANCE.total_seconds() else "outside_tolerance"


def _is_stamp(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _matches(body: bytes, *, stamp: str, secret: str, signatures: Sequence[str]) -> bool:
    expected = _digest(body, secret=secret, stamp=stamp).encode()
    return any(hmac.compare_digest(expected, each.encode()) for each in signatures)


def _digest(body: bytes, *, secret: str, stamp: str) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
