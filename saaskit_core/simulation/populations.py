"""The population document: how many customers, what they buy, how often what happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from saaskit_core.catalog.located import dotted
from saaskit_core.catalog.mistakes import mistakes
from saaskit_core.catalog.sources import read_source
from saaskit_core.errors import SaasKitError
from saaskit_core.periods import BillingFrequency

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CUSTOMERS = 10_000_000

Rate = Annotated[Decimal, Field(ge=0, le=1)]
Weight = Annotated[Decimal, Field(ge=0, le=1_000_000)]


class InvalidPopulation(SaasKitError):
    code = "invalid_population"
    template = "The population can't be simulated: %(problem)s."


class Part(BaseModel):
    """A part of the document: frozen; an unknown key is an error. Raises InvalidPopulation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def __init__(self, **given: object) -> None:
        try:
            super().__init__(**given)
        except ValidationError as exc:
            raise InvalidPopulation(problem="; ".join(_problems(exc, type(self)))) from None


def _check_shares(part: Part, names: Iterable[str]) -> None:
    names = tuple(names)
    total = sum(getattr(part, name) for name in names)
    if total > 1:
        raise ValueError(f"{', '.join(names)} add up to {total}, more than 1")


class PaymentRates(Part):
    """How charges go. The first six are shares of all charges and add up to 1 at most."""

    soft_decline: Rate = Decimal("0.05")
    """No, but a retry may work: insufficient funds."""
    hard_decline: Rate = Decimal("0.01")
    """No, and this card never will again: expired."""
    requires_action: Rate = Decimal("0.01")
    """The payer has to authenticate first."""
    late_answer: Rate = Decimal("0.01")
    """The provider says yes or no hours or days later."""
    timeout_before: Rate = Decimal("0.004")
    """No answer, and nothing was charged."""
    timeout_after: Rate = Decimal("0.004")
    """No answer, but it was charged."""
    repeated_decline: Rate = Decimal("0.45")
    """A charge whose last attempt was declined is declined again (or more often, see above)."""
    late_refusal: Rate = Decimal("0.2")
    """A late answer, or a payer who had to authenticate, ends in a decline."""
    duplicate: Rate = Decimal("0.05")
    """A late answer is delivered twice."""
    new_method: Rate = Decimal("0.5")
    """After a hard decline the customer brings another card within ten days."""

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        shares = ("soft_decline", "hard_decline", "requires_action", "late_answer")
        _check_shares(self, (*shares, "timeout_before", "timeout_after"))
        return self


class MonthlyRates(Part):
    """What a customer does of his own accord: each month one of these, or nothing."""

    upgrade: Rate = Decimal("0.015")
    downgrade: Rate = Decimal("0.008")
    quantity_change: Rate = Decimal("0.02")
    pause: Rate = Decimal("0.004")
    cancel: Rate = Decimal("0.018")
    """At the end of the paid period."""
    cancel_now: Rate = Decimal("0.002")
    refund: Rate = Decimal("0.004")
    """All or a part of the newest payment goes back."""
    extension: Rate = Decimal("0.001")
    """Staff give a free stretch."""
    dispute: Rate = Decimal("0.0005")
    """The payer's bank disputes a payment."""

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        _check_shares(self, tuple(type(self).model_fields))
        return self


class OnceRates(Part):
    """What happens at a beginning or an end."""

    coupon: Rate = Decimal("0.2")
    """A new subscriber uses a coupon that fits, if the catalogue has one."""
    trial_with_method: Rate = Decimal("0.5")
    """A trial begins with a card."""
    method_in_trial: Rate = Decimal("0.4")
    """A trial that began without a card gets one before it ends."""
    second_try: Rate = Decimal("0.7")
    """A purchase whose charge failed is tried once more, with another card if need be."""
    uncancel: Rate = Decimal("0.15")
    """A planned cancellation is withdrawn before its day."""
    resubscribe: Rate = Decimal("0.15")
    """Who has left comes back within half a year."""
    dispute_won: Rate = Decimal("0.5")


class Population(Part):
    """Who is simulated. What is left out follows from the catalogue. Raises InvalidPopulation.

    The mixes map a value to its weight; a weight of 0 leaves it out.
    """

    customers: Annotated[StrictInt, Field(ge=1, le=MOST_CUSTOMERS)] = 500
    """How many sign up in the first month."""
    growth: Annotated[Decimal, Field(ge=0, le=10)] = Decimal("0.02")
    """Each later month brings this part of all who signed up before it."""
    plans: dict[str, Weight] = Field(default_factory=dict)
    """By plan key. Left out: what is for sale, the cheapest the most often."""
    frequencies: dict[BillingFrequency, Weight] = Field(default_factory=dict)
    """Left out: mostly monthly, then yearly."""
    currencies: dict[str, Weight] = Field(default_factory=dict)
    """Left out: every currency of the catalogue alike."""
    zones: dict[str, Weight] = Field(default_factory=dict)
    """Time zones by IANA name. Left out: a few around the world."""
    quantities: dict[int, Weight] = Field(default_factory=dict)
    """Seats. Left out: mostly one."""
    payments: PaymentRates = PaymentRates()
    monthly: MonthlyRates = MonthlyRates()
    once: OnceRates = OnceRates()


def read_population(text: str, *, file: str) -> Population:
    """Read a population from JSON or YAML, by the suffix of `file`.

    Raises InvalidPopulation, CatalogError where the text is neither, YamlNotInstalled.
    """
    data = read_source(text, file=file).data
    if not isinstance(data, Mapping):
        raise InvalidPopulation(problem=f"{file} holds no keys with values")
    return Population(**{str(key): value for key, value in data.items()})


def _problems(exc: ValidationError, model: type[BaseModel]) -> Iterable[str]:
    for mistake in mistakes(exc, model):
        where = dotted(mistake.where)
        yield f"{where[:80]}: {mistake}" if where else str(mistake)
