"""The app's configuration. It also registers the system checks, whichever apps a host picks."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from saaskit_django.rest.sqlite import wait_longer


class RestConfig(AppConfig):
    name = "saaskit_django.rest"
    label = "saaskit_rest"
    verbose_name = "SaaSKit: REST"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks by name: they look at every app, so they stand above all.

        Also let SQLite's writers wait longer for each other.
        """
        import_module("saaskit_django.checks")
        connection_created.connect(wait_longer, dispatch_uid="saaskit.sqlite")
