"""What payers are told when something happened to a payment or a subscription."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from saaskit_core.billing.quotes import InvoiceKind
from saaskit_core.money import Money
from saaskit_core.payments.events import PaymentFailed, PaymentRefunded, PaymentSucceeded
from saaskit_core.subscriptions.events import (
    SubscriptionActionRequired,
    SubscriptionEnded,
    SubscriptionPastDue,
    SubscriptionSuspended,
    SubscriptionTrialStarted,
)
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_django.payments.selectors import find_payment, latest_payment_of
from saaskit_django.payments.services import notices
from saaskit_django.payments.services.notices import tell_payers
from saaskit_django.subscriptions.selectors import subscription_by_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from saaskit_django.outbox.messages import Message
    from saaskit_django.payments.services.notices import Notice
    from saaskit_django.subscriptions.models import Subscription

ON_THEIR_OWN = frozenset({InvoiceKind.CHANGE, InvoiceKind.ONE_OFF})
"""Invoices whose declined charge no subscription.past_due tells of."""
UNNOTICED_ENDS = frozenset({StatusReason.REPLACED, StatusReason.PAYMENT_TIMEOUT})
"""Ends of what never began for the customer, or went on as another subscription."""


def send_receipt(message: Message) -> None:
    """Send the receipt of a payment that arrived."""
    payment = find_payment(str(message.payload["payment_id"]))
    if payment is not None:
        tell_payers(payment.customer, partial(notices.receipt, payment), key=message.key)


def tell_declined(message: Message) -> None:
    """Tell of a charge refused in the payer's absence; who is there sees the answer himself."""
    payment = find_payment(str(message.payload["payment_id"]))
    if payment is None or not payment.is_off_session or payment.invoice.kind not in ON_THEIR_OWN:
        return
    tell_payers(payment.customer, partial(notices.declined, payment), key=message.key)


def tell_refunded(message: Message) -> None:
    """Tell of money that goes back."""
    payment = find_payment(str(message.payload["payment_id"]))
    if payment is None:
        return
    amount = Money(int(message.payload["refund_minor"]), payment.currency)
    tell_payers(payment.customer, partial(notices.refunded, payment, amount), key=message.key)


def tell_past_due(message: Message) -> None:
    """Tell of a renewal that could not be charged, unless it has been paid meanwhile."""
    row = subscription_by_reference(str(message.payload["subscription_id"]))
    if row is not None and row.status in (
        SubscriptionStatus.RENEWAL_PENDING,
        SubscriptionStatus.SUSPENDED,
    ):
        payment = latest_payment_of(row)
        tell_payers(row.customer, partial(notices.past_due, row, payment), key=message.key)


def tell_action_required(message: Message) -> None:
    """Ask for the payer's confirmation."""
    _tell(message, notices.action_required)


def tell_trial_started(message: Message) -> None:
    """Welcome to a trial."""
    _tell(message, notices.trial_started)


def tell_suspended(message: Message) -> None:
    """Tell that access is closed."""
    _tell(message, notices.suspended)


def tell_ended(message: Message) -> None:
    """Tell that a subscription is over."""
    if message.payload["status_reason"] not in UNNOTICED_ENDS:
        _tell(message, notices.ended)


def _tell(message: Message, write: Callable[[Subscription], Notice]) -> None:
    row = subscription_by_reference(str(message.payload["subscription_id"]))
    if row is not None:
        tell_payers(row.customer, partial(write, row), key=message.key)


HANDLERS = {
    PaymentSucceeded: [send_receipt],
    PaymentFailed: [tell_declined],
    PaymentRefunded: [tell_refunded],
    SubscriptionPastDue: [tell_past_due],
    SubscriptionActionRequired: [tell_action_required],
    SubscriptionTrialStarted: [tell_trial_started],
    SubscriptionSuspended: [tell_suspended],
    SubscriptionEnded: [tell_ended],
}
