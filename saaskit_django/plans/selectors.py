"""Reads of plans, prices and feature definitions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from django.db.models import Prefetch

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.features import BUILTIN, FeatureDefinition, define
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import PriceNotForSale
from saaskit_core.subscriptions.states import LIVE
from saaskit_django.conf import conf
from saaskit_django.plans.models import CustomFeature, Price, SubscriptionPlan
from saaskit_django.registry import contributions, plugins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from decimal import Decimal

    from django.db.models import QuerySet

    from saaskit_core.features import Definitions

FEATURE_DEFINITIONS = "feature_definitions"
"""The contribution of features: iterables of the core's FeatureDefinition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFilter:
    """Which plans to list; None leaves a condition out. Amounts are in major units."""

    plan_id: int | None = None
    is_active_only: bool = False
    min_price: Decimal | None = None
    max_price: Decimal | None = None


class PlanNotFound(SaasKitError):
    """No plan has this id, or it isn't for sale."""

    code = "plan_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such plan."


def plans() -> QuerySet[SubscriptionPlan]:
    """Return plans with everything `to_core()` needs, in three queries however many there are."""
    current = Price.objects.filter(is_current=True).select_related("plan").order_by("pk")
    return (
        SubscriptionPlan.objects.select_related("feature_flags")
        .prefetch_related(Prefetch("prices", queryset=current))
        .order_by("pk")
    )


def plans_for_sale(*, currency: str | None = None) -> list[SubscriptionPlan]:
    """Return what a customer may choose, cheapest per month first.

    With a currency, only plans that have a price in it, ranked by that; else by their usual one.
    """
    found = list(plans().filter(is_active=True, is_public=True))
    if currency is not None:
        found = [plan for plan in found if _is_sold_in(plan, currency)]
    return sorted(found, key=lambda plan: _rank(plan, currency or plan.currency))


def plan_for_sale(plan_id: int) -> SubscriptionPlan:
    """Return a plan that a customer may choose. Raises PlanNotFound."""
    plan = plans().filter(pk=plan_id, is_active=True, is_public=True).first()
    if plan is None:
        raise PlanNotFound
    return plan


def plan_by_id(plan_id: int) -> SubscriptionPlan:
    """Return any plan that isn't deleted. Raises PlanNotFound."""
    plan = plans().filter(pk=plan_id).first()
    if plan is None:
        raise PlanNotFound
    return plan


def plans_within(wanted: PlanFilter) -> list[SubscriptionPlan]:
    """Return the plans an admin asks for, for sale or not; a range of prices is of the monthly one.

    Each plan is compared in its usual currency.
    """
    rows = plans()
    if wanted.plan_id is not None:
        rows = rows.filter(pk=wanted.plan_id)
    if wanted.is_active_only:
        rows = rows.filter(is_active=True)
    return [plan for plan in rows if _costs_between(plan, wanted.min_price, wanted.max_price)]


def live_subscriptions(plan_id: int, *, price_ids: Collection[int] | None = None) -> int:
    """Count the live subscriptions of a plan, or those of them that have one of the prices."""
    held = {} if price_ids is None else {"subscriptions__price_id__in": price_ids}
    return SubscriptionPlan.with_deleted.filter(
        pk=plan_id, subscriptions__status__in=sorted(LIVE), **held
    ).count()


def plan_by_key(key: str) -> SubscriptionPlan | None:
    """Return the plan called `key` in the catalogue, None when there is none."""
    return plans().filter(key=key).first()


def default_plan() -> SubscriptionPlan | None:
    """Return the plan of those who have no other, None when the site has none of that key."""
    return plan_by_key(conf().default_plan)


def current_price(
    plan: SubscriptionPlan, *, frequency: BillingFrequency, currency: str | None = None
) -> Price:
    """Return the price row a plan is sold at; without a currency, in its usual one.

    Raises PriceNotForSale.
    """
    wanted = currency or plan.currency
    for price in plan.current_prices:
        if (price.currency, price.frequency) == (wanted, frequency):
            return price
    raise PriceNotForSale(plan=plan.name, frequency=str(frequency), currency=wanted)


def price_by_id(price_id: int) -> Price:
    """Return any version of a price with its plan. Raises Price.DoesNotExist."""
    return Price.objects.select_related("plan__feature_flags").get(pk=price_id)


def feature_definitions() -> Definitions:
    """Return what features there are: built in, contributed by apps and plugins, from catalogues.

    A catalogue's feature gives way to one that an app or plugin brings. Raises
    InvalidFeatureDefinition when apps contradict each other, which is a system check too.
    """
    known = dict(installed_definitions())
    for row in CustomFeature.objects.order_by("path"):
        if _fits(row.path, known):
            known[row.path] = row.to_core()
    return known


def installed_definitions() -> Definitions:
    """Return the features that need no database. Raises InvalidFeatureDefinition.

    A plugin's feature that contradicts the others is left out; `refused_features` names it.
    """
    contributed = [
        definition
        for each in contributions(FEATURE_DEFINITIONS)
        for definition in cast("Iterable[FeatureDefinition]", each)
    ]
    known = dict(define([*BUILTIN.values(), *contributed]))
    for offered in plugins().feature_definitions:
        if isinstance(offered, FeatureDefinition) and _fits(offered.path, known):
            known[offered.path] = offered
    return known


def refused_features() -> list[str]:
    """Return the paths that plugins offer and that can't be used beside the others."""
    known = installed_definitions()
    return [each.path for each in plugins().feature_definitions if known.get(each.path) is not each]


def _fits(path: str, known: Definitions) -> bool:
    return not any(
        f"{each}.".startswith(f"{path}.") or path.startswith(f"{each}.") for each in known
    )


def _costs_between(
    plan: SubscriptionPlan, minimum: Decimal | None, maximum: Decimal | None
) -> bool:
    if minimum is None and maximum is None:
        return True
    monthly = plan.monthly_price
    if monthly is None:
        return False
    is_enough = minimum is None or monthly.decimal >= minimum
    return is_enough and (maximum is None or monthly.decimal <= maximum)


def _rank(plan: SubscriptionPlan, currency: str) -> tuple[bool, Fraction, int]:
    """Order by the monthly price, else by the cheapest per month; what never recurs comes last."""
    prices = [each.to_core() for each in plan.current_prices if each.currency == currency]
    monthly = [each.monthly for each in prices if each.frequency is BillingFrequency.MONTHLY]
    recurring = monthly or [each.monthly for each in prices if each.is_recurring]
    return (not recurring, min(recurring, default=Fraction(0)), plan.pk)


def _is_sold_in(plan: SubscriptionPlan, currency: str) -> bool:
    return any(price.currency == currency for price in plan.current_prices)
