from __future__ import annotations

from typing import Any

import pytest

from saaskit_django.outbox import reactions
from tests.django.outbox.shop import STATE, Reactions, first


@pytest.fixture
def react(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Choose who reacts to `shop.ordered`; nobody else does."""
    STATE.__init__()  # type: ignore[misc]

    def choose(*handlers: Any) -> Reactions:
        table = {"shop.ordered": tuple(reactions.name_of(each) for each in handlers)}
        monkeypatch.setattr(reactions, "reactions", lambda: table)
        return STATE

    choose(first)
    return choose
