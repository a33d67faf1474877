"""What payers are told about payments and subscriptions, each in his own language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext_lazy

from saaskit_core.billing.quotes import InvoiceKind
from saaskit_core.notifications import NotificationType
from saaskit_core.notifiers import Channel
from saaskit_core.periods import zone
from saaskit_core.providers import DeclineReason
from saaskit_django.conf import conf
from saaskit_django.customers.selectors import payers_of
from saaskit_django.notifications.selectors import language_of
from saaskit_django.notifications.services import notify

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saaskit_core.money import Money
    from saaskit_django.customers.models import Customer
    from saaskit_django.payments.models import Payment
    from saaskit_django.subscriptions.models import Subscription

REASONS: dict[str, Any] = {
    DeclineReason.INSUFFICIENT_FUNDS: pgettext_lazy("declined", "there is not enough money on it"),
    DeclineReason.EXPIRED_CARD: pgettext_lazy("declined", "the card has expired"),
    DeclineReason.LIMIT_EXCEEDED: pgettext_lazy("declined", "its limit is reached"),
    DeclineReason.AUTHENTICATION_REQUIRED: pgettext_lazy("declined", "it has to be confirmed"),
    DeclineReason.LOST_OR_STOLEN: pgettext_lazy("declined", "the card can't be used any more"),
}
_REFUSED = pgettext_lazy("declined", "the bank refused it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A text in one language. `is_mailed` sends it by e-mail too."""

    title: str
    message: str
    type: NotificationType = NotificationType.SYSTEM
    is_mailed: bool = True


def tell_payers(customer: Customer, write: Callable[[], Notice], *, key: str) -> None:
    """Tell everybody who looks after the customer's bills once per `key`, inside a transaction."""
    for user in payers_of(customer):
        with override(language_of(user) or settings.LANGUAGE_CODE):
            notice = write()
        notify(
            user=user,
            title=notice.title,
            message=notice.message,
            type=notice.type,
            channels=[Channel.EMAIL] if notice.is_mailed else [],
            key=f"{key}:{user.pk}",
        )


def receipt(payment: Payment) -> Notice:
    """Word the receipt of a payment that arrived."""
    is_renewal = payment.invoice.kind == InvoiceKind.RENEWAL
    amount = spoken(payment.received)
    return Notice(
        title=_("Receipt for %(amount)s") % {"amount": amount},
        message=_(
            "We have received %(amount)s for %(what)s, invoice %(number)s, on %(day)s. Thank you!"
        )
        % {
            "amount": amount,
            "what": payment.description or _("your order"),
            "number": payment.invoice.number_text,
            "day": _day(payment.payment_date, payment.customer),
        },
        type=NotificationType.RENEWAL if is_renewal else NotificationType.SYSTEM,
    )


def declined(payment: Payment) -> Notice:
    """Word a charge that was refused while the payer was away, for anything but a renewal."""
    return Notice(
        title=_("Your payment was declined"),
        message=_("We could not charge %(amount)s for %(what)s: %(reason)s. Nothing has changed.")
        % {
            "amount": spoken(payment.amount),
            "what": payment.description or _("your order"),
            "reason": REASONS.get(payment.failure_reason, _REFUSED),
        },
    )


def past_due(row: Subscription, payment: Payment | None) -> Notice:
    """Word a renewal that could not be charged; `payment` is the attempt, if there was one."""
    reason = REASONS.get(payment.failure_reason, _REFUSED) if payment else _("there is no method")
    texts = [
        _("We could not charge your payment method for %(plan)s: %(reason)s.")
        % {"plan": row.subscription_plan.name, "reason": reason}
    ]
    if row.grace_until is not None:
        texts.append(
            _("Your access continues until %(day)s.") % {"day": _day(row.grace_until, row.customer)}
        )
    if row.is_retry_stopped:
        texts.append(_("Please add another payment method."))
    else:
        texts.append(_("We will try again; another payment method is charged at once."))
    return Notice(
        title=_("Your payment for %(plan)s failed") % {"plan": row.subscription_plan.name},
        message=" ".join([*texts, *_link()]),
        type=NotificationType.RENEWAL,
    )


def action_required(row: Subscription) -> Notice:
    """Word a renewal that the payer has to confirm with his bank."""
    return Notice(
        title=_("Please confirm your payment for %(plan)s") % {"plan": row.subscription_plan.name},
        message=" ".join([_("Your bank wants you to confirm the payment."), *_link()]),
        type=NotificationType.RENEWAL,
    )


def trial_started(row: Subscription) -> Notice:
    """Word the welcome to a trial."""
    return Notice(
        title=_("Your trial of %(plan)s has started") % {"plan": row.subscription_plan.name},
        message=_(
            "Try everything until %(day)s. With a payment method on file it goes on from there;"
            " otherwise it ends by itself."
        )
        % {"day": _day(row.trial_end or row.anchor, row.customer)},
    )


def refunded(payment: Payment, amount: Money) -> Notice:
    """Word money that goes back."""
    return Notice(
        title=_("Refund of %(amount)s") % {"amount": spoken(amount)},
        message=_("%(amount)s of your payment for invoice %(number)s are on their way back to you.")
        % {"amount": spoken(amount), "number": payment.invoice.number_text},
    )


def suspended(row: Subscription) -> Notice:
    """Word the loss of access."""
    return Notice(
        title=_("%(plan)s is suspended") % {"plan": row.subscription_plan.name},
        message=" ".join([_("You can't use it for now. Nothing is lost."), *_link()]),
        type=NotificationType.EXPIRY,
    )


def ended(row: Subscription) -> Notice:
    """Word the end of a subscription."""
    return Notice(
        title=_("Your subscription to %(plan)s has ended") % {"plan": row.subscription_plan.name},
        message=" ".join([_("You can come back whenever you like."), *_link()]),
        type=NotificationType.EXPIRY,
    )


def spoken(amount: Money) -> str:
    """Write an amount for people: 29.00 USD."""
    return f"{amount.decimal:f} {amount.currency}"


def _day(at: datetime, customer: Customer) -> str:
    return date_format(at.astimezone(zone(customer.timezone)), "DATE_FORMAT")


def _link() -> list[str]:
    return [conf().frontend_url] if conf().frontend_url else []
