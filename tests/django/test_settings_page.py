"""The reference names every setting there is, and its example works."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from saaskit_core.subscriptions.policies import Policies
from saaskit_django.conf import Jwt, SaasKitSettings, Seller, parse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_setting_is_documented():
    names = {name for model in (SaasKitSettings, Jwt, Seller) for name in model.model_fields}
    names |= {field.name for field in dataclasses.fields(Policies)}
    assert sorted(name for name in names if f"`{name.upper()}`" not in TEXT) == []


def test_the_example_works():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    scope: dict[str, dict[str, object]] = {}
    exec(code, scope)
    assert parse(scope["SAASKIT"]).policies.dunning_days == (1, 3, 5, 7)
