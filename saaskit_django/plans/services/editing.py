"""Plans as an admin edits them: created, changed with new price versions, deleted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.text import slugify

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.features import with_leaf
from saaskit_core.features.documents import leaves
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Plan, Price, PriceNotForSale
from saaskit_core.subscriptions.states import LIVE
from saaskit_django import clock
from saaskit_django.audit.services import record as audit
from saaskit_django.conf import conf
from saaskit_django.identifiers import new_reference
from saaskit_django.plans.models import PriceChange, SubscriptionPlan
from saaskit_django.plans.selectors import (
    PlanNotFound,
    feature_definitions,
    live_subscriptions,
    plan_by_id,
)
from saaskit_django.plans.services.catalogue import PlanKeyTaken, put_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from saaskit_core.features import JSON
    from saaskit_django.plans.models import Price as PriceRow

LONGEST_KEY = 64


class PlanInUse(SaasKitError):
    """Somebody has the plan: take it off sale instead, or move the subscriptions first."""

    code = "plan_in_use"
    kind = ErrorKind.CONFLICT
    template = "%(count)d live subscriptions use this plan, so it can't be deleted."

    def __init__(self, *, count: int) -> None:
        """Keep the count for the answer, too."""
        super().__init__(count=count)
        self.problem_members = {"live_subscriptions": count}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a plan costs in one frequency, in major units; "" is the plan's usual currency."""

    frequency: BillingFrequency
    amount: Decimal
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """What an admin says of a plan; what is None stays as it is.

    `usual` are prices to set beside those that stand, `others` the complete list of all that are
    not the monthly and the yearly one in the usual currency. Features are set one by one.
    """

    name: str | None = None
    description: str | None = None
    feature_details: str | None = None
    trial_days: int | None = None
    currency: str | None = None
    usual: tuple[Tariff, ...] = ()
    others: tuple[Tariff, ...] | None = None
    features: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged:
    """A plan as it is now, and how many live subscriptions its new prices concern."""

    plan: SubscriptionPlan
    affected_subscriptions: int


@transaction.atomic(durable=True)
def offer_plan(terms: PlanTerms, *, actor: object) -> SubscriptionPlan:
    """Put a new plan on sale. Raises PlanKeyTaken, InvalidPlan, or what is wrong with a feature."""
    key = _key(terms.name or "")
    currency = terms.currency or conf().default_currency
    tariffs = (*terms.usual, *(terms.others or ()))
    plan = Plan(
        key=key,
        name=terms.name or "",
        description=terms.description or "",
        trial_days=terms.trial_days or 0,
        features=terms.features,
        prices=tuple(_price(key, tariff, currency) for tariff in tariffs),
    )
    put = put_plan(plan, actor=actor)
    if not put.is_new:
        raise PlanKeyTaken(key=key)
    _describe(put.row, terms, currency=currency, actor=actor)
    return plan_by_id(put.row.pk)


@transaction.atomic(durable=True)
def revise_plan(*, plan_id: int, terms: PlanTerms, actor: object) -> PlanChanged:
    """Change a plan; another amount is a new version of its price, never an edit of the old one.

    Raises PlanNotFound, InvalidPlan, PriceNotForSale for a currency that it isn't sold in, or what
    is wrong with a feature.
    """
    if not SubscriptionPlan.objects.filter(pk=plan_id).update(key=F("key")):
        raise PlanNotFound
    before = plan_by_id(plan_id)
    put = put_plan(_revised(before, terms), actor=actor)
    _describe(put.row, terms, currency=terms.currency or before.currency, actor=actor)
    after = plan_by_id(plan_id)
    return PlanChanged(plan=after, affected_subscriptions=_affected(before, after))


@transaction.atomic(durable=True)
def delete_plan(*, plan_id: int, actor: object) -> None:
    """Hide a plan everywhere; its prices stay for the books. Raises PlanNotFound, PlanInUse."""
    now = clock.now()
    live = SubscriptionPlan.objects.filter(
        pk=OuterRef("pk"), subscriptions__status__in=sorted(LIVE)
    )
    unused = SubscriptionPlan.objects.filter(pk=plan_id).exclude(Exists(live))
    if not unused.update(deleted_at=now, is_active=False, updated_at=now):
        plan_by_id(plan_id)
        raise PlanInUse(count=live_subscriptions(plan_id))
    audit(action="plan.deleted", table="subscription_plan", record_id=plan_id, actor=actor)


def _key(name: str) -> str:
    """Derive the plan's name in catalogues from what people call it."""
    return slugify(name)[:LONGEST_KEY].strip("-_") or new_reference("plan")


def _price(key: str, tariff: Tariff, currency: str) -> Price:
    amount = Money.of(tariff.amount, tariff.currency or currency)
    name = f"{tariff.frequency} {amount.currency}"
    return Price(id=name, plan=key, amount=amount, frequency=tariff.frequency)


def _revised(row: SubscriptionPlan, terms: PlanTerms) -> Plan:
    plan = row.to_core()
    features = dict(plan.features)
    for path, value in leaves(terms.features, feature_definitions()):
        features = with_leaf(features, path, value)
    return replace(
        plan,
        name=terms.name if terms.name is not None else plan.name,
        description=terms.description if terms.description is not None else plan.description,
        trial_days=terms.trial_days if terms.trial_days is not None else plan.trial_days,
        features=features,
        prices=_prices(plan, terms, currency=terms.currency or row.currency),
    )


def _prices(plan: Plan, terms: PlanTerms, *, currency: str) -> tuple[Price, ...]:
    """Return what it is to be sold at, each thing once; what is given goes before what stands."""
    standing = plan.prices
    if terms.others is not None:
        standing = tuple(price for price in plan.prices if _is_usual(price, currency))
    tariffs = (*terms.usual, *(terms.others or ()))
    given = [_price(plan.key, tariff, currency) for tariff in tariffs]
    sold = {_thing(price): price for price in (*standing, *given)}
    if given and len({_thing(price) for price in given}) < len(given):
        return (*standing, *given)  # Two prices for one thing: the core refuses them by name.
    if plan.prices and currency not in {price.amount.currency for price in sold.values()}:
        raise PriceNotForSale(
            plan=plan.name, frequency=str(BillingFrequency.MONTHLY), currency=currency
        )
    return tuple(sold.values())


def _is_usual(price: Price, currency: str) -> bool:
    usual = (BillingFrequency.MONTHLY, BillingFrequency.YEARLY)
    return price.amount.currency == currency and price.frequency in usual


def _thing(price: Price) -> tuple[str, object]:
    return price.amount.currency, price.interval


def _describe(row: SubscriptionPlan, terms: PlanTerms, *, currency: str, actor: object) -> None:
    """Write what the core doesn't know of a plan: its usual currency, and its words for people."""
    details = row.feature_details if terms.feature_details is None else terms.feature_details
    before = {"currency": row.currency, "feature_details": row.feature_details}
    after = {"currency": currency, "feature_details": details}
    if before == after:
        return
    SubscriptionPlan.objects.filter(pk=row.pk).update(**after, updated_at=clock.now())
    audit(
        action="plan.described",
        table="subscription_plan",
        record_id=row.pk,
        before=before,
        after=after,
        actor=actor,
    )


def _affected(before: SubscriptionPlan, after: SubscriptionPlan) -> int:
    """Count who has a version that was sold until now; nobody where prices never change."""
    if after.price_change == PriceChange.NEVER:
        return 0
    return live_subscriptions(
        after.pk, price_ids=_superseded(before.current_prices, after.to_core())
    )


def _superseded(prices: Iterable[PriceRow], plan: Plan) -> list[int]:
    return [price.pk for price in prices if plan.successor(price.to_core())]
