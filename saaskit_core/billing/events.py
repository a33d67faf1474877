"""What became of an invoice, for everybody who wants to react."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from saaskit_core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent(Event):
    """Base: names the invoice and its amounts in minor units."""

    topic: ClassVar[str] = "invoice"

    invoice_id: str
    customer_id: str
    subscription_id: str
    number: str
    kind: str
    currency: str
    total_minor: int
    amount_due_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(InvoiceEvent):
    topic: ClassVar[str] = "invoice.issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid(InvoiceEvent):
    topic: ClassVar[str] = "invoice.paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceVoided(InvoiceEvent):
    topic: ClassVar[str] = "invoice.voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWrittenOff(InvoiceEvent):
    topic: ClassVar[str] = "invoice.written_off"
