"""The code a user shares."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from saaskit_core.referrals import generate_code
from saaskit_django.audit.services import record_activity
from saaskit_django.customers.services import ensure_saved, lock_customer
from saaskit_django.referrals.models import ReferralCode
from saaskit_django.referrals.selectors import active_code, default_programme

if TYPE_CHECKING:
    from saaskit_django.customers.models import Customer

CODE_BYTES = 8
"""Sixty bits: twelve letters and digits that nobody guesses."""


@transaction.atomic(durable=True)
def generate(customer: Customer, *, user: Any, ip_hash: str = "") -> ReferralCode:
    """Return the user's code, made on first need; its rewards go to `customer` for good.

    One whose programme is over is replaced. Raises NoReferralProgramme.
    """
    customer = lock_customer(ensure_saved(customer).pk)
    code = active_code(user)
    if code is not None and code.programme.is_active:
        return code
    programme = default_programme()
    if code is not None:
        ReferralCode.objects.filter(pk=code.pk).update(is_active=False)
    new = ReferralCode(
        user=user,
        customer=customer,
        programme=programme,
        code=generate_code(secrets.token_bytes(CODE_BYTES)),
        ip_hash=ip_hash,
    )
    return _saved(new, user)


def _saved(new: ReferralCode, user: Any) -> ReferralCode:
    """Insert it, unless the user has made one meanwhile, acting for another customer."""
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:
        code = active_code(user)
        if code is None:
            raise
        return code
    record_activity(user=user, activity="referral_code_created")
    return new
