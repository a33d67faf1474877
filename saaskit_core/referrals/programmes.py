"""What a referral programme promises, to whom, and under which conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.choices import read_choices
from saaskit_core.coupons.terms import PERCENT_PLACES
from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money, has_places

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_MONTHS = 36
MAX_DAYS = 3660
MAX_COUNT = 2**31 - 1


class ReferralRewardType(StrEnum):
    """The contract's four: money in the wallet, money off, free time, a feature for some time."""

    CREDIT = "credit"
    DISCOUNT = "discount"
    FREE_MONTH = "free_month"
    FEATURE_UNLOCK = "feature_unlock"


class Side(StrEnum):
    """Who gets a reward: who sent somebody, or who was sent."""

    REFERRER = "referrer"
    REFERRED = "referred"


class WhenSuspended(StrEnum):
    """What a suspended customer's reward does: it is lost, or it waits until he is back."""

    NO_REWARD = "no_reward"
    WAIT = "wait"


class WhenReviewLapses(StrEnum):
    """What becomes of a flagged referral that nobody looked at in time."""

    HOLD = "hold"
    APPROVE = "approve"
    REJECT = "reject"


class ChannelRule(StrEnum):
    """Whose touch counts when a customer came by several links."""

    FIRST_TOUCH = "first_touch"
    LAST_TOUCH = "last_touch"
    REFERRAL = "referral"
    AFFILIATE = "affiliate"


class FreeMonthPolicy(StrEnum):
    """How a free month is given: a longer paid period, or its price as credit."""

    EXTEND = "extend"
    CREDIT = "credit"


class InvalidReward(SaasKitError):
    code = "invalid_referral_reward"
    template = "A reward of the type %(type)s is not possible like this: %(problem)s."


class InvalidProgramme(SaasKitError):
    code = "invalid_referral_programme"
    template = "The referral programme %(key)s is not possible: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What one side gets per milestone.

    Credit and discount have minor units per currency or a percent (of what was actually paid; of
    the next invoice); a free month has `months`, an unlocked feature its path and `days`.
    """

    type: ReferralRewardType
    amounts: Mapping[str, int] = field(default_factory=dict)
    percent: Decimal | None = None
    months: int = 0
    feature: str = ""
    days: int = 0

    def __post_init__(self) -> None:
        """Refuse what doesn't belong to the type, and amounts of nothing."""
        read_choices(self, {"type": ReferralRewardType}, refused=self._error)
        match self.type:
            case ReferralRewardType.CREDIT | ReferralRewardType.DISCOUNT:
                self._check_money()
            case ReferralRewardType.FREE_MONTH:
                if not _is_count(self.months, 1, MAX_MONTHS):
                    self._refuse(f"it has 1 to {MAX_MONTHS} months")
            case ReferralRewardType.FEATURE_UNLOCK:
                if not self.feature or not _is_count(self.days, 1, MAX_DAYS):
                    self._refuse(f"it has a feature and 1 to {MAX_DAYS} days")
        self._check_foreign()

    def _check_money(self) -> None:
        if bool(self.amounts) == (self.percent is not None):
            self._refuse("it has either amounts or a percent")
        for currency, minor in self.amounts.items():
            if Money(minor, currency).minor <= 0:
                self._refuse("an amount is more than zero")
        if self.percent is not None and not _is_percent(self.percent):
            self._refuse("a percent is a Decimal above 0 and up to 100")

    def _check_foreign(self) -> None:
        is_money = self.type in (ReferralRewardType.CREDIT, ReferralRewardType.DISCOUNT)
        foreign = (
            (bool(self.amounts) or self.percent is not None) and not is_money,
            bool(self.months) and self.type is not ReferralRewardType.FREE_MONTH,
            (self.feature or self.days) and self.type is not ReferralRewardType.FEATURE_UNLOCK,
        )
        if any(foreign):
            self._refuse("it has what belongs to another type")

    def _refuse(self, problem: str) -> None:
        raise self._error(problem)

    def _error(self, problem: str) -> InvalidReward:
        return InvalidReward(type=str(self.type)[:40], problem=problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """The conditions of a referral programme.

    A newcomer may name his referrer for `window_days` after he signed up and before his first
    payment. Each of his first `cycles` paid invoices of at least `minimums` (minor units per
    currency, of what was actually paid; none: any) is a milestone: both sides are rewarded once it
    is `hold_days` old. A referrer gets at most `max_per_30_days` and `max_total` rewards (0: any
    number). What looks suspicious waits `review_days` for a decision.
    """

    key: str
    referrer: Reward | None = None
    referred: Reward | None = None
    window_days: int = 30
    hold_days: int = 14
    minimums: Mapping[str, int] = field(default_factory=dict)
    cycles: int = 1
    max_per_30_days: int = 0
    max_total: int = 0
    review_days: int = 7
    when_review_lapses: WhenReviewLapses = WhenReviewLapses.HOLD
    when_suspended: WhenSuspended = WhenSuspended.NO_REWARD
    channel_rule: ChannelRule = ChannelRule.FIRST_TOUCH
    free_month: FreeMonthPolicy = FreeMonthPolicy.EXTEND
    stacks_with_coupons: bool = False
    is_active: bool = True

    def __post_init__(self) -> None:
        """Refuse conditions that make no sense."""
        read_choices(self, _CHOICES, refused=self._error)
        if not self.referrer and not self.referred:
            self._refuse("somebody has to get a reward")
        days = (self.hold_days, self.review_days)
        if not all(_is_count(each, 0, MAX_DAYS) for each in days):
            self._refuse(f"a hold and a review have 0 to {MAX_DAYS} days")
        if not _is_count(self.window_days, 1, MAX_DAYS):
            self._refuse(f"a window has 1 to {MAX_DAYS} days")
        if not _is_count(self.cycles, 1, MAX_DAYS):
            self._refuse(f"it rewards 1 to {MAX_DAYS} invoices")
        caps = (self.max_per_30_days, self.max_total)
        if not all(_is_count(each, 0, MAX_COUNT) for each in caps):
            self._refuse("a cap is a whole number, 0 or more")
        for currency, minor in self.minimums.items():
            if Money(minor, currency).minor <= 0:
                self._refuse("a minimum is more than zero")

    def reward_of(self, side: Side) -> Reward | None:
        """Return what a side gets, None when it gets nothing."""
        return self.referrer if side is Side.REFERRER else self.referred

    def is_enough(self, paid: Money) -> bool:
        """Tell whether an amount actually paid, after all discounts and returns, qualifies."""
        if not self.minimums:
            return paid.minor > 0
        minimum = self.minimums.get(paid.currency)
        return minimum is not None and paid.minor >= minimum

    @property
    def window(self) -> timedelta:
        """How long after signing up a newcomer may name his referrer."""
        return timedelta(days=self.window_days)

    @property
    def hold(self) -> timedelta:
        """How long a payment must have stood before it is rewarded."""
        return timedelta(days=self.hold_days)

    @property
    def review(self) -> timedelta:
        """How long a flagged referral waits for a decision."""
        return timedelta(days=self.review_days)

    def _refuse(self, problem: str) -> None:
        raise self._error(problem)

    def _error(self, problem: str) -> InvalidProgramme:
        return InvalidProgramme(key=self.key, problem=problem)


_CHOICES: dict[str, type[StrEnum]] = {
    "when_review_lapses": WhenReviewLapses,
    "when_suspended": WhenSuspended,
    "channel_rule": ChannelRule,
    "free_month": FreeMonthPolicy,
}


def _is_percent(value: object) -> bool:
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 < value <= 100:
        return False
    return has_places(value, PERCENT_PLACES)


def _is_count(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most
