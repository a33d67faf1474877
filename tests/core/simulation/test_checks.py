"""A broken rule is found, whoever breaks it: the provider, a policy, or a rule of one's own."""

from dataclasses import replace

import pytest

from saaskit_core.provider_errors import DeclineReason
from saaskit_core.simulation import ScriptedPayer, SimulationStopped, Watch
from saaskit_core.simulation.checks import check_step
from saaskit_core.simulation.customers import born
from saaskit_core.simulation.lives import World
from saaskit_core.simulation.markets import open_market
from saaskit_core.simulation.tallies import Tally
from saaskit_core.subscriptions.policies import Policies
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.testing.behaviours import decline, rate_limit, succeed, time_out_before
from tests.core.billing_builders import active
from tests.core.simulation.builders import WILD, calm, one_plan, run, until


class Greedy(ScriptedPayer):
    """Captures more than it was asked for."""

    def charge(self, charge):
        result = super().charge(charge)
        return replace(result, received=charge.amount * 2)


class Forgetful(ScriptedPayer):
    """Reports the charge of somebody else."""

    def charge(self, charge):
        return replace(super().charge(charge), reference="another")


class Generous(ScriptedPayer):
    """Gives back twice as much as it was told."""

    def refund(self, reference, amount, *, now):
        super().refund(reference, amount, now=now)
        return super().refund(reference, amount, now=now)


@pytest.mark.parametrize(
    ("payer", "said"),
    [(Greedy, "20.00 USD received of 10.00 USD"), (Forgetful, "another payment")],
)
def test_a_provider_that_lies_stops_the_run(payer, said):
    with pytest.raises(SimulationStopped, match=said) as stopped:
        run(one_plan(), calm(customers=3), seed=9, watch=Watch(payer=payer))
    assert stopped.value.params["customer"] == "0-1"
    assert stopped.value.params["seed"] == 9
    assert "only 0-1" in str(stopped.value)


def test_a_refund_that_is_too_large_stops_the_run():
    with pytest.raises(SimulationStopped, match=r"went back|refunded"):
        run(population=WILD, watch=Watch(payer=Generous))


def test_a_rule_of_ones_own_is_asked_after_every_step():
    def nobody_pauses(moment):
        is_paused = moment.after.status_reason is StatusReason.PAUSED
        return f"{moment.customer_id} pauses at {moment.at:%Y}" if is_paused else ""

    with pytest.raises(SimulationStopped, match="pauses at 2026") as stopped:
        run(watch=Watch(checks=(nobody_pauses,)))
    who, step = stopped.value.params["customer"], stopped.value.params["step"]
    with pytest.raises(SimulationStopped) as again:
        run(watch=Watch(checks=(nobody_pauses,)), only=who)
    assert again.value.params == stopped.value.params
    assert step > 0


class Stubborn(ScriptedPayer):
    """Behaves as scripted, charge by charge."""

    script = (
        succeed(),
        decline(DeclineReason.INSUFFICIENT_FUNDS),
        time_out_before(),
        rate_limit(),
        succeed(),
    )

    def behaviour(self, charge):
        self.charged = getattr(self, "charged", -1) + 1
        return self.script[min(self.charged, len(self.script) - 1)]


def test_a_provider_can_be_scripted():
    watch = Watch(payer=Stubborn, keep_invoices=True)
    found = run(one_plan(), calm(customers=1), end=until(2026, 4), watch=watch)
    assert [each.attempts for each in found.invoices][:2] == [1, 4]
    assert found.dunning["Recovered within grace"] == 1


@pytest.fixture
def life():
    world = World(
        market=open_market(one_plan(), calm()),
        policies=Policies(),
        seed=0,
        boundaries=(until(2026), until(2027)),
        until=until(2027),
    )
    return born(month=0, number=1, world=world, tally=Tally(1), payer=ScriptedPayer)


def test_an_end_that_is_left_is_found(life):
    alive = active()
    ended = replace(alive, status=SubscriptionStatus.CANCELLED, status_reason=StatusReason.CUSTOMER)
    check_step(life, alive, ended)
    check_step(life, ended, ended)
    with pytest.raises(SimulationStopped, match="left Cancelled, which is an end"):
        check_step(life, ended, alive)


def test_a_reason_that_does_not_fit_is_found(life):
    odd = replace(active(), status_reason=StatusReason.DUNNING)
    with pytest.raises(SimulationStopped, match="Active can't have the reason 'dunning'"):
        check_step(life, active(), odd)


def test_a_payment_that_is_over_stays_over():
    """Duplicates of late answers, a lot of them, and no rule is broken."""
    found = run(population=WILD, seed=3, watch=Watch(keep_invoices=True))
    assert found.count("late_answers")
    for invoice in found.invoices:
        assert invoice.refunded <= invoice.received
