"""Rate-limit headers: the IETF draft's structured fields, and the older X- ones.

The draft is draft-ietf-httpapi-ratelimit-headers; `t` is never earlier than Retry-After says.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from saaskit_django.conf import RateLimitHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saaskit_core.limits import PolicyState

DRAFT = {RateLimitHeaders.DRAFT, RateLimitHeaders.BOTH}
LEGACY = {RateLimitHeaders.LEGACY, RateLimitHeaders.BOTH}


def rate_headers(
    states: Sequence[PolicyState], *, now: datetime, style: RateLimitHeaders, retry: int = 0
) -> dict[str, str]:
    """Return the headers for where the policies stand; `retry` is a refusal's wait in seconds."""
    if not states:
        return {}
    headers: dict[str, str] = {}
    if style in DRAFT:
        policies = [f'"{s.policy.name}";q={s.policy.quota};w={_window(s, now)}' for s in states]
        limits = [f'"{s.policy.name}";r={s.remaining};t={_reset(s, now, retry)}' for s in states]
        headers |= {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(limits)}
    if style in LEGACY:
        tightest = min(states, key=lambda state: state.remaining)
        headers |= {
            "X-RateLimit-Limit": str(tightest.policy.quota),
            "X-RateLimit-Remaining": str(tightest.remaining),
            "X-RateLimit-Reset": str(_reset(tightest, now, retry)),
        }
    return headers


def _window(state: PolicyState, now: datetime) -> int:
    window = state.policy.window_at(now)
    return int((window.ends_at - window.starts_at).total_seconds())


def _reset(state: PolicyState, now: datetime, retry: int) -> int:
    if retry and not state.remaining:
        return retry
    return math.ceil((state.resets_at - now).total_seconds())
