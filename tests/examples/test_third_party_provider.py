"""The example provider is found by its entry point and passes its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

from tests.architecture.source import ROOT

EXAMPLE = ROOT / "examples" / "third_party_provider"
QUIETLY = ("-q", "-rs", "-p", "no:django", "-p", "no:cacheprovider")
CONSOLE_SCRIPT = "import sys; from saaskit_core.cli import main; sys.exit(main())"


@pytest.fixture
def installed(tmp_path):
    """Install it as pip does: its package on the path, its entry points in a dist-info folder."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "saaskit_acme_pay-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["saaskit"]
    lines = [f"{name} = {target}" for name, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[saaskit]", *lines]))
    path = os.pathsep.join([str(tmp_path), str(EXAMPLE), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path}


def test_it_is_certified_by_the_contract_suite(installed):
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *QUIETLY,
            "--rootdir",
            ".",
            "-c",
            "pyproject.toml",
            "tests",
        ],
        cwd=EXAMPLE,
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "failed" not in ran.stdout
    assert "not installed in this environment" not in ran.stdout


def test_the_console_script_names_it(installed):
    ran = subprocess.run(
        [sys.executable, "-c", CONSOLE_SCRIPT, "plugins"],
        cwd=EXAMPLE,
        env={name: text for name, text in installed.items() if name != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ok         acme_pay (saaskit-acme-pay 1.0.0): saaskit_payment_providers" in ran.stdout
