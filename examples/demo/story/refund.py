"""Chapter six: the admin gives part of the first payment back."""

from __future__ import annotations

from fractions import Fraction

from examples.demo.story.scene import Person, Scene, decimal, sandbox
from saaskit_django.billing.models import CreditNote
from saaskit_django.payments.models import Payment

SHARE = Fraction(1, 4)


def refund(scene: Scene, ada: Person) -> None:
    """Refund a quarter, and try to give back more than there is."""
    first = Payment.objects.filter(customer_id=ada.customer_id, state="succeeded").order_by("pk")[0]
    amount = first.received.scaled(SHARE)
    if not amount:
        scene.story.leave_out("A partial refund", f"a quarter of {first.received} is nothing")
        return
    body = {
        "transaction_id": first.transaction_id,
        "amount": decimal(amount),
        "reason": "goodwill",
    }
    with scene.story.step(f"The admin refunds {amount} of {first.received}") as step:
        answer = scene.admin.post(step, "/api/payment/refund/", body).json
        step.check("refunded in all", answer["refunded_total"], decimal(amount))
        first.refresh_from_db()
        step.check("the payment is", first.status, "Partial")
        note = CreditNote.objects.get(invoice=first.invoice)
        step.check(
            "the credit note", (str(note), note.amount_minor), ("INV-CN-000001", amount.minor)
        )
        books = sandbox().get_payment(first.provider_ref)
        step.check("the sandbox says", books.refunded, amount)
        scene.keep_invoice(step, ada, first.invoice)
        scene.figures["refund"] = str(amount)
        step.say(f"credit note {note}")
    with scene.story.step("Giving back more than is left is refused") as step:
        too_much = {**body, "amount": decimal(first.received)}
        refused = scene.admin.post(step, "/api/payment/refund/", too_much, expect=409)
        first.refresh_from_db()
        step.check("refunded in all", first.refunded, amount)
        step.say(f"409: {refused.json['detail']}")
