"""What comes in wrong is refused by name, and nothing has happened."""

from datetime import UTC, datetime, timedelta

import pytest

from saaskit_core.billing.invariants import NegativeTotal, TooManyItems
from saaskit_core.billing.quotes import ChangeFacts, quote_change
from saaskit_core.billing.schedule import Schedule, due_items
from saaskit_core.errors import SaasKitError
from saaskit_core.money import InvalidAmount, Money
from saaskit_core.periods import Interval, NaiveDatetime, OutsideCalendar, Unit
from saaskit_core.plans import Price
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.changes import CurrencyCantChange
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.policies import InvalidPolicy, Policies
from saaskit_core.subscriptions.standing import access, status_at
from saaskit_core.subscriptions.terms import AddOn, AddOnDoesNotFit
from saaskit_core.subscriptions.transitions import create, transition
from tests.core.billing_builders import (
    DEFAULT,
    ONE_TIME,
    active,
    at,
    begin,
    go,
    price,
    started,
    usd,
)

NAIVE = datetime(2024, 6, 10)  # noqa: DTZ001
FAR = datetime(9999, 12, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "fact",
    [
        facts.CancelRequested(when=facts.CancelWhen.AT, at=NAIVE),
        facts.Paused(starts_at=NAIVE),
        facts.Paused(resumes_at=NAIVE),
        facts.Extended(to=NAIVE),
    ],
)
def test_naive_instants_in_facts(fact):
    with pytest.raises(NaiveDatetime):
        go(active(), fact, "2024-06-05")


@pytest.mark.parametrize("name", ["starts_at", "ends_at"])
def test_naive_instants_at_the_start(name):
    with pytest.raises(NaiveDatetime):
        begin(price(frequency=ONE_TIME), **{name: NAIVE})


@pytest.mark.parametrize(
    "asked",
    [
        lambda: create(started(), now=NAIVE, policies=DEFAULT),
        lambda: transition(active(), facts.Uncancelled(), now=NAIVE, policies=DEFAULT),
        lambda: due(active(), now=NAIVE, policies=DEFAULT),
        lambda: access(active(), now=NAIVE, policies=DEFAULT),
        lambda: status_at(active(), now=NAIVE, policies=DEFAULT),
        lambda: due_items(
            Schedule(subscription_id="s", price=price(), anchor=NAIVE), until=at("2024-07-01")
        ),
    ],
)
def test_a_naive_now(asked):
    with pytest.raises(NaiveDatetime):
        asked()


@pytest.mark.parametrize(
    "fields",
    [{}, {"of": price(frequency=ONE_TIME)}, {"of": price(0)}, {"trial_days": 5}, {"is_paid": True}],
)
def test_at_the_end_of_the_calendar(fields):
    with pytest.raises(OutsideCalendar):
        create(started(**fields), now=FAR, policies=DEFAULT)


def test_renewals_near_the_end_of_the_calendar():
    current = create(
        started(is_paid=True), now=datetime(9998, 11, 1, tzinfo=UTC), policies=DEFAULT
    ).subscription
    with pytest.raises(OutsideCalendar):
        transition(current, facts.PeriodEnded(), now=FAR, policies=DEFAULT)


def test_a_schedule_of_retries_beyond_the_end_of_the_calendar():
    current = create(
        started(is_paid=True), now=datetime(9998, 9, 1, tzinfo=UTC), policies=DEFAULT
    ).subscription
    late = datetime(9999, 12, 20, tzinfo=UTC)
    waiting = transition(current, facts.PeriodEnded(), now=late, policies=DEFAULT).subscription
    for asked in (due, status_at):
        with pytest.raises(OutsideCalendar):
            asked(waiting, now=FAR, policies=DEFAULT)


def test_the_year_1_is_a_year():
    current = create(
        started(is_paid=True), now=datetime(1, 1, 31, tzinfo=UTC), policies=DEFAULT
    ).subscription
    assert current.period.ends_at == datetime(1, 2, 28, tzinfo=UTC)
    early = datetime(1, 1, 1, tzinfo=UTC)
    with pytest.raises(SaasKitError):
        go(current, facts.Extended(to=early), "2024-01-01")


def test_other_currencies():
    with pytest.raises(CurrencyCantChange):
        go(active(), facts.ChangeRequested(price=price(currency="EUR")), "2024-06-05")
    with pytest.raises(AddOnDoesNotFit):
        begin(price(), add_ons=(AddOn(price=price(1, "x", currency="EUR")),))


def test_floats_and_amounts_beyond_64_bits():
    with pytest.raises(InvalidAmount):
        Money.of(9.99, "USD")
    with pytest.raises(InvalidAmount):
        active(price(2**62), quantity=4).amount  # noqa: B018
    with pytest.raises(InvalidAmount):
        go(active(price(2**62)), facts.ChangeRequested(quantity=1000), "2024-06-05")


@pytest.mark.parametrize("name", ["grace_days", "dunning_end_days", "payment_timeout_hours"])
@pytest.mark.parametrize("value", [1.5, "7", True, None, -1, 10**9])
def test_policies_count_in_whole_days(name, value):
    with pytest.raises(InvalidPolicy):
        Policies(**{name: value})


@pytest.mark.parametrize("days", [3, "1, 2", None, {1, 2}, (10**9,)])
def test_dunning_is_a_list_of_days(days):
    with pytest.raises(InvalidPolicy):
        Policies(dunning_days=days)


EVERY = [
    facts.StartReached(), facts.PaymentTimedOut(), facts.TrialEnded(), facts.PeriodEnded(),
    facts.CancelReached(), facts.PauseReached(), facts.RetryDue(), facts.ChangeTimedOut(),
    facts.GraceEnded(), facts.DunningEnded(), facts.PaymentSucceeded(invoice_key="x"),
    facts.PaymentFailed(invoice_key="x"), facts.PaymentActionRequired(invoice_key="x"),
    facts.ChangePaid(invoice_key="x"), facts.DisputeClosed(dispute_id="d", is_won=True),
]  # fmt: skip


@pytest.mark.parametrize("fact", EVERY, ids=lambda fact: type(fact).__name__)
@pytest.mark.parametrize(
    "make",
    [active, lambda: begin().subscription, lambda: begin(trial_days=9).subscription],
    ids=["active", "pending", "trial"],
)
def test_events_in_an_impossible_order_change_nothing(fact, make):
    current = make()
    moved = go(current, fact, "2024-06-01T00:00:01")
    assert not moved.applied
    assert (moved.subscription, moved.events, moved.commands) == (current, (), ())
    long_before = transition(current, fact, now=current.anchor - timedelta(1), policies=DEFAULT)
    assert not long_before.applied
    assert next_due_at(current, policies=DEFAULT) > current.anchor - timedelta(1)


NOT_ONE = [1.5, True, b"now", [], {}, ..., "bogus"]


@pytest.mark.parametrize("value", NOT_ONE, ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        lambda value: started(collection=value),
        lambda value: started(billed_by=value),
        lambda value: facts.Started(id="s", customer_id="c", price=value),
        lambda value: facts.ChangeRequested(price=value),
        lambda value: facts.ChangeRequested(timing=value),
        lambda value: facts.ChangeRequested(add_ons=(value,)),
        lambda value: facts.CancelRequested(when=value),
        lambda value: facts.CancelRequested(reason=value),
        lambda value: facts.CancelRequested(unused=value),
        lambda value: facts.PriceRevised(price=price(), policy=value),
        lambda value: facts.PaymentFailed(invoice_key="k", attempt=-1 if value is True else value),
        lambda value: facts.ProviderReported(status=value),
        lambda value: go(active(), value, "2024-06-05"),
    ],
)
def test_what_is_no_such_thing_is_no_fact(make, value):
    with pytest.raises(facts.InvalidFact):
        make(value)


@pytest.mark.parametrize("name", ["id", "customer_id"])
@pytest.mark.parametrize("value", [None, 1.5, b"s"])
def test_a_subscription_and_its_customer_have_a_name(name, value):
    with pytest.raises(facts.InvalidFact):
        facts.Started(**{"id": "s", "customer_id": "c", "price": price(), name: value})


def test_plain_words_mean_what_they_say():
    """`timing="period-end"` is not `ChangeTiming.PERIOD_END`, and once was billed at once."""
    waiting = go(
        active(), facts.ChangeRequested(price=price(9000, "top"), timing="period-end"), "2024-06-05"
    )
    assert waiting.commands == ()
    ended = go(active(), facts.CancelRequested(when="now", unused="none"), "2024-06-05")
    assert ended.subscription.status.is_terminal
    assert ended.commands == ()


def test_a_schedule_of_ten_thousand_years_is_refused_at_once():
    daily = Price(id="d", plan="d", amount=Money(1, "USD"), interval=Interval(Unit.DAY))
    forever = Schedule(subscription_id="s", price=daily, anchor=at("0001-01-01"))
    with pytest.raises(TooManyItems):
        due_items(forever, until=at("9998-01-01"))


@pytest.mark.parametrize("paid", [{"current_net": Money(-1, "USD")}, {"item_nets": {"x": usd(-1)}}])
def test_a_period_never_cost_less_than_nothing(paid):
    """A negative price of the past would turn the credit for it into a charge."""
    with pytest.raises(NegativeTotal):
        quote_change(
            ChangeFacts(
                subscription=active(), quantity=2, now=at("2024-06-10"), policies=DEFAULT, **paid
            )
        )


@pytest.mark.parametrize("value", ["no", "False", 0, 1, None, []])
def test_whether_grace_gives_access_is_yes_or_no(value):
    """A setting read as the text "False" is true in Python, and access would stay open."""
    with pytest.raises(InvalidPolicy):
        Policies(grace_gives_access=value)
