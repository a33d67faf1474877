"""Coupon codes: one spelling for each, and new ones nobody can guess."""

from __future__ import annotations

import unicodedata

from saaskit_core.errors import SaasKitError

MAX_CODE_LENGTH = 64
MIN_RANDOM_BYTES = 8
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class CouponCodeInvalid(SaasKitError):
    code = "coupon_code_invalid"
    template = "That is not a coupon code: %(problem)s."


class WeakCouponCode(SaasKitError):
    code = "weak_coupon_code"
    template = "A coupon code that can't be guessed needs at least %(needed)s random bytes."


def normalise_code(raw: str) -> str:
    """Return the one spelling of a code: NFKC, stripped, upper case. Raises CouponCodeInvalid."""
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


def generate_code(random_bytes: bytes) -> str:
    """Spell random bytes in unambiguous letters and digits (Crockford's base 32), 5 bits each.

    Eight bytes give 12 characters, 60 bits. Raises WeakCouponCode for fewer.
    """
    if len(random_bytes) < MIN_RANDOM_BYTES:
        raise WeakCouponCode(needed=MIN_RANDOM_BYTES)
    number = int.from_bytes(random_bytes, "big")
    length = min(len(random_bytes) * 8 // 5, MAX_CODE_LENGTH)
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(length))
