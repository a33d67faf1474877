"""What requests about payments contain, and how payments are answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentStatus
from saaskit_core.periods import zone
from saaskit_django.payments.selectors import PaymentFilter
from saaskit_django.rest.fields import (
    DayField,
    IdField,
    MoneyField,
    UserIdField,
    instant_text,
    money_text,
    user_id,
)
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_django.payments.models import Payment, PaymentMethod, Refund, RefundRequest

PAYMENT_METHODS = [
    "CreditCard",
    "DebitCard",
    "PayPal",
    "BankTransfer",
    "Crypto",
    "ApplePay",
    "GooglePay",
]
STATUSES = [status.value for status in PaymentStatus]
_FAILED = (PaymentStatus.FAILED, PaymentStatus.CANCELLED)


class ConfirmInput(InputSerializer):
    """Which payment to confirm, and with what."""

    transaction_id = serializers.CharField(max_length=64)
    payment_method_id = serializers.CharField(max_length=255, required=False, default="")


class StatusQuery(InputSerializer):
    """Which payment, and whether its provider is asked."""

    transaction_id = serializers.CharField(max_length=64)
    refresh = serializers.BooleanField(required=False, default=False)


class RefundInput(InputSerializer):
    """Which payment, and how much of it: all that is left unless said otherwise."""

    transaction_id = serializers.CharField(max_length=64)
    amount = MoneyField(required=False)
    reason = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)


class PaymentsQuery(InputSerializer):
    """Which payments to list; `end_date` is the last day that counts."""

    start_date = DayField(required=False)
    end_date = DayField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    payment_method = serializers.ChoiceField(choices=PAYMENT_METHODS, required=False)


class AdminPaymentsQuery(InputSerializer):
    """Which of all payments an admin wants to see; `to_date` is the last day that counts."""

    user_id = UserIdField(required=False)
    subscription_id = IdField(required=False)
    payment_id = IdField(required=False)
    subscription_plan_id = IdField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    payment_method = serializers.ChoiceField(choices=PAYMENT_METHODS, required=False)
    from_date = DayField(required=False)
    to_date = DayField(required=False)


class HistoryQuery(InputSerializer):
    """Which payments to list; `end_date` is the last day that counts."""

    start_date = DayField(required=False)
    end_date = DayField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)


class MethodInput(InputSerializer):
    """A method that the payer's browser made with the provider."""

    payment_method_id = serializers.CharField(max_length=255)
    provider = serializers.CharField(max_length=64, required=False)


def payment_filter(wanted: Mapping[str, Any], *, tz: str) -> PaymentFilter:
    """Turn validated query parameters into a filter; days are those of the zone `tz`."""
    local = zone(tz)
    start, end, status = (wanted.get(name) for name in ("start_date", "end_date", "status"))
    return PaymentFilter(
        starts_at=datetime.combine(start, time.min, tzinfo=local) if start else None,
        ends_at=datetime.combine(end + timedelta(days=1), time.min, tzinfo=local) if end else None,
        status=PaymentStatus(status) if status else None,
        payment_method=wanted.get("payment_method"),
    )


def admin_payment_filter(wanted: Mapping[str, Any]) -> PaymentFilter:
    """Turn an admin's validated query parameters into a filter; days are UTC's."""
    days = {"start_date": wanted.get("from_date"), "end_date": wanted.get("to_date")}
    return replace(
        payment_filter({**wanted, **days}, tz="UTC"),
        user_id=wanted.get("user_id"),
        subscription_id=wanted.get("subscription_id"),
        payment_id=wanted.get("payment_id"),
        plan_id=wanted.get("subscription_plan_id"),
    )


def payment_data(row: Payment) -> dict[str, object]:
    """Render one payment. Needs its invoice loaded."""
    return {
        "id": row.pk,
        "customer": row.customer_id,
        "subscription": row.subscription_id,
        "invoice": row.invoice_id,
        "invoice_number": row.invoice.number_text or None,
        "user": user_id(row.user_id) if row.user_id is not None else None,
        "amount": money_text(row.amount),
        "currency": row.currency,
        "refunded_amount": money_text(row.refunded),
        "payment_date": instant_text(row.payment_date),
        "payment_method": row.payment_method or None,
        "provider": row.provider,
        "transaction_id": row.transaction_id,
        "status": row.status.value,
        "failure_reason": row.failure_reason or None,
        "created_at": instant_text(row.created_at),
        "updated_at": instant_text(row.updated_at),
    }


def intent_data(row: Payment) -> dict[str, object]:
    """Render what a payer has to know: how it stands and what to do next."""
    action = row.next_action or {}
    return {
        "success": row.status not in _FAILED,
        "transaction_id": row.transaction_id,
        "status": row.status.value,
        "amount": money_text(row.amount),
        "currency": row.currency,
        "provider": row.provider,
        "message": _message(row),
        "failure_reason": row.failure_reason or None,
        "client_secret": action.get("client_secret") or None,
        "redirect_url": action.get("url") or None,
        "instructions": action.get("instructions") or None,
        "next_action": action.get("kind") or None,
    }


def refund_data(row: Refund) -> dict[str, object]:
    """Render a refund that was made."""
    return {
        "success": row.state != row.State.FAILED,
        "refund_id": row.reference,
        "status": row.state,
        "amount": money_text(Money(row.amount_minor, row.currency)),
        "currency": row.currency,
        "refunded_total": money_text(row.payment.refunded),
    }


def refund_request_data(row: RefundRequest) -> dict[str, object]:
    """Render a refund that was asked for."""
    return {
        "request_id": row.pk,
        "status": row.status,
        "amount": money_text(Money(row.amount_minor, row.payment.currency)),
        "currency": row.payment.currency,
    }


def history_data(row: Payment) -> dict[str, object]:
    """Render one line of the billing history."""
    plan = row.subscription.subscription_plan if row.subscription else None
    return {
        "payment": payment_data(row),
        "invoice": {
            "id": row.invoice_id,
            "public_id": str(row.invoice.public_id),
            "number": row.invoice.number_text or None,
            "status": row.invoice.status,
        },
        "subscription": row.subscription_id,
        "plan_name": plan.name if plan else None,
        "amount": money_text(row.amount),
        "currency": row.currency,
        "date": instant_text(row.payment_date),
    }


def method_data(row: PaymentMethod) -> dict[str, object]:
    """Render a kept payment method."""
    return {
        "id": row.pk,
        "provider": row.provider,
        "kind": row.kind,
        "brand": row.brand,
        "last4": row.last4,
        "expires": row.expires,
        "is_default": row.is_default,
        "created_at": instant_text(row.created_at),
    }


def totals_data(totals: Mapping[str, int]) -> dict[str, str]:
    """Render amounts per currency."""
    return {
        currency: money_text(Money(minor, currency)) for currency, minor in sorted(totals.items())
    }


def _message(row: Payment) -> str:
    match row.status:
        case PaymentStatus.COMPLETED | PaymentStatus.PARTIAL | PaymentStatus.REFUNDED:
            return _("The payment has arrived.")
        case PaymentStatus.FAILED:
            return _("The payment was declined.")
        case PaymentStatus.CANCELLED:
            return _("The payment was cancelled.")
        case PaymentStatus.PENDING:
            return _("The payment waits for the payer.")
        case PaymentStatus.PROCESSING:
            return _("The payment is being processed.")
