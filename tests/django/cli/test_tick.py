from __future__ import annotations

import argparse
import io
import json

import pytest

from saaskit_django.cli import tick

SETTINGS = "tests.projects.full.settings"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("as_json", [False, True])
def test_it_says_what_it_did(as_json):
    parser = argparse.ArgumentParser()
    tick.configure(parser)
    given = ["--settings", SETTINGS, *(["--json"] if as_json else [])]
    out = io.StringIO()

    assert tick.run(parser.parse_args(given), out=out) == 0

    if as_json:
        assert json.loads(out.getvalue())["subscriptions"]["looked_at"] == 0
    else:
        assert "subscriptions  0 due" in out.getvalue()
