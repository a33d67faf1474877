"""Chapter five: the renewal is declined, tried again, and recovered by another card."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from examples.demo.story.scene import GOOD_CARD, Person, Scene
from saaskit_core.billing.dunning import gives_up_at, next_attempt_at
from saaskit_core.billing.quotes import InvoiceDraft, InvoiceKind, Settlement, quote_period
from saaskit_core.money import Money
from saaskit_core.subscriptions.model import next_period
from saaskit_django.billing.selectors import wallet_balance
from saaskit_django.conf import conf
from saaskit_django.payments.models import Payment
from saaskit_django.renewals.models import Renewal

if TYPE_CHECKING:
    from examples.demo.steps import Step

RETRIES_SHOWN = 2


def fail(scene: Scene, ada: Person) -> InvoiceDraft:
    """Let the period end on a card that has run dry; returns the renewal's invoice as expected."""
    draft, period_end = expected_renewal(ada), ada.row.end_date
    with scene.story.step("The period ends; Ada's card is declined") as step:
        scene.live_until(step, ada, period_end)
        row = ada.row
        step.check("status", (row.status, row.status_reason), ("RenewalPending", "retrying"))
        _check_attempt(step, ada, draft, number=1)
        step.check("a new period", row.end_date, period_end)
        step.check("access goes on until", row.grace_until, row.past_due_since + _grace())
        ada.api.get(step, "/api/core/features/")
        step.check("mails about it", _failures(scene, ada), 1)
        step.say(f"insufficient funds; access goes on until {row.grace_until:%d %B}")
    return draft


def retry(scene: Scene, ada: Person, draft: InvoiceDraft) -> None:
    """Let the schedule try again."""
    for number in range(2, 2 + RETRIES_SHOWN):
        at = next_attempt_at(ada.row.to_core(), policies=conf().policies)
        if at is None:
            scene.story.leave_out("A retry", "the policies plan none")
            return
        with scene.story.step(f"Dunning, attempt {number}: declined again") as step:
            scene.live_until(step, ada, at)
            _check_attempt(step, ada, draft, number=number)
            step.check("status", ada.row.status, "RenewalPending")
            step.check("mails about it", _failures(scene, ada), number)
            step.say(f"on {at:%d %B}; {_next_steps(ada)}")


def recover(scene: Scene, ada: Person, draft: InvoiceDraft) -> None:
    """Let another card pay what is overdue, at once."""
    old_end: datetime = ada.row.end_date
    with scene.story.step("Ada adds another card: what is overdue is charged at once") as step:
        body = {"payment_method_id": GOOD_CARD}
        ada.api.post(step, "/api/core/billing/payment-methods/", body, expect=201)
        row = ada.row
        step.check("status", row.status, "Active")
        step.check("the new period begins where the old one ended", row.period_start, old_end)
        step.check("charged", ada.payment.received, draft.amount_due)
        renewal = Renewal.objects.get(subscription=row)
        step.check("the renewal cost", renewal.renewal_cost_minor, draft.total.minor)
        step.check("the invoice is", ada.invoice.status, "paid")
        scene.keep_invoice(step, ada, ada.invoice)
        scene.figures["renewal_charge"] = str(draft.amount_due)
        step.say(f"{draft.amount_due}; the billing day stays the same")


def expected_renewal(person: Person) -> InvoiceDraft:
    """Work out the next period's invoice by the core."""
    row, core = person.row, person.row.to_core()
    return quote_period(
        kind=InvoiceKind.RENEWAL,
        price=core.price,
        quantity=core.quantity,
        period=next_period(core),
        coupons=person.coupons,
        settlement=Settlement(wallet=wallet_balance(row.customer, row.price.currency)),
    )


def _check_attempt(step: Step, ada: Person, draft: InvoiceDraft, *, number: int) -> None:
    failed = Payment.objects.filter(customer_id=ada.customer_id, state="failed")
    step.check("declined attempts", failed.count(), number)
    step.check("asked for", ada.payment.amount, draft.amount_due)
    step.check("received", ada.payment.received, Money.zero(draft.currency))
    step.check("reason", ada.payment.failure_reason, "insufficient_funds")


def _failures(scene: Scene, ada: Person) -> int:
    return sum(mail.subject.endswith("failed") for mail in scene.mails_to(ada))


def _next_steps(ada: Person) -> str:
    core, policies = ada.row.to_core(), conf().policies
    at, end = next_attempt_at(core, policies=policies), gives_up_at(core, policies=policies)
    planned = f"next attempt {at:%d %B}" if at else "no further attempt"
    return f"{planned}, given up on {end:%d %B}" if end else planned


def _grace() -> timedelta:
    return timedelta(days=conf().policies.grace_days)
