"""Chapter seven: Bob pays step by step, by a webhook, and later from his wallet."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from examples.demo.cast import Offer
from examples.demo.story.dunning import expected_renewal
from examples.demo.story.purchase import deliver_twice_backwards
from examples.demo.story.scene import GOOD_CARD, Person, Scene, decimal, order, sandbox
from examples.demo.story.upgrade import Standing, halfway
from saaskit_core.billing.quotes import InvoiceDraft, InvoiceKind, quote_period
from saaskit_core.money import Money
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment

if TYPE_CHECKING:
    from examples.demo.steps import Step
    from saaskit_core.plans import Plan

BOB = "Bob Builder"


def register(scene: Scene, second: Offer) -> Person:
    """Let Bob come in: on the free plan if what he will buy has a trial, which would begin."""
    free = scene.cast.free if second.plan.trial_days else None
    offer = _free_offer(free, second) if free else None
    title = f"Bob registers on {free.name}" if free else "Bob registers without a plan"
    with scene.story.step(title) as step:
        answer = scene.enter(step, BOB, offer=offer).json
        if offer:
            step.check("status", answer["subscription"]["status"], "Active")
            step.check("to pay", answer["payment"], None)
        step.say("nothing to pay")
    return scene.people[BOB]


def intend(scene: Scene, bob: Person, second: Offer) -> str:
    """Make the payment; asking again with the same key is the same payment."""
    title = f"Bob buys {second.plan.name} for {second.price.amount}: create-intent"
    with scene.story.step(title) as step:
        wanted = order(second)
        known = Customer.objects.filter(user__email=bob.email).first()
        bob.customer_id = known.pk if known else 0
        before = Standing.of(bob) if known else None
        answer = bob.api.post(step, "/api/payment/create-intent/", wanted).json
        bob.customer_id = Customer.objects.get(user__email=bob.email).pk
        draft = _expected(bob, before, second)
        step.check("to pay", (answer["amount"], answer["currency"]), _wire(draft.amount_due))
        step.check("status", answer["status"], "Pending")
        step.check_that("a client secret for the browser", answer["client_secret"])
        again = bob.api.post(step, "/api/payment/create-intent/", wanted, is_shown=False).json
        step.check("asking again", again["transaction_id"], answer["transaction_id"])
        step.check("payments", Payment.objects.filter(customer_id=bob.customer_id).count(), 1)
        step.say(f"{draft.amount_due}; asked twice, made once")
        found: str = answer["transaction_id"]
        return found


def decline(scene: Scene, bob: Person, second: Offer, transaction_id: str) -> None:
    """Try a card without money."""
    amount = bob.payment.amount
    with scene.story.step("His first card is declined: 402") as step:
        refused = _confirm(bob, step, transaction_id, "pm_card_declined", expect=402)
        step.check("code", refused["code"], "payment_declined")
        step.check("received", bob.payment.received, Money.zero(amount.currency))
        step.check_that("he has not got the plan", _plan_in_use(bob, step) != second.plan.key)
        step.say(f"402: {refused['detail']}")


def pay(scene: Scene, bob: Person, second: Offer) -> None:
    """Try a card whose result comes later, and the webhook that brings it."""
    with scene.story.step("He tries another card; his bank takes its time") as step:
        made = bob.api.post(step, "/api/payment/create-intent/", order(second)).json
        transaction_id, amount = made["transaction_id"], bob.payment.amount
        step.check("to pay", (made["amount"], made["currency"]), _wire(amount))
        answer = _confirm(bob, step, transaction_id, "pm_card_processing")
        step.check("the payment is", answer["status"], "Processing")
        step.check_that("he has not got the plan", _plan_in_use(bob, step) != second.plan.key)
        step.say("nothing is granted before the money is there")
    with scene.story.step("The webhook brings the result: forged, twice, out of order") as step:
        _post_forged(scene, step)
        sandbox().approve(bob.payment.provider_ref)
        delivered = deliver_twice_backwards(scene, step)
        step.check("received", bob.payment.received, amount)
        step.check("he has got", _plan_in_use(bob, step), second.plan.key)
        paid = Payment.objects.filter(customer_id=bob.customer_id, state="succeeded")
        step.check("payments that arrived", paid.count(), 1)
        receipts = [mail for mail in scene.mails_to(bob) if mail.subject.startswith("Receipt")]
        step.check("receipts mailed", len(receipts), 1)
        scene.keep_invoice(step, bob, bob.invoice)
        step.say(f"the forged one 400; {delivered} deliveries, {amount} booked once")


def downgrade(scene: Scene, bob: Person, cheaper: Offer) -> None:
    """Let Bob take a cheaper plan at once: what is unused goes to his wallet."""
    title = f"Half a period later Bob changes to {cheaper.plan.name}, with credit"
    with scene.story.step(title) as step:
        body = {"payment_method_id": GOOD_CARD}
        bob.api.post(step, "/api/core/billing/payment-methods/", body, expect=201, is_shown=False)
        scene.live_until(step, bob, halfway(bob))
        before = Standing.of(bob)
        wanted = {"plan_id": order(cheaper)["subscription_plan_id"]}
        change = bob.api.post(step, "/api/core/subscription/change/", wanted).json["change"]
        at = datetime.fromisoformat(change["effective_at"])
        quote = before.quote(cheaper, at=at)
        kept = quote.invoice.to_wallet
        step.check("to the wallet", change["proration"]["to_wallet"], decimal(kept))
        step.check("the plan is", bob.row.subscription_plan.key, cheaper.plan.key)
        step.check("the wallet holds", _wallet(bob, step), {kept.currency: decimal(kept)})
        scene.figures["wallet"] = str(kept)
        step.say(f"{kept} of unused time, kept for the next invoices")


def renew(scene: Scene, bob: Person) -> None:
    """Let the wallet pay first."""
    with scene.story.step("Bob's renewal is paid from the wallet first") as step:
        draft = expected_renewal(bob)
        held = Money.of(_wallet(bob, step)[draft.currency], draft.currency)
        scene.live_until(step, bob, bob.row.end_date)
        step.check("total", bob.invoice.total, draft.total)
        step.check("from the wallet", bob.invoice.credit_minor, draft.credit_applied.minor)
        step.check("by card", bob.invoice.amount_due, draft.amount_due)
        step.check("status", bob.row.status, "Active")
        left = decimal(held - draft.credit_applied)
        step.check("the wallet holds", _wallet(bob, step), {draft.currency: left})
        scene.keep_invoice(step, bob, bob.invoice)
        step.say(f"{draft.total} = {draft.credit_applied} credit + {draft.amount_due} by card")


def _free_offer(free: Plan, second: Offer) -> Offer:
    currency = second.price.amount.currency
    prices = [price for price in free.prices if price.is_free and price.is_recurring]
    return Offer(plan=free, price=min(prices, key=lambda price: price.amount.currency != currency))


def _expected(bob: Person, before: Standing | None, second: Offer) -> InvoiceDraft:
    if before is None:
        period = bob.row.to_core().period
        return quote_period(kind=InvoiceKind.FIRST, price=second.price, period=period)
    return before.quote(second, at=bob.invoice.issued_at).invoice


def _wire(amount: Money) -> tuple[str, str]:
    return decimal(amount), amount.currency


def _confirm(
    bob: Person, step: Step, transaction_id: str, card: str, *, expect: int = 200
) -> dict[str, Any]:
    body = {"transaction_id": transaction_id, "payment_method_id": card}
    found: dict[str, Any] = bob.api.post(step, "/api/payment/confirm/", body, expect=expect).json
    return found


def _plan_in_use(bob: Person, step: Step) -> str:
    plan = bob.api.get(step, "/api/core/features/", is_shown=False).json["plan"]
    return str(plan["key"]) if plan else ""


def _post_forged(scene: Scene, step: Step) -> None:
    delivery = sandbox().signed_deliveries()[-1]
    forged = delivery.body.replace(b'"received":', b'"received":9')
    answer, _ = scene.nobody().send(
        "POST", "/api/payment/webhook/sandbox/", data=forged, headers=delivery.headers
    )
    step.check("a forged delivery answers", answer.status, 400)


def _wallet(bob: Person, step: Step) -> dict[str, str]:
    answer: dict[str, Any] = bob.api.get(step, "/api/core/billing/wallet/").json
    balances: dict[str, str] = answer["balances"]
    return balances
