"""Amounts under the provider's minimum: carried forward, and what becomes of them at the end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import NegativeTotal
from saaskit_core.money import Money, check_money

if TYPE_CHECKING:
    from collections.abc import Sequence


class CarriedEnd(StrEnum):
    """What becomes of a carried amount when its subscription has ended."""

    NOTHING = "nothing"
    STAYS = "stays"
    WALLET = "wallet"
    COLLECT = "collect"
    WRITE_OFF = "write_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedSettlement:
    """Where a carried amount goes: `from_wallet`, `collected` by a last invoice, `written_off`.

    The three add up to what was carried, less what `stays` for another subscription's invoice.
    """

    decision: CarriedEnd
    from_wallet: Money
    collected: Money
    written_off: Money
    stays: Money
    explanation: str


def settle_carried(
    carried: Money,
    *,
    wallet: Money | None = None,
    minimum: Money | None = None,
    has_other_subscription: bool = False,
) -> CarriedSettlement:
    """Decide about a carried amount when the subscription ends.

    Another live subscription takes it into its next invoice. Else the wallet pays; what is left
    is collected if the provider takes it (several amounts together may reach the minimum), and
    written off if not: a debt nobody can charge isn't chased. Raises NegativeTotal, InvalidAmount.
    """
    check_money(carried)
    zero = Money.zero(carried.currency)
    held = zero if wallet is None else wallet
    check_money(held)
    for name, amount in (("The amount carried", carried), ("The wallet", held)):
        if amount.minor < 0:
            raise NegativeTotal(name=name, amount=str(amount))
    if not carried:
        return _settled(CarriedEnd.NOTHING, zero, (zero, zero, zero), "Nothing was carried.")
    if has_other_subscription:
        text = f"{carried} wait for the next invoice of another subscription."
        return _settled(CarriedEnd.STAYS, carried, (zero, zero, zero), text)
    paid = min(held, carried)
    rest = carried - paid
    text = f"{paid} of {carried} are paid from the wallet" if paid else f"{carried} were carried"
    if not rest:
        return _settled(CarriedEnd.WALLET, zero, (paid, zero, zero), f"{text}.")
    if minimum is None or rest >= minimum:
        text = f"{text}; {rest} are collected by a last invoice."
        return _settled(CarriedEnd.COLLECT, zero, (paid, rest, zero), text)
    text = f"{text}; {rest} are under the provider's minimum of {minimum} and written off."
    return _settled(CarriedEnd.WRITE_OFF, zero, (paid, zero, rest), text)


def _settled(
    decision: CarriedEnd, stays: Money, parts: Sequence[Money], explanation: str
) -> CarriedSettlement:
    from_wallet, collected, given_up = parts
    return CarriedSettlement(
        decision=decision,
        from_wallet=from_wallet,
        collected=collected,
        written_off=given_up,
        stays=stays,
        explanation=explanation,
    )
