"""Limits: how much of something a subject may use per window.

Rate limits protect against bursts; quotas are what a customer bought. Counters are keyed by
(subject, policy name, window), never by the quota: a plan change keeps what was used.
"""

from __future__ import annotations

from saaskit_core.limits.decisions import (
    Allowed,
    Counter,
    CounterStore,
    Decision,
    DenialReason,
    Denied,
    InvalidCost,
    PolicyState,
    carried_over,
    check_cost,
    decide,
    retry_after,
    states,
    used,
)
from saaskit_core.limits.failures import (
    Fallback,
    fallback,
)
from saaskit_core.limits.headers import (
    HeaderStyle,
    decision_headers,
    rate_headers,
)
from saaskit_core.limits.ledger import (
    MemoryQuotaLedger,
    UsageEventDiffers,
)
from saaskit_core.limits.memory import MemoryCounterStore
from saaskit_core.limits.plan_changes import (
    NoQuotaInForce,
    QuotaChange,
    WindowAllowance,
    after_plan_change,
    prorated_quota,
)
from saaskit_core.limits.policies import (
    UNLIMITED,
    Enforcement,
    InvalidPolicy,
    OnBackendError,
    OnPlanChange,
    Policy,
    limiting,
)
from saaskit_core.limits.usage import (
    CommitTooLarge,
    QuotaState,
    QuotaUsedUp,
    Reservation,
    ReservationDiffers,
    ReservationEnded,
    UnknownReservation,
    Usage,
    commit,
    forget_used,
    quota_state,
    record,
    release,
    reserve,
)
from saaskit_core.limits.windows import CalendarUnit

__all__ = [
    "UNLIMITED",
    "Allowed",
    "CalendarUnit",
    "CommitTooLarge",
    "Counter",
    "CounterStore",
    "Decision",
    "DenialReason",
    "Denied",
    "Enforcement",
    "Fallback",
    "HeaderStyle",
    "InvalidCost",
    "InvalidPolicy",
    "MemoryCounterStore",
    "MemoryQuotaLedger",
    "NoQuotaInForce",
    "OnBackendError",
    "OnPlanChange",
    "Policy",
    "PolicyState",
    "QuotaChange",
    "QuotaState",
    "QuotaUsedUp",
    "Reservation",
    "ReservationDiffers",
    "ReservationEnded",
    "UnknownReservation",
    "Usage",
    "UsageEventDiffers",
    "WindowAllowance",
    "after_plan_change",
    "carried_over",
    "check_cost",
    "commit",
    "decide",
    "decision_headers",
    "fallback",
    "forget_used",
    "limiting",
    "prorated_quota",
    "quota_state",
    "rate_headers",
    "record",
    "release",
    "reserve",
    "retry_after",
    "states",
    "used",
]
