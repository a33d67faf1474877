"""What each happening writes into the ledger: one balanced entry, from values alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.billing.invoices import InvoiceDraft, LineKind
from saaskit_core.billing.ledger import Account, Entry, EntryKind, InvalidEntry, Leg
from saaskit_core.money import Money
from saaskit_core.subscriptions.policies import RefundAdjustment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.billing.credit_notes import CreditNote
    from saaskit_core.billing.wallets import Posting


def invoice_finalised(posting: Posting, draft: InvoiceDraft) -> Entry:
    """Owe what the invoice asks: revenue, discounts and tax apart.

    What is carried forward waits on CARRIED until a later invoice takes it in; a surplus credit
    goes into the wallet. Raises InvalidEntry for an invoice of nothing.
    """
    carried_in = _of_kind(draft, LineKind.CARRIED_IN)
    return _entry(
        posting,
        EntryKind.INVOICE,
        {
            Account.RECEIVABLE: draft.total - draft.carried_forward,
            Account.CARRIED: draft.carried_forward - carried_in,
            Account.DISCOUNTS: draft.discount,
            Account.REVENUE: draft.to_wallet + carried_in - draft.subtotal,
            Account.TAX_PAYABLE: -draft.tax,
            Account.WALLET: -draft.to_wallet,
        },
    )


def reversed_entry(posting: Posting, entry: Entry) -> Entry:
    """Undo an entry, leg by leg: its invoice was voided, its payment bounced."""
    return Entry(
        key=posting.key,
        kind=EntryKind.REVERSAL,
        customer_id=entry.customer_id,
        occurred_at=posting.at,
        about=posting.about or entry.about,
        legs=tuple(Leg(account=leg.account, amount=-leg.amount, lot=leg.lot) for leg in entry.legs),
    )


def payment_received(posting: Posting, received: Money, *, applied: Money) -> Entry:
    """Take in money: `applied` pays an invoice, more than that becomes the customer's credit."""
    return _entry(
        posting,
        EntryKind.PAYMENT,
        {
            Account.CLEARING: _not_negative(posting, received),
            Account.RECEIVABLE: -_not_negative(posting, applied),
            Account.WALLET: -_not_negative(posting, received - applied),
        },
    )


def credit_note_issued(posting: Posting, note: CreditNote) -> Entry:
    """Owe the customer what a credit note takes back: the net from revenue, the tax from tax."""
    return _entry(
        posting,
        EntryKind.CREDIT_NOTE,
        {
            Account.REFUNDS: note.net,
            Account.TAX_PAYABLE: note.tax,
            Account.RECEIVABLE: -note.total,
        },
    )


def refunded(posting: Posting, amount: Money) -> Entry:
    """Give money back. Without a credit note beside it, the customer owes it again."""
    amount = _not_negative(posting, amount)
    return _entry(
        posting, EntryKind.REFUND, {Account.RECEIVABLE: amount, Account.CLEARING: -amount}
    )


def needs_credit_note(adjustment: RefundAdjustment) -> bool:
    """Tell whether a refund takes back what was billed (the customer owes nothing afterwards)."""
    return adjustment is RefundAdjustment.WITH_ITEM


def credited_to_wallet(posting: Posting, amount: Money) -> Entry:
    """Turn what a credit note owes the customer into credit, instead of sending money."""
    amount = _not_negative(posting, amount)
    return _entry(posting, EntryKind.GRANT, {Account.RECEIVABLE: amount, Account.WALLET: -amount})


def written_off(posting: Posting, amount: Money, *, carried: Money | None = None) -> Entry:
    """Give up what is owed, and what was `carried` forward and will never be billed."""
    carried = _not_negative(posting, carried or Money.zero(amount.currency))
    amount = _not_negative(posting, amount)
    return _entry(
        posting,
        EntryKind.WRITE_OFF,
        {
            Account.WRITE_OFF: amount + carried,
            Account.RECEIVABLE: -amount,
            Account.CARRIED: -carried,
        },
    )


def dispute_opened(posting: Posting, withdrawn: Money, *, fee: Money | None = None) -> Entry:
    """Set aside what the provider withdrew from us, and book its fee."""
    withdrawn = _not_negative(posting, withdrawn)
    fee = _not_negative(posting, fee or Money.zero(withdrawn.currency))
    return _entry(
        posting,
        EntryKind.DISPUTE_OPENED,
        {Account.DISPUTED: withdrawn, Account.FEES: fee, Account.CLEARING: -(withdrawn + fee)},
    )


def dispute_won(posting: Posting, returned: Money) -> Entry:
    """Take back what the provider returns."""
    returned = _not_negative(posting, returned)
    return _entry(
        posting, EntryKind.DISPUTE_WON, {Account.CLEARING: returned, Account.DISPUTED: -returned}
    )


def dispute_lost(posting: Posting, lost: Money) -> Entry:
    """Book what is gone as a loss. The customer isn't billed for it again."""
    lost = _not_negative(posting, lost)
    return _entry(
        posting, EntryKind.DISPUTE_LOST, {Account.WRITE_OFF: lost, Account.DISPUTED: -lost}
    )


def _entry(posting: Posting, kind: EntryKind, legs: Mapping[Account, Money]) -> Entry:
    return Entry(
        key=posting.key,
        kind=kind,
        customer_id=posting.customer_id,
        occurred_at=posting.at,
        about=posting.about,
        legs=tuple(
            Leg(
                account=account,
                amount=amount,
                lot=posting.key if account is Account.WALLET else "",
            )
            for account, amount in legs.items()
            if amount
        ),
    )


def _not_negative(posting: Posting, amount: Money) -> Money:
    if amount.minor < 0:
        raise InvalidEntry(key=posting.key, problem=f"{amount} is below zero")
    return amount


def _of_kind(draft: InvoiceDraft, kind: LineKind) -> Money:
    return Money.total((line.total for line in draft.lines if line.kind is kind), draft.currency)
