"""Forgetting a person: who earned what stays in the books, whose it was doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from saaskit_django.referrals.models import ReferralCode, ReferralTransaction

if TYPE_CHECKING:
    from datetime import datetime


def erase_user(*, user: Any, now: datetime) -> None:
    """Take a person out of codes and referrals, inside a transaction; his codes end.

    What he would have been rewarded with is withheld from then on.
    """
    ReferralCode.objects.filter(user=user).update(
        user=None, ip_hash="", is_active=False, updated_at=now
    )
    theirs = Q(referred_user=user) | Q(referred__user=user)
    ReferralTransaction.objects.filter(theirs).update(
        referred_user=None, ip_hash="", updated_at=now
    )
