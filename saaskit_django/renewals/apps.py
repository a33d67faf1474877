"""The app's configuration."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class RenewalsConfig(AppConfig):
    name = "saaskit_django.renewals"
    label = "saaskit_renewals"
    verbose_name = "SaaSKit: renewals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        import_module("saaskit_django.renewals.checks")
