"""From a catalogue document to plans, features and coupons, collecting every mistake on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.catalog.located import Path, dotted
from saaskit_core.catalog.problems import CatalogProblem
from saaskit_core.coupons import Coupon, DiscountType
from saaskit_core.errors import SaasKitError
from saaskit_core.features import (
    BUILTIN,
    JSON,
    Definitions,
    FeatureDefinition,
    define,
    problems,
    validated,
)
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency, zone
from saaskit_core.plans import Plan, Price

if TYPE_CHECKING:
    from collections.abc import Callable

    from saaskit_core.catalog.documents import (
        CatalogDocument,
        CouponDocument,
        FeatureDocument,
        PlanDocument,
    )
    from saaskit_core.catalog.sources import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What a catalogue says: the features it adds, its plans and its coupons."""

    features: tuple[FeatureDefinition, ...] = ()
    plans: tuple[Plan, ...] = ()
    coupons: tuple[Coupon, ...] = ()

    def plan(self, key: str) -> Plan:
        """Return the plan called `key`. Raises KeyError."""
        return {plan.key: plan for plan in self.plans}[key]


@dataclass(slots=True)
class Builder:
    """Builds core values from one document; what the core refuses becomes a problem with a line."""

    source: Source
    installed: Definitions
    problems: list[CatalogProblem] = field(default_factory=list)

    def build(self, document: CatalogDocument) -> Catalog:
        """Return the catalogue; look at `problems` before using it."""
        features = [self._feature(path, each) for path, each in document.features.items()]
        added = tuple(each for each in features if each)
        every = {**self.installed, **{each.path: each for each in added}}.values()
        definitions = self._try(("features",), lambda: define(every)) or self.installed
        self._refuse_repeats("plans", [plan.key for plan in document.plans])
        self._refuse_repeats("coupons", [each.code.strip().upper() for each in document.coupons])
        plans = [self._plan(i, each, definitions) for i, each in enumerate(document.plans)]
        keys = [plan.key for plan in document.plans]
        coupons = [self._coupon(i, each, keys) for i, each in enumerate(document.coupons)]
        return Catalog(
            features=added,
            plans=tuple(plan for plan in plans if plan),
            coupons=tuple(coupon for coupon in coupons if coupon),
        )

    def _feature(self, path: str, document: FeatureDocument) -> FeatureDefinition | None:
        where: Path = ("features", path)
        if path in BUILTIN:
            built_in = "it is built in: only plans may set it"
            self._add(where, built_in, "choose another path", code="built_in_feature")
            return None
        return self._try(
            where,
            lambda: FeatureDefinition(
                path=path,
                type=document.type,
                default=document.default,
                merge=document.merge,
                choices=document.choices,
                description=document.description,
                is_enabled=document.enabled,
            ),
        )

    def _plan(self, index: int, document: PlanDocument, definitions: Definitions) -> Plan | None:
        where: Path = ("plans", index)
        features = self._features((*where, "features"), document, definitions)
        prices = [
            self._price((*where, "prices", frequency), document.key, amount, currency)
            for frequency, amounts in document.prices.items()
            for currency, amount in amounts.items()
        ]
        return self._try(
            where,
            lambda: Plan(
                key=document.key,
                name=document.name,
                description=document.description,
                group=document.group,
                trial_days=document.trial_days,
                features=features,
                prices=tuple(price for price in prices if price),
                is_public=document.public,
                is_active=document.active,
            ),
        )

    def _features(
        self, where: Path, document: PlanDocument, definitions: Definitions
    ) -> dict[str, JSON]:
        found = problems(document.features, definitions)
        for problem in found:
            path = str(problem.params["path"])
            self._add((*where, *path.split(".")), str(problem), code=problem.code)
        return {} if found else validated(document.features, definitions)

    def _price(self, where: Path, plan: str, amount: str, currency: str) -> Price | None:
        frequency = BillingFrequency(str(where[-1]))
        return self._try(
            (*where, currency),
            lambda: Price(
                id=f"{plan}/{frequency}/{currency}/v1",
                plan=plan,
                amount=Money.of(amount, currency),
                frequency=frequency,
            ),
        )

    def _coupon(self, index: int, document: CouponDocument, plans: list[str]) -> Coupon | None:
        where: Path = ("coupons", index)
        before = len(self.problems)
        for position, key in enumerate(document.plans):
            if key not in plans:
                there = (*where, "plans", position)
                self._add(there, f"no plan {key!r}", _close(key, plans), code="unknown_plan")
        amounts = self._amounts((*where, "amounts"), document.amounts)
        minimums = self._amounts((*where, "minimums"), document.minimums)
        starts_at = self._moment((*where, "valid_from"), document.valid_from, document.time_zone)
        ends_at = self._moment((*where, "valid_until"), document.valid_until, document.time_zone)
        if len(self.problems) > before:
            return None
        return self._try(where, lambda: _coupon(document, amounts, minimums, starts_at, ends_at))

    def _amounts(self, where: Path, amounts: dict[str, str]) -> dict[str, int]:
        found = {}
        for currency, amount in amounts.items():
            money = self._try((*where, currency), partial(Money.of, amount, currency))
            if money:
                found[currency] = money.minor
        return found

    def _moment(self, where: Path, text: str | None, tz: str) -> datetime | None:
        """A plain date is a whole day of the zone: as an end, it is the midnight after it."""
        if text is None:
            return None
        local = self._try((*where[:-1], "time_zone"), lambda: zone(tz))
        try:
            if "T" not in text.upper() and " " not in text:
                day = date.fromisoformat(text) + timedelta(days=where[-1] == "valid_until")
                return datetime(day.year, day.month, day.day, tzinfo=local)
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            problem = f"{text[:40]!r} is not a date or an instant"
            self._add(where, problem, "2026-07-06 or RFC 3339", code="not_a_date")
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=local)

    def _refuse_repeats(self, name: str, keys: list[str]) -> None:
        for index, key in enumerate(keys):
            if key in keys[:index]:
                repeated = f"{key!r} is already there"
                self._add((name, index), repeated, "each one once", code=f"duplicate_{name[:-1]}")

    def _try(self, where: Path, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except SaasKitError as problem:
            self._add(where, str(problem), code=problem.code)
            return None

    def _add(self, where: Path, problem: str, allowed: str = "", *, code: str) -> None:
        line = self.source.line(where)
        self.problems.append(
            CatalogProblem(
                line=line, where=dotted(where), problem=problem, allowed=allowed, code=code
            )
        )


def _coupon(
    document: CouponDocument,
    amounts: dict[str, int],
    minimums: dict[str, int],
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> Coupon:
    fixed = document.percent is None
    return Coupon(
        code=document.code,
        description=document.description,
        discount_type=DiscountType.FIXED if fixed else DiscountType.PERCENTAGE,
        percent=document.percent,
        amounts=amounts,
        duration=document.duration,
        duration_months=document.months,
        max_uses=document.max_uses,
        max_uses_per_customer=document.max_uses_per_customer,
        starts_at=starts_at,
        ends_at=ends_at,
        minimums=minimums,
        plans=frozenset(document.plans),
        first_purchase_only=document.first_purchase_only,
        stackable=document.stackable,
        is_active=document.active,
        trial_days=document.trial_days,
    )


def _close(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known) or 'none'}"
