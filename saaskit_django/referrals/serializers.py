"""What referral requests contain, and how they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from saaskit_core.money import Money
from saaskit_core.referrals import ReferralRewardType, ReferralStatus
from saaskit_django.referrals.selectors import link_of
from saaskit_django.rest.fields import money_text
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from saaskit_core.referrals import Reward
    from saaskit_django.referrals.models import ReferralCode, ReferralTransaction
    from saaskit_django.referrals.selectors import ReferralStats


class ApplyReferralInput(InputSerializer):
    """Which code."""

    code = serializers.CharField(max_length=64)


def code_data(code: ReferralCode, *, currency: str) -> dict[str, Any]:
    """Answer the code a user shares, and what he gets for it."""
    return {
        "code": code.code,
        "link": link_of(code.code),
        "programme": code.programme.key,
        **_reward_data(code.reward, currency),
    }


def referral_data(row: ReferralTransaction, *, currency: str) -> dict[str, Any]:
    """Answer a referral to who was referred; that somebody looks at it is not told."""
    status = ReferralStatus(row.status)
    shown = ReferralStatus.PENDING if status is ReferralStatus.FLAGGED else status
    reward = row.programme.to_core().referred
    return {"status": shown.value, **_reward_data(reward, currency)}


def stats_data(stats: ReferralStats, *, currency: str) -> dict[str, Any]:
    """Answer what came of a code. Money in the customer's currency, and everything by its unit."""
    about = _reward_data(stats.reward, currency)
    return {
        "has_code": stats.code is not None,
        "code": stats.code.code if stats.code else None,
        "link": link_of(stats.code.code) if stats.code else None,
        "total_referrals": stats.total,
        "successful_referrals": stats.successful,
        "pending_referrals": stats.pending,
        "total_rewards_earned": money_text(Money(stats.earned.get(currency, 0), currency)),
        "rewards": [
            {"unit": unit, "earned": _earned_text(unit, units)}
            for unit, units in stats.earned.items()
        ],
        "coupons": list(stats.coupons),
        "reward_type": about["reward_type"],
        "reward_per_referral": about["reward_amount"],
        "reward_unit": about["reward_unit"],
        "currency": about["currency"] or currency,
    }


def _reward_data(reward: Reward | None, currency: str) -> dict[str, Any]:
    """Money as a decimal string in the customer's currency, or else the reward's first one."""
    if reward is None:
        return dict.fromkeys(("reward_type", "reward_amount", "reward_unit", "currency"))
    amount, unit, of = _amount(reward, currency)
    return {
        "reward_type": reward.type.value,
        "reward_amount": amount,
        "reward_unit": unit,
        "currency": of,
    }


def _amount(reward: Reward, currency: str) -> tuple[str, str, str | None]:
    match reward.type:
        case ReferralRewardType.FREE_MONTH:
            return str(reward.months), "months", None
        case ReferralRewardType.FEATURE_UNLOCK:
            return str(reward.days), "days", None
        case _ if reward.percent is not None:
            return f"{reward.percent.normalize():f}", "percent", None
        case _:
            of = currency if currency in reward.amounts else next(iter(reward.amounts))
            return money_text(Money(reward.amounts[of], of)), "money", of


def _earned_text(unit: str, units: int) -> str:
    """Units that are a currency, or money off, as money; months, days and coupons as a number."""
    name = unit.removeprefix("discount:")
    is_money = len(name) == 3 and name.isupper()
    return money_text(Money(units, name)) if is_money else str(units)
