from datetime import UTC, datetime

import pytest

from saaskit_core.features import EvaluationContext
from saaskit_core.features.contexts import text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (2**64, "18446744073709551616"),
        (1.0, "1"),
        (1.5, "1.5"),
        (1e300, "1e+300"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (None, None),
        ([1], None),
        ({"a": 1}, None),
        pytest.param(10**5000, None, id="huge"),
    ],
)
def test_values_are_compared_as_texts(value, text):
    assert text_of(value) == text


def test_the_targeting_key_is_read_like_an_attribute():
    context = EvaluationContext(targeting_key="u1", attributes={"targeting_key": "other"})
    assert context.text("targeting_key") == "u1"
    assert EvaluationContext().text("targeting_key") is None
    assert EvaluationContext().text("country") is None


def test_of_two_contexts_the_later_wins():
    before = EvaluationContext(targeting_key="a", attributes={"x": 1, "y": 1})
    later = EvaluationContext(attributes={"y": 2})
    both = before.merged(later)
    assert (both.targeting_key, both.attributes) == ("a", {"x": 1, "y": 2})
    assert before.merged(EvaluationContext(targeting_key="b")).targeting_key == "b"


@pytest.mark.parametrize("broken", [{"attributes": None}, {"attributes": []}, {"targeting_key": 1}])
def test_what_isnt_a_context_says_so(broken):
    assert EvaluationContext().is_valid
    assert not EvaluationContext(**broken).is_valid
