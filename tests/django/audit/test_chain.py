"""Sealed entries can't be changed, dropped, slipped in or moved without showing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from saaskit_django.audit.models import ActivityLog, AuditLog, ChainHead
from saaskit_django.audit.selectors import anchor, history_of, verify
from saaskit_django.audit.services import record, record_activity, reference, seal
from tests.builders import make_user


def write(number: int = 1, **values) -> AuditLog:
    return record(
        action="price.changed",
        table="price",
        record_id=number,
        **{"before": {"minor": 1}, "after": {"minor": number}, **values},
    )


@pytest.fixture
def sealed(db):
    with transaction.atomic():
        for number in range(1, 6):
            write(number)
    assert seal() == 5


@pytest.fixture
def tamper():
    """Run SQL as somebody who may do anything to the database."""

    def run(sql: str, *params) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, params)

    return run


def test_an_intact_chain_verifies(sealed):
    found = verify()
    assert (found.is_intact, found.checked, found.unsealed) == (True, 5, 0)
    assert anchor() == f"5:{AuditLog.objects.get(position=5).hash}"


def test_an_empty_chain_verifies(db):
    assert verify().is_intact
    assert anchor() == "0:"
    assert seal() == 0


def test_entries_wait_to_be_sealed_and_continue_the_chain(sealed):
    write(6)
    assert (verify().is_intact, verify().unsealed) == (True, 1)
    assert seal() == 1
    assert verify().checked == 6


TABLE = "saaskit_audit_auditlog"


@pytest.mark.parametrize(
    ("sql", "position", "said"),
    [
        (f"UPDATE {TABLE} SET after = '{{\"minor\": 9}}' WHERE position = 3", 3, "changed"),
        (f"UPDATE {TABLE} SET actor = 'user:1' WHERE position = 5", 5, "changed"),
        (f"UPDATE {TABLE} SET recorded_at = '2020-01-01 00:00:00+00' WHERE position = 1", 1, ""),
        (f"DELETE FROM {TABLE} WHERE position = 1", 1, "missing"),
        (f"DELETE FROM {TABLE} WHERE position = 3", 3, "missing"),
        (f"DELETE FROM {TABLE} WHERE position = 5", 5, "end"),
        (f"DELETE FROM {TABLE}", 1, "end"),
        (f"UPDATE {TABLE} SET previous_hash = 'x' WHERE position = 2", 2, "follow"),
        (f"UPDATE {TABLE} SET position = position + 10 WHERE position > 3", 4, "missing"),
    ],
)
def test_tampering_shows_where_it_happened(sealed, tamper, sql, position, said):
    tamper(sql)
    found = verify()
    assert not found.is_intact
    assert found.position == position
    assert said in found.problem


def test_swapped_entries_show(sealed, tamper):
    for old, new in ((2, 102), (3, 2), (102, 3)):
        tamper(f"UPDATE {TABLE} SET position = %s WHERE position = %s", new, old)
    assert verify().position == 2


def test_a_slipped_in_entry_shows(sealed):
    first = AuditLog.objects.get(position=1)
    AuditLog.objects.create(
        position=6,
        action="x",
        table_affected="t",
        record_id="1",
        recorded_at=first.recorded_at,
        previous_hash=AuditLog.objects.get(position=5).hash,
        hash="0" * 64,
    )
    assert verify().position == 6


@pytest.mark.postgres
def test_postgresql_refuses_to_change_what_is_sealed(sealed):
    for change in (
        lambda: AuditLog.objects.filter(position=1).update(actor="x"),
        lambda: AuditLog.objects.filter(position=1).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    waiting = write(6)
    AuditLog.objects.filter(pk=waiting.pk).update(actor="x")


def test_constraints_stand_in_the_database(sealed):
    bad = {"action": "x", "table_affected": "t", "record_id": "1"}
    at = AuditLog.objects.get(position=1).recorded_at
    for values in ({"position": 9}, {"hash": "x"}, {"position": 1, "hash": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AuditLog.objects.create(**bad, **values, recorded_at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        ChainHead.objects.create(pk=2)


def test_actors_are_references_not_people(db):
    ada = make_user("ada@example.com")
    entry = write(actor=ada, on_behalf_of="user:9", request_id="r-1")
    assert (entry.actor, entry.on_behalf_of, entry.request_id) == (
        f"user:{ada.pk}",
        "user:9",
        "r-1",
    )
    assert write().actor == "engine"
    assert reference(None) == ""
    assert list(history_of(table="price", record_id=1)) == [
        entry,
        *AuditLog.objects.exclude(pk=entry.pk),
    ]


def test_activities_are_kept_for_known_and_unknown_users(db):
    ada = make_user("ada@example.com")
    record_activity(user=ada, activity="signed_in", details={"how": "password"}, ip="192.0.2.1")
    record_activity(user=None, activity="sign_in_failed")
    assert list(ActivityLog.objects.order_by("pk").values_list("user", "activity_type")) == [
        (ada.pk, "signed_in"),
        (None, "sign_in_failed"),
    ]


@pytest.mark.django_db(transaction=True)
def test_sealing_happens_after_commit_and_never_for_what_was_rolled_back():
    with transaction.atomic():
        write(1)
        write(2)
        assert verify().unsealed == 2
    with transaction.atomic():
        write(3)
        transaction.set_rollback(True)
    assert (verify().is_intact, verify().checked, verify().unsealed) == (True, 2, 0)


@pytest.mark.django_db(transaction=True)
def test_a_worker_seals_where_requests_do_not(settings):
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    with transaction.atomic():
        write(1)
    assert verify().unsealed == 1
    assert seal() == 1


@pytest.mark.django_db(transaction=True)
def test_many_writers_make_one_chain():
    def work(number: int) -> None:
        try:
            with transaction.atomic():
                write(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    seal()
    assert (verify().is_intact, verify().checked, verify().unsealed) == (True, 40, 0)


def test_the_admin_shows_and_changes_nothing(sealed, admin_client):
    entry = AuditLog.objects.get(position=1)
    page = f"/admin/saaskit_audit/auditlog/{entry.pk}"
    assert admin_client.get(f"{page}/change/").status_code == 200
    assert admin_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/saaskit_audit/auditlog/add/").status_code == 403
    assert admin_client.get("/admin/saaskit_audit/activitylog/").status_code == 200
