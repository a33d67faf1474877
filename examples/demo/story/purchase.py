"""Chapter two: Ada subscribes, her trial ends, and she pays for the first time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.demo.story.scene import Person, Scene, decimal, sandbox
from saaskit_core.billing.quotes import InvoiceDraft, InvoiceKind, quote_period
from saaskit_core.coupons import AppliedCoupon
from saaskit_django.billing.models import Invoice
from saaskit_django.coupons.models import CouponUsage
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment, WebhookEvent
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from examples.demo.cast import Offer
    from examples.demo.steps import Step

ADA = "Ada Lovelace"


def subscribe(scene: Scene, main: Offer) -> Person:
    """Let Ada register, with a trial if there is one, and pay her first invoice."""
    if not scene.cast.coupon:
        scene.story.leave_out("A coupon", "the catalogue has none that this plan could use")
    if main.plan.trial_days:
        _begin_trial(scene, main)
        _add_card(scene)
        _end_trial(scene, main)
    else:
        scene.story.leave_out("A trial", "the catalogue has no paid plan with trial_days")
        _buy(scene, main)
    ada = scene.people[ADA]
    scene.figures["first_charge"] = str(ada.payment.received)
    return ada


def card_of(scene: Scene) -> str:
    """Return a card with money for the first charge, and for the upgrade if there is one."""
    return f"pm_card_decline_after_{2 if scene.cast.dearer else 1}"


def _register(scene: Scene, step: Step, main: Offer) -> dict[str, object]:
    coupon = scene.cast.coupon
    choices = {"coupon_code": coupon.code} if coupon else {}
    answer = scene.enter(step, ADA, offer=main, **choices)
    person = scene.people[ADA]
    person.customer_id = Customer.objects.get(user__email=person.email).pk
    found: dict[str, object] = answer.json
    return found


def _begin_trial(scene: Scene, main: Offer) -> None:
    code = scene.cast.coupon.code if scene.cast.coupon else ""
    using = f" with the coupon {code}" if code else ""
    with scene.story.step(f"Ada registers for {main.plan.name}{using}") as step:
        answer = _register(scene, step, main)
        row = scene.people[ADA].row
        step.check("status", answer["subscription"]["status"], "Trial")  # type: ignore[index]
        step.check("the trial ends", row.trial_end, row.start_date + _days(main.plan.trial_days))
        step.check("to pay now", answer["payment"], None)
        if code:
            step.check("the coupon is", CouponUsage.objects.get().status, "reserved")
        step.say(f"on Trial until {row.trial_end:%d %B %Y}, nothing charged")


def _days(count: int) -> timedelta:
    return timedelta(days=count)


def _add_card(scene: Scene) -> None:
    ada = scene.people[ADA]
    with scene.story.step("Ada adds a card") as step:
        answer = ada.api.post(
            step,
            "/api/core/billing/payment-methods/",
            {"payment_method_id": card_of(scene)},
            expect=201,
        )
        step.check_that("it is the default", answer.json["is_default"])
        step.check("charged so far", Payment.objects.count(), 0)
        step.say(f"•••• {answer.json['last4']}, kept by the provider, not by us")


def _end_trial(scene: Scene, main: Offer) -> None:
    ada = scene.people[ADA]
    with scene.story.step(f"{main.plan.trial_days} days pass: the trial ends") as step:
        scene.live_until(step, ada, ada.row.trial_end)
        _check_first_charge(scene, step, main)


def _buy(scene: Scene, main: Offer) -> None:
    with scene.story.step(f"Ada registers for {main.plan.name}") as step:
        answer = _register(scene, step, main)
        step.check("status", answer["subscription"]["status"], "Pending")  # type: ignore[index]
        step.say("the subscription waits for its first payment")
    ada = scene.people[ADA]
    with scene.story.step("Ada confirms the payment with her card") as step:
        body = {
            "transaction_id": ada.payment.transaction_id,
            "payment_method_id": card_of(scene),
        }
        answer = ada.api.post(step, "/api/payment/confirm/", body).json
        step.check("the payment is", answer["status"], "Completed")
        _check_first_charge(scene, step, main)


def _check_first_charge(scene: Scene, step: Step, main: Offer) -> None:
    ada, draft = scene.people[ADA], expected_first(scene, main)
    row, payment = ada.row, ada.payment
    step.check("status", row.status, "Active")
    step.check("charged", payment.received, draft.amount_due)
    step.check("the sandbox says", sandbox().payments()[-1].received, draft.amount_due)
    step.check("discount", ada.invoice.discount_minor, draft.discount.minor)
    coupon = scene.cast.coupon
    if coupon:
        step.check("the coupon is", CouponUsage.objects.get().status, "confirmed")
        step.say(f"{draft.subtotal} − {draft.discount} ({coupon.code}) = {draft.amount_due}")
    else:
        step.say(f"{draft.amount_due} charged")


def expected_first(scene: Scene, main: Offer) -> InvoiceDraft:
    """Work out the first invoice by the core, from the catalogue's own price and coupon."""
    coupon = scene.cast.coupon
    return quote_period(
        kind=InvoiceKind.FIRST,
        price=main.price,
        period=scene.people[ADA].row.to_core().period,
        coupons=[AppliedCoupon(coupon=coupon)] if coupon else [],
    )


def read_invoice(scene: Scene, main: Offer) -> None:
    """Look at the invoice as data and as a page."""
    ada, draft = scene.people[ADA], expected_first(scene, main)
    with scene.story.step("The invoice, as JSON and as a page") as step:
        listed = ada.api.get(step, "/api/core/billing/invoices/").json
        step.check("invoices", listed["count"], 1)
        found = listed["results"][0]
        step.check("number", found["number"], "INV-000001")
        step.check("status", found["status"], "paid")
        step.check("subtotal", found["subtotal"], decimal(draft.subtotal))
        step.check("discount", found["discount"], decimal(draft.discount))
        step.check("total", found["total"], decimal(draft.total))
        page = scene.keep_invoice(step, ada, ada.invoice)
        step.check_that("the page shows the number", "INV-000001" in page)
        step.check_that("the page shows the total", decimal(draft.total) in page)
        step.check_that("the page loads nothing from elsewhere", "src=" not in page)
        step.say(f"INV-000001 over {draft.total}, paid; each line explains its amount")


def read_receipt(scene: Scene) -> None:
    """Find the receipt in the mailbox and in the list of notifications."""
    ada = scene.people[ADA]
    with scene.story.step("The receipt, by e-mail and in the list of notifications") as step:
        subject = f"Receipt for {ada.payment.received}"
        receipts = [mail for mail in scene.mails_to(ada) if mail.subject == subject]
        step.check("receipts mailed", len(receipts), 1)
        step.check_that("it names the invoice", "INV-000001" in receipts[0].text)
        listed = ada.api.get(step, "/api/core/notifications/list/").json["results"]
        step.check("in the list", [row["title"] for row in listed].count(subject), 1)
        step.say(f"“{subject}” to {ada.email}")


def redeliver(scene: Scene) -> None:
    """Deliver every webhook twice and backwards: what is known already changes nothing."""
    title = "The provider's signed webhooks arrive twice and out of order"
    with scene.story.step(title) as step:
        before = _state()
        delivered = deliver_twice_backwards(scene, step)
        step.check("rows that changed", _differences(before, _state()), [])
        step.check("receipts mailed", _receipts(scene), 1)
        step.say(f"{delivered} deliveries, nothing charged, granted or mailed again")


def deliver_twice_backwards(scene: Scene, step: Step, *, since: int = 0) -> int:
    """Post all signed deliveries over HTTP, the newest first and each of them twice."""
    deliveries = sandbox().signed_deliveries(since=since)
    for each in [*reversed(deliveries), *deliveries]:
        answer, _ = scene.nobody().send(
            "POST", "/api/payment/webhook/sandbox/", data=each.body, headers=each.headers
        )
        step.check("POST /api/payment/webhook/sandbox/ answers", answer.status, 200)
    known = WebhookEvent.objects.filter(event_id__in=[each.event_id for each in deliveries])
    step.check("deliveries kept", known.count(), len(deliveries))
    return 2 * len(deliveries)


def _state() -> dict[str, object]:
    """Everything that a webhook could change."""
    return {
        "payments": list(
            Payment.objects.order_by("pk").values_list("pk", "state", "received_minor")
        ),
        "invoices": list(Invoice.objects.order_by("pk").values_list("pk", "status", "number")),
        "uses": list(CouponUsage.objects.order_by("pk").values_list("pk", "status")),
        "subscriptions": list(
            Subscription.objects.order_by("pk").values_list("pk", "status", "lock_version")
        ),
    }


def _differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


def _receipts(scene: Scene) -> int:
    mails = scene.mails_to(scene.people[ADA])
    return sum(mail.subject.startswith("Receipt") for mail in mails)
