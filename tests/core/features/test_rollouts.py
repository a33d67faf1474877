import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features import EvaluationContext, InvalidRollout, Rollout, Scale, Variant, serve

ON = (Variant(value=True, name="on"),)
identities = st.text(min_size=1)


def draw(rollout, key="", path="flag", **attributes):
    context = EvaluationContext(targeting_key=key, attributes=attributes)
    found = rollout.drawn(context, path=path)
    return None if found is None else found.name


def share(share, scale=Scale.PERCENT, **more):
    return Rollout(variants=ON, share=share, scale=scale, **more)


@given(identities, st.sampled_from(Scale), st.data())
def test_raising_a_share_never_takes_it_from_anybody(identity, scale, data):
    less = data.draw(st.integers(0, scale))
    more = data.draw(st.integers(less, scale))
    if draw(share(less, scale), identity):
        assert draw(share(more, scale), identity)


@given(identities)
def test_nobody_at_nothing_and_everybody_at_all(identity):
    assert draw(share(0), identity) is None
    assert draw(share(100), identity) == "on"


def test_without_an_identity_only_all_are_in():
    assert draw(share(99)) is None
    assert draw(share(100)) == "on"
    assert draw(share(9_999, Scale.BASIS_POINTS)) is None
    assert draw(share(10_000, Scale.BASIS_POINTS)) == "on"


@pytest.mark.parametrize(
    ("rollout", "inside"),
    [
        (share(10), 102),
        (share(50), 522),
        (share(1_000, Scale.BASIS_POINTS), 93),
        (share(25, Scale.BASIS_POINTS), 2),
        (share(50, group="other"), 486),
    ],
)
def test_the_same_people_are_in_for_ever(rollout, inside):
    """Pinned: another hash would take from people what they have."""
    assert sum(draw(rollout, str(number)) is not None for number in range(1_000)) == inside


def test_two_features_reach_different_people_unless_they_share_a_group():
    people = [str(number) for number in range(1_000)]
    one, other = (
        {each for each in people if draw(share(30), each, path=path)} for path in ("one", "other")
    )
    assert 50 < len(one & other) < 130
    grouped = share(30, group="g")
    assert all(draw(grouped, each, "one") == draw(grouped, each, "other") for each in people)


def test_an_attribute_may_decide():
    by_team = share(50, stickiness="team")
    answers = {draw(by_team, key=str(number), team="t1") for number in range(50)}
    assert len(answers) == 1
    assert draw(by_team, key="1") is None


def test_variants_are_drawn_by_weight():
    rollout = Rollout(
        variants=(
            Variant(value=1, name="a", weight=70),
            Variant(value=2, name="b", weight=30),
            Variant(value=3, name="never", weight=0),
        )
    )
    drawn = [draw(rollout, str(number)) for number in range(2_000)]
    assert set(drawn) == {"a", "b"}
    assert 1_300 < drawn.count("a") < 1_500
    assert draw(rollout) is None


def test_variants_dont_follow_the_share():
    halves = Rollout(variants=(Variant(value=1, name="a"), Variant(value=2, name="b")), share=50)
    drawn = [draw(halves, str(number)) for number in range(1_000)]
    assert min(drawn.count("a"), drawn.count("b")) > 200


def test_variants_may_be_drawn_from_another_attribute():
    rollout = Rollout(
        variants=(Variant(value=1, name="a"), Variant(value=2, name="b")),
        variants_stickiness="team",
        variants_group="teams",
    )
    assert len({draw(rollout, str(number), team="t1") for number in range(20)}) == 1
    assert len({draw(rollout, "u", team=str(number)) for number in range(20)}) == 2
    assert draw(rollout, "u") is None


def test_one_value_is_for_everybody():
    assert serve(5, "five").drawn(EvaluationContext(), path="x") == Variant(value=5, name="five")
    assert serve(True).is_for_everybody
    assert not share(99).is_for_everybody


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": -1},
        {"share": 101},
        {"share": 10_001, "scale": 10_000},
        {"share": True},
        {"share": 50.0},
        {"scale": 1000},
        {"variants": ()},
        {"variants": (Variant(value=1, weight=0),)},
        {"variants": (Variant(value=1, weight=-1), Variant(value=1))},
        {"variants": (Variant(value=1, weight=True),)},
    ],
)
def test_a_senseless_rollout_is_refused(wrong):
    with pytest.raises(InvalidRollout, match="The rollout is not possible"):
        Rollout(**{"variants": ON, **wrong})
