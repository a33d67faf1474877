"""What people decide about referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.referrals import ReviewDecided, Revoked
from saaskit_django.audit.services import record as audit
from saaskit_django.audit.services import reference
from saaskit_django.referrals.models import ReferralTransaction
from saaskit_django.referrals.selectors import ReferralNotFound
from saaskit_django.referrals.services.progress import lock_parties, move

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.referrals import Fact


def decide(
    *, referral_id: int, is_approved: bool, actor: object, now: datetime, reason: str = ""
) -> None:
    """Approve or reject a flagged referral. Raises ReferralNotFound, ReferralNotFlagged."""
    fact = ReviewDecided(by=reference(actor), is_approved=is_approved, reason=reason)
    action = "referral.approved" if is_approved else "referral.rejected"
    _apply(referral_id, fact, action=action, actor=actor, now=now)


def revoke(*, referral_id: int, actor: object, now: datetime, reason: str) -> None:
    """End a referral for good: nothing is earned by it, what was is taken back.

    Raises ReferralNotFound.
    """
    fact = Revoked(by=reference(actor), reason=reason)
    _apply(referral_id, fact, action="referral.revoked", actor=actor, now=now)


def _apply(referral_id: int, fact: Fact, *, action: str, actor: object, now: datetime) -> None:
    row = ReferralTransaction.objects.filter(pk=referral_id).first()
    if row is None:
        raise ReferralNotFound
    with transaction.atomic(durable=True):
        fresh = lock_parties(row)
        before = fresh.status
        after = move(fresh, fact, now=now)
        audit(
            action=action,
            table="referral_transaction",
            record_id=row.pk,
            before={"status": before},
            after={"status": after.status.value},
            actor=actor,
        )
