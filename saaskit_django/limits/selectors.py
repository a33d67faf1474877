"""Which limits a customer has, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.features import Feature
from saaskit_core.limits import OnBackendError, Policy
from saaskit_core.periods import Unit
from saaskit_django.features.selectors import feature_set
from saaskit_django.limits.stores import store

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.features import FeatureSet
    from saaskit_core.limits import PolicyState
    from saaskit_django.customers.models import Customer

CALLS = "api_calls_per_hour"
OPERATIONS = "operations_per_day"
OPERATIONS_PER_MONTH = "operations_per_month"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is used of each limit; None where the plan sets none."""

    calls: PolicyState | None = None
    operations: PolicyState | None = None
    operations_per_month: PolicyState | None = None


def subject_of(customer: Customer) -> str:
    """Return under which name a customer is counted, the same before his first row and after."""
    if customer.user_id is not None:
        return f"user:{customer.user_id}"
    return f"customer:{customer.pk}"


def call_policies(features: FeatureSet) -> list[Policy]:
    """Return the limits of every call: none when the plan sets none."""
    quota = features.limit(Feature.API_CALLS_PER_HOUR)
    return [] if quota is None else [Policy(name=CALLS, quota=quota, window=HOUR)]


def operation_policies(features: FeatureSet, *, tz: str) -> list[Policy]:
    """Return the limits of what changes something, per day and per month of the customer's zone."""
    wanted = (
        (OPERATIONS, Feature.API_DAILY_LIMIT, Unit.DAY),
        (OPERATIONS_PER_MONTH, Feature.API_MONTHLY_LIMIT, Unit.MONTH),
    )
    return [
        Policy(name=name, quota=quota, calendar=unit, tz=tz, on_backend_error=OnBackendError.LOCAL)
        for name, feature, unit in wanted
        if (quota := features.limit(feature)) is not None
    ]


def usage_of(customer: Customer, *, now: datetime, features: FeatureSet | None = None) -> Usage:
    """Return what the customer has used of his limits, from the real counters, charging nothing."""
    known = features or feature_set(customer, now=now)
    policies = [*call_policies(known), *operation_policies(known, tz=customer.timezone)]
    found = store().read(subject_of(customer), policies, now=now) if policies else ()
    by_name = {state.policy.name: state for state in found}
    return Usage(
        calls=by_name.get(CALLS),
        operations=by_name.get(OPERATIONS),
        operations_per_month=by_name.get(OPERATIONS_PER_MONTH),
    )
