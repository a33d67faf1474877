"""Programmes, codes, who was referred by whom, and the ledger of rewards."""

from __future__ import annotations

from saaskit_django.referrals.models.ledger import DECISIONS, ReferralReward
from saaskit_django.referrals.models.programmes import ReferralCode, ReferralProgramme, reward_of
from saaskit_django.referrals.models.transactions import (
    ReferralPayment,
    ReferralStep,
    ReferralTransaction,
)

__all__ = [
    "DECISIONS",
    "ReferralCode",
    "ReferralPayment",
    "ReferralProgramme",
    "ReferralReward",
    "ReferralStep",
    "ReferralTransaction",
    "reward_of",
]
