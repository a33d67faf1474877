"""The app's configuration. It finds the reactions of all installed apps."""

from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "saaskit_django.outbox"
    label = "saaskit_outbox"
    verbose_name = "SaaSKit: outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import every app's reactions, so that a broken one shows at start."""
        from saaskit_django.outbox.reactions import discover

        discover()
