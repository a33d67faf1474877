"""Every view of ours stands on the one base view and runs outside the host's transaction."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from django.db import connections
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from saaskit_django.rest.views import SaasKitView
from tests.architecture.source import modules


def test_every_api_view_is_a_saaskit_view():
    strangers = [_name(view) for view in _api_views() if not issubclass(view, SaasKitView)]
    assert strangers == []


def test_no_view_overrides_dispatch():
    overriding = [
        _name(view) for view in _api_views() if view is not SaasKitView and "dispatch" in vars(view)
    ]
    assert overriding == []


def test_every_routed_view_of_ours_is_outside_the_hosts_transaction():
    routed = [callback for callback in _callbacks(get_resolver().url_patterns) if _ours(callback)]
    assert routed, "the URL configuration routes to no view of saaskit_django"
    aliases = set(connections)
    inside = [
        f"{callback.__module__}.{callback.__qualname__}"
        for callback in routed
        if not aliases <= getattr(callback, "_non_atomic_requests", set())
    ]
    assert inside == []


def _api_views() -> list[type[APIView]]:
    """The view classes that the views modules of saaskit_django define."""
    found = [
        member
        for module in modules("saaskit_django")
        if any(part.startswith("views") for part in module.name.split("."))
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if issubclass(member, APIView) and member.__module__ == module.name
    ]
    assert found, "no API view was found in the views modules of saaskit_django"
    return found


def _callbacks(patterns) -> Iterator:
    for pattern in patterns:
        match pattern:
            case URLResolver(url_patterns=below):
                yield from _callbacks(below)
            case URLPattern(callback=callback):
                yield callback


def _ours(callback) -> bool:
    return callback.__module__.startswith("saaskit_django.")


def _name(view: type) -> str:
    return f"{view.__module__}.{view.__qualname__}"
