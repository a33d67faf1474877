"""How a payment comes to be and changes: one place for every capability that charges."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from saaskit_core.providers import (
    HARD_DECLINES,
    Advice,
    ConfirmRequest,
    DeclineReason,
    IntentRequest,
    InvalidProviderRequest,
    InvalidProviderState,
    PaymentDeclined,
    PaymentResult,
    ProviderObjectNotFound,
    RefundRequest,
    SavedChargeRequest,
)
from saaskit_core.testing.behaviours import Behaviour, Effect
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.account import Method, SandboxAccount
from saaskit_providers.sandbox.records import MethodRecord, PaymentRecord, PaymentWord
from saaskit_providers.sandbox.wire import payment_result

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from saaskit_core.money import Money

CONFIRMABLE = frozenset({PaymentWord.REQUIRES_METHOD, PaymentWord.REQUIRES_ACTION})

_OPEN = CONFIRMABLE | {PaymentWord.PROCESSING}
_ADVICE = {
    DeclineReason.INSUFFICIENT_FUNDS: Advice.RETRY_LATER,
    DeclineReason.PROCESSING_ERROR: Advice.RETRY_LATER,
    DeclineReason.AUTHENTICATION_REQUIRED: Advice.AUTHENTICATE,
    DeclineReason.GENERIC_DECLINE: Advice.CONTACT_ISSUER,
    **dict.fromkeys(HARD_DECLINES, Advice.NEW_METHOD),
}
_STATUS = {
    Effect.REQUIRE_ACTION: PaymentWord.REQUIRES_ACTION,
    Effect.PROCESS: PaymentWord.PROCESSING,
}


class SandboxCharging(SandboxAccount):
    """What charging needs, for the capabilities to build on."""

    def _fresh(self, reference: str, amount: Money, *, customer: str) -> PaymentRecord:
        now = self._clock()
        return PaymentRecord(
            id=books.new_id("pay"),
            reference=reference,
            amount=amount.minor,
            currency=amount.currency,
            status=PaymentWord.REQUIRES_METHOD,
            customer=customer,
            created=now,
            updated=now,
        )

    def _check(self, db: sqlite3.Connection, record: PaymentRecord) -> None:
        """Refuse what no provider would take."""
        smallest = max(1, self._settings.minimum.get(record.currency, 1))
        if record.amount < smallest:
            raise InvalidProviderRequest(provider=self.name, provider_code="amount_too_small")
        self._know_customer(db, record.customer)

    def _charge_fresh(
        self,
        request: IntentRequest | SavedChargeRequest,
        fresh: PaymentRecord,
        *,
        find: Callable[[sqlite3.Connection], Method],
    ) -> PaymentResult:
        def choose(db: sqlite3.Connection) -> Behaviour:
            self._check(db, fresh)
            return self._charging(db, find(db), customer=fresh.customer)

        record = self._once(
            request.idempotency_key,
            parameters(request),
            model=PaymentRecord,
            choose=choose,
            work=lambda db, behaviour: self._charge(db, fresh, find(db), behaviour),
        )
        return self._paid_or_declined(record)

    def _charge(
        self, db: sqlite3.Connection, record: PaymentRecord, method: Method, behaviour: Behaviour
    ) -> PaymentRecord:
        record = record.model_copy(update={"token": method.token, "method": method.ref})
        if behaviour.effect is Effect.DECLINE:
            return self._change(
                db, record, status=PaymentWord.FAILED, decline_reason=behaviour.reason.value
            )
        if behaviour.effect in _STATUS:
            return self._change(db, record, status=_STATUS[behaviour.effect])
        return self._succeed(db, record)

    def _succeed(self, db: sqlite3.Connection, record: PaymentRecord) -> PaymentRecord:
        method = record.method
        is_unsaved = bool(record.token) and record.method == record.token
        if record.save_method and record.customer and is_unsaved:
            method = self._attach(db, token=record.token, customer=record.customer).id
        return self._change(
            db, record, status=PaymentWord.SUCCEEDED, received=record.amount, method=method
        )

    def _attach(self, db: sqlite3.Connection, *, token: str, customer: str) -> MethodRecord:
        saved = MethodRecord(id=books.new_id("pm"), token=token, reference=customer)
        books.put(db, saved)
        books.emit(db, saved, happened="attached", at=self._clock())
        return saved

    def _change(
        self, db: sqlite3.Connection, record: PaymentRecord, **changes: object
    ) -> PaymentRecord:
        """Write the record with the changes and the next version, and log what happened."""
        is_known = books.get(db, PaymentRecord, record.id) is not None
        version = record.version + 1 if is_known else record.version
        changed = record.model_copy(
            update={**changes, "version": version, "updated": self._clock()}
        )
        books.put(db, changed)
        books.emit(db, changed, happened=changed.status.value, at=changed.updated)
        return changed

    def _found(self, db: sqlite3.Connection, transaction_id: str) -> PaymentRecord:
        found = books.get(db, PaymentRecord, transaction_id)
        if found is None:
            raise ProviderObjectNotFound(provider=self.name, provider_code="unknown_payment")
        return found

    def _found_open(self, db: sqlite3.Connection, transaction_id: str) -> PaymentRecord:
        found = self._found(db, transaction_id)
        if found.status not in _OPEN:
            raise self._wrong_state(found)
        return found

    def _wrong_state(self, record: PaymentRecord) -> InvalidProviderState:
        return InvalidProviderState(provider=self.name, provider_code=record.status.value)

    def _payment(self, record: PaymentRecord) -> PaymentResult:
        return payment_result(record, provider=self.name)

    def _paid_or_declined(self, record: PaymentRecord) -> PaymentResult:
        if record.status is not PaymentWord.FAILED:
            return self._payment(record)
        reason = DeclineReason(record.decline_reason)
        raise PaymentDeclined(
            provider=self.name,
            provider_code=record.decline_reason,
            reason=reason,
            advice=_ADVICE.get(reason, Advice.NONE),
            transaction_id=record.id,
        )


def parameters(
    request: IntentRequest | ConfirmRequest | SavedChargeRequest | RefundRequest,
) -> Mapping[str, object]:
    """Return what makes two requests the same one: their kind and all fields but the key."""
    given = {field.name: getattr(request, field.name) for field in fields(request)}
    del given["idempotency_key"]
    return {"operation": type(request).__name__, **given}
