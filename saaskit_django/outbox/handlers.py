"""The reaction every event has: tell the host's signal receivers and the plugins."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from saaskit_django.outbox.reactions import outside_transaction
from saaskit_django.outbox.signals import event_delivered
from saaskit_django.registry import plugins

if TYPE_CHECKING:
    from saaskit_django.outbox.messages import Message

logger = logging.getLogger("saaskit.outbox")


class ReceiversFailed(Exception):
    """Raised after all receivers were called, so that the failed ones are called again later."""


@outside_transaction
def announce(message: Message) -> None:
    """Call every receiver of `event_delivered` and every plugin that listens to domain events.

    Raises ReceiversFailed when a receiver raised; what a plugin raises is only reported.
    """
    answers = event_delivered.send_robust(sender=type(message), message=message)
    _tell_plugins(message)
    failed = [answer for _, answer in answers if isinstance(answer, Exception)]
    if failed:
        names = ", ".join(type(each).__name__ for each in failed)
        raise ReceiversFailed(f"{len(failed)} receivers of event_delivered raised: {names}")


def _tell_plugins(message: Message) -> None:
    report = plugins()
    event = message.event() if report.listeners else None
    if event is None:
        return
    for failure in report.publish(event):
        logger.error("plugin %s", failure)


HANDLERS = {"*": [announce]}
