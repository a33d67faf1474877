"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "saaskit_django.audit"
    label = "saaskit_audit"
    verbose_name = "SaaSKit: audit"
    default_auto_field = "django.db.models.BigAutoField"
