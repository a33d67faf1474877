"""What requests about accounts contain, and how a user is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from saaskit_core.accounts import MAX_EMAIL_LENGTH
from saaskit_core.periods import BillingFrequency
from saaskit_django.accounts.logos import MAX_BYTES
from saaskit_django.customers.selectors import profile_of, role_of
from saaskit_django.payments.serializers import PAYMENT_METHODS, intent_data, payment_data
from saaskit_django.rest.fields import CurrencyField, IdField, instant_text, user_id
from saaskit_django.rest.serializers import InputSerializer
from saaskit_django.subscriptions.serializers import subscription_data

if TYPE_CHECKING:
    from saaskit_django.accounts.models import User
    from saaskit_django.accounts.services.registration import Registered
    from saaskit_django.accounts.tokens import TokenPair

LONGEST_TOKEN = 4096
FREQUENCIES = [frequency.value for frequency in BillingFrequency]
MONTHLY = BillingFrequency.MONTHLY.value


class LineField(serializers.CharField):
    """One line of text."""

    default_error_messages = {"not_one_line": _("Write this on one line, without control signs.")}

    def to_internal_value(self, data: Any) -> str:
        """Return the text without blanks around it."""
        text = super().to_internal_value(data)
        if not text.isprintable():
            self.fail("not_one_line")
        return text


class EmailField(LineField):
    """An address; whether it is one is the core's business."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, **kwargs)


class PasswordField(serializers.CharField):
    """A password, exactly as typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)


class LanguageField(LineField):
    """One of the site's languages."""

    default_error_messages = {"unknown_language": _("This site does not speak that language.")}

    def to_internal_value(self, data: Any) -> str:
        """Return the code if the site has it."""
        code = super().to_internal_value(data)
        if code and code not in dict(settings.LANGUAGES):
            self.fail("unknown_language")
        return code


class TimeZoneField(LineField):
    """A name of the IANA time zone database."""

    default_error_messages = {"unknown_timezone": _("There is no such time zone.")}

    def to_internal_value(self, data: Any) -> str:
        """Return the name if there is such a zone."""
        name = super().to_internal_value(data)
        if name not in available_timezones():
            self.fail("unknown_timezone")
        return name


class LogoField(serializers.Field[Any, Any, Any, Any]):
    """An uploaded file; empty or null takes the logo away."""

    default_error_messages = {"not_a_file": _("Send the logo as a file of a form.")}

    def to_internal_value(self, data: Any) -> bytes:
        """Return the file's bytes, one more than allowed at most."""
        if data == "":
            return b""
        if not isinstance(data, UploadedFile):
            self.fail("not_a_file")
        raw: bytes = data.read(MAX_BYTES + 1)
        return raw


class LoginInput(InputSerializer):
    """Who signs in."""

    email = EmailField()
    password = PasswordField()


class RefreshInput(InputSerializer):
    """The refresh token to exchange."""

    refresh = serializers.CharField(max_length=LONGEST_TOKEN)


class VerifyInput(InputSerializer):
    """The token to check."""

    token = serializers.CharField(max_length=LONGEST_TOKEN)


class LogoutInput(InputSerializer):
    """Which logins end: this one, or all; a refresh token may name another one of one's own."""

    refresh = serializers.CharField(max_length=LONGEST_TOKEN, required=False)
    all = serializers.BooleanField(default=False)


class ProfileFields(InputSerializer):
    """What a user tells about himself when he registers and later."""

    organization = LineField(max_length=255, required=False, allow_blank=True)
    phone = LineField(max_length=32, required=False, allow_blank=True)
    address = serializers.CharField(max_length=500, required=False, allow_blank=True)
    state = LineField(max_length=100, required=False, allow_blank=True)
    zipcode = LineField(max_length=20, required=False, allow_blank=True)
    country = LineField(max_length=100, required=False, allow_blank=True)
    preferred_language = LanguageField(max_length=16, required=False, allow_blank=True)


class RegisterUserInput(ProfileFields):
    """A new user."""

    full_name = LineField(max_length=150)
    email = EmailField()
    password = PasswordField()


class RegisterInput(RegisterUserInput):
    """A new user and the plan he takes."""

    subscription_plan_id = IdField()
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, default=MONTHLY)
    currency = CurrencyField(required=False, default="")
    payment_method = serializers.ChoiceField(choices=PAYMENT_METHODS, required=False, default="")
    provider = LineField(max_length=64, required=False, default="")
    coupon_code = LineField(max_length=64, required=False, default="", allow_blank=True)
    referral_code = LineField(max_length=64, required=False, default="", allow_blank=True)


class UpdateUserInput(ProfileFields):
    """What a user changes about himself."""

    full_name = LineField(max_length=150, required=False)
    email = EmailField(required=False)
    timezone = TimeZoneField(max_length=64, required=False)
    fcm_token = LineField(max_length=512, required=False, allow_blank=True)
    logo = LogoField(required=False, allow_null=True)


class ResetRequestInput(InputSerializer):
    """Whose password is forgotten."""

    email = EmailField()


class ResetInput(InputSerializer):
    """The token of the mailed link, and the new password."""

    token = serializers.CharField(max_length=LONGEST_TOKEN)
    new_password = PasswordField()


class ChangePasswordInput(InputSerializer):
    """The present password and the new one."""

    old_password = PasswordField()
    new_password = PasswordField()


class ConfirmEmailInput(InputSerializer):
    """The token of the mailed link."""

    token = serializers.CharField(max_length=LONGEST_TOKEN)


PROFILE_COLUMNS = (*ProfileFields().fields, "timezone", "fcm_token")
"""Which fields of a request are columns of the profile."""


def profile_values(given: dict[str, Any]) -> dict[str, str]:
    """Return those of the validated fields that belong to the profile."""
    return {name: given[name] for name in PROFILE_COLUMNS if name in given}


def pair_data(pair: TokenPair) -> dict[str, object]:
    """Render the tokens of a login."""
    return {"access": pair.access, "refresh": pair.refresh}


def signed_in_data(user: User) -> dict[str, object]:
    """Render who signed in."""
    return {
        "user_id": user_id(user.pk),
        "email": user.email,
        "full_name": user.full_name,
        "role": role_of(user).value,
    }


def user_data(user: User, *, pending_email: str = "") -> dict[str, object]:
    """Render a user for himself; `pending_email` is the address that waits for its confirmation."""
    profile = profile_of(user)
    return {
        "id": user_id(user.pk),
        **signed_in_data(user),
        "pending_email": pending_email or None,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "last_login": instant_text(user.last_login) if user.last_login else None,
        "organization": profile.organization,
        "phone": profile.phone,
        "address": profile.address,
        "state": profile.state,
        "zipcode": profile.zipcode,
        "country": profile.country,
        "logo": profile.logo.url if profile.logo else None,
        "preferred_language": profile.preferred_language,
        "timezone": profile.timezone,
        "fcm_token": profile.fcm_token,
        "created_at": instant_text(user.created_at),
        "updated_at": instant_text(user.updated_at),
    }


def registered_data(registered: Registered) -> dict[str, object]:
    """Render a new user with his subscription, and how to make its payment when one is due."""
    payment = registered.payment
    return {
        "user": user_data(registered.user),
        "subscription": subscription_data(registered.subscription),
        "payment": None if payment is None else {**payment_data(payment), **intent_data(payment)},
    }
