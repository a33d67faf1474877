"""Credits a customer holds with us: an append-only double entry and a guarded running balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.billing.models import WalletAccount, WalletBalance, WalletEntry

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.money import Money
    from saaskit_django.billing.models import Invoice
    from saaskit_django.customers.models import Customer


class WalletTooLow(SaasKitError):
    code = "wallet_too_low"
    kind = ErrorKind.CONFLICT
    template = "The wallet holds less than %(amount)s."


def credit(
    *,
    customer: Customer,
    amount: Money,
    transaction: str,
    reason: str,
    now: datetime,
    invoice: Invoice | None = None,
) -> None:
    """Add `amount` to the wallet once per `transaction`, inside a transaction.

    Call it with the customer locked; the same transaction key again changes nothing.
    """
    _post(
        customer=customer,
        amount=amount,
        transaction=transaction,
        counter_account=WalletAccount.CREDIT_GRANTED,
        reason=reason,
        now=now,
        invoice=invoice,
    )


def has_entry(transaction: str) -> bool:
    """Tell whether the ledger has this transaction."""
    return WalletEntry.objects.filter(transaction=transaction).exists()


def pay_from_wallet(
    *, customer: Customer, amount: Money, transaction: str, now: datetime, invoice: Invoice
) -> None:
    """Pay an invoice's share once per `transaction`, inside a transaction. Raises WalletTooLow."""
    _post(
        customer=customer,
        amount=-amount,
        transaction=transaction,
        counter_account=WalletAccount.INVOICES,
        reason="invoice",
        now=now,
        invoice=invoice,
    )


def give_back(
    *, customer: Customer, amount: Money, transaction: str, now: datetime, invoice: Invoice
) -> None:
    """Return what an invoice had taken, once per `transaction`, inside a transaction."""
    _post(
        customer=customer,
        amount=amount,
        transaction=transaction,
        counter_account=WalletAccount.INVOICES,
        reason="void",
        now=now,
        invoice=invoice,
    )


def _post(
    *,
    customer: Customer,
    amount: Money,
    transaction: str,
    counter_account: WalletAccount,
    reason: str,
    now: datetime,
    invoice: Invoice | None,
) -> None:
    if not amount or has_entry(transaction):
        return
    _move_balance(customer, amount)
    WalletEntry.objects.bulk_create(
        WalletEntry(
            customer=customer,
            transaction=transaction,
            account=account,
            currency=amount.currency,
            amount_minor=minor,
            reason=reason,
            invoice=invoice,
            occurred_at=now,
        )
        for account, minor in (
            (WalletAccount.WALLET, amount.minor),
            (counter_account, -amount.minor),
        )
    )


def _move_balance(customer: Customer, amount: Money) -> None:
    rows = WalletBalance.objects.filter(customer=customer, currency=amount.currency)
    if not rows.exists():
        WalletBalance.objects.bulk_create(
            [WalletBalance(customer=customer, currency=amount.currency)], ignore_conflicts=True
        )
    moved = rows.filter(balance_minor__gte=-amount.minor).update(
        balance_minor=F("balance_minor") + amount.minor
    )
    if not moved:
        raise WalletTooLow(amount=str(-amount))
