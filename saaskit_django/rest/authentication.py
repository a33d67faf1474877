"""Which authenticators our views use: those of the settings, ours, or the host's; asked at use."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.utils.module_loading import import_string
from rest_framework.settings import api_settings

from saaskit_django.conf import conf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.authentication import BaseAuthentication

OURS = "saaskit_django.accounts.authentication.JWTAuthentication"


def authenticator_classes() -> Sequence[type[BaseAuthentication]]:
    """Return what AUTHENTICATION names, else ours where accounts is, else the host's."""
    names = conf().authentication
    if names is None and apps.is_installed("saaskit_django.accounts"):
        names = (OURS,)
    if names is None:
        defaults = api_settings.DEFAULT_AUTHENTICATION_CLASSES
        return cast("Sequence[type[BaseAuthentication]]", defaults)
    return [import_string(name) for name in names]
