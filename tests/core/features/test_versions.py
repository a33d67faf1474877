import pytest

from saaskit_core.features.versions import precedence

IN_ORDER = [
    "0.0.1",
    "0.10.0",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-a",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def test_versions_are_ordered_as_the_standard_does():
    backwards = IN_ORDER[::-1]
    assert sorted(backwards, key=precedence) == IN_ORDER
    assert len({precedence(version) for version in IN_ORDER}) == len(IN_ORDER)


def test_the_build_doesnt_count():
    assert precedence("1.0.0+a.1") == precedence("1.0.0+b")
    assert precedence("1.0.0-rc+a") == precedence("1.0.0-rc")


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b",
     "1.2.3-ä", " 1.2.3", "1.2.3\n", "٣.1.2", "1.2." + "9" * 300],
)  # fmt: skip
def test_what_isnt_a_version_has_no_place(text):
    assert precedence(text) is None
