"""Write plans: rows of a catalogue, each change of an amount as a new price version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.features import validated
from saaskit_django.audit.services import ENGINE
from saaskit_django.audit.services import record as audit
from saaskit_django.conf import conf
from saaskit_django.plans.models import CustomFeature, FeatureFlags, Price, SubscriptionPlan
from saaskit_django.plans.selectors import feature_definitions, plan_by_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saaskit_core.features import JSON, FeatureDefinition
    from saaskit_core.plans import Plan
    from saaskit_core.plans import Price as CorePrice

TERMS = ("name", "description", "group", "trial_days", "is_active", "is_public")


class PlanKeyTaken(SaasKitError):
    """A plan of this key exists already."""

    code = "plan_key_taken"
    kind = ErrorKind.CONFLICT
    template = "There is a plan called %(key)s already."


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansImported:
    """What an import changed; all zero when the database said the same already."""

    plans_created: int = 0
    plans_changed: int = 0
    prices_added: int = 0
    prices_retired: int = 0
    features_defined: int = 0


def import_plans(
    plans: Iterable[Plan], *, features: Iterable[FeatureDefinition] = (), actor: object = ENGINE
) -> PlansImported:
    """Bring the database to what a catalogue says. Inside a transaction.

    The same catalogue again changes nothing. Plans it doesn't mention are left alone; a price it no
    longer mentions is retired, and who subscribed at it keeps it. Raises UnknownFeature or
    FeatureValueInvalid.
    """
    defined = sum(_put_feature(definition, actor=actor) for definition in features)
    outcomes = [put_plan(plan, actor=actor) for plan in plans]
    return PlansImported(
        features_defined=defined,
        plans_created=sum(each.is_new for each in outcomes),
        plans_changed=sum(each.is_changed for each in outcomes),
        prices_added=sum(each.added for each in outcomes),
        prices_retired=sum(each.retired for each in outcomes),
    )


@transaction.atomic(durable=True)
def create_plan(plan: Plan, *, actor: object) -> SubscriptionPlan:
    """Add a plan with its prices and features. Raises PlanKeyTaken, or like `import_plans`."""
    outcome = put_plan(plan, actor=actor)
    if not outcome.is_new:
        raise PlanKeyTaken(key=plan.key)
    return plan_by_id(outcome.row.pk)


@transaction.atomic(durable=True)
def update_plan(plan: Plan, *, actor: object) -> SubscriptionPlan:
    """Bring the plan of the same key to what is given. Raises like `import_plans`."""
    return plan_by_id(put_plan(plan, actor=actor).row.pk)


@transaction.atomic(durable=True)
def set_active(*, plan_id: int, is_active: bool, actor: object) -> bool:
    """Put a plan on sale or take it off; tells whether that changed anything."""
    rows = SubscriptionPlan.objects.filter(pk=plan_id).exclude(is_active=is_active)
    changed = bool(rows.update(is_active=is_active))
    if changed:
        action = "plan.activated" if is_active else "plan.deactivated"
        audit(action=action, table="subscription_plan", record_id=plan_id, actor=actor)
    return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPut:
    """What putting one plan came to: its row, and what of it is new."""

    row: SubscriptionPlan
    is_new: bool
    is_changed: bool
    added: int
    retired: int


def put_plan(plan: Plan, *, actor: object) -> PlanPut:
    """Write one plan with its prices and features, inside a transaction.

    Raises like `import_plans`.
    """
    is_new = _insert(plan)
    row = SubscriptionPlan.objects.get(key=plan.key)
    before = _terms(row)
    for name in TERMS:
        setattr(row, name, getattr(plan, name))
    are_new_terms = not is_new and before != _terms(row)
    if are_new_terms:
        row.save(update_fields=[*TERMS, "updated_at"])
    are_new_features = _put_features(row, validated(plan.features, feature_definitions()))
    added = sum(_put_price(row, price) for price in plan.prices)
    retired = _retire(row, plan.prices)
    is_changed = not is_new and bool(are_new_terms or are_new_features or added or retired)
    if is_new or is_changed:
        audit(
            action="plan.created" if is_new else "plan.changed",
            table="subscription_plan",
            record_id=row.pk,
            before=None if is_new else before,
            after={**_terms(row), "features": plan.features, "prices": _amounts(plan)},
            actor=actor,
        )
    return PlanPut(row=row, is_new=is_new, is_changed=is_changed, added=added, retired=retired)


def _insert(plan: Plan) -> bool:
    """Add the row unless the key is there, which locks it: the transaction starts with a write."""
    if SubscriptionPlan.objects.filter(key=plan.key).update(key=plan.key):
        return False
    terms = {name: getattr(plan, name) for name in TERMS}
    row = SubscriptionPlan(key=plan.key, currency=_usual_currency(plan), **terms)
    row.save()
    return True


def _usual_currency(plan: Plan) -> str:
    """Return the site's currency if the plan is sold in it, else the plan's first one."""
    currencies = [price.amount.currency for price in plan.prices]
    usual = conf().default_currency
    return usual if usual in currencies or not currencies else currencies[0]


def _put_features(row: SubscriptionPlan, features: dict[str, JSON]) -> bool:
    flags, is_new = FeatureFlags.objects.get_or_create(
        subscription_plan=row, defaults={"features": features}
    )
    if is_new or flags.features == features:
        return is_new and bool(features)
    flags.features = features
    flags.save(update_fields=["features", "updated_at"])
    return True


def _put_price(row: SubscriptionPlan, price: CorePrice) -> bool:
    """Sell the plan at a price from now on; tells whether that is a new version."""
    unit = price.interval.unit.value if price.interval else ""
    count = price.interval.count if price.interval else 0
    versions = Price.objects.filter(
        plan=row, currency=price.amount.currency, interval_unit=unit, interval_count=count
    )
    current = versions.filter(is_current=True).first()
    if current is not None and current.amount == price.amount:
        return False
    latest = versions.aggregate(latest=Max("version"))["latest"] or 0
    versions.filter(is_current=True).update(is_current=False)
    Price.objects.create(
        plan=row,
        currency=price.amount.currency,
        amount_minor=price.amount.minor,
        frequency=price.frequency or "",
        interval_unit=unit,
        interval_count=count,
        version=latest + 1,
    )
    return True


def _retire(row: SubscriptionPlan, prices: Iterable[CorePrice]) -> int:
    kept = {(price.amount.currency, price.interval) for price in prices}
    stale = [
        current.pk
        for current in Price.objects.filter(plan=row, is_current=True).select_related("plan")
        if (current.currency, current.to_core().interval) not in kept
    ]
    return Price.objects.filter(pk__in=stale).update(is_current=False)


def _put_feature(definition: FeatureDefinition, *, actor: object) -> bool:
    values = {
        "type": definition.type.value,
        "default": definition.default,
        "merge": definition.merge.value,
        "choices": list(definition.choices),
        "description": definition.description,
        "is_enabled": definition.is_enabled,
    }
    row, is_new = CustomFeature.objects.get_or_create(path=definition.path, defaults=values)
    if not is_new:
        if all(getattr(row, name) == value for name, value in values.items()):
            return False
        CustomFeature.objects.filter(pk=row.pk).update(**values)
    action = "feature.defined" if is_new else "feature.redefined"
    audit(action=action, table="custom_feature", record_id=row.pk, after=values, actor=actor)
    return True


def _terms(row: SubscriptionPlan) -> dict[str, JSON]:
    return {name: getattr(row, name) for name in TERMS}


def _amounts(plan: Plan) -> dict[str, JSON]:
    return {
        f"{price.frequency or price.interval} {price.amount.currency}": price.amount.minor
        for price in plan.prices
    }
