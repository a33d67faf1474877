"""What must never be: a broken invariant parks the customer instead of sending a wrong bill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import CurrencyMismatch, Money

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saaskit_core.billing.invoices import InvoiceDraft, LineDraft


class BrokenInvariant(SaasKitError):
    """Base. Whoever catches it parks the customer: no more charges until somebody has looked.

    Access isn't touched by parking.
    """

    code = "broken_invariant"
    kind = ErrorKind.CONFLICT
    template = "Something is wrong with the books: %(problem)s."


class NegativeTotal(BrokenInvariant):
    code = "negative_total"
    template = "%(name)s is %(amount)s: it can't be below zero."


class TotalsDisagree(BrokenInvariant):
    code = "totals_disagree"
    template = "The lines add up to %(lines)s, but the invoice says %(total)s."


class PeriodBilledTwice(BrokenInvariant):
    code = "period_billed_twice"
    template = "%(count)s items of the kind %(kind)s bill the period from %(starts_at)s."


class TooManyItems(BrokenInvariant):
    code = "too_many_items"
    template = "%(count)s items for one subscription on one day are more than %(limit)s."


def check_draft(draft: InvoiceDraft) -> None:
    """Raise NegativeTotal or TotalsDisagree unless the invoice is consistent in itself."""
    amounts = {
        "The total": draft.total,
        "The discount": draft.discount,
        "The credit applied": draft.credit_applied,
        "The amount due": draft.amount_due,
        "The amount carried forward": draft.carried_forward,
        "The surplus": draft.to_wallet,
    }
    for name, amount in amounts.items():
        if amount.minor < 0:
            raise NegativeTotal(name=name, amount=str(amount))
    for said, added in _sums(draft):
        if said != added:
            raise TotalsDisagree(lines=str(added), total=str(said))


def sums_of(lines: Iterable[LineDraft], currency: str) -> tuple[Money, Money, Money]:
    """Add up amounts, discounts and taxes in one pass. Raises CurrencyMismatch."""
    amount = discount = tax = 0
    for line in lines:
        for money in (line.amount, line.discount, line.tax):
            if money.currency != currency:
                raise CurrencyMismatch(left=currency, right=money.currency)
        amount += line.amount.minor
        discount += line.discount.minor
        tax += line.tax.minor
    return Money(amount, currency), Money(discount, currency), Money(tax, currency)


def _sums(draft: InvoiceDraft) -> tuple[tuple[Money, Money], ...]:
    subtotal, discount, tax = sums_of(draft.lines, draft.currency)
    return (
        (draft.subtotal, subtotal),
        (draft.discount, discount),
        (draft.tax, tax),
        (draft.total, draft.subtotal - draft.discount + draft.tax),
        (draft.total, draft.amount_due + draft.credit_applied + draft.carried_forward),
    )
