"""Who plays what: the plans, prices and the coupon that the story uses, found in any catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saaskit_core.coupons import Coupon, CouponNotRedeemable, Uses, redeem
from saaskit_core.features import BUILTIN, Feature, FeatureSet, Grant, compile_features, define
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import ChangeType, Plan, Price, change_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from saaskit_core.catalog import Catalog
    from saaskit_core.features.definitions import Definitions

GROUP = "main"
"""The product group that the site's own endpoints are about."""

LONGEST_TRIAL = 400
"""A longer trial, in days, is lived through only if there is no other."""

MOST_CALLS = 300
"""A limit that takes more calls than this to reach is not shown: the demo has to end."""

PREFERRED = (
    BillingFrequency.MONTHLY,
    BillingFrequency.WEEKLY,
    BillingFrequency.QUARTERLY,
    BillingFrequency.SEMI_ANNUALLY,
    BillingFrequency.YEARLY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan at one of its prices."""

    plan: Plan
    price: Price

    def __str__(self) -> str:
        """Say it as on a price list."""
        return f"{self.plan.name}, {self.price.amount} {self.price.frequency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What the story is told with. What a catalogue doesn't have is None."""

    catalog: Catalog
    currency: str
    main: Offer | None
    dearer: Offer | None
    free: Plan | None
    coupon: Coupon | None
    second: Offer | None
    cheaper: Offer | None
    limited: tuple[Plan, int] | None
    allowed: str
    denied: str

    def features(self, plan: Plan | None) -> FeatureSet:
        """Return what a plan includes, compiled by the core; no plan: the defaults."""
        return _features(self.catalog, plan)


def choose(catalog: Catalog) -> Cast:
    """Find the roles; the cheapest plan with a trial plays the first."""
    main = _main(catalog)
    currency = main.price.amount.currency if main else _any_currency(catalog)
    free = next((plan for plan in _for_sale(catalog) if _is_free(plan)), None)
    dearer = _dearer(catalog, main) if main else None
    second = _second(catalog, main, dearer, free) if main else None
    limited = _limited(catalog, free)
    allowed, denied = _shown_features(catalog, main, dearer)
    return Cast(
        catalog=catalog,
        currency=currency,
        main=main,
        dearer=dearer,
        free=free,
        coupon=_coupon(catalog, main) if main else None,
        second=second,
        cheaper=_cheaper(catalog, second) if second else None,
        limited=limited,
        allowed=allowed,
        denied=denied,
    )


def _for_sale(catalog: Catalog) -> list[Plan]:
    return [plan for plan in catalog.plans if plan.is_for_sale and plan.group == GROUP]


def _any_currency(catalog: Catalog) -> str:
    found = [price.amount.currency for plan in catalog.plans for price in plan.prices]
    return "USD" if "USD" in found or not found else found[0]


def _main(catalog: Catalog) -> Offer | None:
    offers = list(_paid_offers(_for_sale(catalog)))
    usual = "USD" if any(offer.price.amount.currency == "USD" for offer in offers) else ""
    here = [each for each in offers if not usual or each.price.amount.currency == usual]
    return min(here, key=_preference, default=None)


def _preference(offer: Offer) -> tuple[bool, int, object]:
    frequency = offer.price.frequency
    place = PREFERRED.index(frequency) if frequency in PREFERRED else len(PREFERRED)
    return not 0 < offer.plan.trial_days <= LONGEST_TRIAL, place, offer.price.monthly


def _paid_offers(plans: Iterable[Plan]) -> Iterator[Offer]:
    """Yield what recurs and costs something."""
    for plan in plans:
        for price in plan.prices:
            if price.is_recurring and not price.is_free:
                yield Offer(plan=plan, price=price)


def _is_free(plan: Plan) -> bool:
    return any(price.is_free and price.is_recurring for price in plan.prices)


def _dearer(catalog: Catalog, main: Offer) -> Offer | None:
    """Return the next dearer plan, billed as often if there is such a one."""
    found = [
        offer
        for offer in _alike(catalog, main, main.price.amount.currency)
        if change_type(main.price, offer.price) is ChangeType.UPGRADE
    ]
    return min(found, key=lambda each: _distance(each, main), default=None)


def _cheaper(catalog: Catalog, second: Offer) -> Offer | None:
    found = [
        offer
        for offer in _alike(catalog, second, second.price.amount.currency)
        if change_type(second.price, offer.price) is ChangeType.DOWNGRADE
        and offer.price.frequency == second.price.frequency
    ]
    return min(found, key=lambda each: each.price.monthly, default=None)


def _alike(catalog: Catalog, other: Offer, currency: str) -> Iterator[Offer]:
    for offer in _paid_offers(_for_sale(catalog)):
        is_other = offer.plan.key != other.plan.key
        if is_other and offer.price.amount.currency == currency:
            yield offer


def _distance(offer: Offer, main: Offer) -> tuple[bool, object]:
    return offer.price.frequency != main.price.frequency, offer.price.monthly


def _second(catalog: Catalog, main: Offer, dearer: Offer | None, free: Plan | None) -> Offer | None:
    """Return what the second customer buys: dearer if possible, in another currency if possible.

    It has to be paid at once: without a trial, or coming from a free plan.
    """
    wanted = dearer or main
    offers = [
        offer
        for offer in _paid_offers(_for_sale(catalog))
        if offer.price.frequency == wanted.price.frequency
        and (free is not None or not offer.plan.trial_days)
    ]

    def preference(offer: Offer) -> tuple[bool, bool]:
        is_foreign = offer.price.amount.currency != main.price.amount.currency
        return offer.plan.key != wanted.plan.key, not is_foreign

    return min(offers, key=preference, default=None)


def _coupon(catalog: Catalog, main: Offer) -> Coupon | None:
    """Return the first coupon that takes something off the first invoice but not everything."""
    now = datetime.now(UTC)
    for coupon in catalog.coupons:
        try:
            off = redeem(
                coupon, plan=main.plan.key, price=main.price.amount, uses=Uses(), now=now
            ).amount
        except CouponNotRedeemable:
            continue
        if off < main.price.amount:
            return coupon
    return None


def _limited(catalog: Catalog, free: Plan | None) -> tuple[Plan, int] | None:
    """Return a plan that costs nothing to begin with and a low limit of calls per hour."""
    found = []
    for plan in [*([free] if free else []), *_for_sale(catalog)]:
        limit = _features(catalog, plan).limit(Feature.API_CALLS_PER_HOUR)
        begins_free = plan is free or (plan.trial_days and any(_paid_offers([plan])))
        if begins_free and limit is not None and 0 < limit <= MOST_CALLS:
            found.append((plan, limit))
    return min(found, key=lambda each: each[1], default=None)


def _shown_features(catalog: Catalog, main: Offer | None, dearer: Offer | None) -> tuple[str, str]:
    """Return a feature that the first plan includes and one that only the dearer one does."""
    if main is None:
        return "", ""
    ours = _features(catalog, main.plan)
    theirs = _features(catalog, dearer.plan) if dearer else ours
    nothing = _features(catalog, None)
    paths = sorted(_definitions(catalog))
    allowed = [path for path in paths if ours.allows(path)]
    denied = [path for path in paths if not ours.allows(path)]
    granted = [path for path in allowed if not nothing.allows(path)]
    opened = [path for path in denied if theirs.allows(path)]
    return next(iter([*granted, *allowed]), ""), next(iter([*opened, *denied]), "")


def _features(catalog: Catalog, plan: Plan | None) -> FeatureSet:
    grants = [Grant(plan=plan.key, features=plan.features)] if plan else []
    return compile_features(
        _definitions(catalog), grants=grants, overrides=[], now=datetime.now(UTC)
    )


def _definitions(catalog: Catalog) -> Definitions:
    return define({**BUILTIN, **{each.path: each for each in catalog.features}}.values())
