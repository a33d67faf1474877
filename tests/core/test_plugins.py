"""Plugins are loaded in isolation: what one does wrong is reported, and the others work."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

import pytest

from saaskit_core.events import Event
from saaskit_core.plugins import load_plugins
from tests.distributions import (
    BROKEN,
    GOOD,
    SAID_OF_BROKEN,
    entry_points,
    install,
    install_broken,
)

EVENT = Event(aggregate="subscription:1", occurred_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on sys.path; the modules imported from it are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


def load(folder, **more):
    return load_plugins(entry_points=entry_points(folder), **more)


def only_failure(report):
    (failed,) = report.failed
    return failed.problem


def provider_source(name="Acme", **changes):
    parts = {
        "type_name": '"acme"',
        "settings_model": "Settings",
        "is_production_ready": "True",
        **changes,
    }
    attributes = "\n".join(f"    {key} = {value}" for key, value in parts.items() if value)
    return f"""
from pydantic import BaseModel, ConfigDict
from saaskit_core.plugins import hookimpl

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

class Loose(BaseModel):
    pass

class Unfinished(Settings):
    secret: "SecretStr"

class {name}:
{attributes}
    def parse_webhook(self, request): ...

@hookimpl
def saaskit_payment_providers():
    return [{name}]
"""


class TestOwnPlugins:
    def test_they_come_in_through_the_entry_points_like_anyones(self):
        report = load_plugins()
        assert {"sandbox", "console"} <= {plugin.name for plugin in report.loaded}
        assert report.payment_providers["sandbox"].type_name == "sandbox"
        assert report.notifiers["console"].type_name == "console"
        assert {plugin.distribution for plugin in report.loaded} >= {"saaskit"}


class TestBrokenPlugins:
    @pytest.mark.parametrize("name", [name for name in BROKEN if name != "sandbox"])
    def test_each_is_named_with_its_distribution_and_the_reason(self, site, name):
        install(site, name, BROKEN[name])
        (failed,) = load(site).failed
        assert (failed.name, failed.distribution) == (name, f"acme-{name}")
        assert SAID_OF_BROKEN[name] in failed.problem
        assert str(failed) == f"{name} (acme-{name}): {failed.problem}"

    def test_all_of_them_together_leave_the_good_one_working(self, site):
        install_broken(site)
        report = load(site)
        assert set(report.notifiers) == {"pigeon"}
        assert {each.name for each in report.failed} == {
            "raising",
            "exiting",
            "misspelt",
            "failing",
        }

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("import surely_not_installed", "ModuleNotFoundError"),
            ("def broken(:", "SyntaxError"),
            ("raise SystemExit", "SystemExit"),
            ("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd", "Odd"),
            ("SAASKIT_API = 2", "made for plugin API 2; this SaaSKit speaks 1"),
            (
                "from saaskit_core.plugins import hookimpl\n"
                "@hookimpl\ndef saaskit_notifiers(colour): ...",
                "colour",
            ),
            (
                "from saaskit_core.plugins import hookimpl\n"
                "@hookimpl(wrapper=True)\ndef saaskit_notifiers():\n    return (yield)",
                "hook wrappers are not supported",
            ),
            (
                "from saaskit_core.plugins import hookimpl\n@hookimpl\ndef saaskit_zzz(): ...",
                "there are saaskit_payment_providers",
            ),
        ],
    )
    def test_more_ways_to_be_unusable(self, site, source, said):
        install(site, "odd", source)
        report = load(site)
        assert said in only_failure(report)
        assert report.loaded == ()

    @pytest.mark.parametrize(
        ("hook", "answer", "said"),
        [
            ("saaskit_notifiers", "None", "saaskit_notifiers raised TypeError"),
            ("saaskit_notifiers", "[3]", "the notifier int can't be used: it is not a class"),
            ("saaskit_payment_providers", "[int]", "the payment provider int can't be used"),
            ("saaskit_feature_definitions", "[3]", "the feature definition int can't be used"),
            ("saaskit_payment_providers", "(1 / 0 for _ in [0])", "ZeroDivisionError"),
        ],
    )
    def test_a_hook_that_answers_nonsense(self, site, hook, answer, said):
        source = f"""
            from saaskit_core.plugins import hookimpl

            @hookimpl
            def {hook}():
                return {answer}
        """
        install(site, "odd", source)
        report = load(site)
        assert said in only_failure(report)
        assert [plugin.name for plugin in report.loaded] == ["odd"]

    def test_a_class_is_not_a_plugin(self, site):
        install(site, "odd", "class Plugin: ...", target="acme_odd_odd:Plugin")
        assert "names a class" in only_failure(load(site))

    def test_an_instance_is_one(self, site):
        source = """
            from saaskit_core.plugins import hookimpl

            class Plugin:
                @hookimpl
                def saaskit_domain_event(self, event): ...

            plugin = Plugin()
        """
        install(site, "odd", source, target="acme_odd_odd:plugin")
        (loaded,) = load(site).loaded
        assert loaded.hooks == ("saaskit_domain_event",)
        assert loaded.version == "1.0"

    def test_one_object_under_two_names_is_used_once(self, site):
        install(site, "one", GOOD)
        install(site, "two", "", distribution="acme-one", target="acme_one_one")
        report = load(site)
        assert [plugin.name for plugin in report.loaded] == ["one"]
        assert "same object as the plugin 'one'" in only_failure(report)

    def test_an_interrupt_is_not_swallowed(self, site):
        install(site, "odd", "raise KeyboardInterrupt")
        with pytest.raises(KeyboardInterrupt):
            load(site)


class TestProviderClasses:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"type_name": '"Acme Pay"'}, "type_name"),
            ({"type_name": ""}, "type_name"),
            ({"settings_model": "dict"}, "not a pydantic model"),
            ({"settings_model": "Loose"}, 'extra="forbid"'),
            ({"settings_model": "Unfinished"}, "not fully defined"),
            ({"is_production_ready": "1"}, "is_production_ready"),
            ({"parse_webhook": "None\n    def refund(self, request): ..."}, None),
        ],
    )
    def test_what_is_wrong_with_one_is_said(self, site, changes, said):
        if said is None:
            changes, said = {"refund": "lambda self, request: 0"}, "of the capability refunds"
        install(site, "acme", provider_source(**changes))
        report = load(site)
        assert said in only_failure(report)
        assert dict(report.payment_providers) == {}

    def test_a_half_implemented_capability_names_what_is_missing(self, site):
        install(site, "acme", provider_source(create_payment="lambda self, request: 0"))
        problem = only_failure(load(site))
        assert "of the capability payments it lacks confirm_payment, get_payment" in problem

    def test_no_capability_at_all(self, site):
        source = provider_source().replace("def parse_webhook(self, request)", "def other(self)")
        install(site, "acme", source)
        assert "it implements no capability" in only_failure(load(site))

    @pytest.mark.parametrize(
        ("line", "replacement", "said"),
        [
            ("def send", "def post", "no method send"),
            ("channels = frozenset({Channel.SMS})", "channels = {Channel.SMS}", "frozenset"),
            ("channels = frozenset({Channel.SMS})", "channels = frozenset()", "frozenset"),
            ("channels = frozenset({Channel.SMS})", 'channels = frozenset({"fax"})', "frozenset"),
        ],
    )
    def test_what_is_wrong_with_a_notifier(self, site, line, replacement, said):
        install(site, "pigeon", GOOD.replace(line, replacement))
        report = load(site)
        assert said in only_failure(report)
        assert dict(report.notifiers) == {}


class TestOrderAndNames:
    def test_of_two_equal_names_the_first_distribution_wins(self, site):
        install(site, "twin", GOOD, distribution="acme-b")
        install(site, "twin", "raise RuntimeError", distribution="acme-a")
        report = load(site)
        (duplicate,) = report.duplicates
        assert (duplicate.kind, duplicate.claimed, duplicate.distribution) == (
            "plugin",
            "twin",
            "acme-b",
        )
        assert [failed.distribution for failed in report.failed] == ["acme-a"]

    def test_our_own_distribution_comes_before_all_others(self, site):
        install(site, "twin", GOOD, distribution="AAA")
        install(site, "twin", "SAASKIT_API = 1", distribution="SaaSKit")
        report = load(site)
        assert [plugin.distribution for plugin in report.loaded] == ["saaskit"]
        assert report.duplicates[0].kept_by == "twin (saaskit)"

    def test_a_type_name_belongs_to_the_first_that_claims_it(self, site):
        for name in ("one", "two"):
            install(site, name, GOOD, distribution=f"acme-{name}")
        report = load(site)
        (duplicate,) = report.duplicates
        assert str(duplicate) == (
            "two (acme-two): the notifier 'pigeon' is already taken by one (acme-one)"
        )
        assert report.notifiers["pigeon"].__module__ == "acme_one_one"

    def test_a_payment_provider_and_a_notifier_may_share_one(self, site):
        install(site, "one", GOOD)
        install(site, "two", provider_source(type_name='"pigeon"'))
        report = load(site)
        assert (set(report.notifiers), set(report.payment_providers)) == ({"pigeon"}, {"pigeon"})
        assert report.duplicates == ()

    def test_feature_definitions_are_collected_by_path(self, site):
        source = """
            from dataclasses import dataclass
            from saaskit_core.plugins import hookimpl

            @dataclass
            class Definition:
                path: str

            @hookimpl
            def saaskit_feature_definitions():
                return [Definition("maps.max"), Definition("maps.max"), Definition("")]
        """
        install(site, "maps", source)
        report = load(site)
        assert [definition.path for definition in report.feature_definitions] == ["maps.max"]
        assert [(each.kind, each.claimed) for each in report.duplicates] == [
            ("feature", "maps.max")
        ]
        assert "it has no path" in only_failure(report)


class TestAllowAndBlock:
    def test_a_blocked_plugin_is_not_even_imported(self, site):
        install(site, "raising", BROKEN["raising"])
        report = load(site, block={"raising"})
        assert (report.failed, report.loaded) == ((), ())
        assert [(each.name, each.distribution) for each in report.blocked] == [
            ("raising", "acme-raising")
        ]

    def test_an_allow_list_leaves_out_the_rest(self, site):
        install_broken(site)
        report = load(site, allow={"pigeon"})
        assert [plugin.name for plugin in report.loaded] == ["pigeon"]
        assert report.failed == ()
        assert len(report.blocked) == len(BROKEN)

    def test_blocking_beats_allowing(self, site):
        install(site, "pigeon", GOOD)
        assert load(site, allow={"pigeon"}, block={"pigeon"}).loaded == ()

    def test_a_name_that_nobody_has_is_told(self, site):
        install(site, "pigeon", GOOD)
        assert load(site, allow={"pigeon", "pidgeon"}, block={"x"}).unmatched == ("pidgeon", "x")


class TestBrokenMetadata:
    def test_a_malformed_entry_point_file_costs_only_its_own_distribution(self, site, monkeypatch):
        install(site, "pigeon", GOOD)
        install(site, "bad", "")
        (site / "acme_bad-1.0.dist-info" / "entry_points.txt").write_text("[saaskit]\nno equals\n")
        monkeypatch.setattr(sys, "path", [str(site), *sys.path])
        report = load_plugins()
        assert {"pigeon", "sandbox"} <= {plugin.name for plugin in report.loaded}

    def test_a_distribution_without_metadata_is_called_unknown(self, site):
        install(site, "raising", BROKEN["raising"])
        (site / "acme_raising-1.0.dist-info" / "METADATA").unlink()
        (failed,) = load(site).failed
        assert failed.distribution == "unknown"

    def test_an_entry_point_without_a_distribution(self):
        point = metadata.EntryPoint(name="x", value="surely_not_installed", group="saaskit")
        (failed,) = load_plugins(entry_points=[point]).failed
        assert (failed.name, failed.distribution) == ("x", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed(Event):
    topic = "subscription.renewed"


class TestDomainEvents:
    LISTENER = """
        from saaskit_core.plugins import hookimpl

        heard = []

        @hookimpl
        def saaskit_domain_event(event):
            heard.append(event.topic)
    """
    DEAF = """
        from saaskit_core.plugins import hookimpl

        heard = []

        @hookimpl
        def saaskit_domain_event():
            heard.append("something")
    """
    QUITTER = """
        import sys
        from saaskit_core.plugins import hookimpl

        @hookimpl
        def saaskit_domain_event(event):
            sys.exit(event.aggregate)
    """

    def test_every_listener_is_told_whatever_another_does(self, site):
        install(site, "a", self.QUITTER)
        install(site, "b", self.LISTENER)
        install(site, "c", self.DEAF)
        event = Renewed(aggregate=EVENT.aggregate, occurred_at=EVENT.occurred_at)
        failures = load(site).publish(event)
        assert [str(failure) for failure in failures] == [
            "a (acme-a): saaskit_domain_event raised SystemExit: subscription:1"
        ]
        assert sys.modules["acme_b_b"].heard == ["subscription.renewed"]
        assert sys.modules["acme_c_c"].heard == ["something"]

    def test_with_nobody_listening_nothing_fails(self, site):
        assert load(site).publish(EVENT) == ()
