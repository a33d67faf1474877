"""The console notifier: shows messages instead of sending them."""

from __future__ import annotations

from saaskit_core.plugins import hookimpl
from saaskit_providers.console.notifier import ConsoleNotifier, ConsoleSettings

SAASKIT_API = 1

__all__ = ["ConsoleNotifier", "ConsoleSettings"]


@hookimpl
def saaskit_notifiers() -> list[type[ConsoleNotifier]]:
    """Register the console notifier."""
    return [ConsoleNotifier]
