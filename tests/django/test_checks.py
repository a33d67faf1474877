"""Each system check, failing as it should."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import connections

from saaskit_core.plugin_reports import Duplicate, FailedPlugin
from saaskit_core.plugins import load_plugins
from saaskit_django import checks, registry

GOOD = {"ALLOW_SANDBOX": True, "PROVIDERS": {"play": {"type": "sandbox"}}}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "checks.md"


@pytest.fixture
def found(settings):
    """Run the checks with some settings; return id → (message, hint)."""

    def run(raw=None, *, deploy=False, **host):
        settings.SAASKIT = GOOD if raw is None else raw
        for name, value in host.items():
            setattr(settings, name, value)
        messages = run_checks(tags=["saaskit"], include_deployment_checks=deploy)
        ours = [each for each in messages if str(each.id).startswith("saaskit.")]
        assert all(each.hint for each in ours)
        return {each.id: (str(each.msg), each.hint) for each in ours}

    return run


def test_a_good_site_has_nothing_but_the_hint_about_sqlite(found):
    assert set(found()) <= {"saaskit.W005"}


@pytest.mark.parametrize(
    ("raw", "check_id", "said"),
    [
        ({**GOOD, "PROVIDRS": {}}, "saaskit.E001", "PROVIDRS"),
        ({**GOOD, "DISPATCH": "x"}, "saaskit.E002", "DISPATCH"),
        ({}, "saaskit.W007", "No payment provider"),
        ({**GOOD, "PROVIDERS": {"a": {"type": "b"}}}, "saaskit.E008", "'b'"),
        ({**GOOD, "NOTIFIERS": {"a": {"type": "b"}}}, "saaskit.E008", "NOTIFIERS"),
        ({**GOOD, "ALLOW_SANDBOX": False}, "saaskit.E009", "for tests"),
        (
            {**GOOD, "PROVIDERS": {"a": {"type": "sandbox", "pth": "x"}}},
            "saaskit.E010",
            "did you mean 'path'",
        ),
        ({**GOOD, "PLUGINS_BLOCK": ["sandbx"]}, "saaskit.W013", "sandbx"),
        ({**GOOD, "JWT": {"SIGNING_KEY": "short"}}, "saaskit.E014", "32 bytes"),
        ({**GOOD, "AUTHENTICATION": ["no.such.Thing"]}, "saaskit.E016", "no.such.Thing"),
    ],
)
def test_each_bad_setting_is_named(found, raw, check_id, said):
    messages = found(raw)
    assert said in messages[check_id][0]
    assert set(messages) <= {check_id, "saaskit.W005"}


def test_a_hint_names_the_closest_setting(found):
    assert "PROVIDERS" in found({**GOOD, "PROVIDRS": {}})["saaskit.E001"][1]


def test_secrets_are_not_shown(found):
    secret = "s3cr3t-" * 3
    raw = {**GOOD, "PROVIDERS": {"a": {"type": "sandbox", "path": {secret: 1}}}}
    assert secret not in str(found(raw))


def test_the_jwt_key_is_not_the_secret_key(found, settings):
    raw = {**GOOD, "JWT": {"SIGNING_KEY": settings.SECRET_KEY}}
    assert "saaskit.E015" in found(raw)


def test_celery_must_be_installed_to_dispatch_with_it(found, monkeypatch):
    raw = {**GOOD, "DISPATCH": "celery"}
    assert "saaskit.E017" not in found(raw)
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert "saaskit.E017" in found(raw)


def test_missing_required_apps_are_listed(found, settings):
    less = [name for name in settings.INSTALLED_APPS if name != "saaskit_django.audit"]
    assert "saaskit_django.audit" in found(INSTALLED_APPS=less)["saaskit.E003"][0]


@pytest.mark.parametrize("vendor", ["mysql", "oracle"])
def test_other_databases_are_refused(found, monkeypatch, vendor):
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    assert "saaskit.E004" in found()


def test_sqlite_should_be_immediate(found, monkeypatch):
    monkeypatch.setattr(connections["default"], "vendor", "sqlite")
    assert "saaskit.W005" in found()
    options = {"transaction_mode": "IMMEDIATE"}
    monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)
    assert "saaskit.W005" not in found()


def test_time_zones_are_needed(found):
    assert "saaskit.E006" in found(USE_TZ=False)


def test_each_failed_plugin_is_named(found, monkeypatch):
    whole = load_plugins()
    report = type(whole)(
        **{
            **{name: getattr(whole, name) for name in whole.__dataclass_fields__},
            "failed": (
                FailedPlugin(name="one", distribution="d1", problem="ValueError: x"),
                FailedPlugin(name="two", distribution="d2", problem="SystemExit"),
            ),
            "duplicates": (
                Duplicate(
                    kind="plugin", claimed="c", name="three", distribution="d3", kept_by="four"
                ),
            ),
        }
    )
    monkeypatch.setattr(registry, "plugins", lambda: report)
    messages = [str(each) for each in run_checks(tags=["saaskit"])]
    assert [name for name in ("one (d1)", "two (d2)", "three (d3)") if name in str(messages)] == [
        "one (d1)",
        "two (d2)",
        "three (d3)",
    ]


def test_deployment_checks(found):
    messages = found({**GOOD, "FRONTEND_URL": ""}, deploy=True)
    assert {"saaskit.W018", "saaskit.W019", "saaskit.W020"} <= set(messages)


def test_a_broken_configuration_is_told_once(found):
    assert set(found({"NONSENSE": 1}, deploy=True)) <= {"saaskit.E001", "saaskit.W005"}


def test_every_check_is_documented():
    source = Path(checks.__file__).read_text(encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    ids = {word.strip('",') for word in source.split() if word.startswith('"saaskit.')}
    ids |= {part.split('"')[0] for part in source.split('"') if part.startswith("saaskit.")}
    named = {each for each in ids if each[8:9] in {"E", "W"} and each[9:].isdigit()}
    assert named
    assert sorted(each for each in named if f"`{each}`" not in page) == []
