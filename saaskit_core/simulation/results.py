"""What a simulation found, as a value: tables by month, plan and sign-up month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.analytics.movements import MovementKind
from saaskit_core.analytics.mrr import as_money
from saaskit_core.simulation.tallies import levels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.billing.invoices import InvoiceDraft
    from saaskit_core.simulation.lives import Life
    from saaskit_core.simulation.populations import Population
    from saaskit_core.simulation.tallies import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedInvoice:
    """One invoice and what became of it; `draft` holds its explained lines."""

    customer_id: str
    subscription_id: str
    key: str
    kind: str
    issued_at: datetime
    status: str
    closed_at: datetime | None
    draft: InvoiceDraft
    received: int
    refunded: int
    attempts: int


def invoices_of(life: Life) -> Iterator[SimulatedInvoice]:
    """Yield a life's invoices, in the order in which they were issued."""
    for bill in life.bills.values():
        yield SimulatedInvoice(
            customer_id=life.id,
            subscription_id=bill.subscription_id,
            key=bill.key,
            kind=bill.kind.value,
            issued_at=bill.issued_at,
            status=bill.status.value,
            closed_at=bill.closed_at,
            draft=bill.draft,
            received=sum(payment.facts.received.minor for payment in bill.payments),
            refunded=sum(payment.facts.refunded.minor for payment in bill.payments),
            attempts=len(bill.payments),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Everything that was counted."""

    seed: int
    population: Population
    joining: tuple[int, ...]
    boundaries: tuple[datetime, ...]
    until: datetime
    tally: Tally
    fingerprint: str
    invoices: tuple[SimulatedInvoice, ...]
    story: tuple[str, ...]
    plans: Mapping[str, str]
