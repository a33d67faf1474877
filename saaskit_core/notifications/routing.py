"""Where and when one message goes: decided from the message, the preferences and the time alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from saaskit_core.notifications.kinds import Channels, Kind, NotificationChannel
from saaskit_core.notifications.languages import language_for
from saaskit_core.notifications.preferences import Digest, Preferences, digest_time
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class SkipReason(StrEnum):
    """Why a message doesn't go out on a channel that it was meant for."""

    SWITCHED_OFF = "switched_off"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatedMessage:
    """What is to be told: a template and what fills it, never a finished text.

    `key` names the message for good: the same one is routed to the same deliveries. `languages` are
    those the template exists in, the first of them the fallback. `channels` None means the kind's.
    """

    key: str
    kind: Kind
    template: str
    params: Mapping[str, str | int] = field(default_factory=lambda: MappingProxyType({}))
    languages: tuple[str, ...] = ("en",)
    channels: Channels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on one channel at `send_at`. What has the same `batch` is sent as one digest."""

    key: str
    channel: NotificationChannel
    send_at: datetime
    language: str
    batch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A channel that the message was meant for and doesn't take."""

    channel: NotificationChannel
    reason: SkipReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What becomes of a message: every channel it was meant for is in one of the two."""

    deliveries: tuple[Delivery, ...]
    skipped: tuple[Skipped, ...] = ()


def route(message: TemplatedMessage, preferences: Preferences, now: datetime) -> Routing:
    """Decide on which channels a message goes out, when, and in which language.

    It goes where it is meant for, or where the user wants its kind beside that; a mandatory one
    always where it is mandatory, and in the product when nothing else reaches him. Quiet hours hold
    back what isn't urgent on the channels they are for, after a digest was due too.
    """
    now = utc(now)
    language = language_for(preferences.languages, message.languages)
    deliveries, skipped = [], []
    for channel in _meant_for(message, preferences):
        reason = _refusal(message.kind, channel, preferences)
        if reason is None:
            deliveries.append(_delivery(message, preferences, channel, language, now))
        else:
            skipped.append(Skipped(channel=channel, reason=reason))
    return Routing(deliveries=tuple(deliveries), skipped=tuple(skipped))


def batches(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    """Gather deliveries into what is sent as one: by batch, each of the others by itself."""
    found: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        found.setdefault(delivery.batch or delivery.key, []).append(delivery)
    return found


def _meant_for(message: TemplatedMessage, preferences: Preferences) -> list[NotificationChannel]:
    kind = message.kind
    if message.channels is not None:
        meant = message.channels | kind.mandatory_on
    else:
        chosen = {each for each in NotificationChannel if preferences.wants(kind, each)}
        meant = kind.channels | chosen
    if kind.is_mandatory and not any(preferences.reach(channel) for channel in meant):
        meant |= {NotificationChannel.IN_APP}
    return [channel for channel in NotificationChannel if channel in meant]


def _refusal(
    kind: Kind, channel: NotificationChannel, preferences: Preferences
) -> SkipReason | None:
    is_off = preferences.choices.get((kind.name, channel), True) is False
    if is_off and channel not in kind.mandatory_on:
        return SkipReason.SWITCHED_OFF
    return None if preferences.reach(channel) else SkipReason.NO_ADDRESS


def _delivery(
    message: TemplatedMessage,
    preferences: Preferences,
    channel: NotificationChannel,
    language: str,
    now: datetime,
) -> Delivery:
    digest = preferences.digest_of(message.kind, channel)
    send_at = digest_time(digest, preferences, now)
    quiet = preferences.quiet_hours
    if quiet and channel in quiet.channels and not message.kind.is_urgent:
        send_at = quiet.end_after(send_at, tz=preferences.tz)
    is_batched = digest is not Digest.AT_ONCE
    return Delivery(
        key=f"{message.key}:{channel}",
        channel=channel,
        send_at=send_at,
        language=language,
        batch=f"{message.kind.name}:{channel}:{send_at.isoformat()}" if is_batched else "",
    )
