"""The shape of a catalogue file. Money is written as decimal strings, never as floats."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from saaskit_core.coupons import CouponDuration
from saaskit_core.features import FeatureType, Merge
from saaskit_core.periods import BillingFrequency


def _amount(value: object) -> str:
    """Keep an amount as it is written."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        if isinstance(value, float):
            raise ValueError(f'{value} is a float, which is not exact: quote it, as in "{value}"')
        raise ValueError('an amount is a decimal string, such as "19.99"')
    return str(value)


def _percent(value: object) -> Decimal:
    try:
        return Decimal(_amount(value))
    except InvalidOperation:
        raise ValueError('a percent is a decimal string, such as "12.5"') from None


_WRITTEN = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "pattern": r"^[0-9]{1,40}(\.[0-9]{1,40})?$"},
            {"type": "integer", "minimum": 0},
        ],
        "description": 'A decimal string such as "19.99", or a whole number; never a float.',
    }
)
Amount = Annotated[str, BeforeValidator(_amount), _WRITTEN]
Amounts = dict[StrictStr, Amount]
Percent = Annotated[Decimal, BeforeValidator(_percent), _WRITTEN]


class Document(BaseModel):
    """A part of the file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class FeatureDocument(Document):
    """A feature that this site adds to the built-in ones."""

    type: FeatureType
    default: Any = None
    merge: Merge = Merge.MOST
    choices: tuple[StrictStr, ...] = ()
    description: StrictStr = ""
    enabled: StrictBool = True


class PlanDocument(Document):
    """A plan: prices by frequency and currency, and its feature document."""

    key: StrictStr
    name: StrictStr
    description: StrictStr = ""
    group: StrictStr = "main"
    trial_days: StrictInt = 0
    public: StrictBool = True
    active: StrictBool = True
    prices: dict[BillingFrequency, Amounts] = Field(default_factory=dict)
    features: dict[StrictStr, Any] = Field(default_factory=dict)


class CouponDocument(Document):
    """A coupon: either a percent, or an amount per currency."""

    code: StrictStr
    description: StrictStr = ""
    percent: Percent | None = None
    amounts: Amounts = Field(default_factory=dict)
    duration: CouponDuration = CouponDuration.ONCE
    months: StrictInt | None = None
    max_uses: StrictInt = 0
    max_uses_per_customer: StrictInt = 1
    valid_from: StrictStr | None = None
    valid_until: StrictStr | None = None
    time_zone: StrictStr = "UTC"
    minimums: Amounts = Field(default_factory=dict)
    plans: tuple[StrictStr, ...] = ()
    first_purchase_only: StrictBool = False
    stackable: StrictBool = False
    active: StrictBool = True
    trial_days: StrictInt = 0


class CatalogDocument(Document):
    """The whole file."""

    features: dict[StrictStr, FeatureDocument] = Field(default_factory=dict)
    plans: tuple[PlanDocument, ...] = ()
    coupons: tuple[CouponDocument, ...] = ()
