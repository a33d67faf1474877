"""The app's configuration."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class LimitsConfig(AppConfig):
    name = "saaskit_django.limits"
    label = "saaskit_limits"
    verbose_name = "SaaSKit: limits"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        import_module("saaskit_django.limits.checks")
