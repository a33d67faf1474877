"""Settings: typed, read at first use, and every mistake named without showing values."""

from __future__ import annotations

import subprocess
import sys

import pytest

import saaskit_django
from saaskit_django.conf import Dispatch, InvalidSettings, conf, jwt_signing_key, parse


def problems(raw: object) -> dict[str, tuple[str, str]]:
    with pytest.raises(InvalidSettings) as caught:
        parse(raw)
    return {each.path: (each.message, each.hint) for each in caught.value.problems}


def test_no_settings_at_all_are_fine():
    assert parse({}).default_currency == "USD"
    assert parse({}).dispatch is Dispatch.INLINE


@pytest.mark.parametrize(
    ("raw", "path", "hint"),
    [
        ({"DEFAULT_CURENCY": "EUR"}, "SAASKIT['DEFAULT_CURENCY']", "DEFAULT_CURRENCY"),
        ({"default_currency": "EUR"}, "SAASKIT['default_currency']", "DEFAULT_CURRENCY"),
        ({"JWT": {"SIGNINGKEY": "x"}}, "SAASKIT['JWT']['SIGNINGKEY']", "SIGNING_KEY"),
        ({"SELLER": {"adress": "x"}}, "SAASKIT['SELLER']['ADRESS']", "ADDRESS"),
        ({1: 2}, "SAASKIT['1']", "Known are"),
    ],
)
def test_an_unknown_key_is_named_with_the_closest_match(raw, path, hint):
    found = problems(raw)
    assert list(found) == [path]
    assert found[path][0] == "there is no such setting"
    assert hint in found[path][1]


@pytest.mark.parametrize(
    ("raw", "path", "said"),
    [
        ([], "SAASKIT", "not a dict"),
        ({"DEFAULT_CURRENCY": "euro"}, "SAASKIT['DEFAULT_CURRENCY']", "ISO 4217"),
        ({"ALLOW_SANDBOX": "yes"}, "SAASKIT['ALLOW_SANDBOX']", "boolean"),
        ({"MAX_BODY_BYTES": 0}, "SAASKIT['MAX_BODY_BYTES']", "greater than or equal to 1"),
        ({"TRUSTED_PROXIES": "1"}, "SAASKIT['TRUSTED_PROXIES']", "integer"),
        ({"DISPATCH": "magic"}, "SAASKIT['DISPATCH']", "'inline', 'worker' or 'celery'"),
        ({"PROVIDERS": {"x": {}}}, "SAASKIT['PROVIDERS']['x']", '"type"'),
        ({"PROVIDERS": {"x": {"type": 1}}}, "SAASKIT['PROVIDERS']['x']['type']", "string"),
        ({"POLICIES": {"upgrad": 1}}, "SAASKIT['POLICIES']", "did you mean 'upgrade'"),
        ({"POLICIES": {"UPGRADE": "never"}}, "SAASKIT['POLICIES']", "now-with-invoice"),
        ({"DEFAULT_PROVIDER": "stripe"}, "SAASKIT", "PROVIDERS has none"),
    ],
)
def test_a_wrong_value_is_named(raw, path, said):
    found = problems(raw)
    assert list(found) == [path]
    assert said in found[path][0]


def test_all_mistakes_are_named_at_once():
    found = problems({"NOPE": 1, "ALLOW_SANDBOX": 3, "DISPATCH": 4})
    assert len(found) == 3


def test_no_secret_is_ever_shown():
    secret = "sk_live_very_secret"
    current = parse(
        {"PROVIDERS": {"a": {"type": "b", "key": secret}}, "JWT": {"SIGNING_KEY": secret}}
    )
    assert secret not in repr(current)
    with pytest.raises(InvalidSettings) as caught:
        parse({"JWT": {"SIGNING_KEY": [secret]}})
    assert secret not in str(caught.value)


def test_sections_take_their_keys_in_either_case():
    assert parse({"SELLER": {"name": "A", "TAX_ID": "B"}}).seller.tax_id == "B"
    assert parse({"POLICIES": {"GRACE_DAYS": 3}}).policies.grace_days == 3


def test_changed_settings_are_read_again(settings):
    settings.SAASKIT = {"DEFAULT_CURRENCY": "EUR"}
    assert conf().default_currency == "EUR"
    settings.SAASKIT = {"DEFAULT_CURRENCY": "JPY"}
    assert conf().default_currency == "JPY"
    assert conf() is conf()


def test_the_signing_key_is_the_one_set_or_derived(settings):
    settings.SAASKIT = {"JWT": {"SIGNING_KEY": "k" * 40}}
    assert jwt_signing_key() == "k" * 40
    settings.SAASKIT = {}
    derived = jwt_signing_key()
    assert len(derived) == 64
    assert derived != settings.SECRET_KEY
    settings.SECRET_KEY = "another" * 10
    assert jwt_signing_key() != derived


def test_settings_are_not_read_at_import_nor_at_start():
    script = """
import django
from django.conf import settings
import saaskit_django
settings.configure(
    SECRET_KEY="x", SAASKIT={"NONSENSE": 1}, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    AUTH_USER_MODEL="saaskit_accounts.User",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *saaskit_django.apps()],
)
django.setup()
from django.core.checks import run_checks
print(sorted({each.id for each in run_checks(tags=["saaskit"]) if "E001" in each.id}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "['saaskit.E001']", done.stderr


def test_apps_are_the_required_ones_and_the_optional_ones_named():
    required = saaskit_django.apps(optional=())
    assert "saaskit_django.customers" in required
    assert "saaskit_django.accounts" not in required
    assert set(saaskit_django.apps()) - set(required) == {"saaskit_django.accounts"}
    with pytest.raises(ValueError, match="acounts"):
        saaskit_django.apps(optional=("acounts",))
