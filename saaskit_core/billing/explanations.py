"""Sentences from which an auditor can compute a line again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from saaskit_core.billing.invoices import TaxRule
    from saaskit_core.money import Money
    from saaskit_core.periods import Period


def explain_whole(unit: Money, quantity: int, amount: Money, period: Period | None) -> str:
    """Explain a line for a whole period, or for a purchase without one."""
    time = f"the whole period {span(period)}" if period else "the purchase"
    return f"{unit} × {quantity} = {amount} for {time}."


def explain_part(full: Money, fraction: Fraction, amount: Money, period: Period) -> str:
    """Explain a line for the rest of a period. The fraction is exact."""
    return (
        f"{full} × {fraction} = {amount}, rounded half away from zero, for what is left "
        f"of the period {span(period)}."
    )


def explain_discount(amount: Money, discount: Money, codes: str) -> str:
    """Explain what coupons took off; nothing when they took nothing."""
    return f" Less {discount} by {codes}: {amount - discount}." if discount else ""


def explain_tax(base: Money, tax: Money, rule: TaxRule) -> str:
    """Explain a line's share of the tax; nothing when there is none."""
    if not tax:
        return ""
    how = "contained in" if rule.is_inclusive else "on"
    return f" Tax {rule.percent:f} % {how} {base}: {tax}."


def span(period: Period) -> str:
    """Name a period by its two instants; the second is not part of it."""
    return f"from {period.starts_at.isoformat()} to {period.ends_at.isoformat()}"
