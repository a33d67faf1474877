"""The shape of a history file: one subscription, and the facts that moved it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from saaskit_core.periods import BillingFrequency, Unit
from saaskit_core.subscriptions.states import Collection


def _amount(value: object) -> str:
    """Keep an amount as it is written; a float isn't exact."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError('an amount is a decimal string, such as "19.99"')
    return str(value)


class Document(BaseModel):
    """A part of the file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PriceDocument(Document):
    """A price of its own, or without an amount that of the catalogue."""

    plan: StrictStr
    amount: Annotated[str, BeforeValidator(_amount)] | None = None
    currency: StrictStr = "USD"
    frequency: BillingFrequency | None = None
    every: StrictInt | None = None
    unit: Unit | None = None
    version: StrictInt = 1
    id: StrictStr = ""


class AddOnDocument(Document):
    """A price and how many of it."""

    price: PriceDocument
    quantity: StrictInt = 1


class StartDocument(Document):
    """How the subscription began. Instants are ISO 8601, in UTC where no offset is given."""

    at: StrictStr
    price: PriceDocument
    id: StrictStr = "subscription"
    customer: StrictStr = "customer"
    actor: StrictStr = "customer"
    quantity: StrictInt = 1
    add_ons: tuple[AddOnDocument, ...] = ()
    group: StrictStr = "main"
    zone: StrictStr = "UTC"
    starts_at: StrictStr | None = None
    ends_at: StrictStr | None = None
    trial_days: StrictInt = 0
    has_method: StrictBool = False
    is_paid: StrictBool = False
    auto_renew: StrictBool = True
    collection: Collection = Collection.AUTOMATIC
    previous_id: StrictStr = ""


class EntryDocument(Document):
    """One fact: its name, its fields in `with`, and the status that it must lead to."""

    at: StrictStr
    fact: StrictStr
    actor: StrictStr = "engine"
    details: dict[StrictStr, Any] = Field(default_factory=dict, alias="with")
    status: StrictStr | None = None
    reason: StrictStr | None = None


class HistoryDocument(Document):
    """The whole file. `catalog` is a path beside it, `coupons` are codes of that catalogue."""

    subscription: StartDocument
    log: tuple[EntryDocument, ...] = ()
    policies: dict[StrictStr, Any] = Field(default_factory=dict)
    catalog: StrictStr = ""
    coupons: tuple[StrictStr, ...] = ()
