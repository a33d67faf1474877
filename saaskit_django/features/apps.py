"""The app's configuration."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class FeaturesConfig(AppConfig):
    name = "saaskit_django.features"
    label = "saaskit_features"
    verbose_name = "SaaSKit: features"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        import_module("saaskit_django.features.checks")
