"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import import_string


class AccountsConfig(AppConfig):
    name = "saaskit_django.accounts"
    label = "saaskit_accounts"
    verbose_name = "SaaSKit: accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        register(import_string("saaskit_django.accounts.checks.check_accounts"))
