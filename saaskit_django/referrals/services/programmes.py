"""Write the conditions of programmes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from saaskit_core.features import Override, OverrideScope, check_override
from saaskit_core.referrals import ReferralRewardType, Side
from saaskit_django.audit.services import record as audit
from saaskit_django.plans.selectors import feature_definitions
from saaskit_django.referrals.models import ReferralProgramme

if TYPE_CHECKING:
    from saaskit_core.referrals import Programme, Reward

SAME_NAMED = (
    "window_days",
    "hold_days",
    "cycles",
    "max_per_30_days",
    "max_total",
    "review_days",
    "when_review_lapses",
    "when_suspended",
    "free_month",
    "stacks_with_coupons",
    "is_active",
)


def put_programme(terms: Programme, *, actor: object, is_default: bool = True) -> ReferralProgramme:
    """Add a programme, or give the one of the same key these terms; what is decided stays.

    As the default one it gets the new codes instead of the one before. Raises UnknownFeature or
    FeatureValueInvalid for a feature that can't be switched on.
    """
    check_features(terms)
    with transaction.atomic(durable=True):
        return _put(terms, actor=actor, is_default=is_default)


def check_features(terms: Programme) -> None:
    """Do nothing when all features of the rewards can be switched on; else raise as above."""
    definitions = feature_definitions()
    for side in Side:
        reward = terms.reward_of(side)
        if reward and reward.type is ReferralRewardType.FEATURE_UNLOCK:
            unlocked = Override(path=reward.feature, value=True, scope=OverrideScope.ORGANISATION)
            check_override(unlocked, definitions)


def _put(terms: Programme, *, actor: object, is_default: bool) -> ReferralProgramme:
    ReferralProgramme.objects.filter(key=terms.key).update(is_default=False)
    if is_default:
        ReferralProgramme.objects.filter(is_default=True).exclude(key=terms.key).update(
            is_default=False
        )
    values: dict[str, Any] = {name: getattr(terms, name) for name in SAME_NAMED}
    row, is_new = ReferralProgramme.objects.update_or_create(
        key=terms.key,
        defaults=values
        | {
            "minimums": dict(terms.minimums),
            "referrer_reward": document_of(terms.referrer),
            "referred_reward": document_of(terms.referred),
            "is_default": is_default,
        },
    )
    audit(
        action="referral_programme.created" if is_new else "referral_programme.changed",
        table="referral_programme",
        record_id=row.pk,
        after={"key": row.key, "terms": str(terms)},
        actor=actor,
    )
    return row


def document_of(reward: Reward | None) -> dict[str, Any] | None:
    """Return a reward as a programme keeps it."""
    if reward is None:
        return None
    every = {
        "amounts": dict(reward.amounts),
        "percent": str(reward.percent) if reward.percent is not None else None,
        "months": reward.months,
        "feature": reward.feature,
        "days": reward.days,
    }
    return {"type": reward.type.value, **{name: each for name, each in every.items() if each}}
