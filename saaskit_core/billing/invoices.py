"""The draft of an invoice: lines, totals, and what is left to pay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from saaskit_core.money import Money
    from saaskit_core.periods import Period


class LineKind(StrEnum):
    """What a line stands for."""

    PERIOD = "period"
    ONE_OFF = "one_off"
    UNUSED_CREDIT = "unused_credit"
    REMAINING_DEBIT = "remaining_debit"
    CARRIED_IN = "carried_in"
    TO_WALLET = "to_wallet"
    FORFEITED = "forfeited"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    """One rate for the whole invoice. `is_inclusive` means that prices contain the tax."""

    percent: Decimal
    is_inclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What stands beside the lines: credit to use, the provider's minimum, a carried amount, tax.

    `wallet` None is an empty wallet, `minimum` None no minimum, `carried` what an earlier invoice
    left over because it was under the minimum.
    """

    wallet: Money | None = None
    minimum: Money | None = None
    carried: Money | None = None
    tax: TaxRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One line. `amount` is before discount and without tax; negative for a credit.

    `unit` is the list price. `explanation` is a sentence from which an auditor can compute the
    amount.
    """

    kind: LineKind
    description: str
    quantity: int
    unit: Money
    amount: Money
    discount: Money
    tax: Money
    period: Period | None
    price_id: str
    explanation: str

    @property
    def net(self) -> Money:
        """What the line costs after its discount, without tax."""
        return self.amount - self.discount

    @property
    def total(self) -> Money:
        """What the line costs, tax included."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """A computed invoice, before it has a number.

    `total` = `subtotal` − `discount` + `tax` = Σ line totals. `amount_due` = `total` −
    `credit_applied` − `carried_forward`; `to_wallet` is a surplus credit that the customer keeps (a
    to_wallet line balances it, so that the total is never negative).
    """

    currency: str
    lines: tuple[LineDraft, ...]
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    credit_applied: Money
    amount_due: Money
    carried_forward: Money
    to_wallet: Money
