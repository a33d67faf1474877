"""Customers and profiles: computed until something is written, written once whoever races."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from saaskit_core.customers import MembershipRole, Role, may_move_money
from saaskit_django.audit.models import AuditLog
from saaskit_django.customers import selectors, services
from saaskit_django.customers.models import Customer, Membership, Profile, ProviderCustomer
from saaskit_django.customers.selectors import CustomerNotFound, UserNotFound
from tests.builders import make_user

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ada(db):
    return make_user("ada@example.com")


class TestReading:
    def test_a_missing_row_is_computed_and_nothing_is_written(self, ada, settings):
        settings.SAASKIT = {**settings.SAASKIT, "DEFAULT_CURRENCY": "EUR"}
        with CaptureQueriesContext(
            connection,
        ) as queries:
            customer = selectors.personal_customer(ada)
            profile = selectors.profile_of(ada)
        assert not [each for each in queries if not each["sql"].startswith("SELECT")]
        assert (customer.pk, customer.currency, customer.email) == (None, "EUR", "ada@example.com")
        assert (profile.pk, profile.role, profile.timezone) == (None, "user", "UTC")
        assert selectors.provider_ref(customer, provider="x") == ""
        assert selectors.membership_role(customer, user=ada) is MembershipRole.OWNER

    def test_what_is_written_is_read(self, ada):
        customer = services.ensure_customer(user=ada)
        assert selectors.personal_customer(ada) == customer
        assert customer.reference == f"customer:{customer.pk}"
        assert str(customer) == "ada@example.com"

    def test_a_superuser_is_an_admin(self, ada):
        assert selectors.role_of(ada) is Role.USER
        ada.is_superuser = True
        assert selectors.role_of(ada) is Role.ADMIN

    def test_nobody_has_no_role_but_user(self):
        from django.contrib.auth.models import AnonymousUser

        assert selectors.role_of(AnonymousUser()) is Role.USER

    def test_users_are_found_by_id(self, ada):
        assert selectors.user_by_id(ada.pk) == ada
        with pytest.raises(UserNotFound):
            selectors.user_by_id(ada.pk + 1)

    def test_a_customer_is_found_by_its_members_only(self, ada):
        own = services.ensure_customer(user=ada)
        boss = make_user("boss@example.com")
        company = services.create_organisation(name="Acme", owner=boss)
        assert selectors.customer_of(str(own.pk), user=ada) == own
        assert selectors.customer_of(company.pk, user=boss) == company
        assert selectors.membership_role(company, user=boss) is MembershipRole.OWNER
        assert selectors.membership_role(company, user=ada) is None
        assert selectors.membership_role(own, user=boss) is None
        for stranger, customer in ((ada, company), (boss, own)):
            with pytest.raises(CustomerNotFound):
                selectors.customer_of(customer.pk, user=stranger)


class TestWriting:
    def test_a_customer_appears_once(self, ada):
        first = services.ensure_customer(user=ada)
        assert services.ensure_customer(user=ada) == first
        assert services.ensure_saved(selectors.personal_customer(ada)) == first
        assert services.ensure_saved(selectors.computed_customer(ada)) == first
        assert Customer.objects.count() == 1

    def test_a_profile_appears_once(self, ada):
        assert services.ensure_profile(user=ada) == services.ensure_profile(user=ada)
        assert selectors.profile_of(ada).pk is not None

    def test_locking_counts_and_refuses_strangers(self, ada):
        customer = services.ensure_customer(user=ada)
        with transaction.atomic():
            assert services.lock_customer(customer.pk).lock_version == 1
            assert services.lock_customer(customer.pk).lock_version == 2
        with pytest.raises(CustomerNotFound):
            services.lock_customer(0)

    def test_parking_keeps_the_first_reason_and_is_audited(self, ada):
        customer = services.ensure_customer(user=ada)
        assert services.park(customer, "sum mismatch", now=NOW)
        assert not services.park(customer, "another", now=NOW)
        customer.refresh_from_db()
        assert (customer.is_parked, customer.parked_reason) == (True, "sum mismatch")
        assert services.unpark(customer_id=customer.pk, actor=ada)
        assert not services.unpark(customer_id=customer.pk, actor=ada)
        actions = list(AuditLog.objects.order_by("pk").values_list("action", "actor"))
        assert actions == [("customer.parked", "engine"), ("customer.unparked", f"user:{ada.pk}")]

    def test_the_billing_clock_moves_on_test_sites_only(self, ada, settings):
        customer = services.ensure_customer(user=ada)
        assert services.billing_now(customer, NOW) == NOW
        customer = services.advance_clock(customer_id=customer.pk, by=timedelta(days=30))
        assert services.billing_now(customer, now=NOW) == NOW + timedelta(days=30)
        with pytest.raises(CustomerNotFound):
            services.advance_clock(customer_id=0, by=timedelta(days=1))
        settings.SAASKIT = {**settings.SAASKIT, "ALLOW_SANDBOX": False}
        with pytest.raises(services.TestClockRefused):
            services.advance_clock(customer_id=customer.pk, by=timedelta(days=1))

    def test_roles_are_given_with_an_audit_entry(self, ada):
        boss = make_user("boss@example.com")
        services.set_role(user=ada, role=Role.MODERATOR, actor=boss, request_id="r")
        assert selectors.role_of(ada) is Role.MODERATOR
        entry = AuditLog.objects.get()
        assert (entry.before, entry.after) == ({"role": "user"}, {"role": "moderator"})
        assert (entry.actor, entry.request_id) == (f"user:{boss.pk}", "r")

    def test_an_admin_does_not_demote_himself(self, ada):
        services.set_role(user=ada, role=Role.ADMIN, actor="engine")
        with pytest.raises(services.LastAdmin):
            services.set_role(user=ada, role=Role.USER, actor=ada)
        assert selectors.role_of(ada) is Role.ADMIN

    def test_the_session_epoch_grows(self, ada):
        assert selectors.session_epoch_of(ada) == 0
        assert [services.bump_session_epoch(user=ada) for _ in range(2)] == [1, 2]
        assert selectors.session_epoch_of(ada) == 2

    def test_the_first_provider_reference_stays(self, ada):
        customer = services.ensure_customer(user=ada)
        for ref in ("cus_1", "cus_2"):
            kept = services.remember_provider_ref(customer, provider="stripe", ref=ref)
            assert kept == "cus_1"
        assert selectors.provider_ref(customer, provider="stripe") == "cus_1"
        assert ProviderCustomer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("within", ["no transaction", "a transaction"])
def test_twenty_first_writes_make_one_customer(within):
    ada = make_user("ada@example.com")

    def work(_: int) -> int:
        try:
            if within == "no transaction":
                return services.ensure_customer(user=ada).pk
            with transaction.atomic():
                customer = services.ensure_customer(user=ada)
                return services.lock_customer(customer.pk).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(work, range(20)))) == 1
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("role", "may"),
    [(None, False), *((each, each is not MembershipRole.MEMBER) for each in MembershipRole)],
)
def test_who_may_move_money(role, may):
    assert may_move_money(role) is may


def test_constraints_stand_in_the_database(ada):
    boss = make_user("boss@example.com")
    customer = services.ensure_customer(user=ada)
    company = services.create_organisation(name="Acme", owner=boss)
    services.remember_provider_ref(customer, provider="p", ref="r")
    services.ensure_profile(user=ada)
    broken = [
        lambda: Customer.objects.create(kind="personal", currency="USD"),
        lambda: Customer.objects.create(kind="organisation", user=boss, currency="USD"),
        lambda: Customer.objects.create(kind="odd", currency="USD"),
        lambda: Customer.objects.create(kind="personal", user=boss, currency=""),
        lambda: Customer.objects.create(kind="personal", user=ada, currency="USD"),
        lambda: Customer.objects.filter(pk=customer.pk).update(parked_reason="x"),
        lambda: Membership.objects.create(customer=company, user=boss),
        lambda: Membership.objects.create(customer=company, user=ada, role="king"),
        lambda: ProviderCustomer.objects.create(customer=customer, provider="p", ref="2"),
        lambda: ProviderCustomer.objects.create(customer=company, provider="p", ref="r"),
        lambda: ProviderCustomer.objects.create(customer=company, provider="q", ref=""),
        lambda: Profile.objects.create(user=ada),
        lambda: Profile.objects.filter(user=ada).update(role="king"),
    ]
    for write in broken:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    with pytest.raises(ProtectedError):
        ada.delete()


def test_the_admin_pages_open_and_unpark(ada, admin_client):
    customer = services.ensure_customer(user=ada)
    services.ensure_profile(user=ada)
    services.park(customer, "x", now=NOW)
    for page in ("customer", "membership", "providercustomer", "profile"):
        assert admin_client.get(f"/admin/saaskit_customers/{page}/").status_code == 200
    chosen = {"action": "let_go_on", "_selected_action": [customer.pk]}
    admin_client.post("/admin/saaskit_customers/customer/", chosen)
    customer.refresh_from_db()
    assert not customer.is_parked
