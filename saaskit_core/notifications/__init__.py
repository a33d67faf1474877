"""Notifications: what people are told, where, when and in which language, as they want it."""

from __future__ import annotations

from saaskit_core.notifications.kinds import (
    BILLING,
    EXPIRY,
    KINDS,
    REMINDER,
    SECURITY,
    SYSTEM,
    InvalidKind,
    Kind,
    NotificationChannel,
    NotificationQueued,
    NotificationType,
)
from saaskit_core.notifications.languages import DEFAULT_LANGUAGE, language_for
from saaskit_core.notifications.preferences import (
    Digest,
    MandatoryNotification,
    Preferences,
    digest_time,
)
from saaskit_core.notifications.quiet_hours import InvalidQuietHours, QuietHours
from saaskit_core.notifications.routing import (
    Delivery,
    Routing,
    Skipped,
    SkipReason,
    TemplatedMessage,
    batches,
    route,
)

__all__ = [
    "BILLING",
    "DEFAULT_LANGUAGE",
    "EXPIRY",
    "KINDS",
    "REMINDER",
    "SECURITY",
    "SYSTEM",
    "Delivery",
    "Digest",
    "InvalidKind",
    "InvalidQuietHours",
    "Kind",
    "MandatoryNotification",
    "NotificationChannel",
    "NotificationQueued",
    "NotificationType",
    "Preferences",
    "QuietHours",
    "Routing",
    "SkipReason",
    "Skipped",
    "TemplatedMessage",
    "batches",
    "digest_time",
    "language_for",
    "route",
]
