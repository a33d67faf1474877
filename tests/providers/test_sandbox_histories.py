"""Whatever happens to a payment: its amounts stay possible, its deliveries tell the same story."""

from __future__ import annotations

import random
from contextlib import suppress
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    ConfirmRequest,
    IntentRequest,
    ProviderError,
    RefundRequest,
    WebhookRequest,
)
from saaskit_core.testing.behaviours import Operation, decline, stay_processing, time_out_after
from saaskit_core.testing.clock import Clock
from saaskit_providers.sandbox import SandboxProvider, SandboxSettings

AMOUNT = Money(1000, "EUR")
METHODS = ("pm_card_ok", "pm_card_declined", "pm_card_requires_action", "pm_card_processing")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("confirm"), st.sampled_from(METHODS)),
        st.tuples(st.just("cancel"), st.none()),
        st.tuples(st.just("approve"), st.none()),
        st.tuples(st.just("reject"), st.none()),
        st.tuples(st.just("refund"), st.integers(1, 1200)),
        st.tuples(st.just("settle"), st.booleans()),
        st.tuples(
            st.just("script"), st.sampled_from([decline(), stay_processing(), time_out_after()])
        ),
    ),
    max_size=12,
)


def confirm(sandbox, payment, key, method):
    sandbox.confirm_payment(
        ConfirmRequest(idempotency_key=key, transaction_id=payment, method_ref=method)
    )


def refund(sandbox, payment, key, minor):
    sandbox.refund(
        RefundRequest(
            idempotency_key=key,
            reference="refund",
            transaction_id=payment,
            amount=Money(minor, "EUR"),
        )
    )


def settle(sandbox, payment, key, succeeded):
    newest = sandbox.find_refund("refund")
    if newest:
        sandbox.settle_refund(newest.refund_id, succeeded=succeeded)


STEPS = {
    "confirm": confirm,
    "refund": refund,
    "settle": settle,
    "approve": lambda sandbox, payment, key, _: sandbox.approve(payment),
    "reject": lambda sandbox, payment, key, _: sandbox.reject(payment),
    "cancel": lambda sandbox, payment, key, _: sandbox.cancel_payment(payment, idempotency_key=key),
    "script": lambda sandbox, payment, key, how: sandbox.script(how, operation=Operation.REFUND),
}


@settings(max_examples=60)
@given(steps, st.randoms(use_true_random=False))
def test_histories(history, shuffler: random.Random):
    with TemporaryDirectory() as folder:
        clock = Clock()
        sandbox = SandboxProvider(SandboxSettings(path=f"{folder}/s.sqlite3"), clock=clock)
        made = sandbox.create_payment(
            IntentRequest(idempotency_key="create", reference="payment", amount=AMOUNT)
        )
        is_over = False
        for number, step in enumerate(history):
            before = sandbox.get_payment(made.transaction_id)
            name, value = step
            with suppress(ProviderError):
                STEPS[name](sandbox, made.transaction_id, f"{name}-{number}", value)
            now = sandbox.get_payment(made.transaction_id)
            assert now.refunded <= now.received <= now.amount == AMOUNT
            assert (now.received == AMOUNT) == (now.state is PaymentState.SUCCEEDED)
            assert not is_over or now.state is before.state
            is_over = now.state.is_terminal
        assert latest(sandbox, clock, shuffler) == sandbox.get_payment(made.transaction_id)
        sandbox.close()


def latest(sandbox, clock, shuffler):
    """Deliver everything, doubled and shuffled; keep the payment with the highest version."""
    deliveries = [*sandbox.signed_deliveries(), *sandbox.signed_deliveries()]
    shuffler.shuffle(deliveries)
    events = [
        sandbox.parse_webhook(
            WebhookRequest(headers=each.headers, body=each.body, url="", received_at=clock())
        )
        for each in deliveries
    ]
    return max((e for e in events if e.payment), key=lambda event: event.version).payment
