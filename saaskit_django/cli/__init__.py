"""The `saaskit` commands for Django projects.

The console script finds `register` through the entry-point group `saaskit.commands`. Nothing of
Django is imported before a command runs.
"""

from __future__ import annotations

from saaskit_core.cli import Command

COMMANDS = (
    Command(
        name="init",
        help="print what to add to a Django project",
        module="saaskit_django.cli.init",
    ),
    Command(
        name="doctor",
        help="say what a Django project is missing",
        module="saaskit_django.cli.doctor",
        extra="django",
    ),
    Command(
        name="plugins",
        help="list the plugins, broken ones too",
        module="saaskit_django.cli.plugins",
    ),
    Command(
        name="tick",
        help="run everything that is due, once",
        module="saaskit_django.cli.tick",
        extra="django",
    ),
    Command(
        name="worker",
        help="run what is due, again and again",
        module="saaskit_django.cli.worker",
    ),
    Command(
        name="webhooks",
        help="what providers delivered: list, replay, purge",
        module="saaskit_django.cli.webhooks",
    ),
    Command(
        name="outbox",
        help="what could not be delivered: list, revive",
        module="saaskit_django.cli.outbox",
    ),
)


def register() -> tuple[Command, ...]:
    """Return the commands that come with saaskit_django."""
    return COMMANDS
