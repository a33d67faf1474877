"""What can be bought and how often what happens: catalogue and population, ready to draw from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.money import exponent
from saaskit_core.periods import BillingFrequency, zone
from saaskit_core.provider_errors import DeclineReason
from saaskit_core.simulation.populations import InvalidPopulation
from saaskit_core.simulation.streams import Mix, mix_of, threshold_of
from saaskit_core.subscriptions.terms import check_quantity
from saaskit_core.testing.behaviours import (
    decline,
    require_action,
    stay_processing,
    time_out_after,
    time_out_before,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from saaskit_core.catalog import Catalog
    from saaskit_core.coupons import Coupon
    from saaskit_core.plans import Plan, Price
    from saaskit_core.simulation.populations import MonthlyRates, Part, PaymentRates, Population
    from saaskit_core.testing.behaviours import Behaviour

T = TypeVar("T")

USUAL_FREQUENCIES = {
    BillingFrequency.MONTHLY: Decimal(60),
    BillingFrequency.YEARLY: Decimal(25),
    BillingFrequency.QUARTERLY: Decimal(8),
    BillingFrequency.SEMI_ANNUALLY: Decimal(4),
    BillingFrequency.WEEKLY: Decimal(2),
    BillingFrequency.ONE_TIME: Decimal(1),
}
USUAL_ZONES = {
    "America/New_York": Decimal(30),
    "Europe/Paris": Decimal(25),
    "America/Los_Angeles": Decimal(15),
    "Europe/London": Decimal(10),
    "UTC": Decimal(5),
    "Asia/Tokyo": Decimal(5),
    "Asia/Kolkata": Decimal(5),
    "Australia/Sydney": Decimal(5),
}
USUAL_QUANTITIES = {1: Decimal(70), 2: Decimal(10), 3: Decimal(8), 5: Decimal(8), 10: Decimal(4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Everything a customer draws from.

    `prices` maps (currency, plan) to the mix of its prices; `above` and `below` a price's id to the
    prices of its group that an upgrade or a downgrade goes to. `chances` are thresholds, `acts` and
    `charges` cumulative ones: the first that a draw is under says what happens, none that nothing
    does.
    """

    plans: Mapping[str, Plan]
    coupons: tuple[Coupon, ...]
    zones: Mix[str]
    currencies: Mix[str]
    plans_in: Mapping[str, Mix[str]]
    prices: Mapping[tuple[str, str], Mix[Price]]
    above: Mapping[str, tuple[Price, ...]]
    below: Mapping[str, tuple[Price, ...]]
    quantities: Mix[int]
    chances: Mapping[str, int]
    acts: tuple[tuple[int, str], ...]
    charges: tuple[tuple[int, Behaviour], ...]
    repeated_charges: tuple[tuple[int, Behaviour], ...]


def open_market(catalog: Catalog, population: Population) -> Market:
    """Put a catalogue and a population together. Raises InvalidPopulation, UnknownTimeZone."""
    plans = _weighed_plans(catalog, population)
    frequencies = population.frequencies or USUAL_FREQUENCIES
    currencies = population.currencies or _every_currency(catalog, plans)
    prices = {
        (currency, key): mix
        for currency, weight in currencies.items()
        for key in plans
        if weight and (mix := _prices(catalog.plan(key), currency, frequencies))
    }
    every = [price for mix in prices.values() for price in mix.values]
    groups = {plan.key: plan.group for plan in catalog.plans}
    return Market(
        plans={plan.key: plan for plan in catalog.plans},
        coupons=tuple(coupon for coupon in catalog.coupons if coupon.is_active),
        zones=_zones(population),
        currencies=_mix("currencies", currencies),
        plans_in={
            currency: _sold(
                currency, {key: plans[key] for key in plans if (currency, key) in prices}
            )
            for currency, weight in currencies.items()
            if weight
        },
        prices=prices,
        above={price.id: _rivals(price, every, groups, sign=1) for price in every},
        below={price.id: _rivals(price, every, groups, sign=-1) for price in every},
        quantities=_quantities(population),
        chances={**_thresholds(population.payments), **_thresholds(population.once)},
        acts=_acts(population.monthly),
        charges=_charges(population.payments, soft=population.payments.soft_decline),
        repeated_charges=_charges(
            population.payments,
            soft=max(population.payments.soft_decline, population.payments.repeated_decline),
        ),
    )


def _weighed_plans(catalog: Catalog, population: Population) -> dict[str, Decimal]:
    """Without weights of its own: of n plans for sale the cheapest weighs n, the dearest 1."""
    known = {plan.key for plan in catalog.plans}
    for key in population.plans:
        if key not in known:
            raise InvalidPopulation(problem=f"plans: the catalogue has no plan {key[:64]!r}")
    if not any(plan.prices for plan in catalog.plans):
        raise InvalidPopulation(problem="the catalogue sells nothing")
    if population.plans:
        return {key: weight for key, weight in population.plans.items() if weight}
    for_sale = [plan for plan in catalog.plans if plan.is_for_sale and plan.prices]
    ranked = sorted(for_sale, key=lambda plan: max(price.monthly for price in plan.prices))
    return {plan.key: Decimal(len(ranked) - rank) for rank, plan in enumerate(ranked)}


def _every_currency(catalog: Catalog, plans: Iterable[str]) -> dict[str, Decimal]:
    found = {price.amount.currency for key in plans for price in catalog.plan(key).prices}
    return {currency: Decimal(1) for currency in sorted(found)}


def _prices(
    plan: Plan, currency: str, frequencies: Mapping[BillingFrequency, Decimal]
) -> Mix[Price] | None:
    """A price of a custom interval, which has no frequency, weighs as much as a quarterly one."""
    usual = frequencies.get(BillingFrequency.QUARTERLY, Decimal(0))
    sold = [price for price in plan.prices if price.amount.currency == currency]
    weights = [
        usual if price.frequency is None else frequencies.get(price.frequency, Decimal(0))
        for price in sold
    ]
    places = mix_of(dict(enumerate(weights)))
    return Mix(tuple(sold[place] for place in places.values), places.weights) if places else None


def _sold(currency: str, plans: Mapping[str, Decimal]) -> Mix[str]:
    exponent(currency)
    mix = mix_of(plans)
    if mix is None:
        raise InvalidPopulation(problem=f"no plan of it is sold in {currency} at its frequencies")
    return mix


def _zones(population: Population) -> Mix[str]:
    weights = population.zones or USUAL_ZONES
    for name in weights:
        zone(name)
    return _mix("zones", weights)


def _quantities(population: Population) -> Mix[int]:
    weights = population.quantities or USUAL_QUANTITIES
    for quantity in weights:
        check_quantity(quantity)
    return _mix("quantities", weights)


def _mix(name: str, weights: Mapping[T, Decimal]) -> Mix[T]:
    mix = mix_of(weights)
    if mix is None:
        raise InvalidPopulation(problem=f"{name}: nothing weighs more than 0")
    return mix


def _rivals(
    price: Price, every: Iterable[Price], groups: Mapping[str, str], *, sign: int
) -> tuple[Price, ...]:
    """Prices of the same group and currency that cost more (or less) per month.

    Those of the same interval where there are any.
    """
    if not price.is_recurring:
        return ()
    others = [
        other
        for other in every
        if other.is_recurring
        and groups[other.plan] == groups[price.plan]
        and other.amount.currency == price.amount.currency
        and (other.monthly - price.monthly) * sign > 0
    ]
    alike = [other for other in others if other.interval == price.interval]
    return tuple(alike or others)


def _thresholds(rates: Part) -> dict[str, int]:
    return {name: threshold_of(getattr(rates, name)) for name in type(rates).model_fields}


def _acts(rates: MonthlyRates) -> tuple[tuple[int, str], ...]:
    """Cumulative thresholds, so that one draw says which of them happens in a month."""
    thresholds = _thresholds(rates)
    return tuple(zip(accumulate(thresholds.values()), thresholds, strict=True))


def _charges(rates: PaymentRates, *, soft: Decimal) -> tuple[tuple[int, Behaviour], ...]:
    """What is over 1, because declines repeat, comes off the other behaviours."""
    shares = (
        (soft, decline(DeclineReason.INSUFFICIENT_FUNDS)),
        (rates.hard_decline, decline(DeclineReason.EXPIRED_CARD)),
        (rates.requires_action, require_action()),
        (rates.late_answer, stay_processing()),
        (rates.timeout_before, time_out_before()),
        (rates.timeout_after, time_out_after()),
    )
    bounds = accumulate(threshold_of(share) for share, _ in shares)
    return tuple(zip(bounds, (behaviour for _, behaviour in shares), strict=True))
