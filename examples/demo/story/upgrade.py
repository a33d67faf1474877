"""Chapter four: an upgrade in the midst of the period, previewed and then done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from examples.demo.story.scene import Person, Scene, decimal, order
from saaskit_core.billing.quotes import (
    ChangeFacts,
    ChangeQuote,
    InvoiceKind,
    Settlement,
    quote_change,
    quote_period,
)
from saaskit_django.billing.selectors import wallet_balance
from saaskit_django.conf import conf

if TYPE_CHECKING:
    from examples.demo.cast import Offer
    from examples.demo.steps import Step
    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.money import Money
    from saaskit_core.subscriptions.model import Subscription


def upgrade(scene: Scene, ada: Person, dearer: Offer) -> None:
    """Preview and do the upgrade when half of the period is over."""
    middle = halfway(ada)
    with scene.story.step(
        f"Half a period later Ada asks what {dearer.plan.name} would cost"
    ) as step:
        scene.live_until(step, ada, middle)
        before = Standing.of(ada)
        preview = _change(ada, step, dearer, preview=True)
        previewed = before.quote(dearer, at=_at(preview))
        _check_lines(step, preview["change"]["proration"], previewed)
        step.check("the plan is still", ada.row.subscription_plan.key, before.core.plan)
        step.say(_proration(preview["change"]["proration"]))
    with scene.story.step("She changes: the same quote, charged at once") as step:
        answer = _change(ada, step, dearer, preview=False)
        done = before.quote(dearer, at=_at(answer))
        _check_lines(step, answer["change"]["proration"], done)
        step.check("charged", ada.payment.received, done.invoice.amount_due)
        step.check("the payment is", answer["payment"]["status"], "Completed")
        step.check("the plan is", ada.row.subscription_plan.key, dearer.plan.key)
        if previewed.invoice == replace(done.invoice, lines=previewed.invoice.lines):
            step.say("preview = execution, to the cent")
        scene.keep_invoice(step, ada, ada.invoice)
        scene.figures["upgrade_charge"] = str(done.invoice.amount_due)
        step.say(f"{done.invoice.amount_due} charged")


def opened(scene: Scene, ada: Person, dearer: Offer) -> None:
    """Show that the feature denied before is open now."""
    path = scene.cast.denied
    if not path or not scene.cast.features(dearer.plan).allows(path):
        scene.story.leave_out("A feature opens", f"{dearer.plan.name} includes no more than before")
        return
    with scene.story.step(f"{path}: allowed now") as step:
        ada.api.get(step, f"/export/{path}/")
        step.say("the same request as before")


class Standing:
    """What a change is computed from: subscription, coupons and wallet at one moment."""

    def __init__(
        self, core: Subscription, coupons: tuple[AppliedCoupon, ...], wallet: dict[str, Money]
    ) -> None:
        self.core = core
        self._coupons = coupons
        self._wallet = wallet

    @classmethod
    def of(cls, person: Person) -> Standing:
        """Read it."""
        row = person.row
        currency = row.price.currency
        wallet = {currency: wallet_balance(row.customer, currency)}
        return cls(row.to_core(), person.coupons, wallet)

    def quote(self, offer: Offer, *, at: datetime) -> ChangeQuote:
        """Work out the change by the core, at the catalogue's price."""
        current = self.core
        currency = offer.price.amount.currency
        return quote_change(
            ChangeFacts(
                subscription=current,
                price=offer.price,
                now=at,
                policies=conf().policies,
                current_net=self._net(),
                coupons=self._coupons,
                settlement=Settlement(wallet=self._wallet.get(currency)),
            )
        )

    def _net(self) -> Money | None:
        if self.core.period is None:
            return None
        whole = quote_period(
            kind=InvoiceKind.RENEWAL,
            price=self.core.price,
            quantity=self.core.quantity,
            period=self.core.period,
            coupons=self._coupons,
        )
        return whole.subtotal - whole.discount


def halfway(person: Person) -> datetime:
    """Return the middle of the period, on a whole second."""
    row = person.row
    middle: datetime = row.period_start + (row.end_date - row.period_start) / 2
    return middle.replace(microsecond=0)


def _change(person: Person, step: Step, offer: Offer, *, preview: bool) -> dict[str, Any]:
    body = {
        "plan_id": order(offer)["subscription_plan_id"],
        "billing_frequency": str(offer.price.frequency),
        "preview": preview,
    }
    answer: dict[str, Any] = person.api.post(step, "/api/core/subscription/change/", body).json
    return answer


def _at(answer: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(answer["change"]["effective_at"])


def _check_lines(step: Step, found: dict[str, Any], quote: ChangeQuote) -> None:
    """Compare what was answered with what the core works out for the same instant."""
    invoice = quote.invoice
    step.check(
        "lines",
        [(line["kind"], line["amount"], line["discount"]) for line in found["lines"]],
        [(str(line.kind), decimal(line.amount), decimal(line.discount)) for line in invoice.lines],
    )
    step.check("total", found["total"], decimal(invoice.total))
    step.check("to pay", found["amount_due"], decimal(invoice.amount_due))
    step.check("to the wallet", found["to_wallet"], decimal(invoice.to_wallet))


def _proration(found: dict[str, Any]) -> str:
    parts = []
    for line in found["lines"]:
        off = f" − {line['discount']}" if Decimal(line["discount"]) else ""
        parts.append(f"{line['description']} {line['amount']}{off}")
    return f"{', '.join(parts)} = {found['amount_due']} {found['currency']}"
