"""What `saaskit init` prints, pasted into a fresh project, is all that it needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from saaskit_django.cli.init import lines
from tests.architecture.source import ROOT

CONSOLE_SCRIPT = "import sys; from saaskit_core.cli import main; sys.exit(main())"


@pytest.fixture
def project(tmp_path):
    """A project as `django-admin startproject` makes it."""
    folder = tmp_path / "shop"
    folder.mkdir()
    run(folder, "-m", "django", "startproject", "mysite", ".")
    return folder


def run(folder, *command, code=0):
    left_out = {"DJANGO_SETTINGS_MODULE", "SAASKIT_TEST_DATABASE"}
    environment = {name: text for name, text in os.environ.items() if name not in left_out}
    answer = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == code, answer.stdout + answer.stderr
    return answer.stdout


def saaskit(folder, *arguments, code=0):
    return run(folder, "-c", CONSOLE_SCRIPT, *arguments, code=code)


def paste(folder, printed):
    settings, _, urls = printed.partition("# urls.py\n")
    for name, text in (("settings", settings), ("urls", urls)):
        with (folder / "mysite" / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write(text)


@pytest.mark.slow
def test_the_printed_lines_make_a_working_site(project):
    paste(project, saaskit(project, "init"))
    run(project, "manage.py", "check")
    run(project, "manage.py", "migrate", "-v", "0")
    said = saaskit(project, "doctor")
    warnings = [line.split()[2] for line in said.splitlines() if line.startswith("warning")]
    assert warnings == ["saaskit.W005:"], said


@pytest.mark.slow
def test_before_migrate_the_doctor_says_what_to_do(project):
    paste(project, saaskit(project, "init", "--own-user-model", "--prefix", "/shop/api"))
    said = saaskit(project, "doctor", code=1)
    assert "ok       urls        /shop/api/" in said
    assert "python manage.py migrate" in said
    assert "saaskit_accounts" not in said


@pytest.mark.slow
def test_in_a_bare_project_the_doctor_names_what_is_missing(project):
    said = saaskit(project, "doctor", code=1)
    assert "saaskit_django.customers" in said
    assert "INSTALLED_APPS +=" in said
    assert 'include("saaskit_django.urls")' in said


@pytest.mark.parametrize(
    ("options", "wanted", "unwanted"),
    [
        ({}, "saaskit_django.apps()]", "optional=()"),
        ({"has_own_user": True}, "apps(optional=())", "AUTH_USER_MODEL"),
        ({"prefix": "/"}, 'path("", include', '"/"'),
        ({"prefix": "shop/api"}, 'path("shop/api/", include', "shop/api//"),
    ],
)
def test_the_lines_follow_the_options(options, wanted, unwanted):
    printed = lines(**options)
    assert wanted in printed
    assert unwanted not in printed


def test_the_lines_are_few():
    code = lines().partition("# Worth having")[0]
    added = [line for line in code.splitlines() if line and not line.startswith("#")]
    assert len(added) <= 10
