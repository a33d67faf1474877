"""The choices a merchant has: an enum each, the default first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import ProrationMode


class InvalidPolicy(SaasKitError):
    code = "invalid_policy"
    template = "The policy %(name)s can't be %(value)s: %(problem)s."


class UpgradePolicy(StrEnum):
    NOW_WITH_INVOICE = "now-with-invoice"
    NEXT_PERIOD = "next-period"
    NOW_WITHOUT_INVOICE = "now-without-invoice"


class DowngradePolicy(StrEnum):
    PERIOD_END = "period-end"
    NOW_WITH_CREDIT = "now-with-credit"


class UnusedTime(StrEnum):
    """What becomes of time that was paid for and isn't used."""

    WALLET = "wallet-credit"
    REFUND = "refund"
    NONE = "none"


class TrialChange(StrEnum):
    """What a change of plan during the trial does to the trial's end."""

    KEEP = "keep-original-start"
    RESTART = "restart"
    END = "end"


class PriceChange(StrEnum):
    """When existing subscriptions follow a new version of their price."""

    NEXT_PERIOD = "next-period"
    NOW = "now"
    NEVER = "never"


class ChurnCounted(StrEnum):
    PERIOD_END = "period-end"
    AT_CANCEL = "at-cancel"


class Recovery(StrEnum):
    """Which schedule follows a payment that ends a suspension."""

    KEEP_ANCHOR = "keep-anchor"
    RESET_ANCHOR = "reset-anchor"


class TrialWithoutMethod(StrEnum):
    EXPIRE = "expire"
    SUSPEND = "suspend"


class RefundAdjustment(StrEnum):
    WITH_ITEM = "with-item-adjustment"
    WITHOUT = "without-item-adjustment"


class CouponsInMrr(StrEnum):
    FOREVER = "forever"
    ALL = "all"
    NONE = "none"


class ChangeTiming(StrEnum):
    """How one change comes into force; worked out from the policies, or asked for."""

    NOW_WITH_INVOICE = "now-with-invoice"
    NOW_WITHOUT_INVOICE = "now-without-invoice"
    NOW_WITH_CREDIT = "now-with-credit"
    PERIOD_END = "period-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every choice in one value; plain strings and lists, as settings have them, are accepted.

    `dunning_days` are days after the instant the renewal fell due; on `dunning_end_days` the
    subscription ends; access goes on for `grace_days`. Raises InvalidPolicy.
    """

    upgrade: UpgradePolicy = UpgradePolicy.NOW_WITH_INVOICE
    downgrade: DowngradePolicy = DowngradePolicy.PERIOD_END
    unused_time: UnusedTime = UnusedTime.WALLET
    trial_change: TrialChange = TrialChange.KEEP
    price_change: PriceChange = PriceChange.NEXT_PERIOD
    churn: ChurnCounted = ChurnCounted.PERIOD_END
    recovery: Recovery = Recovery.KEEP_ANCHOR
    trial_without_method: TrialWithoutMethod = TrialWithoutMethod.EXPIRE
    refund: RefundAdjustment = RefundAdjustment.WITH_ITEM
    coupons_in_mrr: CouponsInMrr = CouponsInMrr.FOREVER
    proration: ProrationMode = ProrationMode.SECOND
    dunning_days: tuple[int, ...] = (1, 3, 5, 7)
    dunning_end_days: int = 21
    grace_days: int = 7
    grace_gives_access: bool = True
    payment_timeout_hours: int = 23
    transfer_timeout_days: int = 14

    def __post_init__(self) -> None:
        """Turn plain values into their enums and refuse schedules that contradict themselves."""
        for name, kind in _ENUMS.items():
            object.__setattr__(self, name, _member(kind, name, getattr(self, name)))
        days: object = self.dunning_days
        if not isinstance(days, list | tuple):
            given = repr(days)[:40]
            raise InvalidPolicy(name="dunning_days", value=given, problem="use a list of days")
        object.__setattr__(self, "dunning_days", tuple(days))
        gives: object = self.grace_gives_access
        if type(gives) is not bool:
            given = repr(gives)[:40]
            raise InvalidPolicy(name="grace_gives_access", value=given, problem="use true or false")
        _check_days(self)


_ENUMS: dict[str, type[StrEnum]] = {
    "upgrade": UpgradePolicy,
    "downgrade": DowngradePolicy,
    "unused_time": UnusedTime,
    "trial_change": TrialChange,
    "price_change": PriceChange,
    "churn": ChurnCounted,
    "recovery": Recovery,
    "trial_without_method": TrialWithoutMethod,
    "refund": RefundAdjustment,
    "coupons_in_mrr": CouponsInMrr,
    "proration": ProrationMode,
}


_COUNTS = ("dunning_end_days", "grace_days", "payment_timeout_hours", "transfer_timeout_days")
MAX_DAYS = 3650


def _member(kind: type[StrEnum], name: str, value: object) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        allowed = ", ".join(kind)
        raise InvalidPolicy(
            name=name, value=repr(value)[:40], problem=f"choose {allowed}"
        ) from None


def _check_days(policies: Policies) -> None:
    days = policies.dunning_days
    is_whole = all(type(day) is int and 0 <= day <= MAX_DAYS for day in days)
    if not is_whole or list(days) != sorted(set(days)):
        raise InvalidPolicy(
            name="dunning_days", value=repr(days)[:40], problem="use ascending whole days"
        )
    for name in _COUNTS:
        count = getattr(policies, name)
        if type(count) is not int or not 0 <= count <= MAX_DAYS:
            problem = f"use a whole number from 0 to {MAX_DAYS}"
            raise InvalidPolicy(name=name, value=repr(count)[:40], problem=problem)
    if policies.dunning_end_days < max(days, default=0):
        raise InvalidPolicy(
            name="dunning_end_days",
            value=policies.dunning_end_days,
            problem="a retry comes after it",
        )
