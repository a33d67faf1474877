"""Whatever a plugin does, the site starts, and the doctor and a system check name the plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT
from tests.distributions import BROKEN, SAID_OF_BROKEN, install_broken

SETTINGS = "tests.projects.full.settings"
CONSOLE_SCRIPT = "import sys; from saaskit_core.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The process environment of a site on which every kind of broken plugin is installed."""
    plugins = tmp_path_factory.mktemp("plugins")
    install_broken(plugins)
    path = os.pathsep.join([str(plugins), str(ROOT)])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "SAASKIT_TEST_DIR": str(tmp_path_factory.mktemp("site")),
        "SAASKIT_TEST_DATABASE": "",
    }


def run(environment, *command):
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def checked(environment):
    return run(environment, "-m", "django", "check")


@pytest.fixture(scope="module")
def examined(environment):
    answer = run(environment, "-c", CONSOLE_SCRIPT, "doctor", "--json")
    assert answer.stdout, answer.stderr
    return answer.returncode, json.loads(answer.stdout)


def test_the_site_starts(checked, environment):
    assert checked.returncode == 0, checked.stderr
    served = run(
        environment,
        "-c",
        "from tests.projects.full.wsgi import application; print(type(application).__name__)",
    )
    assert served.stdout.strip() == "WSGIHandler", served.stderr


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_system_check_names_each(checked, name):
    said = [line for line in checked.stderr.splitlines() if f"The plugin {name} (" in line]
    assert len(said) == 1, checked.stderr
    assert SAID_OF_BROKEN[name] in said[0]


@pytest.mark.parametrize("name", list(BROKEN))
def test_the_doctor_names_each(examined, name):
    code, answer = examined
    assert (code, answer["ok"]) == (1, False)
    said = [
        finding
        for finding in answer["findings"]
        if finding["probe"] == "plugins" and finding["message"].startswith(f"{name} (acme-{name})")
    ]
    assert len(said) == 1
    assert said[0]["level"] == "error"
    assert SAID_OF_BROKEN[name] in said[0]["message"]
    assert said[0]["hint"]


def test_the_plugin_that_works_is_in_use(examined):
    _, answer = examined
    working = next(each["message"] for each in answer["findings"] if each["probe"] == "plugins")
    assert {"sandbox", "console", "pigeon"} <= set(working.split(", "))


def test_the_list_of_plugins_shows_both(environment):
    answer = run(environment, "-c", CONSOLE_SCRIPT, "plugins")
    assert answer.returncode == 1
    lines = answer.stdout.splitlines()
    assert "ok         pigeon (acme-pigeon 1.0): saaskit_notifiers" in lines
    for name in BROKEN:
        assert [line for line in lines if SAID_OF_BROKEN[name] in line], name
