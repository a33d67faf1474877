"""The provider of a simulation: it behaves as it is scripted, and keeps books that can be asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from saaskit_core.money import Money
from saaskit_core.payment_states import PaymentState
from saaskit_core.provider_errors import HARD_DECLINES, DeclineReason, Outcome, ProviderUnavailable
from saaskit_core.providers import PaymentResult
from saaskit_core.testing.behaviours import Behaviour, Effect, decline, succeed

if TYPE_CHECKING:
    from saaskit_core.simulation.markets import Market
    from saaskit_core.simulation.streams import Stream

NAME = "simulated"
LONGEST_DELAY = 72 * 3600
"""Seconds after which a late answer is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One charge of a customer's method (the first card he brings is 1).

    `is_repeat` says that the last attempt for the same invoice was declined.
    """

    customer_id: str
    reference: str
    invoice_key: str
    amount: Money
    attempt: int
    method: int
    at: datetime
    is_repeat: bool


class Payer(Protocol):
    """What a simulation asks of a provider."""

    def charge(self, charge: Charge) -> PaymentResult:
        """Charge the method. Raises ProviderUnavailable when no answer comes."""
        ...

    def find(self, reference: str, *, now: datetime) -> PaymentResult | None:
        """Return what became of a charge, None when it never arrived."""
        ...

    def deliveries(self, reference: str) -> tuple[datetime, ...]:
        """Return when webhooks about a charge that isn't over will come."""
        ...

    def refund(self, reference: str, amount: Money, *, now: datetime) -> PaymentResult:
        """Give back a part of a charge that succeeded."""
        ...


@dataclass(slots=True, kw_only=True)
class _Record:
    charge: Charge
    state: PaymentState
    ready_at: datetime
    decline: DeclineReason | None = None
    waiting: PaymentState = PaymentState.PROCESSING
    refunded: int = 0


class ScriptedPayer:
    """One customer's provider. Another script is a subclass with another `behaviour`."""

    def __init__(self, market: Market, stream: Stream) -> None:
        """Draw from `stream` what the market's population says of payments."""
        self._market = market
        self._stream = stream
        self._records: dict[str, _Record] = {}
        self._dead: set[int] = set()

    def behaviour(self, charge: Charge) -> Behaviour:
        """Say how a charge goes. A card that was hard-declined never works again."""
        if charge.method in self._dead:
            return decline(DeclineReason.EXPIRED_CARD)
        drawn = self._stream.draw()
        market = self._market
        for bound, behaviour in market.repeated_charges if charge.is_repeat else market.charges:
            if drawn < bound:
                return behaviour
        return _WORKS

    def charge(self, charge: Charge) -> PaymentResult:
        """Charge the method. Raises ProviderUnavailable when no answer comes."""
        behaviour = self.behaviour(charge)
        if behaviour.effect in _NOT_SENT:
            raise ProviderUnavailable(provider=NAME, outcome=Outcome.NOT_SENT)
        if behaviour.effect is Effect.TIME_OUT_BEFORE:
            raise ProviderUnavailable(provider=NAME, outcome=Outcome.UNKNOWN)
        record = self._recorded(charge, behaviour)
        self._records[charge.reference] = record
        if behaviour.effect is Effect.TIME_OUT_AFTER:
            raise ProviderUnavailable(provider=NAME, outcome=Outcome.UNKNOWN)
        return _result(record, charge.at)

    def find(self, reference: str, *, now: datetime) -> PaymentResult | None:
        """Return what became of a charge, None when it never arrived."""
        record = self._records.get(reference)
        return _result(record, now) if record else None

    def deliveries(self, reference: str) -> tuple[datetime, ...]:
        """Return when webhooks about a charge that isn't over will come: once, or twice."""
        ready_at = self._records[reference].ready_at
        if self._stream.chance(self._market.chances["duplicate"]):
            return (ready_at, ready_at + timedelta(seconds=self._stream.between(1, 3600)))
        return (ready_at,)

    def refund(self, reference: str, amount: Money, *, now: datetime) -> PaymentResult:
        """Give back a part of a charge that succeeded."""
        record = self._records[reference]
        record.refunded += amount.minor
        return _result(record, now)

    def _recorded(self, charge: Charge, behaviour: Behaviour) -> _Record:
        if behaviour.effect is Effect.DECLINE:
            return self._declined(charge, behaviour.reason)
        record = _Record(charge=charge, state=PaymentState.SUCCEEDED, ready_at=charge.at)
        if behaviour.effect not in _LATE:
            return record
        record.waiting = _LATE[behaviour.effect]
        record.ready_at = charge.at + self._delay(behaviour)
        if self._stream.chance(self._market.chances["late_refusal"]):
            record.state, record.decline = PaymentState.FAILED, DeclineReason.GENERIC_DECLINE
        return record

    def _declined(self, charge: Charge, reason: DeclineReason) -> _Record:
        if reason in HARD_DECLINES:
            self._dead.add(charge.method)
        return _Record(charge=charge, state=PaymentState.FAILED, ready_at=charge.at, decline=reason)

    def _delay(self, behaviour: Behaviour) -> timedelta:
        if behaviour.delay_ms:
            return timedelta(milliseconds=behaviour.delay_ms)
        return timedelta(seconds=self._stream.between(60, LONGEST_DELAY))


_WORKS = succeed()
_NOT_SENT = (Effect.UNREACHABLE, Effect.RATE_LIMIT)
_LATE = {
    Effect.PROCESS: PaymentState.PROCESSING,
    Effect.REQUIRE_ACTION: PaymentState.REQUIRES_ACTION,
}


def _result(record: _Record, now: datetime) -> PaymentResult:
    charge = record.charge
    nothing = Money.zero(charge.amount.currency)
    is_over = now >= record.ready_at
    state = record.state if is_over else record.waiting
    is_paid = state is PaymentState.SUCCEEDED
    return PaymentResult(
        provider=NAME,
        transaction_id=charge.reference,
        reference=charge.reference,
        state=state,
        amount=charge.amount,
        received=charge.amount if is_paid else nothing,
        refunded=replace(nothing, minor=record.refunded) if record.refunded else nothing,
        occurred_at=now,
        version=2 if is_over else 1,
        decline=record.decline if is_over else None,
    )
