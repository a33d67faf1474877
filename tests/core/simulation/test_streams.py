import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.simulation.streams import SPAN, Mix, Stream, mix_of, threshold_of


def draws(stream, count=4):
    return [stream.draw() for _ in range(count)]


def test_the_numbers_are_those_of_splitmix64():
    stream = Stream(0)
    stream._state = 1234567
    assert draws(stream, 3) == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_the_same_seed_and_names_give_the_same_numbers():
    assert draws(Stream(7, "a", "b")) == draws(Stream(7, "a", "b"))


@pytest.mark.parametrize(
    "other", [(8, "a", "b"), (7, "ab"), (7, "a"), (7, "b", "a"), (7, "a", "c")]
)
def test_another_seed_or_name_gives_others(other):
    assert draws(Stream(*other)) != draws(Stream(7, "a", "b"))


def test_numbers_dont_depend_on_the_hash_seed():
    code = "from saaskit_core.simulation.streams import Stream; print(Stream(3, 'x').draw())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert found == {f"{Stream(3, 'x').draw()}\n"}


@given(seed=st.integers(), low=st.integers(-(10**6), 10**6), more=st.integers(0, 10**6))
def test_between_stays_between(seed, low, more):
    assert low <= Stream(seed).between(low, low + more) <= low + more


@given(seed=st.integers(), count=st.integers(1, 2**40))
def test_below_stays_below(seed, count):
    assert 0 <= Stream(seed).below(count) < count


@given(seed=st.integers())
def test_what_is_sure_happens_and_what_is_impossible_does_not(seed):
    stream = Stream(seed)
    assert stream.chance(threshold_of(Decimal(1)))
    assert not stream.chance(threshold_of(Decimal(0)))


def test_a_threshold_is_exact():
    assert threshold_of(Decimal("0.25")) * 4 == SPAN
    assert threshold_of(Decimal("0.1")) == SPAN // 10


def test_a_mix_is_picked_by_its_weights():
    mix = mix_of({"a": Decimal(3), "b": Decimal(1), "never": Decimal(0)})
    stream = Stream(1)
    found = Counter(mix.pick(stream) for _ in range(4000))
    assert set(found) == {"a", "b"}
    assert 2850 < found["a"] < 3150


def test_a_mix_of_nothing_is_none():
    assert mix_of({}) is None
    assert mix_of({"a": Decimal(0)}) is None
    assert Mix(("a", "b"), (1, 2)).bounds == (1, 3)
