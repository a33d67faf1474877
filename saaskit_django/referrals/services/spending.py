"""What is left of rewards where they were put: in the wallet, in coupons, in unlocked features.

The ledger learns of it when something is to be taken back: what isn't there any more is written as
spent first, so that no more is taken than is left.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.referrals import (
    MilestoneState,
    ReferralRewardType,
    RewardEntry,
    RewardEntryKind,
    RewardLedger,
    consume,
)
from saaskit_django.billing.models import WalletAccount, WalletEntry
from saaskit_django.coupons.models import Coupon
from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import billing_now
from saaskit_django.features.models import FeatureOverride
from saaskit_django.referrals.selectors import standing_grants

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.referrals import Referral
    from saaskit_django.referrals.models import ReferralReward

GIVEN, TAKEN_BACK = "referral", "referral_reversed"
"""Reasons of the wallet's entries that rewards made."""
WALLET = "wallet"
DAY = timedelta(days=1)


def spent_entries(referral: Referral, ledger: RewardLedger, *, now: datetime) -> list[RewardEntry]:
    """Return the entries that bring the ledger's balances down to what is really left."""
    entries: list[RewardEntry] = []
    for account, unit, kind in _to_take_back(referral, ledger):
        left = left_of(int(account), unit, kind, now=now)
        spent = ledger.balance(account, unit) - left
        if spent > 0:
            total = spent - _consumed(ledger, account, unit)
            key = f"spent:{account}:{unit}:{total}"
            entries.append(
                consume(ledger, account=account, unit=unit, units=spent, key=key, now=now)
            )
    return entries


def left_of(customer_id: int, unit: str, kind: ReferralRewardType, *, now: datetime) -> int:
    """Return how many units of what a customer was given are still there."""
    match kind:
        case ReferralRewardType.CREDIT:
            return left_in_wallet(customer_id, unit)
        case ReferralRewardType.DISCOUNT:
            return sum(each.units for each, _ in unused_coupons(customer_id, unit))
        case ReferralRewardType.FEATURE_UNLOCK:
            at = billing_now(Customer.objects.get(pk=customer_id), now)
            return sum(days for _, days in days_ahead(customer_id, unit, at=at))
        case ReferralRewardType.FREE_MONTH:
            return _months_in_wallet(customer_id, unit)


def left_in_wallet(customer_id: int, currency: str) -> int:
    """Return what of the rewards is still in the wallet, given that they are spent first.

    A voided invoice gives back what it had taken of them.
    """
    rows = WalletEntry.objects.filter(
        customer_id=customer_id, account=WalletAccount.WALLET, currency=currency
    )
    left, taken = 0, dict[int | None, int]()
    for entry in rows.order_by("pk").values("amount_minor", "reason", "invoice_id"):
        minor, invoice = entry["amount_minor"], entry["invoice_id"]
        if entry["reason"] in (GIVEN, TAKEN_BACK):
            left = max(0, left + minor)
        elif minor < 0:
            part = min(left, -minor)
            left, taken[invoice] = left - part, taken.get(invoice, 0) + part
        elif entry["reason"] == "void":
            left += min(minor, taken.pop(invoice, 0))
    return left


def unused_coupons(customer_id: int, unit: str) -> list[tuple[ReferralReward, Coupon]]:
    """Return the discounts given and not used, with their coupons, oldest first."""
    grants = {_id_of(each): each for each in standing_grants(customer_id, unit)}
    rows = Coupon.objects.filter(pk__in=grants, is_active=True, current_uses=0)
    return [(grants[row.pk], row) for row in rows.order_by("pk")]


def days_ahead(customer_id: int, unit: str, *, at: datetime) -> list[tuple[FeatureOverride, int]]:
    """Return the unlocked stretches that aren't over and their whole days left, the last first."""
    ids = [_id_of(each) for each in standing_grants(customer_id, unit)]
    rows = FeatureOverride.objects.filter(pk__in=ids, ends_at__gt=at).order_by("-ends_at", "-pk")
    return [
        (row, (row.ends_at - max(at, row.starts_at or at)) // DAY) for row in rows if row.ends_at
    ]


def credited_for(grant_key: str) -> tuple[int, str] | None:
    """Return what free months were credited with, and the currency; None when none was."""
    entry = WalletEntry.objects.filter(
        transaction=transaction_of(grant_key), account=WalletAccount.WALLET
    ).first()
    return (entry.amount_minor, entry.currency) if entry else None


def transaction_of(key: str) -> str:
    """Name the wallet's entry that a ledger entry made."""
    return f"referral:{key}"


def _months_in_wallet(customer_id: int, unit: str) -> int:
    """Count the free months whose price is in the wallet; others are periods made longer."""
    left: dict[str, int] = {}
    months = 0
    for grant in reversed(standing_grants(customer_id, unit)):
        credited = credited_for(grant.key) if grant.target == WALLET else None
        if credited is None:
            continue
        minor, currency = credited
        rest = left.setdefault(currency, left_in_wallet(customer_id, currency))
        if minor <= rest:
            left[currency] = rest - minor
            months += grant.units
    return months


def _to_take_back(
    referral: Referral, ledger: RewardLedger
) -> Iterable[tuple[str, str, ReferralRewardType]]:
    """Name the accounts and units that something may be taken back from."""
    numbers = {
        each.number
        for each in referral.milestones
        if each.state is MilestoneState.VOID or each.returned
    }
    return {
        (entry.account, entry.unit, entry.reward_type): None
        for entry in ledger.entries
        if entry.kind is RewardEntryKind.GRANT
        and entry.referral == referral.id
        and entry.milestone in numbers
        and entry.reward_type is not None
        and entry.units > ledger.taken_back(entry)
    }


def _consumed(ledger: RewardLedger, account: str, unit: str) -> int:
    return sum(
        entry.units
        for entry in ledger.entries
        if (entry.account, entry.unit, entry.kind) == (account, unit, RewardEntryKind.CONSUME)
    )


def _id_of(grant: ReferralReward) -> int:
    return int(grant.target.partition(":")[2] or 0)
