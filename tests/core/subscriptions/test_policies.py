import pytest

from saaskit_core.periods import ProrationMode
from saaskit_core.subscriptions.policies import DowngradePolicy, InvalidPolicy, Policies
from saaskit_core.subscriptions.states import LIVE, TERMINAL, SubscriptionStatus


def test_plain_values_as_settings_have_them():
    policies = Policies(downgrade="now-with-credit", proration="day", dunning_days=[2, 7])
    assert policies.downgrade is DowngradePolicy.NOW_WITH_CREDIT
    assert policies.proration is ProrationMode.DAY
    assert policies.dunning_days == (2, 7)


@pytest.mark.parametrize(
    "fields",
    [
        {"upgrade": "later"},
        {"dunning_days": (3, 1)},
        {"dunning_days": (1, 1)},
        {"dunning_days": (-1,)},
        {"dunning_days": (1.5,)},
        {"dunning_days": (30,)},
        {"grace_days": -1},
        {"payment_timeout_hours": -1},
        {"transfer_timeout_days": -2},
    ],
)
def test_contradictions_are_refused(fields):
    with pytest.raises(InvalidPolicy):
        Policies(**fields)


def test_no_dunning_at_all_is_possible():
    assert Policies(dunning_days=(), dunning_end_days=0).dunning_days == ()


def test_every_status_is_live_or_terminal():
    assert set(SubscriptionStatus) == LIVE | TERMINAL
    assert all(status.is_live != status.is_terminal for status in SubscriptionStatus)
