"""The only maker of random identifiers; whatever decides something takes them as arguments."""

from __future__ import annotations

import secrets
import uuid


def new_uuid() -> uuid.UUID:
    """Return a random UUID (RFC 9562, version 4)."""
    return uuid.uuid4()  # noqa: TID251


def new_reference(prefix: str) -> str:
    """Return an unguessable public reference such as "pay_3vK…": the prefix and 128 random bits."""
    return f"{prefix}_{secrets.token_hex(16)}"
