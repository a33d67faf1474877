"""The same packages under another prefix, beside another user model and other habits."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.apps import apps
from django.core import mail
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

import saaskit_django
from saaskit_core.customers import Role
from saaskit_django.audit.selectors import verify
from saaskit_django.customers.models import Customer
from saaskit_django.customers.selectors import email_of, name_of, personal_customer
from saaskit_django.customers.services import ensure_customer, set_role
from saaskit_django.notifications.models import Notification
from saaskit_django.notifications.services import notify
from tests.projects.own_user_model.conftest import Caller
from tests.projects.own_user_model.people.saaskit_handlers import SEEN

LIST = "/core/notifications/list/"
CREATE = "/core/notifications/create/"
GOOD = {"title": "Hello", "message": "World", "type": "System"}


def test_no_optional_app_is_installed_and_all_required_ones_are():
    installed = {config.name for config in apps.get_app_configs()}
    assert set(saaskit_django.apps(optional=())) <= installed
    assert not apps.is_installed("saaskit_django.accounts")


def test_no_optional_app_is_even_imported():
    script = (
        "import django; django.setup(); import saaskit_django.urls, sys;"
        "optional = ('accounts', 'referrals', 'analytics');"
        "optional = tuple(f'saaskit_django.{name}' for name in optional);"
        "print([name for name in sys.modules if name.startswith(optional)])"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.projects.own_user_model.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.django_db  # From Django 6.1 on the checks ask the database what it can do.
def test_the_system_checks_find_no_error(settings):
    assert [each for each in run_checks() if each.is_serious()] == []


def test_migrations_are_complete(db):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_our_routes_stand_below_the_hosts_prefix():
    assert reverse("saaskit:core:notification-list") == "/saas/v9/core/notifications/list/"


class TestTheHostsSettingsDoNotMatterToUs:
    def test_nobody_is_401_as_a_problem(self, transactional_db):
        response = Caller().send("GET", LIST)
        assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
        assert response["WWW-Authenticate"] == "Bearer"

    def test_the_hosts_own_way_to_sign_in_works(self, ada):
        assert ada.send("GET", LIST).json()["count"] == 0
        assert ada.send("GET", LIST, **{"x-person": "nobody"}).status_code == 401

    def test_json_is_read_and_written(self, ada):
        answer = ada.send("POST", CREATE, {**GOOD, "title": "héllo"})
        assert answer.status_code == 201
        assert "héllo" in answer.content.decode()
        assert answer.json()["user"] == str(ada.person.pk)
        assert answer.json()["created_at"].endswith("Z")

    def test_pages_are_ours(self, ada):
        page = ada.send("GET", f"{LIST}?limit=1").json()
        assert set(page) == {"count", "next", "previous", "results"}

    def test_an_error_of_the_whole_body_points_at_it(self, ada):
        error = ada.send("POST", CREATE, []).json()["errors"][0]
        assert error["pointer"] == ""

    def test_nobody_is_throttled(self, transactional_db):
        assert [Caller().send("GET", LIST).status_code for _ in range(5)] == [401] * 5


class TestOurPresenceDoesNotMatterToTheHost:
    def test_its_views_stay_atomic_and_its_errors_its_own(self, ada):
        tea = ada.client.get("/tea/", headers={"x-person": "ada"})
        assert tea.json()["is_atomic"] is True
        assert ada.client.get("/tea/").json()["user"] == "None"
        pot = ada.client.get("/tea/?pot")
        assert (pot.status_code, pot.json()) == (418, {"short": "and stout"})


def test_the_hosts_reactions_are_found(ada):
    SEEN.clear()
    with transaction.atomic():
        row = notify(user=ada.person, title="Hi", message="There", channels=["email"])
    assert [("notification.queued", f"notification:{row.pk}:email")] == SEEN


class TestUsersWithAnotherKey:
    def test_notices_are_ones_own(self, ada, bob):
        made = ada.send("POST", CREATE, GOOD).json()
        path = f"/core/notifications/{made['id']}/mark-as-read/"
        assert bob.send("PATCH", path, {}).status_code == 404
        assert ada.send("PATCH", path, {}).json()["is_read"] is True
        assert bob.send("GET", LIST).json()["count"] == 0

    @pytest.mark.parametrize("user_id", ["me", 7, "00000000-0000-0000-0000-000000000000"])
    def test_a_foreign_user_id_is_refused(self, ada, user_id):
        response = ada.send("POST", CREATE, {**GOOD, "user_id": user_id})
        is_key = "-" in str(user_id) or user_id == 7
        assert response.status_code == (403 if is_key else 400)
        assert not Notification.objects.exists()

    def test_an_admin_names_a_user_by_his_key(self, ada, bob):
        with transaction.atomic():
            set_role(user=ada.person, role=Role.ADMIN, actor="engine")
        given = {**GOOD, "user_id": str(bob.person.pk)}
        assert ada.send("POST", CREATE, given).status_code == 201
        assert Notification.objects.get().user == bob.person
        assert (verify().is_intact, verify().checked) == (True, 1)

    def test_customers_and_names_work(self, ada, bob):
        assert personal_customer(ada.person).name == "ada"
        assert ensure_customer(user=ada.person) == ensure_customer(user=ada.person)
        assert Customer.objects.get().currency == "EUR"
        assert (name_of(bob.person), email_of(bob.person)) == ("bob", "")

    def test_mail_goes_to_the_hosts_e_mail_field(self, ada):
        with transaction.atomic():
            notify(user=ada.person, title="Hi", message="There", channels=["email"])
        assert [each.to for each in mail.outbox] == [["ada@example.com"]]
