import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.periods import BillingFrequency, InvalidPeriod, NaiveDatetime
from saaskit_core.simulation import (
    InvalidPopulation,
    MonthlyRates,
    NoSuchCustomer,
    OnceRates,
    PaymentRates,
    Population,
    SimulationTooLong,
    Watch,
    simulate,
)
from saaskit_core.subscriptions.policies import Policies
from tests.core.simulation.builders import (
    DEMO,
    PLAIN,
    QUIET,
    SURE,
    WILD,
    calm,
    one_plan,
    open_sums,
    run,
    until,
)

KEPT = Watch(keep_invoices=True)
POLICIES = {
    "usual": Policies(),
    "refunding": Policies(unused_time="refund", downgrade="now-with-credit"),
    "forfeiting": Policies(
        unused_time="none",
        downgrade="now-with-credit",
        recovery="reset-anchor",
        trial_change="restart",
    ),
    "generous": Policies(
        upgrade="now-without-invoice", trial_without_method="suspend", proration="day"
    ),
    "waiting": Policies(upgrade="next-period", trial_change="end", proration="fixed30"),
    "strict": Policies(dunning_days=(), dunning_end_days=0, grace_days=0),
    "without_grace": Policies(grace_gives_access=False, proration="none", coupons_in_mrr="all"),
}


def test_the_same_arguments_give_the_same_result():
    first, second = run(seed=4, watch=KEPT), run(seed=4, watch=KEPT)
    assert first == second
    assert first.fingerprint == second.fingerprint


def test_another_seed_gives_another_result():
    assert run(seed=4).fingerprint != run(seed=5).fingerprint


def test_a_result_does_not_depend_on_the_process():
    code = (
        "from tests.core.simulation.builders import run; print(run(seed=2, end=None).fingerprint)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {run(seed=2).fingerprint}


def test_more_customers_leave_the_lives_of_the_others_as_they_were():
    few = run(population=WILD.model_copy(update={"customers": 8}), watch=KEPT)
    many = run(population=WILD.model_copy(update={"customers": 12}), watch=KEPT)
    known = {f"0-{number}" for number in range(1, 9)}
    assert few.invoices == tuple(each for each in many.invoices if each.customer_id in known)
    assert (few.signups, many.signups) == (8, 12)


def test_one_customer_alone_lives_as_among_all():
    everybody = run(watch=KEPT)
    alone = run(watch=KEPT, only="0-7")
    theirs = tuple(each for each in everybody.invoices if each.customer_id == "0-7")
    assert alone.invoices == theirs
    assert alone.story
    assert everybody.story == ()
    assert alone.signups == 1


@pytest.mark.parametrize("name", ["0-0", "0-26", "1-1", "x", "00-1", "0-1-1", "-1-1", ""])
def test_a_customer_that_is_not_there_is_refused(name):
    if name:
        with pytest.raises(NoSuchCustomer, match="0-1"):
            run(only=name)


def test_customers_who_never_fail_pay_every_month():
    found = run(one_plan(), calm(customers=3), end=until(2028), watch=KEPT)
    assert found.dunning["First charge failed"] == 0
    assert {each.status for each in found.invoices} == {"paid"}
    assert found.total("collected", "USD") == found.total("invoiced", "USD")
    assert len(found.invoices) == 3 * 24
    assert found.months[-1].revenue("USD") == 3 * 1000
    assert found.months[-1].statuses == {"Active": 3}


def test_customers_who_always_fail_end_in_dunning():
    declining = PaymentRates(**{**SURE.model_dump(), "soft_decline": 1})
    found = run(one_plan(trial_days=14), _trial(calm(customers=6, payments=declining)), watch=KEPT)
    assert found.count("ended_dunning") == found.count("ended") == 6
    assert {each.status for each in found.invoices} == {"uncollectible"}
    assert {each.attempts for each in found.invoices} == {5}
    assert found.dunning["Written off"] == 6
    assert found.total("written_off", "USD") == found.total("invoiced", "USD") == 6000
    assert found.total("collected", "USD") == 0


def test_a_hard_decline_stops_the_retries_until_a_new_card_comes():
    dead = PaymentRates(**{**SURE.model_dump(), "hard_decline": 1})
    without = run(one_plan(trial_days=14), _trial(calm(payments=dead)), watch=KEPT)
    assert {each.attempts for each in without.invoices} == {1}
    bringing = PaymentRates(**{**dead.model_dump(), "new_method": 1})
    with_new = run(one_plan(trial_days=14), _trial(calm(payments=bringing)), watch=KEPT)
    assert max(each.attempts for each in with_new.invoices) > 1
    assert with_new.count("new_methods") >= 5


def test_a_first_purchase_that_is_declined_expires_without_dunning():
    declining = PaymentRates(**{**SURE.model_dump(), "soft_decline": 1})
    found = run(one_plan(), calm(payments=declining), watch=KEPT)
    assert found.count("ended_payment_timeout") == 5
    assert {each.status for each in found.invoices} == {"void"}
    assert found.dunning["First charge failed"] == 0


@pytest.mark.parametrize("effect", ["timeout_after", "timeout_before", "late_answer"])
def test_an_answer_that_does_not_come_at_once_never_charges_twice(effect):
    rates = PaymentRates(**{**SURE.model_dump(), effect: "0.6", "duplicate": 1})
    found = run(one_plan(), calm(payments=rates, customers=20), watch=KEPT)
    assert found.count("timeouts") + found.count("late_answers") > 0
    for invoice in found.invoices:
        assert invoice.received in (0, invoice.draft.amount_due.minor)


def test_a_trial_without_a_card_expires_and_one_with_a_card_is_billed():
    without = run(one_plan(trial_days=14), calm())
    assert without.count("ended_trial_end") == 5
    assert without.count("invoices") == 0
    with_card = run(one_plan(trial_days=14), _trial(calm()))
    assert with_card.count("ended") == 0
    assert with_card.count("trials") == 5
    brought = calm(once=OnceRates(**{**PLAIN.model_dump(), "method_in_trial": 1}))
    assert run(one_plan(trial_days=14), brought).count("ended") == 0


def test_who_cancels_leaves_at_the_end_of_the_paid_period_and_may_come_back():
    leaving = MonthlyRates(**{**QUIET.model_dump(), "cancel": 1})
    found = run(one_plan(), calm(monthly=leaving))
    assert found.count("ended_customer") == 5
    assert found.months[-1].revenue("USD") == 0
    back = OnceRates(**{**PLAIN.model_dump(), "resubscribe": 1})
    again = run(one_plan(), calm(monthly=leaving, once=back))
    assert again.count("resubscriptions") >= 5
    kinds = {kind for month in again.months for kind, sum_ in _moved(month).items() if sum_}
    assert "reactivation" in kinds


def test_the_population_grows_by_its_rate():
    found = run(one_plan(), calm(customers=100, growth="0.1"), end=until(2026, 4))
    assert [cohort.size for cohort in found.cohorts] == [100, 10, 11]
    assert found.signups == 121
    assert [len(cohort.paying) for cohort in found.cohorts] == [3, 2, 1]


def test_invoices_go_to_a_sink_and_are_not_kept():
    seen = []
    found = run(watch=Watch(sink=seen.append))
    assert found.invoices == ()
    assert len(seen) == found.count("invoices")
    assert all(line.explanation for invoice in seen for line in invoice.draft.lines)


def test_progress_is_told_after_each_customer():
    told = []
    run(one_plan(), calm(customers=3), watch=Watch(progress=lambda *each: told.append(each)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"until": datetime(2026, 1, 1, tzinfo=UTC)}, InvalidPeriod),
        ({"until": datetime(2025, 1, 1, tzinfo=UTC)}, InvalidPeriod),
        ({"until": datetime(2027, 1, 1)}, NaiveDatetime),  # noqa: DTZ001
        ({"until": datetime(2500, 1, 1, tzinfo=UTC)}, SimulationTooLong),
    ],
)
def test_an_impossible_span_is_refused(given, error):
    with pytest.raises(error):
        simulate(one_plan(), calm(), **given)


def test_a_population_that_explodes_is_refused():
    with pytest.raises(InvalidPopulation, match="grows to more than"):
        run(one_plan(), calm(growth=10, customers=1000), end=until(2028))


def test_a_month_that_is_not_over_is_counted_as_far_as_it_went():
    end = datetime(2026, 2, 10, tzinfo=UTC)
    found = run(one_plan(), calm(), end=end)
    assert len(found.months) == 2
    assert found.until == end


def test_one_time_purchases_bring_no_recurring_revenue():
    found = run(one_plan(frequency=BillingFrequency.ONE_TIME), calm(), end=until(2028))
    assert found.count("invoices") == 5
    assert found.months[-1].revenue("USD") == 0
    assert found.total("collected", "USD") == 5000


@pytest.mark.parametrize("policies", POLICIES.values(), ids=POLICIES)
def test_whatever_happens_under_any_policy_the_books_add_up(policies):
    found = run(policies=policies, seed=11, end=until(2029))
    assert found.count("disputes")
    assert found.count("pauses")
    assert found.count("extensions")
    _check_books(found)


@given(
    seed=st.integers(0, 2**64),
    customers=st.integers(1, 3),
    policies=st.sampled_from(list(POLICIES.values())),
    payments=st.fixed_dictionaries(
        {
            name: st.sampled_from(["0", "0.05", "0.15"])
            for name in ("soft_decline", "hard_decline", "requires_action", "late_answer",
                         "timeout_before", "timeout_after")
        }
    ),
    monthly=st.fixed_dictionaries(
        {name: st.sampled_from(["0", "0.02", "0.11"]) for name in MonthlyRates.model_fields}
    ),
)  # fmt: skip
def test_no_population_breaks_a_rule(seed, customers, policies, payments, monthly):
    population = Population(
        customers=customers, growth=0, payments=payments, monthly=monthly, once=WILD.once
    )
    found = run(DEMO, population, seed=seed, policies=policies)
    _check_books(found)


def _trial(population):
    once = OnceRates(**{**PLAIN.model_dump(), "trial_with_method": 1})
    return population.model_copy(update={"once": once})


def _moved(month):
    return month.movements.get("USD", {})


def _check_books(found):
    """Money, credit, what was given up and what is open make up what was invoiced."""
    for currency in found.currencies:
        sums = open_sums(found, currency)
        paid = sums["collected"] - sums["overpaid"]
        credit = sums["credit_used"] - sums["credit_returned"]
        rest = sums["written_off"] + sums["voided"] + sums["still_open"]
        assert paid + credit + rest == sums["invoiced"]
        assert sums["credited"] - credit == sums["wallets"]
        moved = sum(sum(month.movements.get(currency, {}).values()) for month in found.months)
        assert moved == found.months[-1].revenue(currency)


def test_the_last_instant_is_not_part_of_it():
    found = run(one_plan(), calm(), end=until(2026, 2), watch=KEPT)
    later = run(one_plan(), calm(), end=until(2026, 2) + timedelta(days=28), watch=KEPT)
    assert max(each.issued_at for each in found.invoices) < until(2026, 2)
    assert len(later.invoices) > len(found.invoices)
