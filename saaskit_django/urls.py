"""The routes of the installed apps, gathered by name.

A host includes them once, where it likes:

    path("api/", include("saaskit_django.urls"))

Each app's `urls.py` holds lists called `auth_urls`, `core_urls`, `admin_urls`, `payment_urls` and
`api_urls`. They are reached as `saaskit:core:notification-list` and so on, under any prefix.
"""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule

Routes = list[URLPattern | URLResolver]

app_name = "saaskit"
PREFIXES = ("auth", "core", "admin", "payment")


def gathered(name: str) -> Routes:
    """Return the routes that the installed apps declare under `name`."""
    routes: Routes = []
    for config in apps.get_app_configs():
        is_ours = config.name.startswith("saaskit_django.") and config.module is not None
        if is_ours and module_has_submodule(config.module, "urls"):
            routes += getattr(import_module(f"{config.name}.urls"), name, [])
    return routes


urlpatterns: Routes = [
    *(path(f"{each}/", include((gathered(f"{each}_urls"), each))) for each in PREFIXES),
    *gathered("api_urls"),
]
