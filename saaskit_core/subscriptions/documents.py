"""Facts, prices and add-ons as JSON documents, for logs that outlive the process.

The spelling is that of a history file (`saaskit explain`): a fact is its name and its fields.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency, Interval, Period, Unit, utc
from saaskit_core.plans import Price
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.model import NextPrice
from saaskit_core.subscriptions.policies import ChangeTiming, PriceChange, UnusedTime
from saaskit_core.subscriptions.states import (
    BilledBy,
    Collection,
    StatusReason,
    SubscriptionStatus,
)
from saaskit_core.subscriptions.terms import AddOn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from saaskit_core.features.documents import JSON

KINDS: dict[str, type[facts.Fact | facts.Started]] = {
    kind.__name__: kind for kind in (facts.Started, *facts.KINDS)
}
"""The names of facts as a document spells them."""


class UnreadableFact(SaasKitError):
    code = "unreadable_fact"
    template = "The fact %(fact)s can't be read: %(problem)s."


def fact_document(fact: facts.Fact | facts.Started) -> dict[str, JSON]:
    """Return a fact as `{"fact": name, "with": {field: value}}`, without what it leaves open.

    Defaults are written out: a log must not change its meaning when a default does.
    """
    said = {field.name: getattr(fact, field.name) for field in fields(fact)}
    return {
        "fact": type(fact).__name__,
        "with": {name: _written(value) for name, value in said.items() if value is not None},
    }


def fact_of(document: Mapping[str, Any]) -> facts.Fact | facts.Started:
    """Return the fact that a document holds. Raises UnreadableFact."""
    name, given = str(document.get("fact", ""))[:40], document.get("with", {})
    kind = KINDS.get(name)
    if kind is None:
        raise UnreadableFact(fact=name or "without a name", problem="there is none of that name")
    make: Callable[..., facts.Fact | facts.Started] = kind
    try:
        return make(**{key: _read(kind, key, value) for key, value in given.items()})
    except SaasKitError as exc:
        raise UnreadableFact(fact=name, problem=str(exc).rstrip(".")) from exc
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnreadableFact(fact=name, problem=str(exc)[:80]) from exc


def price_document(price: Price) -> dict[str, JSON]:
    """Return a price as a document; it says everything, so that reading it needs no catalogue."""
    often: dict[str, JSON] = {}
    if price.frequency is not None:
        often = {"frequency": price.frequency.value}
    elif price.interval is not None:
        often = {"every": price.interval.count, "unit": price.interval.unit.value}
    return {
        "id": price.id,
        "plan": price.plan,
        "amount": f"{price.amount.decimal:f}",
        "currency": price.amount.currency,
        "version": price.version,
        **often,
    }


def price_of(document: Mapping[str, Any]) -> Price:
    """Return the price that a document holds. Raises KeyError, ValueError, SaasKitError."""
    frequency, unit = document.get("frequency"), document.get("unit")
    return Price(
        id=document["id"],
        plan=document["plan"],
        amount=Money.of(document["amount"], document["currency"]),
        frequency=BillingFrequency(frequency) if frequency else None,
        interval=Interval(Unit(unit), document["every"]) if unit else None,
        version=document["version"],
    )


def add_ons_document(add_ons: Iterable[AddOn]) -> list[JSON]:
    """Return add-ons as a list of prices with their quantities."""
    return [{"price": price_document(each.price), "quantity": each.quantity} for each in add_ons]


def add_ons_of(document: Iterable[Mapping[str, Any]]) -> tuple[AddOn, ...]:
    """Return the add-ons that a document holds. Raises as `price_of` does, and InvalidQuantity."""
    return tuple(
        AddOn(price=price_of(each["price"]), quantity=each["quantity"]) for each in document
    )


def next_prices_document(next_prices: Iterable[NextPrice]) -> list[JSON]:
    """Return the newer versions that a subscription will follow as a list."""
    return [
        {"price": price_document(each.price), "effective_at": each.effective_at.isoformat()}
        for each in next_prices
    ]


def next_prices_of(document: Iterable[Mapping[str, Any]]) -> tuple[NextPrice, ...]:
    """Return the newer versions that a document holds. Raises as `price_of` does."""
    return tuple(
        NextPrice(price=price_of(each["price"]), effective_at=_instant(each["effective_at"]))
        for each in document
    )


def _written(value: object) -> JSON:
    match value:
        case bool() | int():
            return value
        case str():
            return str(value)
        case datetime():
            return value.isoformat()
        case Price():
            return price_document(value)
        case Period(starts_at=starts_at, ends_at=ends_at):
            return [starts_at.isoformat(), ends_at.isoformat()]
        case _:
            return add_ons_document(value)  # type: ignore[arg-type]  # All that is left.


def _read(kind: type[object], name: str, value: Any) -> object:
    if value is None or (name == "reason" and kind is facts.Extended):
        return value
    return _READ.get(name, _as_it_is)(value)


def _as_it_is(value: object) -> object:
    return value


def _instant(text: str) -> datetime:
    return utc(datetime.fromisoformat(text))


def _period(value: tuple[str, str]) -> Period:
    starts_at, ends_at = value
    return Period(_instant(starts_at), _instant(ends_at))


_READ: dict[str, Callable[[Any], object]] = {
    "add_ons": add_ons_of,
    "at": _instant,
    "billed_by": BilledBy,
    "collection": Collection,
    "ends_at": _instant,
    "period": _period,
    "policy": PriceChange,
    "price": price_of,
    "reason": StatusReason,
    "resumes_at": _instant,
    "starts_at": _instant,
    "status": SubscriptionStatus,
    "timing": ChangeTiming,
    "to": _instant,
    "unused": UnusedTime,
    "when": facts.CancelWhen,
}
"""Fields that JSON can't hold as they are → how they are read."""
