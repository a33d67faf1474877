"""The doctor's probes, one by one, and what it makes of them."""

from __future__ import annotations

import argparse
import io
import json

import pytest
from django.core.management import call_command
from django.db import connection

from saaskit_django import registry
from saaskit_django.cli import doctor, findings, plugins, probes, project
from saaskit_django.cli.findings import Level

SETTINGS = "tests.projects.full.settings"
SECRET = "whsec_canary_0123456789"


def said(probe):
    return [(finding.level, finding.message) for finding in probe()]


def sandbox(folder, **more):
    return {"sandbox": {"type": "sandbox", "path": folder / "s.sqlite3", **more}}


@pytest.fixture
def saaskit(settings):
    """Set SAASKIT for one test."""

    def change(**values):
        settings.SAASKIT = {"ALLOW_SANDBOX": True, **values}

    return change


class TestApps:
    def test_all_are_there(self):
        ((level, message),) = said(probes.apps_installed)
        assert (level, "required apps" in message) == (Level.OK, True)

    def test_a_missing_one_is_named(self, settings):
        settings.INSTALLED_APPS = [
            name for name in settings.INSTALLED_APPS if name != "rest_framework"
        ]
        assert said(probes.apps_installed) == [(Level.ERROR, "not installed: rest_framework")]


class TestRoutes:
    def test_they_are_found_under_their_prefix(self):
        assert said(probes.routes_included) == [(Level.OK, "/api/")]

    def test_without_them_there_is_a_warning(self, settings):
        settings.ROOT_URLCONF = "tests.django.cli.no_routes"
        assert said(probes.routes_included) == [(Level.WARNING, "our routes are not included")]


class TestSettings:
    @pytest.mark.django_db  # From Django 6.1 on the checks ask the database what it can do.
    def test_a_misspelt_one_is_told_with_what_was_meant(self, settings):
        settings.SAASKIT = {"PROVIDRES": {}}
        found = [each for each in probes.system_checks() if "saaskit.E001" in each.message]
        assert [each.level for each in found] == [Level.ERROR]
        assert "PROVIDERS" in found[0].hint


class TestProviders:
    def test_none_at_all_is_a_warning(self, saaskit):
        saaskit()
        assert said(probes.providers_answer) == [(Level.WARNING, "no payment provider is set up")]

    def test_one_that_works(self, saaskit, tmp_path):
        saaskit(PROVIDERS=sandbox(tmp_path))
        assert said(probes.providers_answer) == [(Level.OK, "sandbox")]

    def test_one_that_can_not_be_reached(self, saaskit, tmp_path):
        (tmp_path / "file").touch()
        saaskit(PROVIDERS=sandbox(tmp_path / "file"))
        ((level, message),) = said(probes.providers_answer)
        assert level is Level.ERROR
        assert "path can't be written" in message

    def test_a_wrong_setting_is_named_and_no_value_shown(self, saaskit, tmp_path):
        saaskit(PROVIDERS=sandbox(tmp_path, webhook_secret=[SECRET]))
        ((level, message),) = said(probes.providers_answer)
        assert level is Level.ERROR
        assert "did you mean 'webhook_secrets'" in message
        assert SECRET not in message

    def test_an_unknown_type_does_not_hide_the_others(self, saaskit, tmp_path):
        saaskit(PROVIDERS={"x": {"type": "nothing"}, **sandbox(tmp_path)})
        assert [level for level, _ in said(probes.providers_answer)] == [Level.ERROR, Level.OK]


class TestNotifiers:
    def test_each_is_built(self, saaskit, tmp_path):
        saaskit(
            NOTIFIERS={
                "file": {"type": "console", "path": tmp_path / "sent.jsonl"},
                "bad": {"type": "console", "pth": "x"},
                "none": {"type": "smoke-signals"},
            }
        )
        levels = [level for level, _ in said(probes.notifiers_built)]
        assert levels == [Level.OK, Level.ERROR, Level.ERROR]


class TestPlugins:
    def test_those_that_work_are_listed(self):
        ((level, message),) = said(probes.plugins_loaded)
        assert level is Level.OK
        assert {"console", "sandbox"} <= set(message.split(", "))

    def test_a_name_that_nobody_has_is_told(self, saaskit):
        saaskit(PLUGINS_BLOCK=["sandbx"])
        assert (Level.WARNING, "no installed plugin is called 'sandbx'") in said(
            probes.plugins_loaded
        )

    def test_a_blocked_one_is_not_offered(self, saaskit):
        saaskit(PLUGINS_BLOCK=["sandbox"])
        listed = json.loads(plugins.as_json(registry.plugins()))
        assert listed["payment_providers"] == []
        assert listed["blocked"] == [{"name": "sandbox", "distribution": "saaskit"}]
        assert "blocked    sandbox (saaskit)" in plugins.as_text(registry.plugins())


@pytest.mark.django_db
class TestDatabase:
    def test_it_answers(self):
        assert said(probes.database_answers) == [(Level.OK, connection.vendor)]

    def test_all_migrations_are_applied(self):
        assert said(probes.migrations_applied) == [(Level.OK, "all applied")]

    def test_the_clocks_agree(self):
        ((level, _),) = said(probes.clocks_agree)
        assert level is Level.OK


@pytest.mark.django_db(transaction=True)
def test_a_migration_to_apply_is_an_error():
    call_command("migrate", "saaskit_audit", "zero", verbosity=0)
    try:
        ((level, message),) = said(probes.migrations_applied)
    finally:
        call_command("migrate", "saaskit_audit", verbosity=0)
    assert level is Level.ERROR
    assert "saaskit_audit" in message


class TestTheAnswer:
    ALL = (
        findings.ok("a", "fine"),
        findings.warning("b", "look", hint="there"),
        findings.error("c", "bad"),
    )

    def test_for_people(self):
        assert findings.as_text(self.ALL).splitlines() == [
            "ok       a           fine",
            "warning  b           look",
            "                     → there",
            "error    c           bad",
            "",
            "1 error · 1 warning",
        ]

    def test_for_machines(self):
        answer = json.loads(findings.as_json(self.ALL))
        assert answer["ok"] is False
        assert answer["findings"][1] == {
            "level": "warning",
            "probe": "b",
            "message": "look",
            "hint": "there",
        }

    def test_only_errors_count(self):
        assert findings.is_well(self.ALL[:2])
        assert not findings.is_well(self.ALL)

    @pytest.mark.django_db
    @pytest.mark.parametrize("as_json", [True, False])
    def test_it_exits_with_1_for_an_error(self, settings, as_json, tmp_path):
        arguments = argparse.Namespace(settings=SETTINGS, json=as_json)
        for providers, code in ((sandbox(tmp_path), 0), (sandbox(tmp_path, nonsense=1), 1)):
            settings.SAASKIT = {"ALLOW_SANDBOX": True, "PROVIDERS": providers}
            out = io.StringIO()
            assert doctor.run(arguments, out=out) == code, out.getvalue()
            assert "nonsense" in out.getvalue() or code == 0

    def test_a_probe_that_breaks_does_not_stop_the_others(self, monkeypatch):
        def broken():
            raise LookupError("oops")
            yield

        def quitting():
            raise SystemExit(3)

        def refused():
            raise project.ProjectNotFound

        monkeypatch.setattr(
            doctor, "PROBES", (("one", broken), ("two", quitting), ("three", refused))
        )
        found = list(doctor.examine(SETTINGS))
        assert [(each.level, each.probe) for each in found] == [
            (Level.OK, "settings"),
            (Level.ERROR, "one"),
            (Level.ERROR, "two"),
            (Level.ERROR, "three"),
        ]
        assert "LookupError: oops" in found[1].message

    def test_settings_that_raise_are_an_error(self, monkeypatch):
        monkeypatch.setenv(project.VARIABLE, SETTINGS)

        def refuse(module):
            raise ModuleNotFoundError(module)

        monkeypatch.setattr(project, "start", refuse)
        (only,) = doctor.examine("surely.missing")
        assert only.level is Level.ERROR
        assert "surely.missing" in only.message


class TestFindingTheProject:
    def test_the_named_one_comes_first(self, monkeypatch):
        monkeypatch.setenv(project.VARIABLE, "from.environment")
        assert project.settings_module("named") == "named"
        assert project.settings_module() == "from.environment"

    @pytest.mark.parametrize("quote", ["'", '"'])
    def test_then_what_manage_py_says(self, monkeypatch, tmp_path, quote):
        monkeypatch.delenv(project.VARIABLE)
        (tmp_path / "manage.py").write_text(
            f"os.environ.setdefault({quote}DJANGO_SETTINGS_MODULE{quote}, {quote}a.b{quote})"
        )
        assert project.settings_module(folder=tmp_path) == "a.b"

    @pytest.mark.parametrize("text", [None, "print('hello')"])
    def test_else_there_is_none(self, monkeypatch, tmp_path, text):
        monkeypatch.delenv(project.VARIABLE)
        if text is not None:
            (tmp_path / "manage.py").write_text(text)
        with pytest.raises(project.ProjectNotFound, match=r"manage\.py"):
            project.settings_module(folder=tmp_path)
        monkeypatch.chdir(tmp_path)
        (only,) = doctor.examine()
        assert only.level is Level.ERROR
        out = io.StringIO()
        assert plugins.run(argparse.Namespace(settings="", json=True), out=out) == 0
        assert "sandbox" in json.loads(out.getvalue())["payment_providers"]
