"""One customer's life so far: his subscription, his bills, and what is going to happen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from heapq import heappush
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import NoReturn

    from saaskit_core.analytics.movements import RevenueChange
    from saaskit_core.analytics.revenue import RevenueLine
    from saaskit_core.billing.invoices import InvoiceDraft
    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.payments.decisions import PaymentFacts
    from saaskit_core.periods import Period
    from saaskit_core.plans import Price
    from saaskit_core.simulation.markets import Market
    from saaskit_core.simulation.payers import Payer
    from saaskit_core.simulation.streams import Stream
    from saaskit_core.simulation.tallies import Tally
    from saaskit_core.subscriptions.commands import InvoiceKind
    from saaskit_core.subscriptions.facts import Fact
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies

    Plan = Callable[["Life", object], None]
    """What is going to happen to a life, and about what."""
    Check = Callable[["Moment"], str]
    """A rule of one's own: a text says what is wrong."""


class SimulationStopped(SaasKitError):
    """Raised when a rule was broken: it names whose life to run again to see it happen."""

    code = "simulation_stopped"
    kind = ErrorKind.CONFLICT
    template = (
        "At step %(step)s, %(at)s, the customer %(customer)s broke a rule: %(problem)s. "
        "Run him again with the seed %(seed)s and only %(customer)s."
    )


class BillStatus(StrEnum):
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


@dataclass(slots=True, kw_only=True)
class Bill:
    """An invoice in its customer's books; amounts in minor units of his currency.

    `billed_before` is until when his subscription was billed before this invoice.
    """

    key: str
    kind: InvoiceKind
    subscription_id: str
    draft: InvoiceDraft
    price: Price
    period: Period | None
    issued_at: datetime
    status: BillStatus = BillStatus.OPEN
    closed_at: datetime | None = None
    received: int = 0
    has_failed: bool = False
    was_suspended: bool = False
    billed_before: datetime | None = None
    payments: list[Payment] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it is still to be paid."""
        return self.status is BillStatus.OPEN


@dataclass(slots=True, kw_only=True)
class Payment:
    """One attempt to collect a bill. `asked` counts the janitor's questions since `since`."""

    bill: Bill
    facts: PaymentFacts
    attempt: int
    since: datetime
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all lives share. `boundaries` are the months' beginnings, and the end of the last."""

    market: Market
    policies: Policies
    seed: int
    boundaries: tuple[datetime, ...]
    until: datetime
    checks: tuple[Check, ...] = ()


@dataclass(slots=True, kw_only=True)
class Life:
    """A customer. Everything he does is drawn from `stream`; his months are counted in `tally`.

    `followed` is the subscription as it was last counted, `stamp` the present instant as text;
    `wallet` is in minor units; `method` numbers the cards he brought (0: none); `inbox` holds the
    facts that are known and not yet applied, `agenda` what will happen when.
    """

    id: str
    cohort: int
    world: World
    tally: Tally
    stream: Stream
    payer: Payer
    now: datetime
    month: int
    zone: str = "UTC"
    currency: str = ""
    subscription: Subscription | None = None
    followed: Subscription | None = None
    serial: int = 0
    has_purchased: bool = False
    used_coupons: set[str] = field(default_factory=set)
    coupons: tuple[AppliedCoupon, ...] = ()
    wallet: int = 0
    method: int = 0
    cards: int = 0
    bills: dict[str, Bill] = field(default_factory=dict)
    under_way: Payment | None = None
    billed_until: datetime | None = None
    change_draft: InvoiceDraft | None = None
    monthly: Fraction = Fraction(0)
    line: RevenueLine | None = None
    lines: list[RevenueLine] = field(default_factory=list)
    changes: list[RevenueChange] = field(default_factory=list)
    paying: dict[int, int] = field(default_factory=dict)
    inbox: deque[Fact] = field(default_factory=deque)
    agenda: list[tuple[datetime, int, Plan, object]] = field(default_factory=list)
    planned: int = 0
    due_at: datetime | None = None
    steps: int = 0
    farewells: int = 0
    trace: list[str] = field(default_factory=list)
    stamped_at: datetime | None = None
    stamp: str = ""

    def plan(self, at: datetime, what: Plan, about: object = None) -> None:
        """Put something on the agenda; of one instant, what was planned first comes first."""
        self.planned += 1
        heappush(self.agenda, (at, self.planned, what, about))

    def count(self, name: str, times: int = 1) -> None:
        """Count something in the present month."""
        self.tally.counts[name][self.month] += times

    def add(self, name: str, minor: int) -> None:
        """Add an amount to a sum of the present month."""
        if minor:
            self.tally.money[self.currency, name][self.month] += minor

    def happens(self, name: str) -> bool:
        """Draw whether something happens that the population gives a chance."""
        return self.stream.chance(self.world.market.chances[name])

    def tell(self, text: str) -> None:
        """Write down what happened; the fingerprint is made of it."""
        if self.stamped_at is not self.now:
            self.stamped_at, self.stamp = self.now, self.now.isoformat()
        self.trace.append(f"{self.stamp} {text}")

    def stop(self, problem: str) -> NoReturn:
        """Stop the run: a rule is broken. Raises SimulationStopped."""
        raise SimulationStopped(
            customer=self.id,
            step=self.steps,
            at=self.now.isoformat(),
            seed=self.world.seed,
            problem=problem.rstrip("."),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One step of one life, for checks of one's own: what was, what happened, what is."""

    customer_id: str
    at: datetime
    before: Subscription
    fact: Fact
    after: Subscription
