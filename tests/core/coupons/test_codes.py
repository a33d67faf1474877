import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.coupons import (
    CouponCodeInvalid,
    CouponCodesTooShort,
    InvalidCouponBatch,
    WeakCouponCode,
    bytes_for_batch,
    generate_code,
    generate_codes,
    normalise_code,
    readings,
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


LONG = "it is longer than 64 characters"
INVISIBLE = "it has a space or an invisible character in it"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (" ", "it is empty"),
        ("x" * 65, LONG),
        ("x" * 64 + " " * 192, None),
        ("x" * 64 + " " * 193, LONG),
        ("\ufdfa" * 3, INVISIBLE),
        ("a b", INVISIBLE),
        ("a\tb", INVISIBLE),
        (None, "it is not a text"),
        (b"SAVE", "it is not a text"),
    ],
)
def test_the_refusal_says_what_is_wrong(raw, problem):
    if problem is None:
        assert normalise_code(raw) == "X" * 64
        return
    with pytest.raises(CouponCodeInvalid) as refused:
        normalise_code(raw)
    assert str(refused.value) == f"That is not a coupon code: {problem}."


@pytest.mark.parametrize(
    ("raw", "looked_up_by"),
    [
        (" save10 ", ("SAVE10",)),
        ("hello", ("HELLO", "HE110")),
        ("0O1iL", ("0O1IL", "00111")),
        ("7U", ("7U",)),
    ],
)
def test_a_copied_code_is_read_as_it_was_meant(raw, looked_up_by):
    assert readings(raw) == looked_up_by


@given(st.binary(min_size=8, max_size=8), st.data())
def test_whoever_copies_a_generated_code_with_lookalikes_finds_it(random_bytes, data):
    code = generate_code(random_bytes)
    typed = "".join(
        data.draw(st.sampled_from({"0": "0Oo", "1": "1IiLl"}.get(letter, letter)))
        for letter in code
    )
    assert code in readings(typed)


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


def test_each_letter_of_a_generated_code_carries_five_bits():
    assert generate_code(b"\xff" * 8) == "Z" * 12
    assert generate_code((1).to_bytes(8, "big")) == "1" + "0" * 11
    assert generate_code((32).to_bytes(8, "big")) == "01" + "0" * 10
    assert generate_code(bytes(9)) == "0" * 14
    assert generate_code(bytes(40)) == "0" * 64
    assert generate_code(bytes(41)) == "0" * 64
    every = {generate_code(number.to_bytes(8, "big"))[0] for number in range(32)}
    assert every == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_too_few_bytes_are_told_how_many_it_needs():
    with pytest.raises(WeakCouponCode, match="needs at least 8 random bytes"):
        generate_code(b"")


def numbered(*numbers, size=8):
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def test_a_batch_is_different_codes_in_the_order_of_the_bytes():
    assert generate_codes(numbered(1, 2, 3), count=2) == ("1" + "0" * 11, "2" + "0" * 11)
    assert generate_codes(numbered(1, 1, 2), count=2) == ("1" + "0" * 11, "2" + "0" * 11)
    assert generate_codes(numbered(7), count=1, prefix="sum-") == ("SUM-7" + "0" * 11,)


def test_a_batch_avoids_codes_that_exist():
    exists = {"SUM-1" + "0" * 11}
    made = generate_codes(numbered(1, 2), count=1, prefix="SUM-", taken=exists)
    assert made == ("SUM-2" + "0" * 11,)
    with pytest.raises(WeakCouponCode, match="at least 16 random bytes"):
        generate_codes(numbered(1), count=1, prefix="SUM-", taken=exists)


@pytest.mark.parametrize(
    ("count", "length", "needed"), [(1, 12, 16), (1, 8, 10), (9, 13, 90), (3, 5, 16)]
)
def test_how_many_bytes_a_batch_takes(count, length, needed):
    assert bytes_for_batch(count, length=length) == needed
    assert bytes_for_batch(count) == (count + 1) * 8


def test_a_batch_never_comes_in_part():
    with pytest.raises(WeakCouponCode, match="at least 24 random bytes"):
        generate_codes(numbered(1, 1, 1, 1), count=2)
    with pytest.raises(WeakCouponCode):
        generate_codes(numbered(1, 2)[:-1], count=2)


# 32^4 = 1,048,576; 32^5 = 33,554,432; 32^6 = 1,073,741,824.
@pytest.mark.parametrize(
    ("count", "shortest"), [(1, 4), (2, 5), (33, 5), (34, 6), (1073, 6), (1074, 7), (10**6, 8)]
)
def test_a_batch_has_a_million_possibilities_per_code(count, shortest):
    with pytest.raises(CouponCodesTooShort) as refused:
        generate_codes(b"", count=count, length=shortest - 1)
    assert str(refused.value) == (
        f"{count} codes of {shortest - 1} characters can be guessed: they need {shortest} or more."
    )
    with pytest.raises(WeakCouponCode):
        generate_codes(b"", count=count, length=shortest)


@pytest.mark.parametrize(("count", "length"), [(0, 12), (-1, 12), (1, 0), (True, 12), (1, 12.0)])
def test_a_batch_is_counted_in_whole_numbers(count, length):
    with pytest.raises(InvalidCouponBatch, match="count and length are whole numbers from 1"):
        generate_codes(bytes(100), count=count, length=length)


def test_a_prefix_leaves_room_for_the_code():
    (code,) = generate_codes(bytes(8), count=1, prefix="P" * 52)
    assert code == "P" * 52 + "0" * 12
    with pytest.raises(InvalidCouponBatch, match="a code has at most 64 characters"):
        generate_codes(bytes(8), count=1, prefix="P" * 53)
    with pytest.raises(CouponCodeInvalid):
        generate_codes(bytes(8), count=1, prefix="a b")


@given(st.binary(min_size=400, max_size=400), st.integers(1, 40))
def test_a_batch_is_distinct_and_normal(random_bytes, count):
    try:
        codes = generate_codes(random_bytes, count=count, prefix="x-")
    except WeakCouponCode:
        return
    assert len(set(codes)) == count
    assert all(normalise_code(code) == code and len(code) == 14 for code in codes)
