"""Builders for the payment tests: what we asked, and what a provider tells."""

from __future__ import annotations

from datetime import timedelta

from saaskit_core.payments.decisions import PaymentFacts
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import PaymentResult, RefundResult, RefundState
from tests.core.billing_builders import at, usd

NOW = at("2024-06-01T10:00")


def asked(**fields) -> PaymentFacts:
    fields = {"amount": usd(1000), "received": usd(0), "refunded": usd(0)} | fields
    return PaymentFacts(id="p1", customer_id="c1", **fields)


def paid(**fields) -> PaymentFacts:
    return asked(**{"state": PaymentState.SUCCEEDED, "received": usd(1000)} | fields)


def told(state=PaymentState.SUCCEEDED, *, version=1, received=None, refunded=0, **fields):
    is_paid = state is PaymentState.SUCCEEDED
    given_fields = {
        "provider": "sandbox",
        "transaction_id": "t1",
        "reference": "p1",
        "state": state,
        "amount": usd(1000),
        "received": usd(received if received is not None else 1000 if is_paid else 0),
        "refunded": usd(refunded),
        "occurred_at": NOW + timedelta(seconds=version),
        "version": version,
    }
    return PaymentResult(**given_fields | fields)


def refund_told(refund, state=RefundState.SUCCEEDED, **fields) -> RefundResult:
    given_fields = {
        "provider": "sandbox",
        "refund_id": f"re_{refund.id}",
        "transaction_id": "t1",
        "reference": refund.id,
        "state": state,
        "amount": refund.amount,
        "occurred_at": NOW,
    }
    return RefundResult(**given_fields | fields)
