import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.analytics.csv_lines import OPTIONAL, REQUIRED, BadCsv, read_lines
from tests.core.analytics.builders import lines

HEADER = ",".join((*REQUIRED, *OPTIONAL))
FIELDS = st.sampled_from(
    ["s", "c1", "USD", "EURO", "9.99", "-1", "1e3", "Monthly", "One-Time", "3", "0", "",
     "2024-01-01", "2024-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00",
     "9999-12-31", "٣", '"', "a\nb", ";"]
) | st.text(max_size=6)  # fmt: skip


@given(st.lists(st.lists(FIELDS, min_size=6, max_size=9), max_size=5))
def test_any_row_is_a_line_or_a_named_error(rows):
    text = HEADER + "\n" + "\n".join(",".join(row) for row in rows)
    for found in read_lines(io.StringIO(text, newline=""), file="x.csv"):
        if isinstance(found, BadCsv):
            assert found.params["line"] >= 2


@given(st.text(max_size=60))
def test_a_text_without_the_columns_is_refused_by_name(text):
    with pytest.raises(BadCsv) as caught:
        list(read_lines(io.StringIO(text, newline=""), file="x.csv"))
    assert caught.value.params["line"] == 1


@given(lines(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(given_lines, delimiter, end):
    rows = [
        [
            each.subscription_id,
            each.customer_id,
            each.amount.currency,
            str(each.amount.decimal),
            "Monthly",
            each.starts_at.isoformat(),
            "1",
            each.ends_at.isoformat() if each.ends_at else "",
        ]
        for each in given_lines
    ]
    header = HEADER.split(",")
    text = "".join(delimiter.join(row) + end for row in [header, *rows])
    back = list(read_lines(io.StringIO("\ufeff" + text, newline=""), file="x.csv"))
    assert [(x.customer_id, x.amount, x.starts_at, x.ends_at) for x in back] == [
        (x.customer_id, x.amount, x.starts_at, x.ends_at) for x in given_lines
    ]
