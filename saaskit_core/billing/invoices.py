"""The draft of an invoice: lines, totals, and what is left to pay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.billing.tax_parts import added_up
from saaskit_core.billing.taxes import check_percent
from saaskit_core.money import Money, check_money

if TYPE_CHECKING:
    from decimal import Decimal

    from saaskit_core.billing.tax_parts import TaxAnswer, TaxPart
    from saaskit_core.billing.taxes import TaxPlan
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


TAXED = frozenset(
    {
        LineKind.PERIOD,
        LineKind.ONE_OFF,
        LineKind.UNUSED_CREDIT,
        LineKind.REMAINING_DEBIT,
    }
)
"""Lines that carry tax; the others move amounts whose tax is settled already."""


class CreditSource(StrEnum):
    """What stands in for a payment, in the order it is used."""

    CREDIT_NOTES = "credit_notes"
    WALLET = "wallet"
    REFERRAL = "referral"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    """One rate for the whole invoice. `is_inclusive` means that prices contain the tax.

    Raises InvalidTaxRate for what is no Decimal from 0 to 100.
    """

    percent: Decimal
    is_inclusive: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no percentage."""
        check_percent(self.percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUsed:
    """How much of the invoice one source of credit pays."""

    source: CreditSource
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What stands beside the lines: credit to use, the provider's minimum, a carried amount, tax.

    `credit_notes` (credited and not given back yet), `wallet` and `referral` are used in that
    order; None is none. `minimum` None is no minimum, `carried` what an earlier invoice left over
    because it was under the minimum. `tax` is one rate, decisions per price, or what a tax engine
    answered.
    """

    wallet: Money | None = None
    minimum: Money | None = None
    carried: Money | None = None
    tax: TaxRule | TaxPlan | TaxAnswer | None = None
    credit_notes: Money | None = None
    referral: Money | None = None

    def __post_init__(self) -> None:
        """Refuse bare numbers. Raises InvalidAmount."""
        for amount in (self.wallet, self.minimum, self.carried, self.credit_notes, self.referral):
            if amount is not None:
                check_money(amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One line. `amount` is before discount and without tax; negative for a credit.

    `unit` is the list price, `tax` = Σ `tax_parts`. `explanation` is a sentence from which an
    auditor can compute the amount.
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
    tax_parts: tuple[TaxPart, ...] = ()

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
    credits_used: tuple[CreditUsed, ...] = ()

    @property
    def taxes(self) -> tuple[TaxPart, ...]:
        """The taxes of all lines, added up per jurisdiction, name, rate and treatment."""
        return added_up(part for line in self.lines for part in line.tax_parts)

    @property
    def legal_notes(self) -> tuple[str, ...]:
        """What the law wants on the document, each sentence once."""
        return tuple(dict.fromkeys(part.note for part in self.taxes if part.note))

    def credit_from(self, source: CreditSource) -> Money:
        """Return how much of `credit_applied` comes from one source."""
        used = (each.amount for each in self.credits_used if each.source is source)
        return Money.total(used, self.currency)
