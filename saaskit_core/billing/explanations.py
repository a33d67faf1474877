"""Sentences from which an auditor can compute a line again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.periods import ProrationMode, utc

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.billing.tax_parts import TaxPart
    from saaskit_core.money import Money
    from saaskit_core.periods import Period

_PLACES = 6


def explain_whole(unit: Money, quantity: int, amount: Money, period: Period | None) -> str:
    """Explain a line for a whole period, or for a purchase without one."""
    time = f"the whole period {span(period)}" if period else "the purchase"
    return f"{unit} × {quantity} = {amount} for {time}."


def explain_part(
    full: Money,
    fraction: Fraction,
    amount: Money,
    period: Period,
    *,
    at: datetime | None = None,
    mode: ProrationMode = ProrationMode.SECOND,
) -> str:
    """Explain a line for the rest of a period. The fraction is exact, its decimal a reading aid.

    `at` is the instant from which the rest is counted, `mode` how.
    """
    since = f" at {instant(at)}" if at else ""
    counted = "" if mode is ProrationMode.SECOND else f" (counted by {mode})"
    return (
        f"{full} × {readable(fraction)} = {amount}, rounded half away from zero, for what is left"
        f"{since} of the period {span(period)}{counted}."
    )


def explain_discount(amount: Money, discount: Money, codes: str) -> str:
    """Explain what coupons took off; nothing when they took nothing."""
    return f" Less {discount} by {codes}: {amount - discount}." if discount else ""


def explain_tax(part: TaxPart, *, contained: Money | None = None, pool: str = "") -> str:
    """Explain one tax on a line; where none is due, why.

    `contained` is the price that the tax was part of, `pool` what it is a share of when several
    lines were rounded together.
    """
    name = f"{part.name} ({part.jurisdiction})" if part.jurisdiction else part.name
    if not part.percent and not part.amount:
        reason = part.note or f"{part.treatment.replace('_', ' ')}."
        return f" {name}: {reason}"
    base = f"contained in {contained}" if contained else f"on {part.basis}"
    shared = f", {pool}" if pool else ""
    return f" {name} {part.percent:f} % {base}{shared}: {part.amount}."


def span(period: Period) -> str:
    """Name a period by its two instants; the second is not part of it."""
    return f"from {instant(period.starts_at)} to {instant(period.ends_at)}"


def instant(at: datetime) -> str:
    """Spell an instant exactly, in UTC, without what is zero: "2024-06-16 00:00 UTC"."""
    at = utc(at)
    precision = "microseconds" if at.microsecond else "seconds" if at.second else "minutes"
    return f"{at.replace(tzinfo=None).isoformat(sep=' ', timespec=precision)} UTC"


def readable(fraction: Fraction) -> str:
    """Spell a fraction exactly, and beside it as a decimal: "1/2 (0.5)", "2/3 (0.666666…)"."""
    if fraction.denominator == 1:
        return str(fraction)
    scale = 10**_PLACES
    scaled = abs(fraction) * scale
    cut = int(scaled)
    whole, rest = divmod(cut, scale)
    digits = f"{rest:0{_PLACES}d}"
    sign = "-" if fraction < 0 else ""
    if scaled == cut:
        return f"{fraction} ({sign}{whole}.{digits.rstrip('0')})"
    return f"{fraction} ({sign}{whole}.{digits}…)"
