"""From a history file to the log of a subscription: what is wrong is named with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from saaskit_core.billing.history_documents import (
    AddOnDocument,
    EntryDocument,
    HistoryDocument,
    PriceDocument,
    StartDocument,
)
from saaskit_core.catalog import Catalog
from saaskit_core.catalog.mistakes import mistakes
from saaskit_core.coupons import AppliedCoupon
from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency, Interval, Period, utc
from saaskit_core.plans import Price
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.log import BrokenLog, LogEntry, begin_log, logged, status_text
from saaskit_core.subscriptions.policies import ChangeTiming, Policies, PriceChange, UnusedTime
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from saaskit_core.subscriptions.model import Subscription


class BadHistory(SaasKitError):
    code = "bad_history"
    template = "%(where)s: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a file says: the log, the policies that hold, and the coupons on the subscription.

    `idle` names the entries that changed nothing, such as a payment that nobody waited for: they
    are not in the log.
    """

    entries: tuple[LogEntry, ...]
    policies: Policies
    coupons: tuple[AppliedCoupon, ...] = ()
    idle: tuple[str, ...] = ()


def parse_history(text: str) -> HistoryDocument:
    """Read the file's text. Raises BadHistory for what isn't JSON or has another shape."""
    try:
        return HistoryDocument.model_validate(json.loads(text))
    except ValidationError as exc:
        first = next(mistakes(exc, HistoryDocument))
        where = ".".join(str(part) for part in first.where) or "the file"
        raise BadHistory(where=where, problem=str(first)) from None
    except ValueError as exc:
        raise BadHistory(where="the file", problem=f"it is not JSON ({exc})") from None


def build_history(document: HistoryDocument, *, catalog: Catalog | None = None) -> History:
    """Apply the facts of a document, one after the other.

    A payment fact without `invoice_key` is about the invoice that is open then. Raises BadHistory,
    BrokenLog where a status that is said isn't the one the rules give, and what the facts raise.
    """
    return _Reader(document=document, catalog=catalog or Catalog()).read()


@dataclass(slots=True, kw_only=True)
class _Reader:
    document: HistoryDocument
    catalog: Catalog
    where: str = "subscription"

    def read(self) -> History:
        self.where = "policies"
        policies = _policies(self.document.policies)
        coupons = tuple(self._coupon(code) for code in self.document.coupons)
        self.where = "subscription"
        start = self.document.subscription
        moved, entries = begin_log(
            self._started(start), now=self._instant(start.at), policies=policies, actor=start.actor
        )
        current, idle = moved.subscription, []
        for number, entry in enumerate(self.document.log):
            self.where = f"log.{number}"
            fact = self._fact(entry, current)
            at = self._instant(entry.at)
            moved, entries = logged(
                entries, current, fact, now=at, policies=policies, actor=entry.actor
            )
            current = moved.subscription
            if not moved.applied:
                idle.append(f"{self.where}: {entry.fact}")
            self._check(entry, current, number + 2)
        return History(entries=entries, policies=policies, coupons=coupons, idle=tuple(idle))

    def _started(self, start: StartDocument) -> facts.Started:
        return facts.Started(
            id=start.id,
            customer_id=start.customer,
            price=self._price(start.price),
            quantity=start.quantity,
            add_ons=tuple(self._add_on(each) for each in start.add_ons),
            group=start.group,
            zone=start.zone,
            starts_at=self._instant(start.starts_at) if start.starts_at else None,
            ends_at=self._instant(start.ends_at) if start.ends_at else None,
            trial_days=start.trial_days,
            has_method=start.has_method,
            is_paid=start.is_paid,
            auto_renew=start.auto_renew,
            collection=start.collection,
            previous_id=start.previous_id,
        )

    def _fact(self, entry: EntryDocument, current: Subscription) -> facts.Fact:
        kind = FACTS.get(entry.fact)
        if kind is None:
            raise self._bad(f"there is no fact {entry.fact[:40]!r}; there are {', '.join(FACTS)}")
        known = {field.name for field in fields(kind)}
        unknown = sorted(set(entry.details) - known)
        if unknown:
            allowed = ", ".join(sorted(known)) or "nothing"
            raise self._bad(f"{entry.fact} has no {unknown[0][:40]!r}; it has {allowed}")
        given = {name: self._value(kind, name, value) for name, value in entry.details.items()}
        usual = _about_open_invoice(kind, current)
        make: Callable[..., facts.Fact] = kind
        try:
            return make(**{**usual, **given})
        except TypeError:
            raise self._bad(f"{entry.fact} needs {', '.join(sorted(known - set(given)))}") from None

    def _value(self, kind: type[facts.Fact], name: str, value: object) -> object:
        try:
            return self._converted(kind, name, value)
        except (ValueError, TypeError) as exc:
            if isinstance(exc, ValidationError):
                model = AddOnDocument if name == "add_ons" else PriceDocument
                first = next(mistakes(exc, model))
                place = ".".join(str(part) for part in (name, *first.where))
                raise self._bad(f"{place}: {first}") from None
            raise self._bad(f"{name} can't be {str(value)[:40]!r}") from None

    def _converted(self, kind: type[facts.Fact], name: str, value: object) -> object:
        if value is None:
            return None
        if name in INSTANTS:
            return self._instant(str(value))
        if name == "price":
            return self._price(PriceDocument.model_validate(value))
        if name in ("add_ons", "period"):
            return self._parts(name, value)
        if name == "reason" and kind is facts.Extended:
            return str(value)
        return ENUMS[name](str(value)) if name in ENUMS else _scalar(name, value)

    def _parts(self, name: str, value: object) -> object:
        if not isinstance(value, list):
            raise TypeError(name)
        if name == "period":
            starts_at, ends_at = value
            return Period(self._instant(str(starts_at)), self._instant(str(ends_at)))
        return tuple(self._add_on(AddOnDocument.model_validate(each)) for each in value)

    def _price(self, document: PriceDocument) -> Price:
        if document.amount is None:
            return self._listed(document)
        interval = None
        frequency = document.frequency
        if document.unit is not None:
            interval = Interval(document.unit, 1 if document.every is None else document.every)
        elif frequency is None:
            frequency = BillingFrequency.MONTHLY
        return Price(
            id=document.id or f"{document.plan}/{document.currency}/v{document.version}",
            plan=document.plan,
            amount=Money.of(document.amount, document.currency),
            frequency=frequency,
            interval=interval,
            version=document.version,
        )

    def _listed(self, document: PriceDocument) -> Price:
        frequency = document.frequency or BillingFrequency.MONTHLY
        for plan in self.catalog.plans:
            if plan.key == document.plan:
                return plan.price(currency=document.currency, frequency=frequency)
        raise self._bad(f"there is no plan {document.plan[:40]!r} in the catalogue: say its amount")

    def _add_on(self, document: AddOnDocument) -> AddOn:
        return AddOn(price=self._price(document.price), quantity=document.quantity)

    def _coupon(self, code: str) -> AppliedCoupon:
        self.where = "coupons"
        for coupon in self.catalog.coupons:
            if coupon.code == code.strip().upper():
                return AppliedCoupon(coupon=coupon)
        raise self._bad(f"there is no coupon {code[:40]!r} in the catalogue")

    def _instant(self, text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise self._bad(f"{text[:40]!r} is not an ISO 8601 date or instant") from None
        return utc(at if at.tzinfo else at.replace(tzinfo=UTC))

    def _check(self, entry: EntryDocument, current: Subscription, sequence: int) -> None:
        if entry.status is None:
            return
        reason = current.status_reason if entry.reason is None else entry.reason
        if (entry.status, reason) != (current.status, current.status_reason):
            said = (
                f"{entry.status[:20]} ({entry.reason[:30]})" if entry.reason else entry.status[:20]
            )
            found = status_text(current.status, current.status_reason)
            problem = f"it says {said}, the rules say {found}"
            raise BrokenLog(sequence=sequence, problem=problem)

    def _bad(self, problem: str) -> BadHistory:
        return BadHistory(where=self.where, problem=problem)


def _scalar(name: str, value: object) -> object:
    if type(value) is not SCALARS[name]:
        raise TypeError(name)
    return value


def _policies(given: Mapping[str, object]) -> Policies:
    known = {field.name for field in fields(Policies)}
    unknown = sorted(set(given) - known)
    if unknown:
        problem = f"there is no policy {unknown[0][:40]!r}; there are {', '.join(sorted(known))}"
        raise BadHistory(where="policies", problem=problem)
    try:
        return Policies(**given)  # type: ignore[arg-type]
    except TypeError as exc:
        raise BadHistory(where="policies", problem=str(exc)[:80]) from None


def _about_open_invoice(kind: type[facts.Fact], current: Subscription) -> dict[str, object]:
    change = current.pending_change
    if kind is facts.ChangePaid:
        return {"invoice_key": change.key if change else ""}
    if kind is facts.PaymentSucceeded:
        return {"invoice_key": current.awaiting_key}
    if kind in (facts.PaymentFailed, facts.PaymentActionRequired):
        return {"invoice_key": current.awaiting_key, "attempt": current.attempt}
    return {}


INSTANTS = frozenset({"at", "to", "starts_at", "resumes_at"})
SCALARS: dict[str, type] = {
    "attempt": int,
    "dispute_id": str,
    "has_method": bool,
    "invoice_key": str,
    "is_hard": bool,
    "is_won": bool,
    "quantity": int,
    "trial_days": int,
    "version": int,
}
ENUMS: dict[str, Callable[[str], object]] = {
    "when": facts.CancelWhen,
    "reason": StatusReason,
    "unused": UnusedTime,
    "timing": ChangeTiming,
    "policy": PriceChange,
    "status": SubscriptionStatus,
}
FACTS: dict[str, type[facts.Fact]] = {kind.__name__: kind for kind in facts.KINDS}
"""The names of facts as a file spells them."""
