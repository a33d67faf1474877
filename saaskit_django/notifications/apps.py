"""The app's configuration. It contributes the e-mail notifier."""

from __future__ import annotations

from django.apps import AppConfig

from saaskit_django import registry


class NotificationsConfig(AppConfig):
    name = "saaskit_django.notifications"
    label = "saaskit_notifications"
    verbose_name = "SaaSKit: notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer e-mail through Django's own mail."""
        registry.contribute(
            registry.NOTIFIER_TYPES, "saaskit_django.notifications.email.DjangoMailNotifier"
        )
