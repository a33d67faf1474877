"""The base view: outside the host's transaction, secure unless it says otherwise."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from django.db import connections

from saaskit_core.customers import MembershipRole, Role
from saaskit_django import clock
from saaskit_django.conf import jwt_signing_key
from saaskit_django.customers.models import Membership, Profile
from saaskit_django.customers.services import create_organisation
from saaskit_django.rest.scheduler import scheduler_token
from saaskit_django.rest.views import SaasKitView
from tests.builders import make_user
from tests.django.rest.conftest import Caller


@pytest.mark.django_db(transaction=True)
def test_a_view_never_runs_in_the_hosts_transaction(anyone):
    assert anyone.get("/atomic/").json() == {"is_atomic": False}
    assert SaasKitView.as_view()._non_atomic_requests == set(connections)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class TestScheduler:
    def test_its_token_opens_its_rows(self, anyone):
        response = anyone.post("/scheduler/", **bearer(scheduler_token(now=clock.now())))
        assert response.json() == {"who": "scheduler"}

    def test_it_is_no_user(self, anyone):
        response = anyone.post("/users/", **bearer(scheduler_token(now=clock.now())))
        assert response.status_code == 403

    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": timedelta(seconds=-1)},
            {"exp": timedelta(minutes=6)},
            {"exp": None},
            {"iat": None},
            {"iss": "somebody"},
        ],
    )
    def test_a_bad_token_is_401(self, anyone, claims):
        now = clock.now()
        good = {"aud": "scheduler", "iss": "saaskit", "iat": now, "exp": now + timedelta(minutes=1)}
        changed = {
            name: now + value if isinstance(value, timedelta) else value
            for name, value in {**good, **claims}.items()
            if value is not None
        }
        token = jwt.encode(changed, jwt_signing_key(), algorithm="HS256")
        assert anyone.post("/scheduler/", **bearer(token)).status_code == 401

    def test_a_forged_token_is_401(self, anyone):
        claims = jwt.decode(scheduler_token(now=clock.now()), options={"verify_signature": False})
        forged = jwt.encode(claims, "x" * 64, algorithm="HS256")
        unsigned = jwt.encode(claims, None, algorithm="none")
        assert anyone.post("/scheduler/", **bearer(forged)).status_code == 401
        assert anyone.post("/scheduler/", **bearer(unsigned)).status_code == 401

    def test_nobody_is_401_and_a_user_is_403(self, anyone, ada):
        assert anyone.post("/scheduler/").status_code == 401
        assert anyone.post("/scheduler/", **bearer("rubbish")).status_code == 401
        assert ada.post("/scheduler/").status_code == 403

    def test_an_admin_may_do_it_too(self, ada):
        Profile.objects.create(user=ada.user, role=Role.ADMIN.value)
        assert ada.post("/scheduler/").status_code == 200


class TestPermissions:
    def test_the_role_is_read_from_the_database_each_time(self, ada):
        assert ada.get("/admins/").status_code == 403
        profile = Profile.objects.create(user=ada.user, role=Role.ADMIN.value)
        assert ada.get("/admins/").status_code == 200
        profile.delete()
        assert ada.get("/admins/").status_code == 403

    def test_an_inactive_user_is_refused(self, ada):
        ada.user.is_active = False
        ada.user.save()
        assert ada.get("/payers/").status_code == 401

    def test_a_user_pays_for_himself(self, ada):
        assert ada.get("/payers/").status_code == 200

    @pytest.mark.parametrize(
        ("role", "status"), [("owner", 200), ("admin", 200), ("billing", 200), ("member", 403)]
    )
    def test_members_pay_by_their_role(self, ada, role, status):
        company = create_organisation(name="Acme", owner=make_user("boss@example.com"))
        Membership.objects.create(customer=company, user=ada.user, role=MembershipRole(role).value)
        assert ada.get("/payers/", **{"x-customer": str(company.pk)}).status_code == status

    @pytest.mark.parametrize("customer", ["1", "999999", "x", "", "-1", "9" * 30, "²"])
    def test_a_foreign_customer_is_404(self, ada, customer):
        boss = Caller(make_user("boss@example.com"))
        company = create_organisation(name="Acme", owner=boss.user)
        shown = str(company.pk) if customer == "1" else customer
        response = ada.get("/payers/", **{"x-customer": shown})
        assert (response.status_code, response.json()["code"]) == (404, "customer_not_found")
