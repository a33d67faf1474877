"""Checks of prices: what is missing, what contradicts itself, what nobody can buy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.periods import BillingFrequency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saaskit_core.catalog.findings import Finding, Subject
    from saaskit_core.plans import Plan, Price

LONGER = (
    BillingFrequency.QUARTERLY,
    BillingFrequency.SEMI_ANNUALLY,
    BillingFrequency.YEARLY,
)


def check_prices(subject: Subject) -> Iterator[Finding]:
    """Yield what is suspicious about the prices of the plans that are active."""
    for plan in subject.active_plans:
        yield from _nothing_to_buy(subject, plan)
        yield from _free_among_paid(subject, plan)
        yield from _trial_of_nothing(subject, plan)
        yield from _missing_yearly(subject, plan)
        yield from _dearer_for_longer(subject, plan)
    yield from _missing_currencies(subject)


def _nothing_to_buy(subject: Subject, plan: Plan) -> Iterator[Finding]:
    if plan.is_public and not plan.prices:
        problem = f"{plan.key} is public but has no price, so nobody can choose it"
        allowed = "give it a price, or make it not public"
        yield subject.warn("nothing_for_sale", subject.plan_path(plan), problem, allowed)


def _free_among_paid(subject: Subject, plan: Plan) -> Iterator[Finding]:
    if all(price.is_free for price in plan.prices):
        return
    for price in plan.prices:
        if price.is_free:
            problem = f"{plan.key} is paid, but costs nothing {price.frequency} in {_code(price)}"
            yield subject.warn("free_among_paid", subject.price_path(price), problem)


def _trial_of_nothing(subject: Subject, plan: Plan) -> Iterator[Finding]:
    if plan.trial_days and plan.prices and all(price.is_free for price in plan.prices):
        where = (*subject.plan_path(plan), "trial_days")
        yield subject.warn("trial_of_free_plan", where, f"{plan.key} is free and has a trial")


def _missing_yearly(subject: Subject, plan: Plan) -> Iterator[Finding]:
    yearly = {_code(price) for price in plan.prices if price.frequency is BillingFrequency.YEARLY}
    for price in _monthly(plan).values():
        if not price.is_free and _code(price) not in yearly:
            problem = f"{plan.key} has a monthly but no yearly price in {_code(price)}"
            yield subject.warn("yearly_price_missing", subject.price_path(price), problem)


def _dearer_for_longer(subject: Subject, plan: Plan) -> Iterator[Finding]:
    monthly = _monthly(plan)
    for price in plan.prices:
        usual = monthly.get(_code(price))
        if price.frequency not in LONGER or usual is None or price.interval is None:
            continue
        if price.monthly > usual.monthly:
            months = price.interval.months
            problem = f"{price.amount} {price.frequency} is more than {months} times {usual.amount}"
            yield subject.warn("dearer_for_longer", subject.price_path(price), problem)


def _missing_currencies(subject: Subject) -> Iterator[Finding]:
    """Plans of one group are offered side by side, so they should be sold in the same money."""
    known: dict[str, set[str]] = {}
    for plan in subject.active_plans:
        known.setdefault(plan.group, set()).update(map(_code, plan.prices))
    for plan in subject.active_plans:
        missing = sorted(known[plan.group] - set(map(_code, plan.prices)))
        if plan.prices and missing:
            where = (*subject.plan_path(plan), "prices")
            problem = f"{plan.key} has no price in {', '.join(missing)}, in which others are sold"
            yield subject.warn("currency_missing", where, problem)


def _monthly(plan: Plan) -> dict[str, Price]:
    found = (price for price in plan.prices if price.frequency is BillingFrequency.MONTHLY)
    return {_code(price): price for price in found}


def _code(price: Price) -> str:
    return price.amount.currency
