import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features.hashing import VARIANT_SEED, bucket, murmur3_32

VECTORS = [
    (b"", 0, 0),
    (b"", 1, 0x514E28B7),
    (b"", 0xFFFFFFFF, 0x81F16F39),
    (b"\xff\xff\xff\xff", 0, 0x76293B50),
    (b"!Ce\x87", 0, 0xF55B516B),
    (b"!Ce\x87", 0x5082EDEE, 0x2362F9DE),
    (b"!Ce", 0, 0x7E4A8634),
    (b"!C", 0, 0xA0F7B07A),
    (b"!", 0, 0x72661CF4),
    (b"\0\0\0\0", 0, 0x2362F9DE),
    (b"\0", 0, 0x514E28B7),
    (b"Hello, world!", 0x9747B28C, 0x24884CBA),
    ("ππππππππ".encode(), 0x9747B28C, 0xD58063C1),
    (b"The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
]


@pytest.mark.parametrize(("data", "seed", "value"), VECTORS)
def test_the_public_vectors_of_murmur3_hold(data, seed, value):
    assert murmur3_32(data, seed) == value


@given(st.binary(max_size=40), st.integers(0, 2**32 - 1))
def test_another_implementation_says_the_same(data, seed):
    mmh3 = pytest.importorskip("mmh3")
    assert murmur3_32(data, seed) == mmh3.hash(data, seed, signed=False)


@pytest.mark.parametrize(
    ("group", "identity", "scale", "seed", "place"),
    [
        ("gr1", "123", 100, 0, 73),
        ("groupX", "999", 100, 0, 25),
        ("gr1", "123", 100, VARIANT_SEED, 96),
        ("groupX", "999", 100, VARIANT_SEED, 60),
    ],
)
def test_places_are_where_unleash_puts_them(group, identity, scale, seed, place):
    assert bucket(group, identity, scale, seed) == place


@given(st.text(), st.text(), st.integers(1, 20_000))
def test_every_identity_has_one_place(group, identity, scale):
    place = bucket(group, identity, scale)
    assert 1 <= place <= scale
    assert place == bucket(group, identity, scale)


def test_half_a_surrogate_has_a_place_too():
    assert 1 <= bucket("g", "\ud800", 100) <= 100
