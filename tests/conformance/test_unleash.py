"""Unleash's client specification (npm `@unleash/client-specification`, Apache-2.0)."""

from __future__ import annotations

import pytest

from tests.conformance.unleash import translated
from tests.conformance.vectors import HOW, specifications, unleash_specifications

FOLDER = unleash_specifications()
SPECIFICATIONS = list(specifications(FOLDER)) if FOLDER else []

pytestmark = pytest.mark.skipif(FOLDER is None, reason=f"Unleash's vectors aren't here: {HOW}")


def cases(kind):
    return [
        pytest.param(
            specification["state"], case, id=f"{specification['name'][:2]}-{case['description']}"
        )
        for specification in SPECIFICATIONS
        for case in specification.get(kind, [])
    ] or [pytest.param({"features": []}, {}, id="no vectors")]


@pytest.mark.parametrize(("state", "case"), cases("tests"))
def test_a_toggle_is_on_for_whom_unleash_says(state, case):
    toggles = translated(state)
    assert toggles.is_enabled(case["toggleName"], case["context"]) is case["expectedResult"]


@pytest.mark.parametrize(("state", "case"), cases("variantTests"))
def test_everybody_gets_the_variant_that_unleash_says(state, case):
    toggles = translated(state)
    assert toggles.variant(case["toggleName"], case["context"]) == case["expectedResult"]


def test_no_vector_is_left_out():
    kinds = ("tests", "variantTests")
    ran = sum(len(each.get(kind, [])) for each in SPECIFICATIONS for kind in kinds)
    assert ran >= 275
