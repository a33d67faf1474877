"""What a change of catalogue does to existing subscriptions: how many it alters, and the MRR."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from saaskit_core.analytics.csv_rows import BadCsv, WrongField, given, quantity, read_csv
from saaskit_core.catalog.differences import Difference, Part, prices_of
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency
from saaskit_core.subscriptions.policies import PriceChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from saaskit_core.catalog.building import Catalog
    from saaskit_core.plans import Price

REQUIRED = ("subscription_id", "plan", "frequency", "currency")
OPTIONAL = ("quantity", "amount")


class Held(NamedTuple):
    """What a subscription has. Without `minor` it pays the old catalogue's price."""

    plan: str
    frequency: str
    currency: str
    minor: int | None
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MrrChange:
    """The MRR of one currency before and after, in exact minor units per month."""

    currency: str
    before: Fraction
    after: Fraction

    @property
    def rate(self) -> Fraction | None:
        """By what part of itself it changes: −1/10 is ten per cent less; None from nothing."""
        return (self.after - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """How many subscriptions there are, and how many of them are altered in price or features.

    `grandfathered` keep a price that isn't sold any more, or never was in these catalogues.
    """

    subscriptions: int
    altered: int
    repriced: int
    regranted: int
    grandfathered: int
    mrr: tuple[MrrChange, ...]


def read_held(rows: Iterable[str], *, file: str, old: Catalog) -> Iterator[Held | BadCsv]:
    """Yield what each subscription of a CSV has, or the error of its row.

    Columns: subscription_id, plan, frequency, currency and, when there is something to say,
    quantity and amount (what it pays per unit and interval, if not the old catalogue's price).
    Raises BadCsv when the header lacks a column or has one that isn't known.
    """
    known = {(plan.key, *key) for plan in old.plans for key in prices_of(plan)}

    def parse(fields: Sequence[str]) -> Held:
        subscription, plan, frequency, currency, units, amount = fields
        given(subscription, "subscription_id")
        if frequency not in _FREQUENCIES:
            allowed = ", ".join(_FREQUENCIES)
            raise WrongField(f"the frequency is {frequency[:40]!r}", allowed)
        paid = Money.of(amount, currency).minor if amount else None
        if paid is not None and paid < 0:
            raise WrongField(f"the amount {amount[:40]} is negative", "zero or more")
        if paid is None and (plan, frequency, currency) not in known:
            problem = (
                f"the old catalogue has no {frequency} price of {plan[:64]!r} in {currency[:8]}"
            )
            raise WrongField(problem, "one of its prices, or an amount of its own")
        return Held(given(plan, "plan"), frequency, currency, paid, quantity(units))

    return read_csv(
        rows, file=file, required=REQUIRED, optional=OPTIONAL, parse=parse, allowed=_ALLOWED
    )


def impact_of(
    held: Iterable[Held],
    differences: Iterable[Difference],
    *,
    old: Catalog,
    new: Catalog,
    price_change: PriceChange = PriceChange.NEXT_PERIOD,
) -> Impact:
    """Work out what becomes of subscriptions, once everybody who follows has followed.

    They are counted by what they have and not kept: memory grows with the different prices only.
    """
    counts, units = _counted(held)
    regranted = {each.plan for each in differences if each.part is Part.GRANT}
    sums: defaultdict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    told: Counter[str] = Counter()
    prices = _prices(old), _prices(new)
    for key, count in counts.items():
        paid, due, keeps = _terms(key, *prices, price_change=price_change)
        is_repriced, is_regranted = paid != due, key[0] in regranted
        told["repriced"] += count * is_repriced
        told["regranted"] += count * is_regranted
        told["altered"] += count * (is_repriced or is_regranted)
        told["grandfathered"] += count * keeps
        sums[key[2]][0] += units[key] * _monthly(key[1], paid)
        sums[key[2]][1] += units[key] * _monthly(key[1], due)
    return Impact(
        subscriptions=counts.total(),
        altered=told["altered"],
        repriced=told["repriced"],
        regranted=told["regranted"],
        grandfathered=told["grandfathered"],
        mrr=tuple(
            MrrChange(currency=currency, before=before, after=after)
            for currency, (before, after) in sorted(sums.items())
        ),
    )


def _counted(held: Iterable[Held]) -> tuple[Counter[_Key], Counter[_Key]]:
    """Return how many subscriptions have the same terms, and how many units they have of them."""
    counts: Counter[_Key] = Counter()
    units: Counter[_Key] = Counter()
    for plan, frequency, currency, minor, number in held:
        key = (plan, frequency, currency, minor)
        counts[key] += 1
        units[key] += number
    return counts, units


_FREQUENCIES = tuple(frequency.value for frequency in BillingFrequency)
_ALLOWED = "an amount such as 19.99, an ISO 4217 currency"
_Key = tuple[str, str, str, int | None]
_Prices = dict[tuple[str, str, str], "Price"]


def _prices(catalog: Catalog) -> _Prices:
    return {
        (plan.key, *key): price for plan in catalog.plans for key, price in prices_of(plan).items()
    }


def _terms(
    key: _Key, old: _Prices, new: _Prices, *, price_change: PriceChange
) -> tuple[int, int, bool]:
    """Return what is paid, what will be, and whether that is a price kept from earlier."""
    before, after = old.get(key[:3]), new.get(key[:3])
    paid = key[3] if key[3] is not None else before.amount.minor if before else 0
    if after is None:
        return paid, paid, True
    is_new = before is None or before.amount != after.amount
    if is_new and price_change is not PriceChange.NEVER:
        return paid, after.amount.minor, False
    return paid, paid, paid != after.amount.minor


def _monthly(frequency: str, minor: int) -> Fraction:
    interval = INTERVALS.get(BillingFrequency(frequency))
    return minor / interval.months if interval else Fraction(0)
