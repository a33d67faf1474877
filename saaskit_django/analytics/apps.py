"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "saaskit_django.analytics"
    label = "saaskit_analytics"
    verbose_name = "SaaSKit: analytics"
    default_auto_field = "django.db.models.BigAutoField"
