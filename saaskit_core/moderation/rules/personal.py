"""Personal data that people publish by mistake: e-mail addresses and payment card numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saaskit_core.moderation.rules.folding import Folded, Span

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w+-][\w.+-]{0,63}@(?:[\w-]{1,63}\.){1,4}[^\W\d_][\w-]{1,62}(?![\w-])"
)
# What must not stand before the first digit is looked at after it: a search for digits is fast.
_CARD = re.compile(r"[2-6](?<![0-9][2-6])(?<![0-9][ .-][2-6])(?:[ .-]?[0-9]){12,18}(?![0-9])")


def emails(folded: Folded) -> Iterator[Span]:
    """Find e-mail addresses."""
    if "@" not in folded.text:
        return
    for match in _EMAIL.finditer(folded.text):
        yield folded.span(*match.span())


def card_numbers(folded: Folded) -> Iterator[Span]:
    """Find numbers of 13 to 19 digits whose check digit fits (ISO/IEC 7812-1, annex B)."""
    for match in _CARD.finditer(folded.text):
        if passes_luhn(match.group()):
            yield folded.span(*match.span())


def passes_luhn(number: str) -> bool:
    """Tell whether the check digit of a number fits; what isn't a digit is left out."""
    digits = [int(each) for each in number if each in "0123456789"]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return bool(digits) and any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
