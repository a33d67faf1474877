"""Write exceptions from what plans grant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from saaskit_core.features import check_override
from saaskit_django.audit.services import record as audit
from saaskit_django.features.models import FeatureOverride
from saaskit_django.plans.selectors import feature_definitions

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.features import Override
    from saaskit_django.customers.models import Customer


@transaction.atomic(durable=True)
def add_override(
    override: Override,
    *,
    actor: object,
    customer: Customer | None = None,
    user: Any = None,
    reason: str = "",
) -> FeatureOverride:
    """Make an exception for a customer or a user; for neither it is for everybody.

    Raises UnknownFeature or FeatureValueInvalid.
    """
    return put_override(override, actor=actor, customer=customer, user=user, reason=reason)


def put_override(
    override: Override,
    *,
    actor: object,
    customer: Customer | None = None,
    user: Any = None,
    reason: str = "",
) -> FeatureOverride:
    """Make an exception as `add_override` does, inside a transaction."""
    checked = check_override(override, feature_definitions())
    row = FeatureOverride.objects.create(
        customer=customer,
        user=user,
        path=checked.path,
        value=checked.value,
        mode=checked.mode.value,
        reason=reason,
        starts_at=checked.starts_at,
        ends_at=checked.ends_at,
    )
    _audit(row, "feature_override.added", actor=actor)
    return row


@transaction.atomic(durable=True)
def end_override(*, override_id: int, now: datetime, actor: object) -> bool:
    """End an exception at `now`; one that would begin later goes. Tells whether it did anything."""
    rows = FeatureOverride.objects.filter(pk=override_id)
    still = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    begun = Q(starts_at__isnull=True) | Q(starts_at__lt=now)
    ended = bool(rows.filter(still, begun).update(ends_at=now))
    dropped = not ended and bool(rows.filter(starts_at__gte=now).delete()[0])
    if ended or dropped:
        audit(
            action="feature_override.ended",
            table="feature_override",
            record_id=override_id,
            actor=actor,
        )
    return ended or dropped


def shorten_override(*, override_id: int, ends_at: datetime, actor: object) -> bool:
    """End an exception earlier, inside a transaction; one that would begin later goes.

    Tells whether it did anything.
    """
    rows = FeatureOverride.objects.filter(pk=override_id, ends_at__gt=ends_at)
    ended = bool(rows.filter(starts_at__lt=ends_at).update(ends_at=ends_at))
    dropped = not ended and bool(rows.delete()[0])
    if ended or dropped:
        audit(
            action="feature_override.shortened",
            table="feature_override",
            record_id=override_id,
            after={"ends_at": ends_at.isoformat()},
            actor=actor,
        )
    return ended or dropped


def _audit(row: FeatureOverride, action: str, *, actor: object) -> None:
    after = {
        "path": row.path,
        "value": row.value,
        "mode": row.mode,
        "customer": row.customer_id,
        "user": None if row.user_id is None else str(row.user_id),
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
    }
    audit(action=action, table="feature_override", record_id=row.pk, after=after, actor=actor)
