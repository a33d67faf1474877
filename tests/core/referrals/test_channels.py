from itertools import permutations

import pytest

from saaskit_core.referrals import Channel, ChannelRule, Touch, winning_touch
from tests.core.referrals.builders import DAY, NOW, SECOND


def touch(code, at=NOW, channel=Channel.REFERRAL):
    return Touch(channel=channel, code=code, at=at)


def winner(touches, rule=ChannelRule.FIRST_TOUCH):
    return winning_touch(touches, rule=rule, now=NOW, window=30 * DAY)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (NOW, True),
        (NOW + SECOND, False),
        (NOW - 30 * DAY + SECOND, True),
        (NOW - 30 * DAY, False),
    ],
)
def test_only_touches_in_the_window_count(at, counts):
    assert (winner([touch("a", at)]) is not None) is counts


def test_no_touch_at_all_is_nobodys():
    assert winner([]) is None


@pytest.mark.parametrize("rule", ChannelRule)
def test_at_one_instant_the_order_of_touches_never_matters(rule):
    touches = [touch("b"), touch("a"), touch("0", channel=Channel.AFFILIATE)]
    expected = "0" if rule is ChannelRule.AFFILIATE else "a"
    for given in permutations(touches):
        found = winner(given, rule)
        assert found.touch.code == expected
        assert len(found.lost) == 2


@pytest.mark.parametrize(
    ("rule", "channel"),
    [(ChannelRule.REFERRAL, Channel.AFFILIATE), (ChannelRule.AFFILIATE, Channel.REFERRAL)],
)
def test_the_other_channel_counts_where_the_preferred_one_is_missing(rule, channel):
    later, first = touch("later", NOW, channel), touch("first", NOW - DAY, channel)
    found = winner([later, first], rule)
    assert (found.touch, found.lost) == (first, (later,))
