"""What a plan change within a window does to its quota and its use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from saaskit_core.errors import SaasKitError
from saaskit_core.limits.policies import UNLIMITED, OnPlanChange
from saaskit_core.limits.windows import micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saaskit_core.periods import Period


class NoQuotaInForce(SaasKitError):
    code = "no_quota_in_force"
    template = "No quota is known for the beginning of the window at %(starts_at)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaChange:
    """From `at` on, the plan's quota is this one."""

    at: datetime
    quota: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAllowance:
    """What a window grants after a plan change, and what of it is used."""

    quota: int
    used: int

    @property
    def remaining(self) -> int:
        """What is left: never less than nothing."""
        return max(0, self.quota - self.used)


def after_plan_change(
    mode: OnPlanChange, *, used: int, quotas: Sequence[QuotaChange], window: Period
) -> WindowAllowance:
    """Work out quota and use of `window` once the last of `quotas` has come into force.

    `quotas` are all that were in force within the window, in order of time, the first of them at
    or before its start. Only `reset` forgets what was used, and so can be had again and again by
    changing back and forth. Raises NoQuotaInForce.
    """
    quota = quotas[-1].quota if quotas else 0
    match mode:
        case OnPlanChange.KEEP:
            return WindowAllowance(quota=quota, used=used)
        case OnPlanChange.RESET:
            return WindowAllowance(quota=quota, used=0)
        case OnPlanChange.PRORATE:
            return WindowAllowance(quota=prorated_quota(quotas, window=window), used=used)
        case _:
            assert_never(mode)


def prorated_quota(quotas: Sequence[QuotaChange], *, window: Period) -> int:
    """Return what the window grants when each quota counts for the time it was in force.

    The exact sum, floored once. The quota in force at the end counts as unlimited when it is; one
    that was unlimited before counts as the last one, so that nothing is taken for having had more.
    Raises NoQuotaInForce when the first begins after the window.
    """
    start, end = micros(window.starts_at), micros(window.ends_at)
    if not quotas or micros(quotas[0].at) > start:
        raise NoQuotaInForce(starts_at=window.starts_at.isoformat())
    last = quotas[-1].quota
    if last >= UNLIMITED:
        return last
    edges = [min(end, max(start, micros(each.at))) for each in quotas] + [end]
    total = sum(
        (last if each.quota >= UNLIMITED else each.quota) * (until - since)
        for each, since, until in zip(quotas, edges, edges[1:], strict=False)
    )
    return total // (end - start)
