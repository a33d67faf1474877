"""Coupon codes: one spelling for each, and new ones nobody can guess."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_CODE_LENGTH = 64
MIN_RANDOM_BYTES = 8
SECRET_LENGTH = 12
"""Twelve characters of this alphabet are 60 bits."""

GUESSES_PER_HIT = 10**6
"""Of a batch of codes, at most one guess in a million may hit any."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("OIL", "011")


class CouponCodeInvalid(SaasKitError):
    code = "coupon_code_invalid"
    template = "That is not a coupon code: %(problem)s."


class WeakCouponCode(SaasKitError):
    code = "weak_coupon_code"
    template = "A coupon code that can't be guessed needs at least %(needed)s random bytes."


class CouponCodesTooShort(SaasKitError):
    """So short that strangers would hit one by trying."""

    code = "coupon_codes_too_short"
    template = (
        "%(count)s codes of %(length)s characters can be guessed: they need %(needed)s or more."
    )


class InvalidCouponBatch(SaasKitError):
    code = "invalid_coupon_batch"
    template = "Such a batch of codes is not possible: %(problem)s."


def normalise_code(raw: str) -> str:
    """Return the one spelling of a code: NFKC, stripped, upper case. Raises CouponCodeInvalid."""
    if not isinstance(raw, str):
        raise CouponCodeInvalid(problem="it is not a text")
    if len(raw) > 4 * MAX_CODE_LENGTH:
        raise CouponCodeInvalid(problem=f"it is longer than {MAX_CODE_LENGTH} characters")
    folded = unicodedata.normalize("NFKC", raw).strip().casefold().upper()
    code = unicodedata.normalize("NFKC", folded).strip()
    if not code:
        raise CouponCodeInvalid(problem="it is empty")
    if len(code) > MAX_CODE_LENGTH:
        raise CouponCodeInvalid(problem=f"it is longer than {MAX_CODE_LENGTH} characters")
    if " " in code or not code.isprintable():
        raise CouponCodeInvalid(problem="it has a space or an invisible character in it")
    return code


def readings(raw: str) -> tuple[str, ...]:
    """Return the spellings to look a typed code up by, the likeliest first. One or two.

    First what was typed, then what somebody who copied a generated code may have meant: those have
    no O, I or L, so an O is read as 0, and I or L as 1 (Crockford's base 32). Codes chosen by
    people are never respelled: `HELLO` stays `HELLO`. Raises CouponCodeInvalid.
    """
    code = normalise_code(raw)
    meant = code.translate(_LOOKALIKES)
    return (code,) if meant == code else (code, meant)


def generate_code(random_bytes: bytes) -> str:
    """Spell random bytes in unambiguous letters and digits (Crockford's base 32), 5 bits each.

    Eight bytes give 12 characters, 60 bits. Raises WeakCouponCode for fewer.
    """
    if len(random_bytes) < MIN_RANDOM_BYTES:
        raise WeakCouponCode(needed=MIN_RANDOM_BYTES)
    return _spelled(random_bytes, min(len(random_bytes) * 8 // 5, MAX_CODE_LENGTH))


def bytes_for_batch(count: int, *, length: int = SECRET_LENGTH) -> int:
    """Return how many random bytes `generate_codes` takes for a batch, a spare code included."""
    return (count + 1) * _bytes_per_code(length)


def generate_codes(
    random_bytes: bytes,
    *,
    count: int,
    length: int = SECRET_LENGTH,
    prefix: str = "",
    taken: Collection[str] = (),
) -> tuple[str, ...]:
    """Return `count` different codes of `length` random characters each after `prefix`.

    None is one of `taken`. `bytes_for_batch` says how many bytes to bring; bring more when many
    are taken. Raises InvalidCouponBatch, CouponCodeInvalid for a prefix that can't be part of a
    code, CouponCodesTooShort when fewer than `count` × 10⁶ codes are possible, and WeakCouponCode
    when the bytes don't suffice; then no code at all is returned.
    """
    _check_batch(count, length)
    begin = normalise_code(prefix) if prefix else ""
    if len(begin) + length > MAX_CODE_LENGTH:
        raise InvalidCouponBatch(problem=f"a code has at most {MAX_CODE_LENGTH} characters")
    size = _bytes_per_code(length)
    found: dict[str, None] = {}
    for start in range(0, len(random_bytes) - size + 1, size):
        code = begin + _spelled(random_bytes[start : start + size], length)
        if code not in taken:
            found[code] = None
        if len(found) == count:
            return tuple(found)
    raise WeakCouponCode(needed=bytes_for_batch(count, length=length))


def _check_batch(count: int, length: int) -> None:
    if type(count) is not int or type(length) is not int or count < 1 or length < 1:
        raise InvalidCouponBatch(problem="count and length are whole numbers from 1")
    if length < (needed := _least_length(count)):
        raise CouponCodesTooShort(count=count, length=length, needed=needed)


def _least_length(count: int) -> int:
    return -(-(count * GUESSES_PER_HIT - 1).bit_length() // 5)


def _bytes_per_code(length: int) -> int:
    return -(-length * 5 // 8)


def _spelled(random_bytes: bytes, length: int) -> str:
    number = int.from_bytes(random_bytes, "big")
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(length))
