"""Which language a text is written in: RFC 4647's lookup, section 3.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_LANGUAGE = "en"


def language_for(wanted: Sequence[str], available: Sequence[str]) -> str:
    """Return the best of the available languages, spelled as there.

    Each wanted tag in turn, shortened from its end ("es-MX", then "es"), in any case and with
    either separator; then a regional form of the same language; else the first available one.
    """
    known = {_plain(tag): tag for tag in reversed(available)}
    for tag in wanted:
        parts = _plain(tag).split("-")
        for length in range(len(parts), 0, -1):
            found = known.get("-".join(parts[:length]))
            if found is not None:
                return found
        for plain in map(_plain, available):
            if plain.split("-")[0] == parts[0]:
                return known[plain]
    return available[0] if available else DEFAULT_LANGUAGE


def _plain(tag: str) -> str:
    return tag.replace("_", "-").casefold()
