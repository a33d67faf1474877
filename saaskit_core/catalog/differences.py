"""What differs between two catalogues, and what that means for who subscribes already."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.catalog.granted import granted
from saaskit_core.features import BUILTIN, UNLIMITED, UNLIMITED_WORD, Definitions
from saaskit_core.subscriptions.policies import PriceChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from saaskit_core.catalog.building import Catalog
    from saaskit_core.coupons import Coupon
    from saaskit_core.features import FeatureDefinition
    from saaskit_core.plans import Plan, Price


class DifferenceKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Part(StrEnum):
    """What of a catalogue differs."""

    PLAN = "plan"
    PRICE = "price"
    GRANT = "grant"
    FEATURE = "feature"
    COUPON = "coupon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. `key` names the part ("pro/Monthly/USD"), `field` what of it changed.

    `effect` says what becomes of existing subscriptions.
    """

    kind: DifferenceKind
    part: Part
    key: str
    plan: str = ""
    field: str = ""
    before: str = ""
    after: str = ""
    effect: str = ""

    def __str__(self) -> str:
        """Word it for people."""
        name = f"{self.part} {self.key}" + (f", {self.field}" if self.field else "")
        values = {
            DifferenceKind.ADDED: self.after,
            DifferenceKind.REMOVED: self.before,
            DifferenceKind.CHANGED: f"{self.before} → {self.after}",
        }[self.kind]
        told = f"{self.kind} {name}" + (f": {values}" if values else "")
        return f"{told} ({self.effect})" if self.effect else told


def diff(
    old: Catalog,
    new: Catalog,
    *,
    price_change: PriceChange = PriceChange.NEXT_PERIOD,
    definitions: Definitions = BUILTIN,
) -> tuple[Difference, ...]:
    """Return what is added, removed and changed from one catalogue to another.

    A price never changes: another amount is a new version of it, and `price_change` decides who
    follows. `definitions` are the features that are installed besides those of the catalogues.
    """
    return (
        *_features(old, new),
        *_plans(old, new, price_change, definitions),
        *_coupons(old, new),
    )


def prices_of(plan: Plan) -> dict[tuple[str, str], Price]:
    """Return a plan's prices by frequency and currency."""
    return {(str(price.frequency), price.amount.currency): price for price in plan.prices}


EFFECTS = {
    PriceChange.NEXT_PERIOD: "a new version; who has the old one follows with his next period",
    PriceChange.NOW: "a new version; who has the old one follows now",
    PriceChange.NEVER: "a new version; who has the old one keeps it",
}
KEPT = "no longer sold; who has it keeps it"
_PLAN_FIELDS = ("name", "description", "group", "trial_days", "is_public", "is_active")
_FEATURE_FIELDS = ("type", "default", "merge", "choices", "description", "is_enabled")
_COUPON_FIELDS = (
    "description",
    "percent",
    "amounts",
    "duration",
    "duration_months",
    "max_uses",
    "max_uses_per_customer",
    "starts_at",
    "ends_at",
    "minimums",
    "plans",
    "first_purchase_only",
    "stackable",
    "is_active",
    "trial_days",
)


def _plans(
    old: Catalog, new: Catalog, price_change: PriceChange, definitions: Definitions
) -> Iterator[Difference]:
    before, after = ({plan.key: plan for plan in each.plans} for each in (old, new))
    for key in before:
        if key not in after:
            yield _gone(Part.PLAN, key, plan=key, effect=KEPT)
    for key, plan in after.items():
        if key not in before:
            yield _come(Part.PLAN, key, plan=key)
            yield from (_come(Part.PRICE, _name(p), _told(p.amount), plan=key) for p in plan.prices)
            continue
        yield from _fields(Part.PLAN, key, before[key], plan, _PLAN_FIELDS, plan=key)
        yield from _prices(before[key], plan, price_change)
        yield from _grants(
            (before[key], {**definitions, **_by_path(old)}),
            (plan, {**definitions, **_by_path(new)}),
        )


def _prices(old: Plan, new: Plan, price_change: PriceChange) -> Iterator[Difference]:
    before, after = prices_of(old), prices_of(new)
    for key, price in before.items():
        if key not in after:
            yield _gone(Part.PRICE, _name(price), _told(price.amount), plan=old.key, effect=KEPT)
    for key, price in after.items():
        if key not in before:
            yield _come(Part.PRICE, _name(price), _told(price.amount), plan=new.key)
        elif before[key].amount != price.amount:
            yield Difference(
                kind=DifferenceKind.CHANGED,
                part=Part.PRICE,
                key=_name(price),
                plan=new.key,
                before=_told(before[key].amount),
                after=_told(price.amount),
                effect=EFFECTS[price_change],
            )


def _grants(old: tuple[Plan, Definitions], new: tuple[Plan, Definitions]) -> Iterator[Difference]:
    before, after = granted(*old), granted(*new)
    effect = "for everybody on the plan, at once"
    for path in sorted(before.keys() | after.keys()):
        key = f"{new[0].key}: {path}"
        if path not in after:
            told = _told(before[path])
            yield _gone(Part.GRANT, key, told, plan=new[0].key, effect=effect)
        elif path not in before:
            told = _told(after[path])
            yield _come(Part.GRANT, key, told, plan=new[0].key, effect=effect)
        elif before[path] != after[path]:
            yield Difference(
                kind=DifferenceKind.CHANGED,
                part=Part.GRANT,
                key=key,
                plan=new[0].key,
                before=_told(before[path]),
                after=_told(after[path]),
                effect=effect,
            )


def _features(old: Catalog, new: Catalog) -> Iterator[Difference]:
    yield from _named(Part.FEATURE, _by_path(old), _by_path(new), _FEATURE_FIELDS)


def _coupons(old: Catalog, new: Catalog) -> Iterator[Difference]:
    before, after = ({coupon.code: coupon for coupon in each.coupons} for each in (old, new))
    yield from _named(Part.COUPON, before, after, _COUPON_FIELDS)


def _named(
    part: Part,
    before: Mapping[str, FeatureDefinition] | Mapping[str, Coupon],
    after: Mapping[str, FeatureDefinition] | Mapping[str, Coupon],
    fields: tuple[str, ...],
) -> Iterator[Difference]:
    for key in before:
        if key not in after:
            yield _gone(part, key)
    for key, value in after.items():
        if key in before:
            yield from _fields(part, key, before[key], value, fields)
        else:
            yield _come(part, key)


def _fields(
    part: Part, key: str, before: object, after: object, names: tuple[str, ...], *, plan: str = ""
) -> Iterator[Difference]:
    for name in names:
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            yield Difference(
                kind=DifferenceKind.CHANGED,
                part=part,
                key=key,
                plan=plan,
                field=name,
                before=_told(one),
                after=_told(other),
            )


def _gone(
    part: Part, key: str, before: str = "", *, plan: str = "", effect: str = ""
) -> Difference:
    return Difference(
        kind=DifferenceKind.REMOVED, part=part, key=key, plan=plan, before=before, effect=effect
    )


def _come(part: Part, key: str, after: str = "", *, plan: str = "", effect: str = "") -> Difference:
    return Difference(
        kind=DifferenceKind.ADDED, part=part, key=key, plan=plan, after=after, effect=effect
    )


def _by_path(catalog: Catalog) -> dict[str, FeatureDefinition]:
    return {each.path: each for each in catalog.features}


def _name(price: Price) -> str:
    return f"{price.plan}/{price.frequency}/{price.amount.currency}"


def _told(value: object) -> str:
    """Write a value the same way every time."""
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(map(str, value))) or "–"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "–"
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == UNLIMITED:
        return UNLIMITED_WORD
    return str(value)
