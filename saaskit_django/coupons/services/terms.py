"""Write what coupons are: from catalogues, and by the staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django.audit.services import ENGINE
from saaskit_django.audit.services import record as audit
from saaskit_django.coupons.models import Coupon, CouponAmount
from saaskit_django.coupons.selectors import coupons
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.plans.services.catalogue import PlansImported, import_plans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saaskit_core.catalog import Catalog
    from saaskit_core.coupons import Coupon as Terms

MIRRORED = {
    "description": "description",
    "percent": "percent",
    "duration_months": "duration_months",
    "max_uses": "max_uses",
    "max_uses_per_user": "max_uses_per_customer",
    "valid_from": "starts_at",
    "valid_until": "ends_at",
    "first_purchase_only": "first_purchase_only",
    "stackable": "stackable",
    "trial_days": "trial_days",
    "is_active": "is_active",
}
"""Columns, and what they are called in the core."""


class CouponLimitBelowUses(SaasKitError):
    """The limit would be lower than what is used already."""

    code = "coupon_limit_below_uses"
    kind = ErrorKind.CONFLICT
    template = "The coupon %(code)s is used more often than %(max_uses)s times already."


class CouponPlanUnknown(SaasKitError):
    """The coupon names a plan that doesn't exist."""

    code = "coupon_plan_unknown"
    template = "The coupon %(code)s is for the plan %(plan)s, which does not exist."


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogImported:
    """What an import changed."""

    plans: PlansImported
    coupons_created: int = 0
    coupons_changed: int = 0


@transaction.atomic(durable=True)
def import_catalog(catalog: Catalog, *, actor: object = ENGINE) -> CatalogImported:
    """Bring features, plans and coupons to what a catalogue says, all or nothing.

    The same catalogue again changes nothing. Raises CouponLimitBelowUses, UnknownFeature or
    FeatureValueInvalid.
    """
    plans = import_plans(catalog.plans, features=catalog.features, actor=actor)
    before = {row.code: row.to_core() for row in coupons()}
    changed = [terms for terms in catalog.coupons if before.get(terms.code) != terms]
    for terms in changed:
        put_coupon(terms, actor=actor)
    created = sum(terms.code not in before for terms in changed)
    return CatalogImported(
        plans=plans, coupons_created=created, coupons_changed=len(changed) - created
    )


def put_coupon(terms: Terms, *, actor: object) -> Coupon:
    """Add a coupon, or give the one of the same code these terms. Inside a transaction.

    Uses already taken stay. Raises CouponLimitBelowUses or CouponPlanUnknown.
    """
    values = {column: getattr(terms, name) for column, name in MIRRORED.items()}
    values |= {
        "discount_type": terms.discount_type.value,
        "duration": terms.duration.value,
        "currency": next(iter(terms.amounts), ""),
    }
    try:
        with transaction.atomic():
            row, is_new = Coupon.objects.update_or_create(code=terms.code, defaults=values)
    except IntegrityError as exc:
        raise CouponLimitBelowUses(code=terms.code, max_uses=terms.max_uses) from exc
    _put_amounts(row, terms)
    row.applicable_plans.set(_plans(terms))
    audit(
        action="coupon.created" if is_new else "coupon.changed",
        table="coupon",
        record_id=row.pk,
        after={"code": row.code, "terms": str(terms)},
        actor=actor,
    )
    return row


@transaction.atomic(durable=True)
def set_active(*, coupon_id: int, is_active: bool, actor: object) -> bool:
    """Switch a coupon on or off; tells whether that changed anything."""
    rows = Coupon.objects.filter(pk=coupon_id).exclude(is_active=is_active)
    changed = bool(rows.update(is_active=is_active))
    if changed:
        action = "coupon.activated" if is_active else "coupon.deactivated"
        audit(action=action, table="coupon", record_id=coupon_id, actor=actor)
    return changed


def _put_amounts(row: Coupon, terms: Terms) -> None:
    CouponAmount.objects.filter(coupon=row).delete()
    CouponAmount.objects.bulk_create(
        CouponAmount(
            coupon=row,
            currency=currency,
            amount_minor=terms.amounts.get(currency),
            minimum_minor=terms.minimums.get(currency),
        )
        for currency in dict.fromkeys([*terms.amounts, *terms.minimums])
    )


def _plans(terms: Terms) -> Iterable[SubscriptionPlan]:
    found = {row.key: row for row in SubscriptionPlan.objects.filter(key__in=terms.plans)}
    for key in sorted(terms.plans - found.keys()):
        raise CouponPlanUnknown(code=terms.code, plan=key)
    return found.values()
