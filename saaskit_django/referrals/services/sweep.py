"""What time does to referrals: holds and reviews end, waiting rewards are tried again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.errors import SaasKitError
from saaskit_core.referrals import TimePassed
from saaskit_django.jobs import UNHURRIED
from saaskit_django.referrals.models import ReferralTransaction
from saaskit_django.referrals.selectors import due_referrals
from saaskit_django.referrals.services.progress import lock_parties, move

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.jobs import Pace

logger = logging.getLogger("saaskit.referrals")


def reward_referrals(*, now: datetime, pace: Pace = UNHURRIED) -> dict[str, int]:
    """Bring every due referral up to `now`; return how many were looked at, and how many failed.

    Each in a transaction of its own, so that one that fails stops nobody else; twice, or twice at
    once, rewards once.
    """
    done = {"referrals": 0, "failed": 0}
    for referral_id in due_referrals(now=now):
        if pace.should_stop():
            break
        done["referrals"] += 1
        try:
            pass_time(referral_id, now=now)
        except SaasKitError as exc:
            logger.warning("referral %s waits: %s", referral_id, exc.code)
            done["failed"] += 1
        except Exception:
            logger.exception("referral %s failed", referral_id)
            done["failed"] += 1
    return done


def pass_time(referral_id: int, *, now: datetime) -> None:
    """Bring one referral up to `now`."""
    row = ReferralTransaction.objects.get(pk=referral_id)
    with transaction.atomic(durable=True):
        move(lock_parties(row), TimePassed(), now=now)
