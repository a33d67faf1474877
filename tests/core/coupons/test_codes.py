import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.coupons import (
    CouponCodeInvalid,
    WeakCouponCode,
    generate_code,
    normalise_code,
)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (" save10 ", "SAVE10"),
        ("save10", "SAVE10"),
        ("\uff53\uff41ve10", "SAVE10"),
        ("straße", "STRASSE"),
        ("SPRING-2026_A.B", "SPRING-2026_A.B"),
        ("50%", "50%"),
        ("x" * 64, "X" * 64),
    ],
)
def test_a_code_has_one_spelling(raw, code):
    assert normalise_code(raw) == code


@pytest.mark.parametrize(
    "raw", ["", "   ", "x" * 65, "x" * 300, "a b", "a\x00b", "a\u200bb", "a\ud800", "ﷺ" * 10]
)
def test_what_is_no_code_is_refused(raw):
    with pytest.raises(CouponCodeInvalid):
        normalise_code(raw)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(raw):
    try:
        code = normalise_code(raw)
    except CouponCodeInvalid:
        return
    assert normalise_code(code) == code
    assert normalise_code(f"  {code.lower()} ") == normalise_code(code.lower())


@given(st.binary(min_size=8, max_size=60))
def test_a_generated_code_is_normal_and_carries_sixty_bits(random_bytes):
    code = generate_code(random_bytes)
    assert normalise_code(code) == code
    assert 12 <= len(code) <= 64
    assert not set(code) & set("ILOU")


def test_different_bytes_give_different_codes():
    assert len({generate_code(bytes([i, *range(7)])) for i in range(32)}) > 1
    assert generate_code(b"\x00" * 8) == "000000000000"


def test_too_few_random_bytes_are_refused():
    with pytest.raises(WeakCouponCode):
        generate_code(b"1234567")
