"""The capability SavedMethods: keep a method and charge it while the payer is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.providers import (
    DeclineReason,
    PaymentDeclined,
    PaymentResult,
    ProviderObjectNotFound,
    SavedChargeRequest,
    SavedMethod,
)
from saaskit_core.testing.behaviours import Behaviour, Effect, Operation
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.charging import SandboxCharging
from saaskit_providers.sandbox.methods import UNVERIFIABLE, behaviour_of
from saaskit_providers.sandbox.records import CustomerRecord, MethodRecord
from saaskit_providers.sandbox.wire import saved_method

if TYPE_CHECKING:
    import sqlite3

    from saaskit_providers.sandbox.account import Method


class SandboxSavedMethods(SandboxCharging):
    """Customers and their saved methods."""

    def ensure_customer(self, *, reference: str, email: str, idempotency_key: str) -> str:
        """Return the sandbox's id for our customer `reference`, made on first need."""

        def work(db: sqlite3.Connection, _: Behaviour) -> CustomerRecord:
            known = books.by_reference(db, CustomerRecord, reference)
            if known:
                return known[0]
            made = CustomerRecord(id=books.new_id("cus"), reference=reference, email=email)
            books.put(db, made)
            return made

        return self._once(
            idempotency_key,
            {"operation": "ensure_customer", "reference": reference, "email": email},
            model=CustomerRecord,
            choose=lambda _: Behaviour(),
            work=work,
        ).id

    def save_method(
        self, *, customer_ref: str, method_ref: str, idempotency_key: str
    ) -> SavedMethod:
        """Attach a test method to a customer; it gets an id of its own. Raises PaymentDeclined."""

        def choose(db: sqlite3.Connection) -> Behaviour:
            if not customer_ref:
                raise ProviderObjectNotFound(provider=self.name, provider_code="unknown_customer")
            self._know_customer(db, customer_ref)
            if behaviour_of(method_ref, charges=0) is None:
                raise ProviderObjectNotFound(provider=self.name, provider_code="unknown_method")
            behaviour = self._scripted(db, Operation.SAVE_METHOD)
            if behaviour.effect is Effect.DECLINE or method_ref == UNVERIFIABLE:
                raise self._not_saved(behaviour)
            return behaviour

        record = self._once(
            idempotency_key,
            {"operation": "save_method", "customer": customer_ref, "method": method_ref},
            model=MethodRecord,
            choose=choose,
            work=lambda db, _: self._attach(db, token=method_ref, customer=customer_ref),
        )
        return saved_method(record)

    def charge_saved(self, request: SavedChargeRequest) -> PaymentResult:
        """Charge a saved method. A needed authentication is a state, not an error."""

        def find(db: sqlite3.Connection) -> Method:
            method = self._method(db, request.method_ref, customer=request.customer_ref)
            if not method.saved_id:
                raise ProviderObjectNotFound(provider=self.name, provider_code="not_saved")
            return method

        fresh = self._fresh(request.reference, request.amount, customer=request.customer_ref)
        return self._charge_fresh(request, fresh, find=find)

    def detach_method(self, *, method_ref: str, idempotency_key: str) -> None:
        """Forget a method; one that is gone already is no error."""

        def work(db: sqlite3.Connection, _: Behaviour) -> MethodRecord:
            known = books.get(db, MethodRecord, method_ref)
            if known is None:
                raise ProviderObjectNotFound(provider=self.name, provider_code="unknown_method")
            if known.is_detached:
                return known
            gone = known.model_copy(update={"is_detached": True})
            books.put(db, gone)
            books.emit(db, gone, happened="detached", at=self._clock())
            return gone

        self._once(
            idempotency_key,
            {"operation": "detach_method", "method": method_ref},
            model=MethodRecord,
            choose=lambda _: Behaviour(),
            work=work,
        )

    def _not_saved(self, behaviour: Behaviour) -> PaymentDeclined:
        is_scripted = behaviour.effect is Effect.DECLINE
        reason = behaviour.reason if is_scripted else DeclineReason.INCORRECT_NUMBER
        return PaymentDeclined(provider=self.name, provider_code=reason.value, reason=reason)
