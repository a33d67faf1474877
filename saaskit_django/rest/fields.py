"""Input fields that mean the same in every host, whatever its own REST settings say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from saaskit_core.money import InvalidAmount, Money, UnknownCurrency, exponent

if TYPE_CHECKING:
    from decimal import Decimal

    from django.db.models import Model

MAX_ID = 2**63 - 1
FIRST_YEAR = 1900
LAST_YEAR = 2999


class IdField(serializers.IntegerField):
    """The id of one of our rows."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class UserIdField(serializers.Field[Any, Any, Any, Any]):
    """The id of a user, whatever kind of key the host's user model has."""

    default_error_messages = {"invalid": _("This is not the id of a user.")}

    def to_internal_value(self, data: Any) -> Any:
        """Return the key as the user model's key type."""
        if isinstance(data, bool) or not isinstance(data, int | str) or len(str(data)) > 64:
            self.fail("invalid")
        key = get_user_model()._meta.pk
        try:
            value = key.to_python(data)
            key.run_validators(value)
        except (DjangoValidationError, ValueError, OverflowError):
            self.fail("invalid")
        return value

    def to_representation(self, value: Any) -> Any:
        """Answer numbers as numbers and anything else as text."""
        return user_id(value)


class CurrencyField(serializers.CharField):
    """An ISO 4217 code, in capitals."""

    default_error_messages = {"unknown_currency": _("This is not an ISO 4217 currency code.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the code if it is one."""
        code = super().to_internal_value(data)
        try:
            exponent(code)
        except UnknownCurrency:
            self.fail("unknown_currency")
        return code


class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """An amount in major units as a decimal string; its currency is a field beside it."""

    default_error_messages = {
        "invalid_amount": _('Write the amount as a decimal string, such as "19.99".'),
        "negative_amount": _("The amount must not be negative."),
    }

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the exact amount; floats are refused, and `Money.of` checks the decimals."""
        if isinstance(data, bool) or not isinstance(data, str | int):
            self.fail("invalid_amount")
        try:
            amount = Money.of(data if isinstance(data, int) else data.strip(), "CLF").decimal
        except InvalidAmount:
            self.fail("invalid_amount")
        if amount < 0:
            self.fail("negative_amount")
        return amount

    def to_representation(self, value: Money) -> str:
        """Write it with the currency's own number of decimals."""
        return money_text(value)


class InstantField(serializers.Field[Any, Any, Any, Any]):
    """An instant in RFC 3339, with its offset."""

    default_error_messages = {
        "invalid_instant": _("Write the instant in RFC 3339, such as 2026-01-31T09:30:00Z."),
        "naive_datetime": _("The instant lacks its offset from UTC, such as Z or +02:00."),
        "out_of_range": _("The instant is outside the years 1900 to 2999."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        """Return the instant in UTC."""
        if not isinstance(data, str) or len(data) > 40 or "T" not in data.upper():
            self.fail("invalid_instant")
        try:
            value = parse_datetime(data)
        except ValueError:
            value = None
        if value is None:
            self.fail("invalid_instant")
        if value.tzinfo is None:
            self.fail("naive_datetime")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("out_of_range")
        return value.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        """Write it in UTC."""
        return instant_text(value)


class DayField(serializers.Field[Any, Any, Any, Any]):
    """A calendar date in ISO 8601."""

    default_error_messages = {
        "invalid_date": _("Write the date as in 2026-01-31."),
        "out_of_range": _("The date is outside the years 1900 to 2999."),
    }

    def to_internal_value(self, data: Any) -> date:
        """Return the date."""
        try:
            value = parse_date(data) if isinstance(data, str) and len(data) == 10 else None
        except ValueError:
            value = None
        if value is None:
            self.fail("invalid_date")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("out_of_range")
        return value

    def to_representation(self, value: date) -> str:
        """Write it in ISO 8601."""
        return value.isoformat()


def money_text(amount: Money) -> str:
    """Write an amount for the wire: "19.99", with the currency's own number of decimals."""
    return f"{amount.decimal:f}"


def instant_text(value: datetime) -> str:
    """Write an instant for the wire: RFC 3339 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def user_id(key: object) -> int | str:
    """Write a user's key for the wire: a number as a number, anything else as text."""
    return key if isinstance(key, int) else str(key)


def user_model() -> type[Model]:
    """Return the host's user model."""
    return get_user_model()
