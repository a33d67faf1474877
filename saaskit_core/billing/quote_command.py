"""`saaskit quote`: what a change of price in mid-period costs, line by line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from saaskit_core.billing import explanations
from saaskit_core.billing.quotes import ChangeFacts, ChangeQuote, quote_change
from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency, ProrationMode
from saaskit_core.plans import Price
from saaskit_core.subscriptions.facts import Started
from saaskit_core.subscriptions.policies import ChangeTiming, Policies
from saaskit_core.subscriptions.transitions import create

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


class BadDate(SaasKitError):
    code = "bad_date"
    template = "%(text)s is not an ISO 8601 date or instant."


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    recurring = [value.value for value in BillingFrequency if value != BillingFrequency.ONE_TIME]
    parser.add_argument("--from", dest="old", required=True, help="old price, e.g. 10.00")
    parser.add_argument("--to", dest="new", required=True, help="new price, e.g. 20.00")
    parser.add_argument("--currency", default="USD", help="ISO 4217 (default: USD)")
    parser.add_argument(
        "--started", required=True, help="when the running period began: 2026-06-01"
    )
    parser.add_argument("--at", help="when the change happens (default: now)")
    parser.add_argument(
        "--frequency", choices=recurring, default="Monthly", help="default: Monthly"
    )
    parser.add_argument("--to-frequency", choices=recurring, help="default: as before")
    parser.add_argument("--quantity", type=int, default=1, help="default: 1")
    parser.add_argument("--to-quantity", type=int, help="default: as before")
    parser.add_argument(
        "--mode",
        choices=[mode.value for mode in ProrationMode],
        default="second",
        help="how a part of a period is measured (default: second)",
    )
    parser.add_argument(
        "--timing",
        choices=[timing.value for timing in ChangeTiming],
        help="default: an upgrade now with an invoice, a downgrade at the period's end",
    )
    parser.add_argument("--zone", default="UTC", help="the customer's time zone (default: UTC)")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:  # noqa: ARG001
    """Compute and write. Raises SaasKitError for what can't be quoted."""
    quote = _quote(arguments, now)
    if arguments.json:
        out.write(json.dumps(_as_json(quote), indent=2) + "\n")
        return 0
    out.write(f"{quote.change_type.value}, {quote.timing.value}\n")
    out.write(f"in force from {explanations.instant(quote.effective_at)}\n")
    for line in quote.invoice.lines:
        out.write(f"  {line.total.decimal:>12f}  {line.description}: {line.explanation}\n")
    out.write(f"  {quote.invoice.total.decimal:>12f}  {quote.invoice.currency} in all\n")
    if quote.invoice.to_wallet:
        out.write(f"  {quote.invoice.to_wallet} stay as credit\n")
    return 0


def _quote(arguments: Namespace, now: datetime) -> ChangeQuote:
    policies = Policies(proration=ProrationMode(arguments.mode))
    started = instant(arguments.started)
    current = create(
        Started(
            id="quote",
            customer_id="quote",
            price=_price("the old plan", arguments.old, arguments.currency, arguments.frequency),
            quantity=arguments.quantity,
            zone=arguments.zone,
            is_paid=True,
        ),
        now=started,
        policies=policies,
    ).subscription
    frequency = arguments.to_frequency or arguments.frequency
    return quote_change(
        ChangeFacts(
            subscription=current,
            price=_price("the new plan", arguments.new, arguments.currency, frequency),
            quantity=arguments.to_quantity,
            now=instant(arguments.at) if arguments.at else now,
            policies=policies,
            timing=ChangeTiming(arguments.timing) if arguments.timing else None,
        )
    )


def _price(plan: str, amount: str, currency: str, frequency: str) -> Price:
    return Price(
        id=plan,
        plan=plan,
        amount=Money.of(amount, currency),
        frequency=BillingFrequency(frequency),
    )


def instant(text: str) -> datetime:
    """Read an ISO 8601 date or instant, in UTC where it has no offset. Raises BadDate."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadDate(text=repr(text)[:60]) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _as_json(quote: ChangeQuote) -> dict[str, object]:
    invoice = quote.invoice
    return {
        "change_type": quote.change_type.value,
        "timing": quote.timing.value,
        "effective_at": quote.effective_at.isoformat(),
        "resets_cycle": quote.resets_cycle,
        "currency": invoice.currency,
        "lines": [
            {
                "kind": line.kind.value,
                "description": line.description,
                "total": f"{line.total.decimal:f}",
                "explanation": line.explanation,
            }
            for line in invoice.lines
        ],
        "total": f"{invoice.total.decimal:f}",
        "amount_due": f"{invoice.amount_due.decimal:f}",
        "to_wallet": f"{invoice.to_wallet.decimal:f}",
    }
