"""Limits: how much of something a subject may use per window.

Counters are keyed by (subject, policy name, window start), never by the quota: a plan change
keeps what was used.
"""

from __future__ import annotations

from saaskit_core.limits.decisions import (
    Allowed,
    Counter,
    CounterStore,
    Decision,
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
from saaskit_core.limits.memory import (
    MemoryCounterStore,
)
from saaskit_core.limits.policies import (
    InvalidPolicy,
    OnBackendError,
    Policy,
)

__all__ = [
    "Allowed",
    "Counter",
    "CounterStore",
    "Decision",
    "Denied",
    "InvalidCost",
    "InvalidPolicy",
    "MemoryCounterStore",
    "OnBackendError",
    "Policy",
    "PolicyState",
    "carried_over",
    "check_cost",
    "decide",
    "retry_after",
    "states",
    "used",
]
