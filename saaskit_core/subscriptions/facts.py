"""What can happen to a subscription.

Three kinds: what somebody **asks for** (refused with InvalidTransition when it doesn't fit), what a
**provider reports** and what **time brings** (both change nothing when they don't fit, so that any
order and any duplication of deliveries and sweeps ends in the same state).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, get_args

from saaskit_core.choices import read_choices
from saaskit_core.errors import SaasKitError
from saaskit_core.plans import Price
from saaskit_core.subscriptions.policies import ChangeTiming, PriceChange, UnusedTime
from saaskit_core.subscriptions.states import (
    BilledBy,
    Collection,
    StatusReason,
    SubscriptionStatus,
)
from saaskit_core.subscriptions.terms import AddOn

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.periods import Period


class InvalidFact(SaasKitError):
    code = "invalid_fact"
    template = "%(fact)s is no fact about a subscription: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Somebody subscribes. `is_paid` says that the first invoice is settled; 0 days mean no trial.

    `ends_at` gives a One-Time purchase its term; without it the purchase never ends.
    """

    id: str
    customer_id: str
    price: Price
    quantity: int = 1
    group: str = "main"
    zone: str = "UTC"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    trial_days: int = 0
    has_method: bool = False
    is_paid: bool = False
    auto_renew: bool = True
    billed_by: BilledBy = BilledBy.ENGINE
    collection: Collection = Collection.AUTOMATIC
    provider_ref: str = ""
    previous_id: str = ""
    add_ons: tuple[AddOn, ...] = ()

    def __post_init__(self) -> None:
        """Take plain values of the enums too. Raises InvalidFact for what can't be meant."""
        _check_name(self, "id")
        _check_name(self, "customer_id")
        _check_price(self)
        _check_add_ons(self)
        _read(self, billed_by=BilledBy, collection=Collection)


class CancelWhen(StrEnum):
    NOW = "now"
    PERIOD_END = "period_end"
    AT = "at"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """Asked for, with a reason that Cancelled may carry; `unused` overrides the policy."""

    when: CancelWhen = CancelWhen.PERIOD_END
    at: datetime | None = None
    reason: StatusReason = StatusReason.CUSTOMER
    unused: UnusedTime | None = None

    def __post_init__(self) -> None:
        """Take plain values of the enums too. Raises InvalidFact for what can't be meant."""
        _read(self, when=CancelWhen, reason=StatusReason, unused=UnusedTime)


@dataclass(frozen=True, slots=True)
class Uncancelled:
    """Asked for: withdraw a cancellation that is only planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequested:
    """Asked for: another price, quantity or add-ons; what is None stays.

    `add_ons` are all that it shall have from then on. `timing` overrides the policies, `trial_days`
    are those of the new plan; they matter only during a trial.
    """

    price: Price | None = None
    quantity: int | None = None
    timing: ChangeTiming | None = None
    trial_days: int = 0
    add_ons: tuple[AddOn, ...] | None = None

    def __post_init__(self) -> None:
        """Take plain values of the enums too. Raises InvalidFact for what can't be meant."""
        if self.price is not None:
            _check_price(self)
        _check_count(self, "trial_days")
        _check_add_ons(self)
        _read(self, timing=ChangeTiming)


@dataclass(frozen=True, slots=True)
class ChangeDropped:
    """Asked for: give up the change that is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """Asked for: a free stretch; the current period ends at `to`, and the next starts there."""

    to: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Asked for: a pause from `starts_at` (default: the end of the paid period)."""

    starts_at: datetime | None = None
    resumes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """Asked for, or planned: the pause ends, or is given up before it began."""


@dataclass(frozen=True, slots=True)
class SuspendedByAdmin:
    """Asked for by staff: block it whatever its state, to be lifted by Reinstated."""


@dataclass(frozen=True, slots=True)
class Reinstated:
    """Asked for by staff: back to where it was before SuspendedByAdmin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSucceeded:
    """Reported: the invoice `invoice_key` is paid in full (by whatever mix of money and credit)."""

    invoice_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed:
    """Reported: charge number `attempt` of the invoice failed.

    `is_hard` says that the method which the customer has now won't ever do (or that he has none).
    """

    invoice_key: str
    attempt: int = 0
    is_hard: bool = False

    def __post_init__(self) -> None:
        """Refuse a number of an attempt that is none. Raises InvalidFact."""
        _check_count(self, "attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentActionRequired:
    """Reported: the payer must do something before charge number `attempt` can go on."""

    invoice_key: str
    attempt: int = 0

    def __post_init__(self) -> None:
        """Refuse a number of an attempt that is none. Raises InvalidFact."""
        _check_count(self, "attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePaid:
    """Reported: the invoice of a pending change is paid; the change comes into force."""

    invoice_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRevised:
    """Reported by the merchant: `price` is a newer version. `policy` overrides `price_change`.

    Told to every subscription; it changes nothing for those that don't have an older version.
    """

    price: Price
    policy: PriceChange | None = None

    def __post_init__(self) -> None:
        """Take plain values of the enums too. Raises InvalidFact for what can't be meant."""
        _check_price(self)
        _read(self, policy=PriceChange)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodChanged:
    """Reported: the customer has a new default method (it retries at once), or none any more."""

    has_method: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeOpened:
    """Reported: the payer's bank disputes a payment."""

    dispute_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeClosed:
    """Reported: won returns the subscription to where it was; lost cancels it."""

    dispute_id: str
    is_won: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReported:
    """Reported for a subscription the provider bills: its state there, as of `version`."""

    status: SubscriptionStatus
    reason: StatusReason = StatusReason.NONE
    period: Period | None = None
    version: int = 0

    def __post_init__(self) -> None:
        """Take plain values of the enums too. Raises InvalidFact for what can't be meant."""
        _read(self, status=SubscriptionStatus, reason=StatusReason)
        _check_count(self, "version")


@dataclass(frozen=True, slots=True)
class StartReached:
    """Time: a scheduled subscription begins."""


@dataclass(frozen=True, slots=True)
class PaymentTimedOut:
    """Time: the first payment didn't come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """Time: the trial is over (at its very instant already).

    `has_method` says whether there is something to charge; None: what the status says.
    """

    has_method: bool | None = None


@dataclass(frozen=True, slots=True)
class PeriodEnded:
    """Time: the paid period is over."""


@dataclass(frozen=True, slots=True)
class CancelReached:
    """Time: the planned cancellation is due."""


@dataclass(frozen=True, slots=True)
class PauseReached:
    """Time: the planned pause begins."""


@dataclass(frozen=True, slots=True)
class RetryDue:
    """Time: the next retry of the dunning schedule."""


@dataclass(frozen=True, slots=True)
class ChangeTimedOut:
    """Time: the payment of a pending change didn't come."""


@dataclass(frozen=True, slots=True)
class GraceEnded:
    """Time: access during dunning ends."""


@dataclass(frozen=True, slots=True)
class DunningEnded:
    """Time: the last day of dunning has passed."""


Asked = (
    CancelRequested
    | Uncancelled
    | ChangeRequested
    | ChangeDropped
    | Extended
    | Paused
    | Resumed
    | SuspendedByAdmin
    | Reinstated
)
Reported = (
    PaymentSucceeded
    | PaymentFailed
    | PaymentActionRequired
    | ChangePaid
    | PriceRevised
    | MethodChanged
    | DisputeOpened
    | DisputeClosed
    | ProviderReported
)
Timed = (
    StartReached
    | PaymentTimedOut
    | TrialEnded
    | PeriodEnded
    | CancelReached
    | PauseReached
    | RetryDue
    | ChangeTimedOut
    | GraceEnded
    | DunningEnded
)
Fact = Asked | Reported | Timed
KINDS: tuple[type[Fact], ...] = get_args(Fact)
"""Every kind of fact: what may be asked for, reported, and brought by time."""


def _read(fact: object, **kinds: type[StrEnum]) -> None:
    refused = partial(_invalid, fact)
    read_choices(fact, kinds, refused=refused, optional=("unused", "timing", "policy"))


def _check_price(fact: Started | ChangeRequested | PriceRevised) -> None:
    price: object = fact.price
    if not isinstance(price, Price):
        raise _invalid(fact, "its price is not one")


def _check_add_ons(fact: Started | ChangeRequested) -> None:
    add_ons: object = fact.add_ons
    if add_ons is None:
        return
    if not isinstance(add_ons, list | tuple) or not all(isinstance(x, AddOn) for x in add_ons):
        raise _invalid(fact, "its add-ons are not a tuple of them")
    object.__setattr__(fact, "add_ons", tuple(add_ons))


def _check_name(fact: Started, name: str) -> None:
    value = getattr(fact, name)
    if not isinstance(value, str):
        raise _invalid(fact, f"its {name} is not a text")


def _check_count(fact: object, name: str) -> None:
    value = getattr(fact, name)
    if type(value) is not int or value < 0:
        raise _invalid(fact, f"{name} is a whole number from 0")


def _invalid(fact: object, problem: str) -> InvalidFact:
    return InvalidFact(fact=type(fact).__name__, problem=problem)
