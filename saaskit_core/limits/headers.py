"""Rate-limit headers as values: the IETF draft's structured fields, and the older X- ones.

The draft is draft-ietf-httpapi-ratelimit-headers; its fields are lists of RFC 9651 strings with
whole-number parameters. A refusal's `t` is never later than what Retry-After says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.limits.decisions import Denied, retry_after, seconds_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saaskit_core.limits.decisions import Decision, PolicyState
    from saaskit_core.limits.policies import Policy

_LARGEST = 999_999_999_999_999
"""The largest integer of a structured field (RFC 9651, 3.3.1)."""


class HeaderStyle(StrEnum):
    """Which headers answers carry: the IETF draft's, the older X- ones, both or none."""

    DRAFT = "draft"
    LEGACY = "legacy"
    BOTH = "both"
    NONE = "none"


def decision_headers(decision: Decision, *, now: datetime, style: HeaderStyle) -> dict[str, str]:
    """Return the headers of the answer to a use; a refusal that passes also has Retry-After."""
    if not isinstance(decision, Denied):
        return rate_headers(decision.states, now=now, style=style)
    retry = retry_after(decision, now)
    headers = rate_headers(
        decision.states, now=now, style=style, retry=retry or 0, violated=decision.violated
    )
    return headers | ({} if retry is None else {"Retry-After": str(retry)})


def rate_headers(
    states: Sequence[PolicyState],
    *,
    now: datetime,
    style: HeaderStyle,
    retry: int = 0,
    violated: Sequence[Policy] = (),
) -> dict[str, str]:
    """Return the headers for where the policies stand; `retry` is a refusal's wait in seconds.

    A policy of a soft quota is shown too: what remains of it is free of overage.
    """
    if not states:
        return {}
    headers: dict[str, str] = {}
    if style in (HeaderStyle.DRAFT, HeaderStyle.BOTH):
        resets = [_reset(state, now, retry, violated) for state in states]
        policies = [f"{_name(s)};q={_number(s.policy.quota)};w={_window(s, now)}" for s in states]
        limits = [
            f"{_name(s)};r={_number(s.remaining)};t={reset}"
            for s, reset in zip(states, resets, strict=True)
        ]
        headers |= {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(limits)}
    if style in (HeaderStyle.LEGACY, HeaderStyle.BOTH):
        tightest = min(states, key=lambda state: state.remaining)
        headers |= {
            "X-RateLimit-Limit": str(tightest.policy.quota),
            "X-RateLimit-Remaining": str(tightest.remaining),
            "X-RateLimit-Reset": str(_reset(tightest, now, retry, violated)),
        }
    return headers


def _name(state: PolicyState) -> str:
    """Spell the policy's name as a structured string, which is printable ASCII."""
    plain = "".join(each if " " <= each <= "~" else "?" for each in state.policy.name)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _number(value: int) -> int:
    return min(value, _LARGEST)


def _window(state: PolicyState, now: datetime) -> int:
    if state.policy.width:
        return state.policy.width // 1_000_000
    window = state.policy.window_at(now)
    return max(1, int((window.ends_at - window.starts_at).total_seconds()))


def _reset(state: PolicyState, now: datetime, retry: int, violated: Sequence[Policy]) -> int:
    if retry and (state.policy in violated or not state.remaining):
        return retry
    return seconds_until(state.resets, now)
