"""A customer from the sign-up to the end: what is due and what is planned, instant by instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from heapq import heappop
from typing import TYPE_CHECKING

from saaskit_core.coupons import AppliedCoupon, CouponNotRedeemable, Uses, check_redeemable
from saaskit_core.simulation.acts import act
from saaskit_core.simulation.charging import DAY, bring_method
from saaskit_core.simulation.checks import check_end
from saaskit_core.simulation.lives import Life
from saaskit_core.simulation.steps import settle_down, take_over
from saaskit_core.simulation.streams import Stream
from saaskit_core.subscriptions.due import due
from saaskit_core.subscriptions.facts import Started, TrialEnded
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.transitions import create

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saaskit_core.coupons import Coupon
    from saaskit_core.plans import Price
    from saaskit_core.simulation.lives import World
    from saaskit_core.simulation.markets import Market
    from saaskit_core.simulation.payers import Payer
    from saaskit_core.simulation.tallies import Tally
    from saaskit_core.subscriptions.model import Subscription

MONTH = 2_629_746
"""Seconds of a mean month of the Gregorian calendar."""
NEVER_BACK = frozenset({StatusReason.FRAUD})


def born(
    *, month: int, number: int, world: World, tally: Tally, payer: Callable[[Market, Stream], Payer]
) -> Life:
    """Make customer `number` of a sign-up month. Nothing of him depends on anybody else."""
    name = f"{month}-{number}"
    begins, ends = world.boundaries[month], world.boundaries[month + 1]
    stream = Stream(world.seed, name, "life")
    joined_at = begins + timedelta(seconds=stream.below(int((ends - begins).total_seconds())))
    return Life(
        id=name,
        cohort=month,
        world=world,
        tally=tally,
        stream=stream,
        payer=payer(world.market, Stream(world.seed, name, "payments")),
        now=joined_at,
        month=month,
    )


def live(life: Life) -> None:
    """Live to the end of the simulation. Raises SimulationStopped."""
    if life.now >= life.world.until:
        return
    life.count("signups")
    _sign_up(life)
    _plan_acts(life)
    while _step(life):
        pass
    _end(life)


def _step(life: Life) -> bool:
    """Go to the next instant at which something is due or planned; False when there is none."""
    agenda, due_at = life.agenda, life.due_at
    is_due = due_at is not None and (not agenda or due_at <= agenda[0][0])
    at = due_at if is_due else agenda[0][0] if agenda else None
    if at is None or at >= life.world.until:
        return False
    _move_to(life, at)
    if is_due:
        _bring_due(life)
    else:
        _, _, what, about = heappop(agenda)
        what(life, about)
    settle_down(life)
    subscription = life.subscription
    if subscription is not None and subscription.status.is_terminal:
        _bury(life, subscription)
    return True


def _move_to(life: Life, at: datetime) -> None:
    """What became due while a charge was under way is late, and happens now."""
    life.now = max(life.now, at)
    boundaries = life.world.boundaries
    while life.now >= boundaries[life.month + 1]:
        life.month += 1


def _bring_due(life: Life) -> None:
    subscription = life.subscription
    if subscription is None:
        return
    is_charging = life.under_way is not None
    fact = due(subscription, now=life.now, policies=life.world.policies, is_charging=is_charging)
    if fact is None:
        life.stop(f"{subscription.id} was to be due and isn't")
    elif isinstance(fact, TrialEnded):
        life.inbox.append(replace(fact, has_method=bool(life.method)))
    else:
        life.inbox.append(fact)


def _sign_up(life: Life) -> None:
    market, stream = life.world.market, life.stream
    life.currency = market.currencies.pick(stream)
    life.zone = market.zones.pick(stream)
    _subscribe(life)


def _subscribe(life: Life) -> None:
    """Choose and buy. A first subscription has the plan's trial; who buys has a card."""
    market, stream = life.world.market, life.stream
    plan = market.plans[market.plans_in[life.currency].pick(stream)]
    price = market.prices[life.currency, plan.key].pick(stream)
    is_first = life.serial == 0
    trial_days = plan.trial_days if is_first and price.is_recurring else 0
    life.serial += 1
    quantity = 1 if price.is_free else market.quantities.pick(stream)
    if not price.is_free and (not trial_days or life.happens("trial_with_method")):
        life.cards += 1
        life.method = life.cards
    previous = life.subscription
    started = Started(
        id=f"{life.id}/{life.serial}",
        customer_id=life.id,
        price=price,
        quantity=quantity,
        group=plan.group,
        zone=life.zone,
        trial_days=trial_days,
        has_method=bool(life.method),
        previous_id=previous.id if previous else "",
    )
    _take_coupon(life, price, quantity)
    _begin(life, started)


def _begin(life: Life, started: Started) -> None:
    previous = life.subscription
    if previous is not None and previous.status.is_live:
        life.stop(f"{previous.id} is live, and {started.id} would be a second one")
    life.billed_until = None
    life.count("resubscriptions" if previous else "subscriptions")
    life.tell(f"subscribes {started.price.id} × {started.quantity}")
    take_over(life, None, create(started, now=life.now, policies=life.world.policies))
    settle_down(life)
    subscription = life.subscription
    if subscription is None or subscription.status is not SubscriptionStatus.TRIAL:
        return
    life.count("trials")
    if not life.method and life.happens("method_in_trial") and subscription.trial_end is not None:
        left = int((subscription.trial_end - life.now).total_seconds())
        later = timedelta(seconds=life.stream.below(left))
        life.plan(life.now + later, _bring_in_trial, subscription.id)


def _bring_in_trial(life: Life, subscription_id: object) -> None:
    subscription = life.subscription
    if subscription is None or subscription.id != subscription_id or life.method:
        return
    if subscription.status is SubscriptionStatus.TRIAL:
        bring_method(life)


def _take_coupon(life: Life, price: Price, quantity: int) -> None:
    """Take one that fits. How often all customers together took it isn't asked: each is alone."""
    life.coupons = ()
    if price.is_free or not life.world.market.coupons or not life.happens("coupon"):
        return
    fitting = [
        coupon for coupon in life.world.market.coupons if _fits(life, coupon, price, quantity)
    ]
    if fitting:
        coupon = fitting[life.stream.below(len(fitting))]
        life.used_coupons.add(coupon.code)
        life.coupons = (AppliedCoupon(coupon=coupon),)
        life.count("coupons")
        life.tell(f"coupon {coupon.code}")


def _fits(life: Life, coupon: Coupon, price: Price, quantity: int) -> bool:
    uses = Uses(by_customer=int(coupon.code in life.used_coupons), has_purchased=life.has_purchased)
    whole = price.amount * quantity
    try:
        check_redeemable(coupon, plan=price.plan, price=whole, uses=uses, now=life.now)
    except CouponNotRedeemable:
        return False
    return True


def _plan_acts(life: Life) -> None:
    """Draw month by month what he will do; most months bring nothing."""
    acts, stream = life.world.market.acts, life.stream
    most = acts[-1][0]
    begins, until = life.now, life.world.until
    while begins < until:
        drawn = stream.draw()
        if drawn < most:
            name = next(name for bound, name in acts if drawn < bound)
            life.plan(begins + timedelta(seconds=stream.below(MONTH)), act, name)
        begins += timedelta(seconds=MONTH)


def _bury(life: Life, ended: Subscription) -> None:
    """Who has left may come back, once per end; who cheated may not."""
    if life.farewells == life.serial:
        return
    life.farewells = life.serial
    life.due_at = None
    if ended.status_reason in NEVER_BACK or not life.happens("resubscribe"):
        return
    later = timedelta(seconds=life.stream.between(DAY, 180 * DAY))
    life.plan(life.now + later, _come_back, ended.id)


def _come_back(life: Life, ended_id: object) -> None:
    if life.subscription is not None and life.subscription.id == ended_id:
        _subscribe(life)


def _end(life: Life) -> None:
    """Check the whole life and count what only its end tells."""
    life.month = len(life.world.boundaries) - 2
    if life.line is not None:
        life.lines.append(life.line)
    month = 0
    for movement in check_end(life):
        while movement.at >= life.world.boundaries[month + 1]:
            month += 1
        life.tally.add_movement(movement, month)
    life.tally.add_paying(life.cohort, life.paying)
    for bill in life.bills.values():
        if bill.is_open:
            life.add("still_open", bill.draft.amount_due.minor - bill.received)
            life.count("dunning_open", int(bill.has_failed))
    life.add("wallets", life.wallet)
