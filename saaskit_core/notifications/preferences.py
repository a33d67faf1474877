"""What a user wants to be told, on which channels, when and in which languages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.notifications.kinds import Kind, NotificationChannel
from saaskit_core.notifications.quiet_hours import QuietHours, next_clock
from saaskit_core.periods import utc, zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.notifications.kinds import Channels


class MandatoryNotification(SaasKitError):
    code = "mandatory_notification"
    kind = ErrorKind.CONFLICT
    template = "Notifications about %(name)s can't be switched off on %(channel)s."


class Digest(StrEnum):
    """How often what isn't urgent is gathered into one message."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


Choice = tuple[str, NotificationChannel]
"""The name of a kind, and a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """A user's choices. What he didn't choose is as the kind says.

    `addressed` are the channels on which he can be reached; those of the product need no address.
    Digests are daily or weekly (on Mondays) at `digest_at` of his own clock, or at full hours.
    """

    choices: Mapping[Choice, bool] = field(default_factory=lambda: MappingProxyType({}))
    addressed: Channels = frozenset({NotificationChannel.EMAIL})
    tz: str = "UTC"
    quiet_hours: QuietHours | None = None
    digests: Mapping[str, Digest] = field(default_factory=lambda: MappingProxyType({}))
    digest_at: time = time(8)
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a zone that doesn't exist."""
        zone(self.tz)

    def wants(self, kind: Kind, channel: NotificationChannel) -> bool:
        """Tell whether the kind is sent on the channel: chosen, mandatory, or the kind's own."""
        if channel in kind.mandatory_on:
            return True
        return self.choices.get((kind.name, channel), channel in kind.channels)

    def reach(self, channel: NotificationChannel) -> bool:
        """Tell whether the user can be reached on the channel."""
        return channel.is_in_product or channel in self.addressed

    def switched(self, kind: Kind, channel: NotificationChannel, *, is_on: bool) -> Preferences:
        """Return the preferences with the kind switched on or off on the channel.

        Raises MandatoryNotification.
        """
        if channel in kind.mandatory_on and not is_on:
            raise MandatoryNotification(name=kind.name[:64], channel=channel.value)
        chosen = MappingProxyType({**self.choices, (kind.name, channel): is_on})
        return replace(self, choices=chosen)

    def digest_of(self, kind: Kind, channel: NotificationChannel) -> Digest:
        """Return how the kind is gathered: never when urgent, mandatory or in the product."""
        if kind.is_urgent or kind.is_mandatory or channel.is_in_product:
            return Digest.AT_ONCE
        return self.digests.get(kind.name, Digest.AT_ONCE)


def digest_time(digest: Digest, preferences: Preferences, now: datetime) -> datetime:
    """Return when the digest that takes in what happens at `now` is sent: `now` for AT_ONCE."""
    tz, now = preferences.tz, utc(now)
    match digest:
        case Digest.AT_ONCE:
            return now
        case Digest.HOURLY:
            local = now.astimezone(zone(tz))
            begun = timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            )
            return now - begun + timedelta(hours=1)
        case Digest.DAILY:
            return next_clock(preferences.digest_at, after=now, tz=tz)
        case Digest.WEEKLY:
            at = next_clock(preferences.digest_at, after=now, tz=tz)
            while at.astimezone(zone(tz)).weekday():
                at = next_clock(preferences.digest_at, after=at, tz=tz)
            return at
        case _:
            assert_never(digest)
