"""The last chapter: what it all comes to, and whether the books agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from django.db.models import Sum

from examples.demo.revenue import recurring, revenue_lines
from examples.demo.story.scene import sandbox
from saaskit_core.analytics.movements import changes_of, movements, totals
from saaskit_core.analytics.mrr import as_money, mrr
from saaskit_core.analytics.revenue import is_counted
from saaskit_core.payments.states import OPEN
from saaskit_django.audit.selectors import verify
from saaskit_django.billing.models import (
    CreditNote,
    Invoice,
    InvoiceSeries,
    WalletAccount,
    WalletBalance,
    WalletEntry,
)
from saaskit_django.billing.selectors import ledger_sum
from saaskit_django.conf import conf
from saaskit_django.customers.models import Customer
from saaskit_django.outbox.models import Delivery
from saaskit_django.payments.models import Payment, WebhookEvent
from saaskit_django.subscriptions.selectors import with_prices

if TYPE_CHECKING:
    from examples.demo.steps import Step
    from examples.demo.story.scene import Figures, Scene


def recurring_revenue(scene: Scene) -> None:
    """Work out MRR from the paid invoices and compare it with the live subscriptions."""
    with scene.story.step("Monthly recurring revenue, from the rows") as step:
        lines = revenue_lines()
        found = mrr(lines, at=last_instant())
        step.check("from the subscriptions", _from_subscriptions(), found)
        moved = totals(movements(changes_of(lines)))
        summed = {currency: sum(kinds.values()) for currency, kinds in moved.items()}
        step.check("the movements add up to", summed, found)
        amounts = {currency: str(as_money(minor, currency)) for currency, minor in found.items()}
        scene.figures["mrr"] = amounts
        scene.figures["mrr_movements"] = {
            currency: {str(kind): str(as_money(minor, currency)) for kind, minor in kinds.items()}
            for currency, kinds in moved.items()
        }
        step.say(", ".join(amounts.values()) or "nothing recurs")


def last_instant() -> datetime:
    """Return the instant up to which the furthest test clock has come."""
    offsets = Customer.objects.values_list("clock_offset", flat=True)
    return datetime.now(UTC) + max(offsets, default=timedelta())


def _from_subscriptions() -> dict[str, Fraction]:
    """Add up what is live now; currencies are never converted."""
    sums: dict[str, Fraction] = {}
    for row in with_prices():
        core = row.to_core()
        if is_counted(core) and not core.price.is_free:
            amount = recurring(row, core.price, core.quantity)
            monthly = amount.minor / core.price.interval.months  # type: ignore[union-attr]
            sums[row.price.currency] = sums.get(row.price.currency, Fraction(0)) + monthly
    return dict(sorted(sums.items()))


def invariants(scene: Scene) -> None:
    """Check what must always be true."""
    for title, check in (
        ("The ledger adds up to zero", _ledger),
        ("Invoice and credit note numbers are contiguous", _numbers),
        ("Every invoice is its lines, and what is paid was received", _invoices),
        ("Our books and the provider's agree, payment by payment", _provider_books),
        ("Nothing is left open", _open_ends),
        ("The audit trail is whole", _audit),
    ):
        with scene.story.step(title) as step:
            check(step, scene.figures)


def _ledger(step: Step, figures: Figures) -> None:
    sums = ledger_sum()
    for currency, minor in sorted(sums.items()):
        step.check(f"sum of all legs in {currency}", minor, 0)
    wallets = WalletEntry.objects.filter(account=WalletAccount.WALLET)
    for balance in WalletBalance.objects.all():
        legs = wallets.filter(customer=balance.customer_id, currency=balance.currency)
        total = legs.aggregate(total=Sum("amount_minor"))["total"] or 0
        step.check(f"the wallet in {balance.currency}", balance.balance_minor, total)
    figures["ledger_sum"] = sum(sums.values())
    step.check("the ledger's sum", figures["ledger_sum"], 0)
    step.say(f"{WalletEntry.objects.count()} legs, sum 0")


def _numbers(step: Step, figures: Figures) -> None:
    series = conf().invoice_series
    invoices = Invoice.objects.filter(series=series, number__isnull=False).order_by("number")
    _check_series(step, series, list(invoices.values_list("number", flat=True)))
    notes = CreditNote.objects.order_by("number")
    _check_series(step, f"{series}-CN", list(notes.values_list("number", flat=True)))
    figures["invoices"] = invoices.count()
    step.say(f"{invoices.count()} invoices, {notes.count()} credit notes")


def _check_series(step: Step, name: str, numbers: list[int]) -> None:
    step.check(f"{name} numbers", numbers, list(range(1, len(numbers) + 1)))
    counter = InvoiceSeries.objects.filter(name=name).values_list("last_number", flat=True).first()
    step.check(f"{name} counter", counter or 0, len(numbers))


def _invoices(step: Step, _: Figures) -> None:
    for invoice in Invoice.objects.prefetch_related("lines"):
        lines = invoice.lines.all()
        total = sum(line.amount_minor - line.discount_minor + line.tax_minor for line in lines)
        step.check(f"lines of {invoice}", total, invoice.total_minor)
        if invoice.status == Invoice.Status.PAID:
            received = _received(Payment.objects.filter(invoice=invoice))
            step.check(f"received for {invoice}", received, invoice.amount_due_minor)


def _received(payments: object) -> int:
    found = payments.aggregate(total=Sum("received_minor"))  # type: ignore[attr-defined]
    return int(found["total"] or 0)


def _provider_books(step: Step, figures: Figures) -> None:
    theirs = {each.transaction_id: each for each in sandbox().payments()}
    ours = {each.provider_ref: each for each in Payment.objects.exclude(provider_ref="")}
    step.check("payments", sorted(ours), sorted(theirs))
    sums: dict[str, list[int]] = {}
    for ref, payment in ours.items():
        same = (theirs[ref].received, theirs[ref].refunded)
        step.check(f"{payment.transaction_id}", (payment.received, payment.refunded), same)
        total = sums.setdefault(payment.currency, [0, 0])
        total[0] += payment.received_minor
        total[1] += payment.refunded_minor
    cash = {
        currency: {
            "received": str(as_money(Fraction(received), currency)),
            "refunded": str(as_money(Fraction(refunded), currency)),
        }
        for currency, (received, refunded) in sorted(sums.items())
    }
    figures["cash"] = cash
    step.say(", ".join(f"received {each['received']}" for each in cash.values()) or "no payment")


def _open_ends(step: Step, _: Figures) -> None:
    step.check("open payments", Payment.objects.filter(state__in=sorted(OPEN)).count(), 0)
    step.check("amounts reserved", Payment.objects.exclude(refunding_minor=0).count(), 0)
    waiting = [WebhookEvent.Status.DONE, WebhookEvent.Status.IGNORED]
    step.check("webhooks waiting", WebhookEvent.objects.exclude(status__in=waiting).count(), 0)
    undelivered = Delivery.objects.exclude(status=Delivery.Status.DELIVERED)
    step.check("events undelivered", undelivered.count(), 0)
    step.check("customers on hold", Customer.objects.filter(parked_at__isnull=False).count(), 0)
    done = Delivery.objects.count()
    step.say(f"{done} reactions to events delivered, {WebhookEvent.objects.count()} webhooks done")


def _audit(step: Step, _: Figures) -> None:
    found = verify()
    step.check("problems in the chain", found.problem, "")
    step.say(f"{found.checked} entries, each sealed by the hash of the one before")
