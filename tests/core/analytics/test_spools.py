from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.analytics import spools
from saaskit_core.analytics.spools import CustomerSpool
from tests.core.analytics.builders import line, lines


def back(rows, chunk):
    with CustomerSpool(chunk=chunk) as spool:
        for row in rows:
            spool.add(row)
        return list(spool.by_customer())


@given(lines(), st.integers(1, 5))
def test_rows_come_back_by_customer_whatever_fits_into_memory(given_lines, chunk):
    rows = [each.row for each in given_lines]
    found = back(rows, chunk)
    assert sorted(found, key=repr) == sorted(rows, key=repr)
    customers = [row.customer_id for row in found]
    assert customers == sorted(customers)


def test_many_files_become_one_and_odd_names_survive(monkeypatch):
    monkeypatch.setattr(spools, "MOST_FILES", 3)
    rows = [line(n, who=f"änn\n{n % 7}", end="2024-02-01").row for n in range(100)]
    found = back(rows, 4)
    assert len(found) == 100
    assert [row.customer_id for row in found] == sorted(row.customer_id for row in rows)
