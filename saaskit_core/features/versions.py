"""Versions by the rules of Semantic Versioning 2.0.0, section 11."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = r"(?:0|[1-9][0-9]{0,17})"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_LONGEST = 256

Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]
"""Compares as versions do; the flag says that it isn't a pre-release."""


@lru_cache(maxsize=1024)
def precedence(text: str) -> Precedence | None:
    """Return what a version compares by, or None for what is none (a leading v is none)."""
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    major, minor, patch, pre = found.groups()
    parts = pre.split(".") if pre else []
    if any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in parts):
        return None
    identifiers = tuple(
        (False, int(part), "") if part.isdigit() else (True, 0, part) for part in parts
    )
    return int(major), int(minor), int(patch), not parts, identifiers
