"""The capability Payments: charge a payer who is present."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.providers import (
    ConfirmRequest,
    IntentRequest,
    InvalidProviderRequest,
    PaymentResult,
)
from saaskit_core.testing.behaviours import Behaviour, Operation
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.charging import CONFIRMABLE, SandboxCharging, parameters
from saaskit_providers.sandbox.records import PaymentRecord, PaymentWord

if TYPE_CHECKING:
    import sqlite3


class SandboxPayments(SandboxCharging):
    """Register, charge, look up and give up payments."""

    def create_payment(self, request: IntentRequest) -> PaymentResult:
        """Register the payment; with a `method_ref` also charge it. Raises ProviderError."""
        fresh = self._fresh(
            request.reference, request.amount, customer=request.customer_ref
        ).model_copy(update={"save_method": request.save_method})
        if request.method_ref:
            return self._charge_fresh(
                request,
                fresh,
                find=lambda db: self._method(db, request.method_ref, customer=fresh.customer),
            )
        return self._register(request, fresh)

    def confirm_payment(self, request: ConfirmRequest) -> PaymentResult:
        """Charge a registered payment with a method; without one, only ask how it stands.

        Raises PaymentDeclined, InvalidProviderState when it is over.
        """

        def choose(db: sqlite3.Connection) -> Behaviour:
            known = self._confirmable(db, request)
            if not request.method_ref:
                return Behaviour()
            method = self._method(db, request.method_ref, customer=known.customer)
            return self._charging(db, method, customer=known.customer)

        def work(db: sqlite3.Connection, behaviour: Behaviour) -> PaymentRecord:
            known = self._found(db, request.transaction_id)
            if not request.method_ref:
                return known
            method = self._method(db, request.method_ref, customer=known.customer)
            return self._charge(db, known, method, behaviour)

        record = self._once(
            request.idempotency_key,
            parameters(request),
            model=PaymentRecord,
            choose=choose,
            work=work,
        )
        return self._paid_or_declined(record)

    def get_payment(self, transaction_id: str) -> PaymentResult:
        """Return the payment as it is now. Raises ProviderObjectNotFound."""
        with self._reading() as db:
            return self._payment(self._found(db, transaction_id))

    def find_payment(self, reference: str) -> PaymentResult | None:
        """Return the payment made for `reference`: the one that succeeded, else the newest."""
        with self._reading() as db:
            found = books.by_reference(db, PaymentRecord, reference)
        good = [record for record in found if record.status is PaymentWord.SUCCEEDED]
        return next((self._payment(record) for record in (*good, *found)), None)

    def cancel_payment(self, transaction_id: str, *, idempotency_key: str) -> PaymentResult:
        """Give up a payment that isn't paid. Raises InvalidProviderState when it is."""

        def choose(db: sqlite3.Connection) -> Behaviour:
            known = self._found(db, transaction_id)
            if known.status not in {*CONFIRMABLE, PaymentWord.CANCELED}:
                raise self._wrong_state(known)
            return self._scripted(db, Operation.CANCEL)

        def work(db: sqlite3.Connection, _: Behaviour) -> PaymentRecord:
            known = self._found(db, transaction_id)
            if known.status is PaymentWord.CANCELED:
                return known
            return self._change(db, known, status=PaymentWord.CANCELED)

        record = self._once(
            idempotency_key,
            {"operation": "cancel", "transaction_id": transaction_id},
            model=PaymentRecord,
            choose=choose,
            work=work,
        )
        return self._payment(record)

    def _register(self, request: IntentRequest, fresh: PaymentRecord) -> PaymentResult:
        def choose(db: sqlite3.Connection) -> Behaviour:
            self._check(db, fresh)
            return self._scripted(db, Operation.CREATE)

        record = self._once(
            request.idempotency_key,
            parameters(request),
            model=PaymentRecord,
            choose=choose,
            work=lambda db, _: self._change(db, fresh),
        )
        return self._payment(record)

    def _confirmable(self, db: sqlite3.Connection, request: ConfirmRequest) -> PaymentRecord:
        known = self._found(db, request.transaction_id)
        if known.status not in CONFIRMABLE:
            raise self._wrong_state(known)
        if not request.method_ref and known.status is PaymentWord.REQUIRES_METHOD:
            raise InvalidProviderRequest(provider=self.name, provider_code="method_missing")
        return known
