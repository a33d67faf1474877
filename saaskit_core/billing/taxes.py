"""Taxes: which rates hold where and when, and what applies to one sale.

Rates are data that the merchant gives. `decide_tax` reads both sides' countries and answers with
the rates to use and the words that the law wants on the document; `tax_lines` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import combinations, groupby
from typing import TYPE_CHECKING

from saaskit_core.billing.countries import EU, VatId, check_country
from saaskit_core.choices import read_choices
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import InvalidAmount, has_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STANDARD = "standard"
"""The tax category of what has no other."""
EU_ONE_STOP_SHOP = "EU"
"""Registration for the One-Stop-Shop: tax is collected for every member state."""
REVERSE_CHARGE_NOTE = (
    "Reverse charge: the recipient accounts for the VAT (Article 196 of Directive 2006/112/EC)."
)
_PLACES = 6


class TaxTreatment(StrEnum):
    """How a sale is treated. Only TAXED takes anything; the documents tell the others apart."""

    TAXED = "taxed"
    ZERO_RATED = "zero_rated"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"
    NOT_COLLECTED = "not_collected"


class InvalidTaxRate(InvalidAmount):
    code = "invalid_tax_rate"
    template = "%(amount)s is not a tax rate: %(problem)s."


class OverlappingTaxRates(SaasKitError):
    code = "overlapping_tax_rates"
    template = "Two rates of %(name)s for %(where)s hold on the same days, from %(starts_on)s on."


class NoTaxRate(SaasKitError):
    code = "no_tax_rate"
    kind = ErrorKind.UNPROCESSABLE
    template = "Tax is collected in %(where)s, but no rate holds there on %(on)s."


class UnknownTaxCategory(SaasKitError):
    code = "unknown_tax_category"
    template = "No rate mentions the tax category %(category)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """One rate of a table, for [starts_on, ends_on).

    `region` "" holds in the whole country; a region's rate comes on top of the country's, unless
    it `replaces` the one of that name (Ontario's HST replaces GST). `is_compound` is computed on
    the net plus the taxes before it. Zero-rated and exempt have 0 percent and differ on paper.
    """

    country: str
    name: str
    percent: Decimal
    region: str = ""
    category: str = STANDARD
    starts_on: date | None = None
    ends_on: date | None = None
    is_compound: bool = False
    replaces: str = ""
    treatment: TaxTreatment = TaxTreatment.TAXED
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown country, a rate out of 0 to 100, a window that is empty."""
        check_country(self.country)
        check_percent(self.percent)
        _read_treatment(self)
        if self.treatment is not TaxTreatment.TAXED and self.percent:
            raise InvalidTaxRate(amount=f"{self.percent} %", problem=f"{self.treatment} means 0 %")
        if any(day is not None and type(day) is not date for day in (self.starts_on, self.ends_on)):
            raise InvalidTaxRate(amount=self.name, problem="it holds from a date to a date")
        if self.starts_on and self.ends_on and self.ends_on <= self.starts_on:
            raise InvalidTaxRate(amount=self.name, problem="it ends before it starts")

    @property
    def jurisdiction(self) -> str:
        """Whose tax it is: "DE", or "CA-QC"."""
        return place_of(self.country, self.region)

    def holds_on(self, day: date) -> bool:
        """Whether it holds on that day; the day it ends is not part of it."""
        begun = self.starts_on is None or self.starts_on <= day
        return begun and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTable:
    """All rates of a merchant. `is_inclusive` tells whether his prices contain the tax.

    Raises OverlappingTaxRates when two rates of one name, place and category hold at once.
    """

    rates: tuple[TaxRate, ...]
    is_inclusive: bool = False

    def __post_init__(self) -> None:
        """Refuse overlapping windows."""
        if not all(isinstance(rate, TaxRate) for rate in self.rates):
            raise InvalidTaxRate(amount="A table", problem="all of it are rates")
        for _, rates in groupby(sorted(self.rates, key=_identity), key=_identity):
            for one, other in combinations(rates, 2):
                _check_apart(one, other)

    def holding(
        self, country: str, *, on: date, region: str = "", category: str = STANDARD
    ) -> tuple[TaxRate, ...]:
        """List the rates of a place on a day, in the order they are computed.

        A category that a tax doesn't mention takes that tax's standard rate. Raises UnknownCountry,
        and UnknownTaxCategory for a category that no rate of the table mentions.
        """
        check_country(country)
        if type(on) is not date:
            raise InvalidTaxRate(amount=repr(on)[:40], problem="a rate holds on days, give a date")
        if category != STANDARD and category not in {rate.category for rate in self.rates}:
            raise UnknownTaxCategory(category=repr(category)[:40])
        found: dict[tuple[str, str], TaxRate] = {}
        for rate in self.rates:
            if rate.country != country or rate.region not in ("", region) or not rate.holds_on(on):
                continue
            if rate.category == category or (rate.category == STANDARD and _key(rate) not in found):
                found[_key(rate)] = rate
        replaced = {rate.replaces for rate in found.values() if rate.region}
        kept = (rate for rate in found.values() if rate.region or rate.name not in replaced)
        return tuple(sorted(kept, key=lambda rate: (rate.is_compound, rate.region, rate.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells. `registrations` are where he collects tax besides his own country.

    "FR" is a country, "EU" the One-Stop-Shop, "US-CA" a region's own tax. Who names regions of a
    country collects regional taxes in those only; who names none collects all of them.
    """

    country: str
    registrations: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse an unknown country."""
        check_country(self.country)
        for place in self.registrations - {EU_ONE_STOP_SHOP}:
            check_country(place.partition("-")[0])

    def collects_in(self, country: str, region: str = "") -> bool:
        """Whether he is registered for a tax of that place, the country's or the region's."""
        is_regional = f"{country}-{region}" in self.registrations
        return is_regional or self._collects_nationally(country)

    def collects(self, rate: TaxRate) -> bool:
        """Whether he is registered for this very tax; one that replaces the country's is that."""
        if rate.region and not rate.replaces and self._regions(rate.country):
            return rate.jurisdiction in self.registrations
        return self._collects_nationally(rate.country)

    def leaves_out(self, country: str, region: str) -> bool:
        """Whether he collects in regions of that country, and this is none of them."""
        regions = self._regions(country)
        return bool(regions) and place_of(country, region) not in regions

    def _regions(self, country: str) -> set[str]:
        return {place for place in self.registrations if place.startswith(f"{country}-")}

    def _collects_nationally(self, country: str) -> bool:
        if country == self.country or country in self.registrations:
            return True
        return country in EU and EU_ONE_STOP_SHOP in self.registrations


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys. That the VAT id is in force is a fact the caller has found out.

    `exemption` is the ground of his own exemption, as it should stand on the document.
    """

    country: str
    region: str = ""
    vat_id: VatId | None = None
    is_vat_id_valid: bool = False
    exemption: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown country."""
        check_country(self.country)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRate:
    """One rate as it is used: whose tax, how much, and the legal note for the document."""

    jurisdiction: str
    name: str
    percent: Decimal
    is_compound: bool = False
    treatment: TaxTreatment = TaxTreatment.TAXED
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a rate out of 0 to 100."""
        check_percent(self.percent)
        _read_treatment(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxDecision:
    """What applies to a sale: the rates in order, and whether the price contains them."""

    rates: tuple[AppliedRate, ...]
    is_inclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPlan:
    """The decisions for one invoice: `default`, and those for prices of their own (by price id).

    `credited` is the decision under which what is now given back was billed; None: the same.
    """

    default: TaxDecision
    by_price: Mapping[str, TaxDecision] = field(default_factory=dict)
    credited: TaxDecision | None = None

    def decision(self, price_id: str, *, is_credit: bool = False) -> TaxDecision:
        """Return what applies to a line of that price."""
        if is_credit and self.credited is not None:
            return self.credited
        return self.by_price.get(price_id, self.default)


def decide_tax(
    table: TaxTable,
    *,
    seller: Seller,
    buyer: Buyer,
    on: date,
    category: str = STANDARD,
    is_inclusive: bool | None = None,
) -> TaxDecision:
    """Decide which tax applies to a sale of a digital service on a day.

    At home, home rates. To a business of another member state with a VAT id in force: reverse
    charge. Else the rates of the buyer's country where the seller collects there; from one member
    state into another where he doesn't, those of his own; anywhere else nothing is collected.
    `is_inclusive` is the price's, None the table's; a price that contains tax stays what it says
    when none is due. Raises NoTaxRate where tax is collected and no rate holds.
    """
    contained = table.is_inclusive if is_inclusive is None else is_inclusive
    where = place_of(buyer.country, buyer.region)
    if _is_reverse_charged(seller, buyer):
        return _untaxed(where, TaxTreatment.REVERSE_CHARGE, REVERSE_CHARGE_NOTE)
    if buyer.exemption:
        return _untaxed(where, TaxTreatment.EXEMPT, buyer.exemption)
    country, region = buyer.country, buyer.region
    if not seller.collects_in(country, region):
        if not {country, seller.country} <= EU:
            return _untaxed(where, TaxTreatment.NOT_COLLECTED, "")
        country, region = seller.country, ""
    rates = table.holding(country, region=region, category=category, on=on)
    collected = tuple(_applied(rate) for rate in rates if seller.collects(rate))
    if not collected and (rates or seller.leaves_out(country, region)):
        return _untaxed(where, TaxTreatment.NOT_COLLECTED, "")
    if not collected:
        raise NoTaxRate(where=place_of(country, region), on=on.isoformat())
    return TaxDecision(rates=collected, is_inclusive=contained)


def check_percent(percent: object) -> None:
    """Refuse what is no percentage. Raises InvalidTaxRate for a float, NaN, below 0, above 100."""
    if not isinstance(percent, Decimal):
        raise InvalidTaxRate(amount=repr(percent)[:40], problem="a percentage is a Decimal")
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise InvalidTaxRate(amount=f"{percent} %"[:40], problem="a tax rate is 0 to 100 percent")
    if not has_places(percent, _PLACES):
        raise InvalidTaxRate(amount=f"{percent} %"[:40], problem=f"at most {_PLACES} decimals")


def _read_treatment(rate: TaxRate | AppliedRate) -> None:
    read_choices(
        rate,
        {"treatment": TaxTreatment},
        refused=lambda problem: InvalidTaxRate(amount=rate.name, problem=problem),
    )


def place_of(country: str, region: str = "") -> str:
    """Name a place: "CA", or "CA-QC"."""
    return f"{country}-{region}" if region else country


def _is_reverse_charged(seller: Seller, buyer: Buyer) -> bool:
    if buyer.vat_id is None or not buyer.is_vat_id_valid or buyer.country not in EU:
        return False
    return seller.country not in (buyer.country, buyer.vat_id.country)


def _untaxed(where: str, treatment: TaxTreatment, note: str) -> TaxDecision:
    rate = AppliedRate(
        jurisdiction=where, name="Tax", percent=Decimal(0), treatment=treatment, note=note
    )
    return TaxDecision(rates=(rate,))


def _applied(rate: TaxRate) -> AppliedRate:
    return AppliedRate(
        jurisdiction=rate.jurisdiction,
        name=rate.name,
        percent=rate.percent,
        is_compound=rate.is_compound,
        treatment=rate.treatment,
        note=rate.note,
    )


def _key(rate: TaxRate) -> tuple[str, str]:
    return rate.region, rate.name


def _identity(rate: TaxRate) -> tuple[str, str, str, str]:
    return rate.country, rate.region, rate.category, rate.name


def _check_apart(one: TaxRate, other: TaxRate) -> None:
    ends = [rate.ends_on for rate in (one, other) if rate.ends_on]
    starts = _latest(rate.starts_on for rate in (one, other))
    if starts is None or not ends or starts < min(ends):
        since = starts.isoformat() if starts else "the beginning"
        raise OverlappingTaxRates(name=one.name, where=one.jurisdiction, starts_on=since)


def _latest(days: Iterable[date | None]) -> date | None:
    return max((day for day in days if day is not None), default=None)
