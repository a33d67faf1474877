"""Who reacts to what: the HANDLERS dicts of the installed apps, found by name at start.

An app of ours lists its reactions in `handlers.py`, a host's app in `saaskit_handlers.py`:

    HANDLERS = {PaymentSucceeded: [send_receipt], "subscription.*": [count]}

Keys are event classes, topics, or "*" for all. A reaction runs in a transaction together
with the note that it is done, so its effect in the database happens once. One that calls the
outside world or opens its own durable transaction is marked with `outside_transaction`: it may run
again after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from django.apps import apps
from django.utils.module_loading import import_string, module_has_submodule

from saaskit_django.outbox.messages import Message

if TYPE_CHECKING:
    from saaskit_core.events import Event

Handler = Callable[[Message], object]
Marked = TypeVar("Marked", bound=Handler)

_OURS = "saaskit_django."
_PLAIN: set[str] = set()


def outside_transaction(handler: Marked) -> Marked:
    """Mark a reaction that manages its own transactions; it must bear running twice."""
    _PLAIN.add(name_of(handler))
    return handler


def runs_outside(name: str) -> bool:
    """Tell whether the reaction called `name` runs with no transaction open."""
    return name in _PLAIN


def name_of(handler: Handler) -> str:
    """Return the dotted name under which a reaction is stored."""
    return f"{handler.__module__}.{handler.__qualname__}"


def handlers_of(topic: str) -> tuple[str, ...]:
    """Return the names of the reactions to a topic, each once."""
    table = reactions()
    names = (name for pattern in _patterns(topic) for name in table.get(pattern, ()))
    return tuple(dict.fromkeys(names))


def handler(name: str) -> Handler:
    """Return a reaction by its name. Raises ImportError when it is gone."""
    found: Handler = import_string(name)
    return found


@cache
def reactions() -> Mapping[str, tuple[str, ...]]:
    """Return topic → names of the reactions, from every installed app."""
    table: dict[str, list[str]] = {}
    for handlers in _found():
        for key, listed in handlers.items():
            topic = key if isinstance(key, str) else key.topic
            table.setdefault(topic, []).extend(name_of(each) for each in listed)
    return {topic: tuple(names) for topic, names in table.items()}


def discover() -> None:
    """Import the reactions of all installed apps; called once all of them are loaded."""
    reactions.cache_clear()
    for _ in _found():
        pass


def _found() -> Iterable[Mapping[str | type[Event], Iterable[Handler]]]:
    for config in apps.get_app_configs():
        name = "handlers" if config.name.startswith(_OURS) else "saaskit_handlers"
        if config.module is not None and module_has_submodule(config.module, name):
            yield import_module(f"{config.name}.{name}").HANDLERS


def _patterns(topic: str) -> tuple[str, ...]:
    return (topic, f"{topic.partition('.')[0]}.*", "*")
