"""Say how a provider under test shall behave: declines, delays, timeouts before and after a charge.

    sandbox.script(decline(DeclineReason.INSUFFICIENT_FUNDS), succeed())

makes the next charge fail and the one after it succeed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saaskit_core.provider_errors import DeclineReason


class Operation(StrEnum):
    """What a behaviour applies to. `create` is a payment that is registered without a method."""

    CREATE = "create"
    CHARGE = "charge"
    CANCEL = "cancel"
    REFUND = "refund"
    SAVE_METHOD = "save_method"


class Effect(StrEnum):
    """How an operation goes. After both timeouts the caller can't know which of them it was."""

    SUCCEED = "succeed"
    DECLINE = "decline"
    REQUIRE_ACTION = "require_action"
    PROCESS = "process"
    TIME_OUT_BEFORE = "time_out_before"
    TIME_OUT_AFTER = "time_out_after"
    UNREACHABLE = "unreachable"
    RATE_LIMIT = "rate_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the next `times` operations go; each takes `delay_ms` milliseconds longer."""

    effect: Effect = Effect.SUCCEED
    reason: DeclineReason = DeclineReason.GENERIC_DECLINE
    delay_ms: int = 0
    times: int = 1


def succeed(*, delay_ms: int = 0, times: int = 1) -> Behaviour:
    """Return a behaviour that works, perhaps slowly."""
    return Behaviour(delay_ms=delay_ms, times=times)


def decline(reason: DeclineReason = DeclineReason.GENERIC_DECLINE, *, times: int = 1) -> Behaviour:
    """Return a definite no for that reason; a refund fails."""
    return Behaviour(effect=Effect.DECLINE, reason=reason, times=times)


def require_action(*, times: int = 1) -> Behaviour:
    """Return a charge that waits for the payer to authenticate."""
    return Behaviour(effect=Effect.REQUIRE_ACTION, times=times)


def stay_processing(*, times: int = 1) -> Behaviour:
    """Return a charge or refund whose result comes later."""
    return Behaviour(effect=Effect.PROCESS, times=times)


def time_out_before(*, times: int = 1) -> Behaviour:
    """Return a request that is lost: no answer, and nothing was done."""
    return Behaviour(effect=Effect.TIME_OUT_BEFORE, times=times)


def time_out_after(*, times: int = 1) -> Behaviour:
    """Return an answer that is lost: the work was done all the same."""
    return Behaviour(effect=Effect.TIME_OUT_AFTER, times=times)


def unreachable(*, times: int = 1) -> Behaviour:
    """Return a connection that is refused: surely nothing was sent."""
    return Behaviour(effect=Effect.UNREACHABLE, times=times)


def rate_limit(*, times: int = 1) -> Behaviour:
    """Return a refusal because of too many requests."""
    return Behaviour(effect=Effect.RATE_LIMIT, times=times)
