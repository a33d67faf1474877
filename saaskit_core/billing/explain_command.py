"""`saaskit explain FILE.json`: why a customer gets in or doesn't, and why he was billed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from saaskit_core.billing.histories import BadHistory, History, build_history, parse_history
from saaskit_core.billing.previews import begun
from saaskit_core.billing.quote_command import instant
from saaskit_core.billing.quotes import (
    ChangeFacts,
    InvoiceDraft,
    nets_of_period,
    quote_change,
    quote_issue,
)
from saaskit_core.catalog import load_catalog
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.explaining import Explanation, explain
from saaskit_core.subscriptions.policies import ChangeTiming

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from datetime import datetime

    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.subscriptions.bills import Bill


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", help="JSON: a subscription, its policies and its log")
    parser.add_argument("--at", help="the instant to explain (default: now)")
    parser.add_argument("--catalog", help="a catalogue whose plans the facts name")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:
    """Explain and write. Raises SaasKitError for what can't be read or isn't possible."""
    history = _read(arguments)
    for entry in history.idle:
        err.write(f"{entry} changed nothing then, and is not in the log\n")
    at = instant(arguments.at) if arguments.at else now
    explanation = explain(history.entries, now=at, policies=history.policies)
    drafts = dict(_drafts(explanation, history))
    if arguments.json:
        out.write(json.dumps(_as_json(explanation, drafts), indent=2) + "\n")
        return 0
    out.write(explanation.text + "\n")
    for bill in explanation.bills:
        out.write(f"{bill.issue.key}: {drafts[bill.issue.key].total}\n")
        for line in drafts[bill.issue.key].lines:
            out.write(f"  {line.total.decimal:>12f}  {line.description}: {line.explanation}\n")
    return 0


def _read(arguments: Namespace) -> History:
    document = parse_history(_text(Path(arguments.file)))
    named = arguments.catalog or document.catalog
    if not named:
        return build_history(document)
    beside = Path(arguments.file).parent if not arguments.catalog else Path()
    try:
        catalog = load_catalog(beside / named)
    except OSError as exc:
        raise BadHistory(where=named, problem=f"it can't be read ({exc.strerror})") from None
    return build_history(document, catalog=catalog)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        problem = f"it can't be read ({exc.strerror})"
        raise BadHistory(where=str(path), problem=problem) from None
    except UnicodeDecodeError:
        raise BadHistory(where=str(path), problem="it is not UTF-8") from None


def _drafts(explanation: Explanation, history: History) -> Iterator[tuple[str, InvoiceDraft]]:
    """Yield the invoice of each bill, the coupons counting from the first one they discounted."""
    coupons = history.coupons
    zone = explanation.subscription.zone
    for bill in explanation.bills:
        yield bill.issue.key, _draft(bill, history, coupons, zone)
        coupons = begun(coupons, bill.issue, zone)


def _draft(
    bill: Bill, history: History, coupons: tuple[AppliedCoupon, ...], zone: str
) -> InvoiceDraft:
    request, before = bill.request, bill.before
    if bill.issue.kind is not InvoiceKind.CHANGE or before is None:
        return quote_issue(bill.issue, coupons=coupons, zone=zone)
    facts = ChangeFacts(
        subscription=replace(before, pending_change=None),
        price=bill.issue.price,
        quantity=bill.issue.quantity,
        add_ons=bill.issue.add_ons,
        now=bill.issued_at,
        policies=history.policies,
        timing=request.timing if request else ChangeTiming.NOW_WITH_INVOICE,
        trial_days=request.trial_days if request else 0,
        item_nets=nets_of_period(before, coupons),
        coupons=coupons,
    )
    return quote_change(facts).invoice


def _as_json(explanation: Explanation, drafts: dict[str, InvoiceDraft]) -> dict[str, object]:
    entry = explanation.access
    return {
        "at": entry.at.isoformat(),
        "status": entry.status.value,
        "reason": entry.reason.value,
        "access": entry.is_open,
        "access_until": entry.until.isoformat() if entry.until else None,
        "why": explanation.why,
        "remedy": explanation.remedy,
        "story": [
            {
                "at": each.at.isoformat(),
                "text": each.text,
                "actor": each.actor,
                "is_logged": each.is_logged,
            }
            for each in explanation.story
        ],
        "bills": [_bill_as_json(bill, drafts[bill.issue.key]) for bill in explanation.bills],
    }


def _bill_as_json(bill: Bill, draft: InvoiceDraft) -> dict[str, object]:
    return {
        "key": bill.issue.key,
        "kind": bill.issue.kind.value,
        "issued_at": bill.issued_at.isoformat(),
        "because": bill.because,
        "state": bill.state.value,
        "declines": bill.declines,
        "settled_at": bill.settled_at.isoformat() if bill.settled_at else None,
        "currency": draft.currency,
        "total": f"{draft.total.decimal:f}",
        "lines": [
            {
                "description": line.description,
                "total": f"{line.total.decimal:f}",
                "explanation": line.explanation,
            }
            for line in draft.lines
        ],
    }
