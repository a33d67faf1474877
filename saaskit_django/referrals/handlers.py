"""What happens to referrals when something happened elsewhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from saaskit_core.accounts import UserRegistered
from saaskit_core.payments.events import PaymentDisputed, PaymentRefunded, PaymentSucceeded
from saaskit_core.referrals import ReferralRefused
from saaskit_django.billing.services.wallet import has_entry
from saaskit_django.customers.selectors import UserNotFound, user_by_id
from saaskit_django.customers.services import ensure_customer
from saaskit_django.payments.selectors import find_payment
from saaskit_django.payments.services.reserve import late_money
from saaskit_django.referrals.selectors import referral_of
from saaskit_django.referrals.services.claims import refer_registered
from saaskit_django.referrals.services.progress import lock_parties, move, paid_by, returned_of

if TYPE_CHECKING:
    from saaskit_core.referrals import Fact
    from saaskit_django.outbox.messages import Message
    from saaskit_django.payments.models import Payment

logger = logging.getLogger("saaskit.referrals")


def refer_newcomer(message: Message) -> None:
    """Note the code that somebody registered with; one that can't be used is left out."""
    code = str(message.payload.get("referral_code", ""))
    if not code:
        return
    try:
        user = user_by_id(message.payload["user_id"])
        customer = ensure_customer(user=user)
        refer_registered(user, customer, code=code, now=message.occurred_at)
    except (ReferralRefused, UserNotFound) as refused:
        logger.info("the referral code of a new user was not used: %s", refused.code)


def count_payment(message: Message) -> None:
    """Put a payment of somebody who was referred on hold, to be rewarded."""
    payment = _payment(message)
    if payment is not None and not has_entry(late_money(payment)):
        _move(message, paid_by(payment))


def take_back(message: Message) -> None:
    """Take what was given back of a payment off what it earns, or off what it has earned."""
    payment = _payment(message)
    if payment is not None and not has_entry(late_money(payment)):
        _move(message, returned_of(payment))


def on_dispute(message: Message) -> None:
    """Take a disputed payment as given back; that a dispute is won brings nothing again."""
    if message.payload["is_disputed"]:
        take_back(message)


def _payment(message: Message) -> Payment | None:
    """Return the payment, None when nobody referred the customer."""
    if referral_of(int(message.payload["customer_id"])) is None:
        return None
    return find_payment(str(message.payload["payment_id"]))


def _move(message: Message, fact: Fact) -> None:
    row = referral_of(int(message.payload["customer_id"]))
    if row is not None:
        move(lock_parties(row), fact, now=message.occurred_at)


HANDLERS = {
    UserRegistered: [refer_newcomer],
    PaymentSucceeded: [count_payment],
    PaymentRefunded: [take_back],
    PaymentDisputed: [on_dispute],
}
