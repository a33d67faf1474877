"""The capability Refunds: give money back, never more than came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.providers import (
    InvalidProviderRequest,
    InvalidProviderState,
    ProviderObjectNotFound,
    RefundRequest,
    RefundResult,
)
from saaskit_core.testing.behaviours import Behaviour, Effect, Operation
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.charging import SandboxCharging, parameters
from saaskit_providers.sandbox.records import PaymentRecord, PaymentWord, RefundRecord, RefundWord
from saaskit_providers.sandbox.wire import refund_result

if TYPE_CHECKING:
    import sqlite3

_STATUS = {Effect.DECLINE: RefundWord.FAILED, Effect.PROCESS: RefundWord.PENDING}


class SandboxRefunds(SandboxCharging):
    """Refunds count against the payment from the moment they are asked for, until they fail."""

    def refund(self, request: RefundRequest) -> RefundResult:
        """Return part or all of a payment. Raises InvalidProviderState over what was received."""

        def choose(db: sqlite3.Connection) -> Behaviour:
            self._check_refund(self._found(db, request.transaction_id), request)
            return self._scripted(db, Operation.REFUND)

        record = self._once(
            request.idempotency_key,
            parameters(request),
            model=RefundRecord,
            choose=choose,
            work=lambda db, behaviour: self._give_back(db, request, behaviour),
        )
        return refund_result(record, provider=self.name)

    def get_refund(self, refund_id: str) -> RefundResult:
        """Return the refund as it is now. Raises ProviderObjectNotFound."""
        with self._reading() as db:
            return refund_result(self._found_refund(db, refund_id), provider=self.name)

    def find_refund(self, reference: str) -> RefundResult | None:
        """Return the newest refund made for our `reference`, or None."""
        with self._reading() as db:
            found = books.by_reference(db, RefundRecord, reference)
        return refund_result(found[0], provider=self.name) if found else None

    def settle_refund(self, refund_id: str, *, succeeded: bool = True) -> RefundResult:
        """Let a pending refund end. Raises InvalidProviderState for any other."""
        with self._writing() as db:
            known = self._found_refund(db, refund_id)
            if known.status is not RefundWord.PENDING:
                raise InvalidProviderState(provider=self.name, provider_code=known.status.value)
            status = RefundWord.SUCCEEDED if succeeded else RefundWord.FAILED
            changes = {"status": status, "version": known.version + 1, "updated": self._clock()}
            settled = known.model_copy(update=changes)
            self._log_refund(db, settled, taken=0 if succeeded else -settled.amount)
            return refund_result(settled, provider=self.name)

    def _check_refund(self, payment: PaymentRecord, request: RefundRequest) -> None:
        if request.amount.currency != payment.currency or request.amount.minor <= 0:
            raise InvalidProviderRequest(provider=self.name, provider_code="amount")
        is_too_much = request.amount.minor > payment.received - payment.refunded
        if payment.status is not PaymentWord.SUCCEEDED or is_too_much:
            raise InvalidProviderState(provider=self.name, provider_code="not_refundable")

    def _give_back(
        self, db: sqlite3.Connection, request: RefundRequest, behaviour: Behaviour
    ) -> RefundRecord:
        now = self._clock()
        record = RefundRecord(
            id=books.new_id("ref"),
            reference=request.reference,
            payment=request.transaction_id,
            amount=request.amount.minor,
            currency=request.amount.currency,
            status=_STATUS.get(behaviour.effect, RefundWord.SUCCEEDED),
            created=now,
            updated=now,
        )
        has_failed = record.status is RefundWord.FAILED
        return self._log_refund(db, record, taken=0 if has_failed else record.amount)

    def _log_refund(
        self, db: sqlite3.Connection, record: RefundRecord, *, taken: int
    ) -> RefundRecord:
        books.put(db, record)
        books.emit(db, record, happened=record.status.value, at=record.updated)
        if taken:
            payment = self._found(db, record.payment)
            self._change(db, payment, refunded=payment.refunded + taken)
        return record

    def _found_refund(self, db: sqlite3.Connection, refund_id: str) -> RefundRecord:
        found = books.get(db, RefundRecord, refund_id)
        if found is None:
            raise ProviderObjectNotFound(provider=self.name, provider_code="unknown_refund")
        return found
