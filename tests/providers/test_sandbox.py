"""What the sandbox does beyond the contract: test methods, scripts, processes, deliveries."""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta

import pytest
from pydantic import ValidationError

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    Advice,
    ConfirmRequest,
    DeclineReason,
    EventKind,
    IdempotencyConflict,
    IntentRequest,
    InvalidProviderRequest,
    InvalidProviderState,
    NextActionKind,
    Outcome,
    PaymentDeclined,
    ProviderConfigurationError,
    ProviderObjectNotFound,
    ProviderUnavailable,
    RefundRequest,
    RefundState,
    SavedChargeRequest,
    SavedMethod,
    WebhookPayloadError,
    WebhookRequest,
    WebhookVerificationError,
)
from saaskit_core.testing.behaviours import (
    Operation,
    decline,
    rate_limit,
    stay_processing,
    succeed,
    time_out_after,
    time_out_before,
)
from saaskit_core.testing.clock import Clock
from saaskit_providers.sandbox import SandboxProvider, SandboxSettings
from saaskit_providers.sandbox.signatures import HEADER, problem_with, sign

USD = Money(1999, "USD")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def sandbox(tmp_path, clock, slept):
    provider = SandboxProvider(
        SandboxSettings(path=tmp_path / "sandbox.sqlite3"), clock=clock, sleep=slept.append
    )
    yield provider
    provider.close()


def charge(provider, number=1, *, method="pm_card_ok", amount=USD, **more):
    return provider.create_payment(
        IntentRequest(
            idempotency_key=f"key-{number}",
            reference=f"ref-{number}",
            amount=amount,
            method_ref=method,
            **more,
        )
    )


def customer(provider, number=1):
    return provider.ensure_customer(
        reference=f"customer-{number}", email="ada@example.com", idempotency_key=f"c-{number}"
    )


def save(provider, method, *, who):
    return provider.save_method(
        customer_ref=who, method_ref=method, idempotency_key=f"save-{method}"
    )


def renew(provider, saved, number):
    return provider.charge_saved(
        SavedChargeRequest(
            idempotency_key=f"renew-{number}",
            reference=f"renewal-{number}",
            amount=USD,
            customer_ref=saved.customer_ref,
            method_ref=saved.method_ref,
        )
    )


def refund(provider, paid, minor, number=1):
    return provider.refund(
        RefundRequest(
            idempotency_key=f"refund-{number}",
            reference=f"refund-{number}",
            transaction_id=paid.transaction_id,
            amount=Money(minor, paid.amount.currency),
        )
    )


def cancel(provider, registered):
    return provider.cancel_payment(registered.transaction_id, idempotency_key="cancel")


def event_body(kind, data, *, livemode=False):
    created = "2026-01-01T00:00:00Z"
    event = {"id": "e", "type": kind, "created": created, "livemode": livemode, "data": data}
    return json.dumps(event).encode()


def payment_data(**changes):
    instant = "2026-01-01T00:00:00Z"
    data = {"id": "p", "amount": 1, "currency": "USD", "status": "succeeded"}
    return {**data, "created": instant, "updated": instant, **changes}


def deliver(provider, delivery, clock):
    return provider.parse_webhook(
        WebhookRequest(headers=delivery.headers, body=delivery.body, url="", received_at=clock())
    )


class TestMethods:
    @pytest.mark.parametrize(
        ("method", "reason", "advice"),
        [
            ("pm_card_declined", DeclineReason.INSUFFICIENT_FUNDS, Advice.RETRY_LATER),
            ("pm_card_expired", DeclineReason.EXPIRED_CARD, Advice.NEW_METHOD),
            (
                "pm_card_declined_generic_decline",
                DeclineReason.GENERIC_DECLINE,
                Advice.CONTACT_ISSUER,
            ),
            ("pm_card_declined_fraud_suspected", DeclineReason.FRAUD_SUSPECTED, Advice.NEW_METHOD),
            ("pm_card_declined_unknown", DeclineReason.UNKNOWN, Advice.NONE),
            (
                "pm_card_declined_authentication_required",
                DeclineReason.AUTHENTICATION_REQUIRED,
                Advice.AUTHENTICATE,
            ),
        ],
    )
    def test_declines_say_why_and_what_helps(self, sandbox, method, reason, advice):
        with pytest.raises(PaymentDeclined) as raised:
            charge(sandbox, method=method)
        assert (raised.value.reason, raised.value.advice) == (reason, advice)
        assert sandbox.get_payment(raised.value.transaction_id).state is PaymentState.FAILED

    @pytest.mark.parametrize("reason", list(DeclineReason))
    def test_there_is_a_method_for_every_reason(self, sandbox, reason):
        with pytest.raises(PaymentDeclined) as raised:
            charge(sandbox, method=f"pm_card_declined_{reason}")
        assert raised.value.reason is reason

    @pytest.mark.parametrize("method", ["pm_card_nonsense", "pm_card_decline_after_x", "pm_gone"])
    def test_an_unknown_method_is_not_found_and_nothing_happened(self, sandbox, method):
        with pytest.raises(ProviderObjectNotFound):
            charge(sandbox, method=method)
        assert sandbox.payments() == ()
        assert sandbox.signed_deliveries() == ()

    def test_it_works_for_a_while_and_then_declines(self, sandbox):
        saved = save(sandbox, "pm_card_decline_after_2", who=customer(sandbox))
        assert [renew(sandbox, saved, n).state for n in (1, 2)] == [PaymentState.SUCCEEDED] * 2
        for number in (3, 4):
            with pytest.raises(PaymentDeclined):
                renew(sandbox, saved, number)
        assert charge(sandbox, method="pm_card_decline_after_2").state is PaymentState.SUCCEEDED

    @pytest.mark.parametrize(
        ("method", "outcome", "is_charged"),
        [
            ("pm_card_timeout_before", Outcome.UNKNOWN, False),
            ("pm_card_timeout_after", Outcome.UNKNOWN, True),
            ("pm_card_unreachable", Outcome.NOT_SENT, False),
        ],
    )
    def test_timeouts_on_either_side_of_the_charge(self, sandbox, method, outcome, is_charged):
        with pytest.raises(ProviderUnavailable) as raised:
            charge(sandbox, method=method)
        assert raised.value.outcome is outcome
        found = sandbox.find_payment("ref-1")
        assert (found is not None and found.received == USD) is is_charged

    def test_a_slow_method_takes_its_time(self, sandbox, slept):
        assert charge(sandbox, method="pm_card_slow").state is PaymentState.SUCCEEDED
        assert slept == [2.0]

    def test_an_unverifiable_method_is_not_saved(self, sandbox):
        with pytest.raises(PaymentDeclined) as raised:
            save(sandbox, "pm_card_unverifiable", who=customer(sandbox))
        assert raised.value.reason is DeclineReason.INCORRECT_NUMBER

    def test_only_known_methods_are_saved_for_known_customers(self, sandbox):
        for method, who in (
            ("pm_card_nonsense", customer(sandbox)),
            ("pm_card_ok", "cus_gone"),
            ("pm_card_ok", ""),
        ):
            with pytest.raises(ProviderObjectNotFound):
                sandbox.save_method(customer_ref=who, method_ref=method, idempotency_key="s")

    def test_an_unsaved_method_is_not_charged_as_a_saved_one(self, sandbox):
        with pytest.raises(ProviderObjectNotFound):
            sandbox.charge_saved(
                SavedChargeRequest(
                    idempotency_key="k",
                    reference="r",
                    amount=USD,
                    customer_ref=customer(sandbox),
                    method_ref="pm_card_ok",
                )
            )

    def test_paying_and_saving_in_one_go(self, sandbox):
        who = customer(sandbox)
        paid = charge(sandbox, customer_ref=who, save_method=True)
        assert paid.method_ref != "pm_card_ok"
        again = sandbox.charge_saved(
            SavedChargeRequest(
                idempotency_key="k",
                reference="r",
                amount=USD,
                customer_ref=who,
                method_ref=paid.method_ref,
            )
        )
        assert again.state is PaymentState.SUCCEEDED
        assert again.method_ref == paid.method_ref

    def test_a_declined_payment_saves_nothing(self, sandbox):
        with pytest.raises(PaymentDeclined):
            charge(
                sandbox, method="pm_card_declined", customer_ref=customer(sandbox), save_method=True
            )
        assert [d for d in sandbox.signed_deliveries() if b"method.attached" in d.body] == []

    def test_forgetting_an_unknown_method_is_an_error(self, sandbox):
        with pytest.raises(ProviderObjectNotFound):
            sandbox.detach_method(method_ref="pm_gone", idempotency_key="d")

    def test_forgetting_twice_with_two_keys_is_none(self, sandbox):
        saved = save(sandbox, "pm_card_ok", who=customer(sandbox))
        for key in ("d1", "d2"):
            sandbox.detach_method(method_ref=saved.method_ref, idempotency_key=key)
        events = [d for d in sandbox.signed_deliveries() if b"method.detached" in d.body]
        assert len(events) == 1


class TestScripts:
    def test_they_are_used_up_in_order(self, sandbox):
        sandbox.script(decline(DeclineReason.LIMIT_EXCEEDED), succeed())
        with pytest.raises(PaymentDeclined):
            charge(sandbox, 1)
        assert charge(sandbox, 2).state is PaymentState.SUCCEEDED
        assert charge(sandbox, 3).state is PaymentState.SUCCEEDED

    def test_one_may_hold_several_times(self, sandbox):
        sandbox.script(decline(times=2))
        for number in (1, 2):
            with pytest.raises(PaymentDeclined):
                charge(sandbox, number)
        assert charge(sandbox, 3).state is PaymentState.SUCCEEDED

    def test_one_for_a_saved_method_leaves_others_alone(self, sandbox):
        mine = save(sandbox, "pm_card_ok", who=customer(sandbox, 1))
        sandbox.script(decline(), method=mine.method_ref)
        assert charge(sandbox).state is PaymentState.SUCCEEDED
        with pytest.raises(PaymentDeclined):
            renew(sandbox, mine, 1)

    def test_they_override_what_the_method_would_do(self, sandbox):
        sandbox.script(succeed(), method="pm_card_declined")
        assert charge(sandbox, method="pm_card_declined").state is PaymentState.SUCCEEDED

    def test_a_repeated_key_uses_none_up(self, sandbox):
        paid = charge(sandbox)
        sandbox.script(decline())
        assert charge(sandbox) == paid
        with pytest.raises(PaymentDeclined):
            charge(sandbox, 2)

    def test_a_refused_request_uses_none_up(self, sandbox):
        sandbox.script(decline())
        with pytest.raises(InvalidProviderRequest):
            charge(sandbox, amount=Money(0, "USD"))
        with pytest.raises(PaymentDeclined):
            charge(sandbox)

    def test_a_delay_comes_after_the_work(self, sandbox, slept):
        sandbox.script(succeed(delay_ms=1500))
        charge(sandbox)
        assert slept == [1.5]

    @pytest.mark.parametrize(
        ("operation", "act"),
        [
            (Operation.CREATE, lambda p: charge(p, method="")),
            (Operation.CANCEL, lambda p: cancel(p, charge(p, method=""))),
            (Operation.SAVE_METHOD, lambda p: save(p, "pm_card_ok", who=customer(p))),
            (Operation.REFUND, lambda p: refund(p, charge(p), 100)),
        ],
    )
    def test_every_operation_can_be_scripted(self, sandbox, operation, act):
        sandbox.script(time_out_before(), operation=operation)
        with pytest.raises(ProviderUnavailable):
            act(sandbox)
        act(sandbox)

    def test_a_scripted_refusal_to_save(self, sandbox):
        sandbox.script(decline(DeclineReason.INCORRECT_CVC), operation=Operation.SAVE_METHOD)
        with pytest.raises(PaymentDeclined) as raised:
            save(sandbox, "pm_card_ok", who=customer(sandbox))
        assert raised.value.reason is DeclineReason.INCORRECT_CVC

    def test_registering_uses_up_no_script_for_charges(self, sandbox):
        sandbox.script(decline())
        registered = charge(sandbox, method="")
        with pytest.raises(PaymentDeclined):
            sandbox.confirm_payment(
                ConfirmRequest(
                    idempotency_key="confirm",
                    transaction_id=registered.transaction_id,
                    method_ref="pm_card_ok",
                )
            )


class TestOpenPayments:
    def test_an_authenticated_one_succeeds_and_is_delivered(self, sandbox, clock):
        waiting = charge(sandbox, method="pm_card_requires_action")
        assert waiting.next_action.kind is NextActionKind.REDIRECT
        approved = sandbox.approve(waiting.transaction_id)
        assert (approved.state, approved.received) == (PaymentState.SUCCEEDED, USD)
        assert approved.version == waiting.version + 1
        events = [deliver(sandbox, each, clock) for each in sandbox.signed_deliveries()]
        assert [event.payment for event in events] == [waiting, approved]

    def test_a_rejected_one_fails(self, sandbox):
        waiting = charge(sandbox, method="pm_card_processing")
        assert waiting.state is PaymentState.PROCESSING
        rejected = sandbox.reject(waiting.transaction_id)
        assert (rejected.state, rejected.decline) == (
            PaymentState.FAILED,
            DeclineReason.PAYER_CANCELED,
        )

    def test_what_is_over_stays_over(self, sandbox):
        paid = charge(sandbox)
        for settle in (sandbox.approve, sandbox.reject):
            with pytest.raises(InvalidProviderState):
                settle(paid.transaction_id)
        assert sandbox.get_payment(paid.transaction_id) == paid

    def test_an_approved_method_is_saved_if_that_was_asked_for(self, sandbox):
        who = customer(sandbox)
        waiting = charge(
            sandbox, method="pm_card_requires_action", customer_ref=who, save_method=True
        )
        approved = sandbox.approve(waiting.transaction_id)
        assert approved.method_ref != "pm_card_requires_action"
        saved = SavedMethod(method_ref=approved.method_ref, customer_ref=who)
        with pytest.raises(ProviderObjectNotFound):
            renew(sandbox, SavedMethod(method_ref=saved.method_ref, customer_ref="cus_x"), 1)
        assert renew(sandbox, saved, 2).state is PaymentState.REQUIRES_ACTION

    def test_confirming_without_a_method_only_asks(self, sandbox):
        waiting = charge(sandbox, method="pm_card_requires_action")
        request = ConfirmRequest(idempotency_key="k", transaction_id=waiting.transaction_id)
        assert sandbox.confirm_payment(request) == waiting

    def test_confirming_a_bare_payment_needs_a_method(self, sandbox):
        registered = charge(sandbox, method="")
        assert registered.next_action.kind is NextActionKind.CLIENT_SECRET
        request = ConfirmRequest(idempotency_key="k", transaction_id=registered.transaction_id)
        with pytest.raises(InvalidProviderRequest):
            sandbox.confirm_payment(request)

    def test_a_payment_that_is_processing_can_not_be_cancelled(self, sandbox):
        waiting = charge(sandbox, method="pm_card_processing")
        with pytest.raises(InvalidProviderState):
            sandbox.cancel_payment(waiting.transaction_id, idempotency_key="c")

    def test_cancelling_again_with_another_key_changes_nothing(self, sandbox):
        registered = charge(sandbox, method="")
        first = sandbox.cancel_payment(registered.transaction_id, idempotency_key="c1")
        assert sandbox.cancel_payment(registered.transaction_id, idempotency_key="c2") == first

    def test_find_prefers_the_one_that_was_paid(self, sandbox):
        sandbox.script(succeed(), decline())
        for number in (1, 2):
            try:
                sandbox.create_payment(
                    IntentRequest(
                        idempotency_key=f"k{number}",
                        reference="same",
                        amount=USD,
                        method_ref="pm_card_ok",
                    )
                )
            except PaymentDeclined:
                assert number == 2
        assert sandbox.find_payment("same").state is PaymentState.SUCCEEDED
        assert len(sandbox.payments(reference="same")) == 2


class TestRefunds:
    def test_a_pending_one_counts_until_it_fails(self, sandbox):
        paid = charge(sandbox)
        sandbox.script(stay_processing(), operation=Operation.REFUND)
        pending = refund(sandbox, paid, 1500)
        assert pending.state is RefundState.PENDING
        with pytest.raises(InvalidProviderState):
            refund(sandbox, paid, 1500, number=2)
        failed = sandbox.settle_refund(pending.refund_id, succeeded=False)
        assert failed.state is RefundState.FAILED
        assert refund(sandbox, paid, 1500, number=3).state is RefundState.SUCCEEDED
        assert sandbox.get_payment(paid.transaction_id).refunded == Money(1500, "USD")

    def test_a_settled_one_stays_settled(self, sandbox):
        sandbox.script(stay_processing(), operation=Operation.REFUND)
        pending = refund(sandbox, charge(sandbox), 1)
        assert sandbox.settle_refund(pending.refund_id).state is RefundState.SUCCEEDED
        with pytest.raises(InvalidProviderState):
            sandbox.settle_refund(pending.refund_id, succeeded=False)

    def test_a_failed_one_gives_nothing_back(self, sandbox):
        paid = charge(sandbox)
        sandbox.script(decline(), operation=Operation.REFUND)
        assert refund(sandbox, paid, 100).state is RefundState.FAILED
        assert sandbox.get_payment(paid.transaction_id) == paid

    def test_it_is_delivered_with_the_payment_it_changed(self, sandbox, clock):
        paid = charge(sandbox)
        given_back = refund(sandbox, paid, 100)
        of_refund, of_payment = (
            deliver(sandbox, each, clock) for each in sandbox.signed_deliveries(since=1)
        )
        assert (of_refund.kind, of_refund.refund) == (EventKind.REFUND_CHANGED, given_back)
        assert of_refund.reference == "refund-1"
        assert of_payment.payment.refunded == Money(100, "USD")
        assert of_payment.version == 2

    @pytest.mark.parametrize("minor", [0, -5])
    def test_nothing_and_less_are_refused(self, sandbox, minor):
        with pytest.raises(InvalidProviderRequest):
            refund(sandbox, charge(sandbox), minor)


class TestLimitsAndKeys:
    @pytest.mark.parametrize("minor", [0, -100])
    def test_an_amount_is_positive(self, sandbox, minor):
        with pytest.raises(InvalidProviderRequest):
            charge(sandbox, amount=Money(minor, "USD"))

    def test_it_has_a_minimum_when_told_so(self, tmp_path):
        settings = SandboxSettings(path=tmp_path / "s.sqlite3", minimum={"USD": 50})
        provider = SandboxProvider(settings)
        assert provider.limits.minimum == {"USD": 50}
        with pytest.raises(InvalidProviderRequest):
            charge(provider, 1, amount=Money(49, "USD"))
        assert charge(provider, 2, amount=Money(50, "USD")).accepted
        assert charge(provider, 3, amount=Money(1, "EUR")).accepted

    def test_an_unknown_customer_is_not_charged(self, sandbox):
        with pytest.raises(ProviderObjectNotFound):
            charge(sandbox, customer_ref="cus_gone")

    @pytest.mark.parametrize("key", ["", "k" * 256])
    def test_a_key_has_1_to_255_characters(self, sandbox, key):
        request = IntentRequest(idempotency_key=key, reference="r", amount=USD)
        with pytest.raises(InvalidProviderRequest):
            sandbox.create_payment(request)

    def test_a_key_of_another_operation_is_a_conflict(self, sandbox):
        paid = charge(sandbox)
        with pytest.raises(IdempotencyConflict):
            sandbox.cancel_payment(paid.transaction_id, idempotency_key="key-1")

    def test_metadata_belongs_to_the_parameters(self, sandbox):
        first = charge(sandbox, metadata={"a": "1", "b": "2"})
        assert charge(sandbox, metadata={"b": "2", "a": "1"}) == first
        with pytest.raises(IdempotencyConflict):
            charge(sandbox, metadata={"a": "2", "b": "2"})

    def test_latency_is_slept_at_each_call(self, tmp_path, slept):
        settings = SandboxSettings(path=tmp_path / "s.sqlite3", latency_ms=250)
        charge(SandboxProvider(settings, sleep=slept.append))
        assert slept == [0.25]


class TestDeliveries:
    def test_they_can_be_listed_again_and_from_any_place(self, sandbox, clock):
        charge(sandbox, 1)
        charge(sandbox, 2)
        all_of_them = sandbox.signed_deliveries()
        clock.advance(timedelta(hours=1))
        again = sandbox.signed_deliveries(since=all_of_them[0].sequence)
        assert [each.body for each in again] == [all_of_them[1].body]
        assert again[0].headers != all_of_them[1].headers
        assert deliver(sandbox, again[0], clock).event_id == all_of_them[1].event_id

    def test_any_of_the_secrets_verifies_and_the_first_signs(self, tmp_path, clock):
        old, new = "whsec_old_secret_0123", "whsec_new_secret_0123"
        path = tmp_path / "s.sqlite3"

        def with_secrets(*secrets):
            return SandboxProvider(SandboxSettings(path=path, webhook_secrets=secrets), clock=clock)

        before, during, after = with_secrets(old), with_secrets(new, old), with_secrets(new)
        charge(before)
        signed_before, signed_during = before.signed_deliveries()[0], during.signed_deliveries()[0]
        assert deliver(during, signed_before, clock) == deliver(after, signed_during, clock)
        with pytest.raises(WebhookVerificationError):
            deliver(after, signed_before, clock)

    def test_without_a_secret_in_the_settings_the_file_has_one(self, tmp_path, clock):
        ours = SandboxSettings(path=tmp_path / "a.sqlite3")
        theirs = SandboxSettings(path=tmp_path / "b.sqlite3")
        provider = SandboxProvider(ours, clock=clock)
        charge(provider)
        delivery = provider.signed_deliveries()[0]
        assert deliver(SandboxProvider(ours, clock=clock), delivery, clock).reference == "ref-1"
        with pytest.raises(WebhookVerificationError):
            deliver(SandboxProvider(theirs, clock=clock), delivery, clock)

    @pytest.mark.parametrize(
        ("away", "is_fresh"),
        [(-301, False), (-300, True), (0, True), (300, True), (301, False)],
    )
    def test_five_minutes_either_way_are_tolerated(self, sandbox, clock, away, is_fresh):
        charge(sandbox)
        delivery = sandbox.signed_deliveries(signed_at=clock() + timedelta(seconds=away))[0]
        if is_fresh:
            assert deliver(sandbox, delivery, clock).reference == "ref-1"
        else:
            with pytest.raises(WebhookVerificationError) as raised:
                deliver(sandbox, delivery, clock)
            assert raised.value.provider_code == "outside_tolerance"

    def test_a_signature_needs_a_secret(self, clock):
        header = sign(b"{}", secret="", at=clock())
        assert problem_with(header, body=b"{}", secrets=[], now=clock()) == "no_secret"

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (event_body("payout.paid", {"id": "x_1"}), EventKind.IGNORED),
            (event_body("method.attached", {"id": "x_1"}), EventKind.METHOD_CHANGED),
        ],
    )
    def test_types_without_a_payment(self, tmp_path, clock, body, kind):
        event = self._parse(tmp_path, clock, body)
        assert event.kind is kind
        assert event.object_ref == "x_1"
        assert event.payment is None

    @pytest.mark.parametrize(
        "body",
        [
            event_body("payout.paid", {}, livemode=True),
            event_body("payment.paid", {}),
            event_body("refund.paid", {}),
            event_body("payment.x", payment_data(currency="XXX")),
            event_body("payment.x", payment_data(amount=2**70)),
            event_body("payment.x", payment_data(status="failed", decline_reason="moon")),
            b"nonsense",
        ],
    )
    def test_signed_but_not_understood(self, tmp_path, clock, body):
        with pytest.raises(WebhookPayloadError):
            self._parse(tmp_path, clock, body)

    def _parse(self, tmp_path, clock, body):
        secret = "whsec_0123456789abcdef"
        settings = SandboxSettings(path=tmp_path / "s.sqlite3", webhook_secrets=(secret,))
        headers = {HEADER: sign(body, secret=secret, at=clock())}
        return SandboxProvider(settings).parse_webhook(
            WebhookRequest(headers=headers, body=body, url="", received_at=clock())
        )


class TestSettings:
    @pytest.mark.parametrize(
        "bad",
        [
            {"path": ":memory:"},
            {"path": ""},
            {"webhook_secrets": ["short"]},
            {"latency_ms": -1},
            {"latency_ms": 60_001},
            {"pth": "x"},
        ],
    )
    def test_bad_ones_are_refused(self, bad):
        with pytest.raises(ValidationError):
            SandboxSettings.model_validate(bad)

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(ValidationError, match="name a file"):
            SandboxSettings(path=tmp_path)

    def test_a_place_that_can_not_be_written_is_reported(self, tmp_path):
        (tmp_path / "file").write_text("not a folder")
        provider = SandboxProvider(SandboxSettings(path=tmp_path / "file" / "s.sqlite3"))
        with pytest.raises(ProviderConfigurationError, match="path can't be written"):
            provider.check_configuration()
        for call in (
            lambda: charge(provider),
            lambda: provider.find_payment("x"),
            provider.signed_deliveries,
        ):
            with pytest.raises(ProviderUnavailable):
                call()

    def test_a_file_that_is_no_database_is_reported(self, tmp_path):
        path = tmp_path / "s.sqlite3"
        path.write_text("not a database at all, but long enough to be looked at" * 20)
        with pytest.raises(ProviderConfigurationError):
            SandboxProvider(SandboxSettings(path=path)).check_configuration()

    def test_it_is_refused_where_it_matters(self):
        assert SandboxProvider.is_production_ready is False

    def test_it_works_on_after_it_was_closed(self, sandbox):
        paid = charge(sandbox)
        sandbox.close()
        assert sandbox.get_payment(paid.transaction_id) == paid


def _charge_in_a_process(path, number, key):
    provider = SandboxProvider(SandboxSettings(path=path))
    paid = provider.create_payment(
        IntentRequest(
            idempotency_key=key, reference=f"ref-{key}", amount=USD, method_ref="pm_card_ok"
        )
    )
    provider.close()
    return paid.transaction_id


def _write_and_wait(path, writing):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    db.execute("DELETE FROM objects")
    writing.set()
    time.sleep(60)


class TestManyAtOnce:
    def test_processes_that_start_on_an_empty_file_make_one_charge_per_key(self, tmp_path):
        path = tmp_path / "sandbox.sqlite3"
        keys = [f"key-{number % 5}" for number in range(40)]
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(4, mp_context=spawn) as pool:
            ids = list(pool.map(_charge_in_a_process, [path] * 40, range(40), keys))
        assert len(set(ids)) == 5
        provider = SandboxProvider(SandboxSettings(path=path))
        assert len(provider.payments()) == 5
        assert [each.sequence for each in provider.signed_deliveries()] == [1, 2, 3, 4, 5]

    def test_fifty_threads_with_one_key_make_one_charge(self, sandbox):
        with ThreadPoolExecutor(50) as pool:
            paid = list(pool.map(lambda _: charge(sandbox), range(50)))
        assert set(paid) == {paid[0]}
        assert len(sandbox.payments()) == 1

    def test_fifty_threads_with_fifty_keys_make_fifty(self, sandbox):
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(lambda number: charge(sandbox, number), range(50)))
        assert len(sandbox.payments()) == 50

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child_opens_its_own_connection(self, sandbox):
        charge(sandbox, 1)
        child = os.fork()
        if child == 0:
            try:
                charge(sandbox, 2)
                os._exit(0)
            finally:
                os._exit(1)
        charge(sandbox, 3)
        assert os.waitpid(child, 0)[1] == 0
        assert len(sandbox.payments()) == 3

    def test_scripts_hold_for_other_processes(self, sandbox, tmp_path):
        sandbox.script(rate_limit())
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            answer = pool.submit(_charge_in_a_process, tmp_path / "sandbox.sqlite3", 1, "k")
            assert type(answer.exception()).__name__ == "ProviderRateLimited"

    def test_a_killed_writer_leaves_nothing_half_done(self, tmp_path):
        path = tmp_path / "sandbox.sqlite3"
        provider = SandboxProvider(SandboxSettings(path=path))
        paid = charge(provider)
        spawn = multiprocessing.get_context("spawn")
        writing = spawn.Event()
        victim = spawn.Process(target=_write_and_wait, args=(path, writing))
        victim.start()
        assert writing.wait(30)
        victim.kill()
        victim.join()
        assert charge(provider, 2).state is PaymentState.SUCCEEDED
        assert provider.payments(reference="ref-1") == (paid,)

    def test_a_lost_answer_is_the_same_charge_for_a_later_process(self, sandbox, tmp_path):
        sandbox.script(time_out_after())
        with pytest.raises(ProviderUnavailable):
            charge(sandbox)
        spawn = SandboxProvider(SandboxSettings(path=tmp_path / "sandbox.sqlite3"))
        assert charge(spawn).transaction_id == sandbox.find_payment("ref-1").transaction_id
