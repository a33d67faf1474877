"""One customer, several links: whose touch counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.periods import utc
from saaskit_core.referrals.programmes import ChannelRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


class Channel(StrEnum):
    """How a customer was sent: by another customer, or by an affiliate."""

    REFERRAL = "referral"
    AFFILIATE = "affiliate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A link that was followed, or a code that was given."""

    channel: Channel
    code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """The touch that counts, the rule that chose it, and those that lost: a record to keep."""

    touch: Touch
    rule: ChannelRule
    lost: tuple[Touch, ...]


def winning_touch(
    touches: Sequence[Touch], *, rule: ChannelRule, now: datetime, window: timedelta
) -> Winner | None:
    """Return the one touch that counts, None when none lies in the window (now − window, now].

    By first or last touch, or the preferred channel's first one and the other's only without it. Of
    two at one instant a customer's referral comes before an affiliate's link, then the code.
    """
    until = utc(now)
    inside = [each for each in touches if until - window < utc(each.at) <= until]
    if not inside:
        return None
    ordered = sorted(inside, key=lambda each: _rank(each, rule, until - utc(each.at)))
    return Winner(touch=ordered[0], rule=rule, lost=tuple(ordered[1:]))


def _rank(touch: Touch, rule: ChannelRule, age: timedelta) -> tuple[bool, timedelta, bool, str]:
    is_affiliate = touch.channel is Channel.AFFILIATE
    match rule:
        case ChannelRule.FIRST_TOUCH:
            return (False, -age, is_affiliate, touch.code)
        case ChannelRule.LAST_TOUCH:
            return (False, age, is_affiliate, touch.code)
        case ChannelRule.REFERRAL:
            return (is_affiliate, -age, is_affiliate, touch.code)
        case ChannelRule.AFFILIATE:
            return (not is_affiliate, -age, is_affiliate, touch.code)
