"""The transition table, row by row."""

import pytest

from saaskit_core.periods import InvalidPeriod, Period, UnknownTimeZone
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.changes import ManagedByProvider, NothingChanges
from saaskit_core.subscriptions.due import due, has_access, next_due_at
from saaskit_core.subscriptions.model import InvalidSubscription
from saaskit_core.subscriptions.policies import (
    ChangeTiming,
    Policies,
    Recovery,
    TrialChange,
    TrialWithoutMethod,
    UnusedTime,
    UpgradePolicy,
)
from saaskit_core.subscriptions.states import (
    BilledBy,
    Collection,
    StatusReason,
    SubscriptionStatus,
)
from saaskit_core.subscriptions.terms import InvalidQuantity
from saaskit_core.subscriptions.transitions import InvalidTransition
from tests.core.billing_builders import (
    DEFAULT,
    ONE_TIME,
    WEEKLY,
    YEARLY,
    active,
    at,
    begin,
    commands,
    go,
    issued,
    paid,
    price,
    topics,
)

PENDING, TRIAL, ACTIVE = (
    SubscriptionStatus.PENDING,
    SubscriptionStatus.TRIAL,
    SubscriptionStatus.ACTIVE,
)
RENEWAL_PENDING, SUSPENDED = SubscriptionStatus.RENEWAL_PENDING, SubscriptionStatus.SUSPENDED
CANCELLED, EXPIRED = SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED
JUNE = Period(at("2024-06-01"), at("2024-07-01"))
JULY = Period(at("2024-07-01"), at("2024-08-01"))
CANCEL_NOW = facts.CancelRequested(when=facts.CancelWhen.NOW)


def state(moved):
    subscription = getattr(moved, "subscription", moved)
    return subscription.status, subscription.status_reason.value


def past_due(now="2024-07-01", **fields):
    return go(active(**fields), facts.PeriodEnded(), now).subscription


def failed(subscription, attempt=0, now="2024-07-01", *, is_hard=False):
    fact = facts.PaymentFailed(
        invoice_key=subscription.awaiting_key, attempt=attempt, is_hard=is_hard
    )
    return go(subscription, fact, now).subscription


def suspended_for_payment():
    return go(failed(past_due()), facts.GraceEnded(), "2024-07-08").subscription


def pay(subscription, now, policies=DEFAULT):
    fact = facts.PaymentSucceeded(invoice_key=subscription.awaiting_key)
    return go(subscription, fact, now, policies)


class TestCreation:
    def test_unpaid_is_pending_with_its_first_invoice(self):
        moved = begin()
        assert state(moved) == (PENDING, "awaiting_payment")
        assert topics(moved) == ["subscription.created"]
        (issue,) = issued(moved)
        assert (issue.kind, issue.period, issue.key) == (
            "first", JUNE, moved.subscription.awaiting_key,
        )  # fmt: skip
        assert moved.subscription.pending_until == at("2024-06-01T23:00")
        assert moved.subscription.period is None

    def test_a_transfer_is_awaited_longer(self):
        moved = begin(collection=Collection.TRANSFER)
        assert state(moved) == (PENDING, "awaiting_transfer")
        assert moved.subscription.pending_until == at("2024-06-15")

    def test_free_is_active_at_once_without_an_invoice(self):
        moved = begin(price(0))
        assert state(moved) == (ACTIVE, "")
        assert moved.commands == ()
        assert moved.subscription.period == JUNE
        assert topics(moved) == ["subscription.created", "subscription.activated"]

    def test_paid_is_active_at_once(self):
        assert active().period == JUNE

    @pytest.mark.parametrize("has_method", [True, False])
    def test_a_trial_runs_from_its_start(self, has_method):
        moved = begin(trial_days=14, has_method=has_method)
        assert state(moved) == (TRIAL, "with_method" if has_method else "without_method")
        assert moved.subscription.period == Period(at("2024-06-01"), at("2024-06-15"))
        assert moved.subscription.anchor == moved.subscription.trial_end == at("2024-06-15")
        assert topics(moved) == ["subscription.created", "subscription.trial_started"]

    def test_the_future_is_scheduled(self):
        moved = begin(starts_at=at("2024-06-10"))
        assert state(moved) == (PENDING, "scheduled")
        assert moved.commands == ()
        assert next_due_at(moved.subscription, policies=DEFAULT) == at("2024-06-10")
        begun = go(moved.subscription, facts.StartReached(), "2024-06-10")
        assert state(begun) == (PENDING, "awaiting_payment")
        assert commands(begun) == ["IssueInvoice", "ChargeInvoice"]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"of": price(0)}, (ACTIVE, "")),
            ({"trial_days": 5}, (TRIAL, "without_method")),
            ({"trial_days": 5, "has_method": True}, (TRIAL, "with_method")),
        ],
    )
    def test_a_scheduled_one_begins_as_it_would_have(self, fields, expected):
        scheduled = begin(starts_at=at("2024-06-10"), **fields).subscription
        assert not go(scheduled, facts.StartReached(), "2024-06-09").applied
        assert state(go(scheduled, facts.StartReached(), "2024-06-10")) == expected

    def test_a_method_that_comes_before_the_trial_counts(self):
        scheduled = begin(starts_at=at("2024-06-10"), trial_days=5).subscription
        with_method = go(scheduled, facts.MethodChanged(), "2024-06-02").subscription
        begun = go(with_method, facts.StartReached(), "2024-06-10")
        assert state(begun) == (TRIAL, "with_method")

    def test_a_scheduled_trial_survives_a_hold(self):
        scheduled = begin(starts_at=at("2024-06-10"), trial_days=5, has_method=True).subscription
        held = go(scheduled, facts.SuspendedByAdmin(), "2024-06-02").subscription
        lifted = go(held, facts.Reinstated(), "2024-06-03").subscription
        begun = go(lifted, facts.StartReached(), "2024-06-10")
        assert state(begun) == (TRIAL, "without_method")

    def test_one_time_has_no_period_unless_it_has_a_term(self):
        assert active(price(frequency=ONE_TIME)).period is None
        term = active(price(frequency=ONE_TIME), ends_at=at("2024-06-20"))
        assert term.period == Period(at("2024-06-01"), at("2024-06-20"))
        unpaid = begin(price(frequency=ONE_TIME), ends_at=at("2024-06-20"))
        assert issued(unpaid)[0].period == term.period
        ended = go(term, facts.PeriodEnded(), "2024-06-20")
        assert state(ended) == (EXPIRED, "term_end")

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"quantity": 0}, InvalidQuantity),
            ({"quantity": 1.5}, InvalidQuantity),
            ({"trial_days": -1}, InvalidSubscription),
            ({"zone": "Mars/Olympus"}, UnknownTimeZone),
            ({"ends_at": at("2024-07-01")}, InvalidSubscription),
            ({"billed_by": BilledBy.PROVIDER}, InvalidSubscription),
            ({"provider_ref": "sub_1"}, InvalidSubscription),
            ({"of": price(frequency=ONE_TIME), "ends_at": at("2024-05-01")}, InvalidPeriod),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, fields, error):
        with pytest.raises(error):
            begin(**fields)


class TestFirstPayment:
    def test_success_opens_period_0(self):
        moved = pay(begin().subscription, "2024-06-01T10:00")
        assert state(moved) == (ACTIVE, "")
        assert moved.subscription.period == JUNE
        assert topics(moved) == ["subscription.activated"]
        assert moved.subscription.awaiting_key == ""

    def test_a_transfer_after_the_invoiced_period_begins_a_new_one(self):
        weekly = begin(price(frequency=WEEKLY), collection=Collection.TRANSFER).subscription
        late = pay(weekly, "2024-06-10").subscription
        assert late.period == Period(at("2024-06-10"), at("2024-06-17"))

    def test_timeout_expires_and_releases(self):
        pending = begin().subscription
        assert not go(pending, facts.PaymentTimedOut(), "2024-06-01T22:59").applied
        moved = go(pending, facts.PaymentTimedOut(), "2024-06-01T23:00")
        assert state(moved) == (EXPIRED, "payment_timeout")
        assert commands(moved) == ["VoidInvoice", "ReleaseHolds"]

    def test_a_payment_after_the_timeout_changes_nothing(self):
        expired = go(begin().subscription, facts.PaymentTimedOut(), "2024-06-02").subscription
        assert not pay(expired, "2024-06-02").applied

    def test_cancel_is_immediate(self):
        moved = go(begin().subscription, facts.CancelRequested(), "2024-06-01T01:00")
        assert state(moved) == (CANCELLED, "customer")
        assert commands(moved) == ["VoidInvoice", "ReleaseHolds"]

    def test_failure_leaves_it_pending_and_action_is_told(self):
        pending = begin().subscription
        fact = facts.PaymentActionRequired(invoice_key=pending.awaiting_key)
        asked = go(pending, fact, "2024-06-01")
        assert state(asked) == (PENDING, "requires_action")
        assert topics(asked) == ["subscription.action_required"]
        assert not go(asked.subscription, fact, "2024-06-01").applied
        assert state(failed(asked.subscription)) == (PENDING, "awaiting_payment")


class TestTrialEnd:
    def test_with_a_method_the_first_invoice_is_charged(self):
        trial = begin(trial_days=14, has_method=True).subscription
        moved = go(trial, facts.TrialEnded(), "2024-06-15T00:05")
        assert state(moved) == (RENEWAL_PENDING, "retrying")
        assert issued(moved)[0].period == Period(at("2024-06-15"), at("2024-07-15"))
        done = pay(moved.subscription, "2024-06-15T00:06")
        assert topics(done) == ["subscription.activated"]
        assert done.subscription.period == Period(at("2024-06-15"), at("2024-07-15"))

    def test_without_it_expires(self):
        trial = begin(trial_days=14).subscription
        assert state(go(trial, facts.TrialEnded(), "2024-06-15")) == (EXPIRED, "trial_end")

    def test_the_shell_may_know_better(self):
        trial = begin(trial_days=14).subscription
        moved = go(trial, facts.TrialEnded(has_method=True), "2024-06-15")
        assert state(moved) == (RENEWAL_PENDING, "retrying")

    def test_or_is_suspended_by_policy_until_a_method_pays(self):
        policies = Policies(trial_without_method=TrialWithoutMethod.SUSPEND)
        trial = begin(trial_days=14).subscription
        moved = go(trial, facts.TrialEnded(), "2024-06-15", policies)
        assert state(moved) == (SUSPENDED, "payment")
        assert commands(moved) == ["IssueInvoice"]
        charged = go(moved.subscription, facts.MethodChanged(), "2024-06-16", policies)
        assert commands(charged) == ["ChargeInvoice"]
        done = pay(charged.subscription, "2024-06-16", policies)
        assert topics(done) == ["subscription.recovered", "subscription.activated"]

    def test_free_goes_on_and_a_transfer_is_awaited(self):
        free = begin(price(0), trial_days=14).subscription
        moved = go(free, facts.TrialEnded(), "2024-06-15")
        assert (state(moved), topics(moved)) == ((ACTIVE, ""), ["subscription.activated"])
        by_transfer = begin(trial_days=14, collection=Collection.TRANSFER).subscription
        moved = go(by_transfer, facts.TrialEnded(), "2024-06-15")
        assert state(moved) == (RENEWAL_PENDING, "awaiting_transfer")
        assert commands(moved) == ["IssueInvoice"]

    def test_no_renewal_and_a_planned_cancel_end_it(self):
        single = begin(trial_days=14, auto_renew=False).subscription
        assert state(go(single, facts.TrialEnded(), "2024-06-15")) == (EXPIRED, "trial_end")
        trial = begin(trial_days=14, has_method=True).subscription
        planned = go(trial, facts.CancelRequested(), "2024-06-03")
        assert (state(planned), planned.subscription.cancel_at) == (
            (TRIAL, "with_method"), at("2024-06-15"),
        )  # fmt: skip
        assert due(planned.subscription, now=at("2024-06-15"), policies=DEFAULT) == (
            facts.CancelReached()
        )
        ended = go(planned.subscription, facts.TrialEnded(), "2024-06-15")
        assert (state(ended), commands(ended)) == ((CANCELLED, "customer"), [])

    def test_a_method_may_come_and_go_during_the_trial(self):
        trial = begin(trial_days=14).subscription
        with_method = go(trial, facts.MethodChanged(), "2024-06-02").subscription
        assert state(with_method) == (TRIAL, "with_method")
        assert not go(with_method, facts.MethodChanged(), "2024-06-02").applied
        gone = go(with_method, facts.MethodChanged(has_method=False), "2024-06-03")
        assert state(gone) == (TRIAL, "without_method")


class TestRenewal:
    def test_the_period_ends_with_an_invoice_and_a_charge(self):
        moved = go(active(), facts.PeriodEnded(), "2024-07-01T00:10")
        assert state(moved) == (RENEWAL_PENDING, "retrying")
        assert commands(moved) == ["IssueInvoice", "ChargeInvoice"]
        assert issued(moved)[0].period == JULY
        assert moved.subscription.period == JUNE
        assert topics(moved) == ["subscription.renewal_due"]

    def test_nothing_happens_before(self):
        assert not go(active(), facts.PeriodEnded(), "2024-06-30T23:59:59").applied

    def test_success_opens_the_next_period_from_the_anchor(self):
        moved = pay(past_due(), "2024-07-03T15:00")
        assert (state(moved), moved.subscription.period) == ((ACTIVE, ""), JULY)
        assert topics(moved) == ["subscription.renewed"]
        assert moved.subscription.anchor == at("2024-06-01")

    def test_a_success_told_again_changes_nothing(self):
        fact = facts.PaymentSucceeded(invoice_key=past_due().awaiting_key)
        done = go(past_due(), fact, "2024-07-01").subscription
        assert not go(done, fact, "2024-07-02").applied
        assert not go(done, facts.PaymentFailed(invoice_key=fact.invoice_key), "2024-07-02").applied

    def test_a_late_worker_bills_one_period_after_the_other(self):
        current, starts = active(), []
        while (fact := due(current, now=at("2024-09-10"), policies=DEFAULT)) is not None:
            moved = go(current, fact, "2024-09-10")
            starts.append(issued(moved)[0].period.starts_at)
            current = paid(moved, "2024-09-10")
        assert starts == [at("2024-07-01"), at("2024-08-01"), at("2024-09-01")]

    def test_free_goes_straight_to_the_period_of_today(self):
        moved = go(active(price(0)), facts.PeriodEnded(), "2024-08-10")
        assert moved.subscription.period == Period(at("2024-08-01"), at("2024-09-01"))
        assert (commands(moved), topics(moved)) == ([], ["subscription.renewed"])

    def test_without_renewal_it_expires(self):
        moved = go(active(auto_renew=False), facts.PeriodEnded(), "2024-07-02")
        assert state(moved) == (EXPIRED, "term_end")
        assert moved.subscription.ended_at == at("2024-07-01")
        assert topics(moved) == ["subscription.ended"]

    def test_a_transfer_is_never_charged(self):
        current = past_due(collection=Collection.TRANSFER)
        assert state(current) == (RENEWAL_PENDING, "awaiting_transfer")
        assert not go(current, facts.RetryDue(), "2024-07-05").applied
        assert state(failed(current)) == (RENEWAL_PENDING, "awaiting_transfer")


class TestDunning:
    def test_the_first_failure_is_told(self):
        key = past_due().awaiting_key
        moved = go(past_due(), facts.PaymentFailed(invoice_key=key), "2024-07-01")
        assert topics(moved) == ["subscription.past_due"]
        assert not go(
            moved.subscription, facts.PaymentFailed(invoice_key=key), "2024-07-01"
        ).applied

    def test_retries_follow_the_schedule(self):
        current = failed(past_due())
        assert due(current, now=at("2024-07-01T23:59"), policies=DEFAULT) is None
        moved = go(current, facts.RetryDue(), "2024-07-02")
        assert commands(moved) == ["ChargeInvoice"]
        assert (moved.subscription.attempt, moved.subscription.retry_step) == (1, 1)
        assert not go(moved.subscription, facts.RetryDue(), "2024-07-02").applied

    def test_a_late_worker_retries_once_for_all_it_missed(self):
        moved = go(failed(past_due()), facts.RetryDue(), "2024-07-05")
        assert moved.subscription.retry_step == 2
        assert next_due_at(moved.subscription, policies=DEFAULT) == at("2024-07-06")

    def test_a_charge_on_its_way_holds_retries_and_the_end_back(self):
        current = failed(past_due())
        assert next_due_at(current, policies=DEFAULT, is_charging=True) == at("2024-07-08")
        blocked = suspended_for_payment()
        assert due(blocked, now=at("2024-08-01"), policies=DEFAULT, is_charging=True) is None
        assert due(blocked, now=at("2024-08-01"), policies=DEFAULT) == facts.RetryDue()

    def test_recovery_is_told(self):
        moved = pay(failed(past_due()), "2024-07-02")
        assert topics(moved) == ["subscription.recovered", "subscription.renewed"]

    def test_action_required_is_told_once_and_not_after_the_failure(self):
        current = past_due()
        fact = facts.PaymentActionRequired(invoice_key=current.awaiting_key)
        assert state(go(current, fact, "2024-07-01")) == (RENEWAL_PENDING, "requires_action")
        assert not go(failed(current), fact, "2024-07-01").applied
        blocked = suspended_for_payment()
        later = facts.PaymentActionRequired(invoice_key=blocked.awaiting_key, attempt=3)
        assert not go(blocked, later, "2024-07-09").applied

    def test_a_method_does_not_double_a_charge_on_its_way(self):
        assert not go(past_due(), facts.MethodChanged(), "2024-07-01").applied
        assert not go(
            failed(past_due()), facts.MethodChanged(has_method=False), "2024-07-01"
        ).applied
        assert not go(active(), facts.MethodChanged(), "2024-06-02").applied

    def test_grace_ends_in_suspension_and_retries_go_on(self):
        current = failed(past_due())
        assert not go(current, facts.GraceEnded(), "2024-07-07").applied
        moved = go(current, facts.GraceEnded(), "2024-07-08")
        assert (state(moved), topics(moved)) == (
            (SUSPENDED, "payment"), ["subscription.suspended"],
        )  # fmt: skip
        assert commands(go(moved.subscription, facts.RetryDue(), "2024-07-08")) == ["ChargeInvoice"]
        assert state(failed(moved.subscription, 1, "2024-07-08")) == (SUSPENDED, "payment")

    def test_the_end_writes_the_invoice_off(self):
        assert not go(suspended_for_payment(), facts.DunningEnded(), "2024-07-21").applied
        moved = go(suspended_for_payment(), facts.DunningEnded(), "2024-07-22")
        assert (state(moved), commands(moved)) == ((CANCELLED, "dunning"), ["WriteOffInvoice"])
        assert not pay(moved.subscription, "2024-07-23").applied

    def test_recovery_from_suspension_keeps_the_anchor_and_skips_what_was_blocked(self):
        policies = Policies(dunning_end_days=90)
        moved = pay(suspended_for_payment(), "2024-09-10", policies)
        assert moved.subscription.period == Period(at("2024-09-01"), at("2024-10-01"))
        assert moved.commands == ()

    def test_or_resets_it_by_policy(self):
        policies = Policies(recovery=Recovery.RESET_ANCHOR)
        moved = pay(suspended_for_payment(), "2024-07-10", policies)
        assert moved.subscription.period == Period(at("2024-07-10"), at("2024-08-10"))
        kept = pay(failed(past_due()), "2024-07-05", policies)
        assert kept.subscription.period == JULY

    def test_cancel_is_immediate_and_voids(self):
        for fact in (facts.CancelRequested(), CANCEL_NOW):
            moved = go(failed(past_due()), fact, "2024-07-02")
            assert (state(moved), commands(moved)) == ((CANCELLED, "customer"), ["VoidInvoice"])


class TestCancel:
    def test_at_period_end_it_stays_active_until_then(self):
        moved = go(active(), facts.CancelRequested(), "2024-06-10")
        assert (state(moved), moved.subscription.cancel_at) == ((ACTIVE, ""), JUNE.ends_at)
        assert topics(moved) == ["subscription.cancel_scheduled"]
        fact = due(moved.subscription, now=at("2024-07-01"), policies=DEFAULT)
        assert fact == facts.CancelReached()
        for end in (fact, facts.PeriodEnded()):
            ended = go(moved.subscription, end, "2024-07-03")
            assert (state(ended), commands(ended)) == ((CANCELLED, "customer"), [])
            assert ended.subscription.ended_at == JUNE.ends_at

    def test_at_a_day_in_mid_period_the_rest_is_given_back(self):
        fact = facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-06-20"))
        planned = go(active(), fact, "2024-06-10").subscription
        assert not go(planned, facts.CancelReached(), "2024-06-19").applied
        moved = go(planned, facts.CancelReached(), "2024-06-21")
        (credit,) = moved.commands
        assert (credit.at, credit.period, credit.how) == (at("2024-06-20"), JUNE, UnusedTime.WALLET)

    def test_a_later_day_lets_it_renew_before(self):
        fact = facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-07-20"))
        planned = go(active(), fact, "2024-06-10").subscription
        assert state(go(planned, facts.PeriodEnded(), "2024-07-01")) == (
            RENEWAL_PENDING, "retrying",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("fields", "policies", "expected"),
        [
            ({}, DEFAULT, [UnusedTime.WALLET]),
            ({"unused": UnusedTime.REFUND}, DEFAULT, [UnusedTime.REFUND]),
            ({"unused": UnusedTime.NONE}, DEFAULT, []),
            ({}, Policies(unused_time=UnusedTime.NONE), []),
            ({"reason": StatusReason.FRAUD}, DEFAULT, []),
        ],
    )
    def test_now(self, fields, policies, expected):
        fact = facts.CancelRequested(when=facts.CancelWhen.NOW, **fields)
        moved = go(active(), fact, "2024-06-10", policies)
        assert moved.subscription.status is CANCELLED
        assert [command.how for command in moved.commands] == expected

    def test_nothing_is_given_back_of_a_trial_or_a_free_plan(self):
        for current in (begin(trial_days=9).subscription, active(price(0))):
            assert go(current, CANCEL_NOW, "2024-06-05").commands == ()

    def test_refusals(self):
        ended = go(active(), CANCEL_NOW, "2024-06-10").subscription
        lifetime = active(price(frequency=ONE_TIME))
        for current, fact in (
            (ended, CANCEL_NOW),
            (ended, facts.Uncancelled()),
            (active(), facts.Uncancelled()),
            (active(), facts.CancelRequested(reason=StatusReason.PAUSED)),
            (active(), facts.CancelRequested(when=facts.CancelWhen.AT)),
            (lifetime, facts.CancelRequested()),
        ):
            with pytest.raises(InvalidTransition):
                go(current, fact, "2024-06-10")


class TestChange:
    NEW = price(2000, "team")

    def request(self, current, now="2024-06-16", policies=DEFAULT, **fields):
        fields.setdefault("price", self.NEW)
        return go(current, facts.ChangeRequested(**fields), now, policies)

    def test_an_upgrade_waits_for_its_payment(self):
        moved = self.request(active())
        assert moved.subscription.plan == "pro"
        assert topics(moved) == ["subscription.change_scheduled"]
        (issue,) = issued(moved)
        assert issue.key == moved.subscription.pending_change.key
        done = go(moved.subscription, facts.ChangePaid(invoice_key=issue.key), "2024-06-16T01:00")
        assert (done.subscription.plan, done.subscription.period) == ("team", JUNE)
        assert done.subscription.pending_change is None
        assert topics(done) == ["subscription.changed"]
        again = go(done.subscription, facts.ChangePaid(invoice_key=issue.key), "2024-06-17")
        assert not again.applied

    def test_a_failed_one_never_leaves_a_free_upgrade(self):
        moved = self.request(active())
        pending = moved.subscription
        fact = due(pending, now=at("2024-06-16T23:00"), policies=DEFAULT)
        assert fact == facts.ChangeTimedOut()
        assert not go(pending, fact, "2024-06-16T22:00").applied
        dropped = go(pending, fact, "2024-06-16T23:00")
        assert (dropped.subscription.plan, commands(dropped)) == ("pro", ["VoidInvoice"])
        late = facts.ChangePaid(invoice_key=pending.pending_change.key)
        assert not go(dropped.subscription, late, "2024-06-17").applied
        assert not go(active(), facts.ChangeTimedOut(), "2024-06-17").applied

    def test_an_unpaid_change_is_dropped_by_the_renewal(self):
        pending = self.request(active(), "2024-06-30T20:00").subscription
        moved = go(pending, facts.PeriodEnded(), "2024-07-01")
        assert commands(moved) == ["VoidInvoice", "IssueInvoice", "ChargeInvoice"]
        assert issued(moved)[0].price.plan == "pro"

    def test_a_downgrade_comes_at_the_period_end_once_paid(self):
        moved = self.request(active(price(5000, "big")))
        assert moved.subscription.pending_change.effective_at == JUNE.ends_at
        assert moved.commands == ()
        renewal = go(moved.subscription, facts.PeriodEnded(), "2024-07-01")
        assert issued(renewal)[0].price.plan == "team"
        assert renewal.subscription.plan == "big"
        done = go(
            renewal.subscription,
            facts.PaymentSucceeded(invoice_key=renewal.subscription.awaiting_key),
            "2024-07-01",
        )
        assert (done.subscription.plan, done.subscription.period) == ("team", JULY)
        assert topics(done) == ["subscription.changed", "subscription.renewed"]

    def test_a_planned_change_to_free_needs_no_payment(self):
        moved = self.request(active(), price=price(0, "free"))
        rolled = go(moved.subscription, facts.PeriodEnded(), "2024-07-01")
        assert (state(rolled), rolled.subscription.plan) == ((ACTIVE, ""), "free")
        assert topics(rolled) == ["subscription.changed", "subscription.renewed"]

    def test_another_interval_at_the_period_end_begins_there(self):
        fields = {"price": price(9000, "team", YEARLY), "timing": ChangeTiming.PERIOD_END}
        moved = self.request(active(), **fields)
        renewal = go(moved.subscription, facts.PeriodEnded(), "2024-07-01")
        year = Period(at("2024-07-01"), at("2025-07-01"))
        assert issued(renewal)[0].period == year
        assert paid(renewal, "2024-07-01").period == year

    def test_an_upgrade_by_other_policies(self):
        now = Policies(upgrade=UpgradePolicy.NOW_WITHOUT_INVOICE)
        moved = self.request(active(), policies=now)
        assert (moved.subscription.plan, moved.commands) == ("team", ())
        assert moved.subscription.period == JUNE
        later = Policies(upgrade=UpgradePolicy.NEXT_PERIOD)
        moved = self.request(active(), policies=later)
        assert moved.subscription.pending_change.effective_at == JUNE.ends_at

    def test_another_interval_without_an_invoice_keeps_the_paid_period(self):
        moved = self.request(
            active(), price=price(9000, "team", YEARLY), timing=ChangeTiming.NOW_WITHOUT_INVOICE
        )
        assert (moved.subscription.period, moved.subscription.anchor) == (JUNE, JUNE.ends_at)
        renewal = go(moved.subscription, facts.PeriodEnded(), "2024-07-01")
        assert issued(renewal)[0].period == Period(at("2024-07-01"), at("2025-07-01"))

    def test_another_interval_now_begins_now_when_paid(self):
        moved = self.request(active(), price=price(90000, "team", YEARLY))
        (issue,) = issued(moved)
        assert issue.period == Period(at("2024-06-16"), at("2025-06-16"))
        done = go(moved.subscription, facts.ChangePaid(invoice_key=issue.key), "2024-06-16T02:00")
        assert done.subscription.period == issue.period

    def test_a_new_request_replaces_the_pending_one(self):
        first = self.request(active()).subscription
        moved = self.request(first, "2024-06-17", price=price(3000, "huge"))
        assert commands(moved) == ["VoidInvoice", "IssueInvoice"]
        assert topics(moved) == ["subscription.change_dropped", "subscription.change_scheduled"]
        assert moved.subscription.pending_change.price.plan == "huge"

    def test_it_can_be_given_up(self):
        pending = self.request(active()).subscription
        moved = go(pending, facts.ChangeDropped(), "2024-06-17")
        assert (moved.subscription.pending_change, commands(moved)) == (None, ["VoidInvoice"])
        with pytest.raises(InvalidTransition):
            go(moved.subscription, facts.ChangeDropped(), "2024-06-17")

    def test_a_planned_cancel_drops_it(self):
        pending = self.request(active()).subscription
        moved = go(pending, facts.CancelRequested(), "2024-06-17")
        assert commands(moved) == ["VoidInvoice"]
        assert topics(moved) == ["subscription.change_dropped", "subscription.cancel_scheduled"]
        assert commands(go(pending, CANCEL_NOW, "2024-06-17")) == ["VoidInvoice", "CreditUnused"]

    def test_to_a_lifetime_purchase_and_from_one(self):
        lifetime = price(50000, "life", ONE_TIME)
        moved = self.request(active(), price=lifetime)
        done = go(
            moved.subscription, facts.ChangePaid(invoice_key=issued(moved)[0].key), "2024-06-16"
        )
        assert done.subscription.period is None
        with pytest.raises(InvalidTransition):
            self.request(done.subscription, price=price(5000, "big"))
        planned = self.request(active(), price=lifetime, timing=ChangeTiming.PERIOD_END)
        ended = go(planned.subscription, facts.PeriodEnded(), "2024-07-01")
        assert state(ended) == (EXPIRED, "term_end")

    def test_refusals(self):
        with pytest.raises(NothingChanges):
            self.request(active(), price=price())
        for quantity in (0, -1, 1_000_001):
            with pytest.raises(InvalidQuantity):
                self.request(active(), quantity=quantity)
        for current, now in (
            (past_due(), "2024-07-02"),
            (begin().subscription, "2024-06-01"),
            (active(), "2024-07-01"),
        ):
            with pytest.raises(InvalidTransition):
                self.request(current, now)

    @pytest.mark.parametrize(
        ("policy", "ends"),
        [(TrialChange.RESTART, "2024-06-20"), (TrialChange.KEEP, "2024-06-11")],
    )
    def test_during_a_trial_by_policy(self, policy, ends):
        trial = begin(trial_days=14).subscription
        moved = self.request(trial, "2024-06-10", Policies(trial_change=policy), trial_days=10)
        assert moved.subscription.trial_end == at(ends)

    def test_a_trial_may_end_by_policy_and_a_change_may_wait_for_its_end(self):
        trial = begin(trial_days=14, has_method=True).subscription
        ended = self.request(trial, "2024-06-10", Policies(trial_change=TrialChange.END))
        assert commands(ended) == ["IssueInvoice"]
        waits = self.request(trial, "2024-06-10", timing=ChangeTiming.PERIOD_END)
        assert waits.subscription.pending_change.effective_at == at("2024-06-15")
        first = go(waits.subscription, facts.TrialEnded(), "2024-06-15")
        assert issued(first)[0].price.plan == "team"
        assert paid(first, "2024-06-15").plan == "team"


class TestPause:
    def paused(self, **fields):
        return go(active(), facts.Paused(starts_at=at("2024-06-10"), **fields), "2024-06-10")

    def test_by_default_at_the_end_of_the_paid_period(self):
        moved = go(active(), facts.Paused(), "2024-06-10")
        assert (state(moved), topics(moved)) == ((ACTIVE, ""), ["subscription.pause_scheduled"])
        assert due(moved.subscription, now=at("2024-07-01"), policies=DEFAULT) == (
            facts.PauseReached()
        )
        for fact in (facts.PauseReached(), facts.PeriodEnded()):
            paused = go(moved.subscription, fact, "2024-07-01")
            assert (state(paused), commands(paused)) == ((SUSPENDED, "paused"), [])
        assert due(paused.subscription, now=at("2025-01-01"), policies=DEFAULT) is None
        resumed = go(paused.subscription, facts.Resumed(), "2024-09-10")
        assert state(resumed) == (RENEWAL_PENDING, "retrying")
        assert issued(resumed)[0].period == Period(at("2024-09-10"), at("2024-10-10"))

    def test_now_and_resumed_within_the_paid_period(self):
        moved = self.paused()
        assert state(moved) == (SUSPENDED, "paused")
        assert topics(moved) == ["subscription.pause_scheduled", "subscription.suspended"]
        resumed = go(moved.subscription, facts.Resumed(), "2024-06-20")
        assert (state(resumed), resumed.subscription.period) == ((ACTIVE, ""), JUNE)

    def test_it_ends_by_itself_when_planned(self):
        moved = self.paused(resumes_at=at("2024-06-20"))
        assert due(moved.subscription, now=at("2024-06-20"), policies=DEFAULT) == facts.Resumed()

    def test_a_planned_pause_can_be_given_up(self):
        planned = go(active(), facts.Paused(), "2024-06-10").subscription
        assert not go(planned, facts.PauseReached(), "2024-06-11").applied
        assert go(planned, facts.Resumed(), "2024-06-11").subscription == active()

    def test_an_unpaid_change_is_dropped_when_it_begins(self):
        change = facts.ChangeRequested(price=price(2000, "team"))
        pending = go(active(), change, "2024-06-09T20:00").subscription
        moved = go(pending, facts.Paused(starts_at=at("2024-06-10")), "2024-06-10")
        assert commands(moved) == ["VoidInvoice"]

    def test_a_free_plan_resumes_at_once(self):
        paused = go(active(price(0)), facts.Paused(starts_at=at("2024-06-10")), "2024-06-10")
        resumed = go(paused.subscription, facts.Resumed(), "2024-07-10").subscription
        assert (state(resumed), resumed.period.starts_at) == ((ACTIVE, ""), at("2024-07-10"))

    def test_cancel_while_paused_gives_the_rest_back(self):
        moved = go(self.paused().subscription, CANCEL_NOW, "2024-06-12")
        assert commands(moved) == ["CreditUnused"]

    def test_refusals(self):
        with pytest.raises(InvalidPeriod):
            self.paused(resumes_at=at("2024-06-10"))
        blocked = go(self.paused().subscription, facts.SuspendedByAdmin(), "2024-06-11")
        for current, fact in (
            (begin(trial_days=5).subscription, facts.Paused()),
            (active(), facts.Resumed()),
            (blocked.subscription, facts.Resumed()),
        ):
            with pytest.raises(InvalidTransition):
                go(current, fact, "2024-06-12")


class TestHolds:
    LIVE = {
        "pending": lambda: begin().subscription,
        "trial": lambda: begin(trial_days=40).subscription,
        "active": active,
        "past due": lambda: failed(past_due()),
        "suspended": suspended_for_payment,
    }

    @pytest.mark.parametrize("name", LIVE)
    def test_staff_block_and_lift(self, name):
        current = self.LIVE[name]()
        blocked = go(current, facts.SuspendedByAdmin(), "2024-07-09")
        assert state(blocked) == (SUSPENDED, "admin")
        assert not go(blocked.subscription, facts.SuspendedByAdmin(), "2024-07-09").applied
        assert due(blocked.subscription, now=at("2030-01-01"), policies=DEFAULT) is None or (
            name in ("pending", "past due", "suspended")
        )
        lifted = go(blocked.subscription, facts.Reinstated(), "2024-07-09")
        assert lifted.subscription == current

    @pytest.mark.parametrize("name", LIVE)
    def test_a_dispute_blocks_until_it_is_won(self, name):
        current = self.LIVE[name]()
        opened = go(current, facts.DisputeOpened(dispute_id="d"), "2024-07-09")
        assert state(opened) == (SUSPENDED, "dispute")
        assert not go(
            opened.subscription, facts.DisputeOpened(dispute_id="d"), "2024-07-09"
        ).applied
        other = facts.DisputeClosed(dispute_id="other", is_won=True)
        assert not go(opened.subscription, other, "2024-07-09").applied
        won = facts.DisputeClosed(dispute_id="d", is_won=True)
        assert go(opened.subscription, won, "2024-07-09").subscription == current
        lost = facts.DisputeClosed(dispute_id="d", is_won=False)
        assert state(go(opened.subscription, lost, "2024-07-09")) == (CANCELLED, "fraud")

    def test_both_holds_in_any_order(self):
        opened, won = (
            facts.DisputeOpened(dispute_id="d"),
            facts.DisputeClosed(dispute_id="d", is_won=True),
        )
        current = active()
        for order, expected in (
            ((opened, facts.SuspendedByAdmin(), won, facts.Reinstated()), [
                "dispute", "admin", "admin", ""]),
            ((facts.SuspendedByAdmin(), opened, facts.Reinstated(), won), [
                "admin", "admin", "dispute", ""]),
        ):  # fmt: skip
            held, reasons = current, []
            for fact in order:
                held = go(held, fact, "2024-06-10").subscription
                reasons.append(held.status_reason.value)
            assert reasons == expected
            assert held == current

    def test_a_payment_beneath_a_hold_is_not_lost(self):
        held = go(failed(past_due()), facts.SuspendedByAdmin(), "2024-07-02").subscription
        moved = pay(held, "2024-07-03")
        assert state(moved) == (SUSPENDED, "admin")
        assert {event.status for event in moved.events} == {"Suspended"}
        lifted = go(moved.subscription, facts.Reinstated(), "2024-07-04").subscription
        assert (state(lifted), lifted.period) == ((ACTIVE, ""), JULY)
        assert not pay(lifted, "2024-07-05").applied
        assert not go(held, facts.PaymentSucceeded(invoice_key="another"), "2024-07-03").applied

    def test_cancel_beneath_a_hold_gives_the_rest_back(self):
        held = go(active(), facts.SuspendedByAdmin(), "2024-06-10").subscription
        assert commands(go(held, CANCEL_NOW, "2024-06-12")) == ["CreditUnused"]
        trial = go(begin(trial_days=20).subscription, facts.SuspendedByAdmin(), "2024-06-10")
        assert commands(go(trial.subscription, CANCEL_NOW, "2024-06-12")) == []

    def test_refusals(self):
        ended = go(active(), CANCEL_NOW, "2024-06-10").subscription
        for current, fact in ((ended, facts.SuspendedByAdmin()), (active(), facts.Reinstated())):
            with pytest.raises(InvalidTransition):
                go(current, fact, "2024-06-10")
        assert not go(ended, facts.DisputeOpened(dispute_id="d"), "2024-06-10").applied


class TestExtension:
    def test_the_period_ends_later_and_the_next_begins_there(self):
        fact = facts.Extended(to=at("2024-07-10"), reason="outage")
        moved = go(active(), fact, "2024-06-20")
        assert state(moved) == (ACTIVE, "")
        assert moved.subscription.period == Period(at("2024-06-01"), at("2024-07-10"))
        (record,) = moved.commands
        assert (record.period, record.reason) == (
            Period(at("2024-07-01"), at("2024-07-10")), "outage",
        )  # fmt: skip
        renewal = go(moved.subscription, facts.PeriodEnded(), "2024-07-10")
        assert issued(renewal)[0].period == Period(at("2024-07-10"), at("2024-08-10"))

    def test_a_trial_is_longer(self):
        moved = go(
            begin(trial_days=5).subscription, facts.Extended(to=at("2024-06-20")), "2024-06-02"
        )
        assert (moved.subscription.trial_end, moved.subscription.anchor) == (
            at("2024-06-20"), at("2024-06-20"),
        )  # fmt: skip

    def test_what_was_planned_for_the_end_moves_along(self):
        change = facts.ChangeRequested(price=price(0, "free"))
        current = go(active(), change, "2024-06-05").subscription
        current = go(current, facts.Paused(), "2024-06-06").subscription
        moved = go(current, facts.Extended(to=at("2024-07-10")), "2024-06-20").subscription
        assert moved.pending_change.effective_at == moved.pause.starts_at == at("2024-07-10")
        cancelling = go(active(), facts.CancelRequested(), "2024-06-10").subscription
        extended = go(cancelling, facts.Extended(to=at("2024-07-10")), "2024-06-20").subscription
        assert extended.cancel_at == at("2024-07-10")

    def test_an_open_renewal_is_given_away(self):
        moved = go(failed(past_due()), facts.Extended(to=at("2024-07-10")), "2024-07-03")
        assert (state(moved), commands(moved)) == (
            (ACTIVE, ""), ["RecordFreeStretch", "VoidInvoice"],
        )  # fmt: skip

    def test_beneath_a_hold(self):
        held = go(active(), facts.SuspendedByAdmin(), "2024-06-10").subscription
        moved = go(held, facts.Extended(to=at("2024-07-10")), "2024-06-20")
        assert state(moved) == (SUSPENDED, "admin")
        assert moved.subscription.period.ends_at == at("2024-07-10")

    def test_refusals(self):
        with pytest.raises(InvalidPeriod):
            go(active(), facts.Extended(to=at("2024-07-01")), "2024-06-20")
        with pytest.raises(InvalidTransition):
            go(begin().subscription, facts.Extended(to=at("2024-08-01")), "2024-06-01")


class TestBilledByProvider:
    def follow(self, current, status, now="2024-06-10", **fields):
        return go(current, facts.ProviderReported(status=status, **fields), now)

    def current(self):
        return active(billed_by=BilledBy.PROVIDER, provider_ref="sub_1")

    def test_its_facts_move_it_in_their_own_order(self):
        current = self.current()
        renewed = self.follow(current, ACTIVE, version=1, period=JULY)
        assert (topics(renewed), renewed.subscription.period) == (["subscription.renewed"], JULY)
        assert self.follow(renewed.subscription, ACTIVE, version=2).events == ()
        late = self.follow(
            renewed.subscription, RENEWAL_PENDING, version=3, reason=StatusReason.RETRYING
        )
        assert topics(late) == ["subscription.past_due"]
        assert not self.follow(late.subscription, ACTIVE, version=2).applied
        held = self.follow(late.subscription, SUSPENDED, version=4, reason=StatusReason.PAYMENT)
        assert topics(held) == ["subscription.suspended"]
        ended = self.follow(held.subscription, EXPIRED, version=5, reason=StatusReason.TERM_END)
        assert (topics(ended), ended.subscription.ended_at) == (
            ["subscription.ended"], at("2024-06-10"),
        )  # fmt: skip
        assert not self.follow(ended.subscription, ACTIVE, version=6).applied

    def test_we_never_charge_dun_or_change_it(self):
        current = self.current()
        assert due(current, now=at("2030-01-01"), policies=DEFAULT) is None
        assert not go(current, facts.PeriodEnded(), "2030-01-01").applied
        for fact in (
            CANCEL_NOW,
            facts.ChangeRequested(price=price(2000, "team")),
            facts.Paused(),
            facts.Extended(to=at("2024-07-10")),
        ):
            with pytest.raises(ManagedByProvider):
                go(current, fact, "2024-06-10")
        trial = begin(billed_by=BilledBy.PROVIDER, provider_ref="s", trial_days=5).subscription
        assert not go(trial, facts.TrialEnded(), "2024-07-01").applied

    def test_what_is_not_a_state_is_ignored_and_ours_are_not_theirs(self):
        assert not self.follow(self.current(), SUSPENDED, version=1).applied
        assert not self.follow(active(), SUSPENDED, version=1).applied


@pytest.mark.parametrize(
    ("make", "now", "expected"),
    [
        (lambda: begin().subscription, "2024-06-01", False),
        (lambda: begin(trial_days=5).subscription, "2024-06-01", True),
        (active, "2024-06-02", True),
        (past_due, "2024-07-07T23:59", True),
        (past_due, "2024-07-08", False),
        (suspended_for_payment, "2024-07-09", False),
        (lambda: go(active(), CANCEL_NOW, "2024-06-02").subscription, "2024-06-02", False),
    ],
)
def test_access_is_a_function_of_status_and_grace(make, now, expected):
    assert has_access(make(), now=at(now), policies=DEFAULT) is expected


def test_grace_may_give_no_access():
    assert not has_access(
        past_due(), now=at("2024-07-02"), policies=Policies(grace_gives_access=False)
    )


def test_what_is_no_fact_is_an_error():
    with pytest.raises(facts.InvalidFact):
        go(active(), "renew", "2024-06-02")


@pytest.mark.parametrize(
    ("current", "planned", "status", "ended_at"),
    [
        (active(auto_renew=False), None, SubscriptionStatus.EXPIRED, "2024-07-01"),
        (
            active(price(frequency=ONE_TIME), ends_at=at("2024-07-01")),
            None,
            SubscriptionStatus.EXPIRED,
            "2024-07-01",
        ),
        (active(), facts.CancelRequested(), SubscriptionStatus.CANCELLED, "2024-07-01"),
        (
            active(),
            facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-06-20")),
            SubscriptionStatus.CANCELLED,
            "2024-06-20",
        ),
    ],
    ids=["no renewal", "one time", "cancelled at the end", "cancelled before the end"],
)
def test_a_pause_over_the_end_bills_nothing_that_was_to_end(current, planned, status, ended_at):
    if planned is not None:
        current = go(current, planned, "2024-06-05").subscription
    paused = go(current, facts.Paused(starts_at=at("2024-06-10")), "2024-06-10").subscription
    resumed = go(paused, facts.Resumed(), "2024-08-01")
    assert resumed.subscription.status is status
    assert resumed.subscription.ended_at == at(ended_at)
    assert issued(resumed) == []
    assert "ChargeInvoice" not in commands(resumed)


def disputed(*names):
    current = active()
    for name in names:
        current = go(current, facts.DisputeOpened(dispute_id=name), "2024-06-05").subscription
    return current


def closed(current, name, *, is_won):
    return go(current, facts.DisputeClosed(dispute_id=name, is_won=is_won), "2024-06-10")


@pytest.mark.parametrize("order", [("d1", "d2"), ("d2", "d1")], ids=" then ".join)
def test_the_last_of_several_disputes_lifts_the_block(order):
    first, last = order
    between = closed(disputed("d1", "d2"), first, is_won=True)
    assert between.subscription.status_reason is StatusReason.DISPUTE
    assert between.events == ()
    assert not closed(between.subscription, first, is_won=True).applied
    after = closed(between.subscription, last, is_won=True).subscription
    assert after == active()


def test_any_lost_dispute_cancels():
    won = closed(disputed("d1", "d2"), "d1", is_won=True).subscription
    lost = closed(won, "d2", is_won=False).subscription
    assert (lost.status, lost.status_reason) == (SubscriptionStatus.CANCELLED, StatusReason.FRAUD)


def test_a_dispute_told_twice_is_one():
    assert disputed("d1", "d1") == disputed("d1")


def test_what_the_bank_took_back_is_not_given_back_again():
    cancelled = go(disputed("d1"), CANCEL_NOW, "2024-06-16")
    assert commands(cancelled) == []


def test_a_term_that_is_extended_ends_then():
    current = active(price(frequency=ONE_TIME), ends_at=at("2024-07-01"))
    longer = go(current, facts.Extended(to=at("2024-09-01")), "2024-06-10").subscription
    assert longer.term_end == longer.period.ends_at == at("2024-09-01")
