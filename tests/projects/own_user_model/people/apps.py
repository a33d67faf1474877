"""The host's own users."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tests.projects.own_user_model.people"
    label = "people"
    default_auto_field = "django.db.models.AutoField"
