"""Test payment methods: their name says how a charge goes."""

from __future__ import annotations

import re

from saaskit_core.provider_errors import DeclineReason
from saaskit_core.testing.behaviours import Behaviour, Effect, decline

PREFIX = "pm_card_"
UNVERIFIABLE = "pm_card_unverifiable"
"""Can't even be saved."""

SLOW_MS = 2_000

_FIXED = {
    "pm_card_ok": Behaviour(),
    "pm_card_declined": decline(DeclineReason.INSUFFICIENT_FUNDS),
    "pm_card_expired": decline(DeclineReason.EXPIRED_CARD),
    UNVERIFIABLE: decline(DeclineReason.INCORRECT_NUMBER),
    "pm_card_requires_action": Behaviour(effect=Effect.REQUIRE_ACTION),
    "pm_card_processing": Behaviour(effect=Effect.PROCESS),
    "pm_card_timeout_before": Behaviour(effect=Effect.TIME_OUT_BEFORE),
    "pm_card_timeout_after": Behaviour(effect=Effect.TIME_OUT_AFTER),
    "pm_card_unreachable": Behaviour(effect=Effect.UNREACHABLE),
    "pm_card_slow": Behaviour(delay_ms=SLOW_MS),
}
_FOR_REASON = {f"pm_card_declined_{reason}": decline(reason) for reason in DeclineReason}
_AFTER = re.compile(r"pm_card_decline_after_(\d{1,4})")


def is_token(method_ref: str) -> bool:
    """Tell whether that is a test method; anything else is the id of a saved one."""
    return method_ref.startswith(PREFIX)


def behaviour_of(token: str, *, charges: int) -> Behaviour | None:
    """Return how a charge goes after `charges` good ones; None for an unknown token."""
    after = _AFTER.fullmatch(token)
    if after:
        spent = charges >= int(after[1])
        return decline(DeclineReason.INSUFFICIENT_FUNDS) if spent else Behaviour()
    return _FIXED.get(token) or _FOR_REASON.get(token)
