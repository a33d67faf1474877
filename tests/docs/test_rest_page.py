"""The table of endpoints is the URL configuration, and says of each what the contract says."""

from __future__ import annotations

import re

from saaskit_django.rest.problems import STATUS
from tests.architecture.source import ROOT
from tests.contract.table import STILL_TO_COME, document, everything
from tests.contract.test_contract import claimed
from tools.error_reference import error_classes

PAGE = (ROOT / "docs" / "reference" / "rest.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| ([A-Z ]+) \| `(/[^`]*)` \| (.+?) \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE
)


def rows() -> dict[str, tuple[str, ...]]:
    """What the page says of each method and path: who, takes, answers, errors."""
    found = [(method, row) for row in ROW.findall(PAGE) for method in row[0].split()]
    named = {f"{method} {row[1]}": row[2:] for method, row in found}
    assert len(named) == len(found), "one endpoint stands on the page twice"
    return named


def test_the_page_lists_exactly_what_the_urls_answer():
    assert sorted(rows()) == sorted(claimed())


def test_the_page_lists_exactly_the_rows_that_are_built():
    assert sorted(rows()) == sorted(set(everything()) - set(STILL_TO_COME))


def test_who_may_call_is_what_the_contract_says():
    expected = {name: everything()[name] for name in rows()}
    differing = {
        name: (said[0], expected[name].who)
        for name, said in rows().items()
        if said[0] not in (expected[name].who, f"{expected[name].who} or admin")
    }
    assert differing == {}


def test_what_is_taken_is_what_the_contract_says():
    for name, (_, takes, _, _) in rows().items():
        entry = everything()[name]
        is_read = name.startswith("GET ")
        body = {} if is_read else dict(entry.takes)
        said = dict(re.findall(r"`(\w+)`(\*?)", takes))
        assert {field: star == "*" for field, star in said.items()} == body, name
        assert set(re.findall(r"`\?(\w+)`", takes)) == entry.query, name


def test_the_answers_name_a_status_of_the_contract_and_every_field():
    for name, (_, _, answers, _) in rows().items():
        entry = everything()[name]
        said = {int(status) for status in re.findall(r"\b[1-5]\d\d\b", answers)}
        assert said & set(entry.answers["status"]), name
        missing = [field for field in plain(entry.answers) if f"`{field}`" not in answers]
        assert missing == [], name


def test_objects_have_the_contracts_fields():
    shapes = dict(re.findall(r"^\| (\w+) \| (`\w+`(?:, `\w+`)*) \|$", PAGE, re.MULTILINE))
    linked = set(re.findall(r"\[(\w+?)s?\]\(#objects\)", PAGE))
    assert linked == set(shapes)
    for name, fields in shapes.items():
        assert re.findall(r"\w+", fields) == document()["shapes"][name]


def test_the_errors_exist_and_have_the_status_that_is_named():
    statuses = {error.code: STATUS[error.kind].value for error in error_classes()}
    for name, (*_, errors) in rows().items():
        for part in errors.split("; "):
            status = re.match(r"\d+", part)
            for code in re.findall(r"`([a-z_]+)`", part):
                assert status, (name, part)
                assert statuses[code] == int(status.group()), (name, code)


def plain(answers) -> list[str]:
    """The fields of an answer by name, those of named objects left out."""
    listed = answers.get("list_of", [])
    fields = [*answers.get("fields", []), *(listed if isinstance(listed, list) else [])]
    return [field for field in fields if isinstance(field, str) and not field.startswith("$")]
