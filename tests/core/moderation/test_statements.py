"""Statements of reasons: every condition of the transparency database."""

import json

import pytest

from saaskit_core.moderation import InvalidStatement, export_batches, parse_statement

BASE = {
    "puid": "post-1",
    "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    "incompatible_content_ground": "Terms, 4.2",
    "incompatible_content_explanation": "Advertising is not allowed.",
    "content_type": ["CONTENT_TYPE_TEXT"],
    "category": "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "decision_facts": "Five links to a shop.",
    "content_date": "2026-02-01",
    "application_date": "2026-03-01",
    "source_type": "SOURCE_VOLUNTARY",
    "automated_detection": "Yes",
    "automated_decision": "AUTOMATED_DECISION_FULLY",
}
ILLEGAL = {
    "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
    "illegal_content_legal_ground": "§ 130 StGB",
    "illegal_content_explanation": "It incites hatred.",
    "incompatible_content_ground": None,
    "incompatible_content_explanation": None,
}


def document(**changes):
    return {**BASE, **changes}


def test_the_least_statement():
    assert parse_statement(BASE).as_json() == BASE


def test_as_read_so_written():
    full = document(
        **{key: value for key, value in ILLEGAL.items() if value},
        territorial_scope=["FR", "DE", "DE"],
        content_language="de",
        source_type="SOURCE_TRUSTED_FLAGGER",
        source_identity="An organisation",
        decision_account="DECISION_ACCOUNT_SUSPENDED",
        account_type="ACCOUNT_TYPE_PRIVATE",
        end_date_account_restriction="2026-06-01",
        category_addition=["STATEMENT_CATEGORY_VIOLENCE"],
        category_specification=["KEYWORD_OTHER"],
        category_specification_other="Something else",
        decision_ground_reference_url="https://example.com/terms",
    )
    del full["incompatible_content_ground"], full["incompatible_content_explanation"]
    written = parse_statement(full).as_json()
    assert written["territorial_scope"] == ["DE", "FR"]
    assert written["content_language"] == "DE"
    assert parse_statement(written).as_json() == written


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(ILLEGAL, id="illegal"),
        pytest.param({"incompatible_content_illegal": "No"}, id="said_to_be_legal"),
        pytest.param(
            {"decision_visibility": [], "decision_monetary": "DECISION_MONETARY_SUSPENSION"},
            id="monetary_alone",
        ),
        pytest.param(
            {
                "decision_visibility": [],
                "decision_provision": "DECISION_PROVISION_TOTAL_SUSPENSION",
                "end_date_service_restriction": "2026-03-01",
            },
            id="service_alone",
        ),
        pytest.param(
            {
                "decision_visibility": ["DECISION_VISIBILITY_OTHER"],
                "decision_visibility_other": "Blurred",
            },
            id="other_visibility",
        ),
        pytest.param(
            {
                "decision_monetary": "DECISION_MONETARY_OTHER",
                "decision_monetary_other": "Held back",
            },
            id="other_monetary",
        ),
        pytest.param(
            {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": "A map"},
            id="other_content",
        ),
        pytest.param({"source_type": "SOURCE_ARTICLE_16"}, id="a_notice_without_identity"),
        pytest.param({"decision_facts": "x" * 5000}, id="longest_facts"),
        pytest.param({"puid": "x" * 500}, id="longest_puid"),
        pytest.param({"content_date": "2000-01-01", "application_date": "2020-01-01"}, id="oldest"),
    ],
)
def test_what_the_database_takes(changes):
    assert parse_statement(document(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"decision_visibility": []}, id="no_decision"),
        pytest.param(
            {"decision_visibility": ["DECISION_VISIBILITY_OTHER"]}, id="other_visibility_unsaid"
        ),
        pytest.param({"decision_visibility_other": "x"}, id="other_visibility_unasked"),
        pytest.param({"decision_monetary": "DECISION_MONETARY_OTHER"}, id="other_monetary_unsaid"),
        pytest.param({"decision_monetary_other": "x"}, id="other_monetary_unasked"),
        pytest.param({**ILLEGAL, "illegal_content_legal_ground": None}, id="no_legal_ground"),
        pytest.param({**ILLEGAL, "illegal_content_explanation": " "}, id="no_explanation"),
        pytest.param(
            {**ILLEGAL, "incompatible_content_illegal": "Yes"}, id="illegal_and_incompatible"
        ),
        pytest.param({**ILLEGAL, "incompatible_content_ground": "x"}, id="both_grounds"),
        pytest.param({"illegal_content_legal_ground": "x"}, id="legal_ground_unasked"),
        pytest.param({"incompatible_content_ground": None}, id="no_contractual_ground"),
        pytest.param({"incompatible_content_explanation": "x" * 2001}, id="long_explanation"),
        pytest.param({"content_type": []}, id="no_content_type"),
        pytest.param({"content_type": ["CONTENT_TYPE_OTHER"]}, id="other_content_unsaid"),
        pytest.param({"content_type_other": "x"}, id="other_content_unasked"),
        pytest.param({"category": "STATEMENT_CATEGORY_PIRACY"}, id="no_such_category"),
        pytest.param({"category_addition": [BASE["category"]]}, id="category_twice"),
        pytest.param({"category_specification": ["other"]}, id="no_keyword"),
        pytest.param({"category_specification_other": "x"}, id="keyword_unasked"),
        pytest.param({"decision_facts": "x" * 1_000_000}, id="endless_facts"),
        pytest.param({"decision_facts": ""}, id="no_facts"),
        pytest.param({"puid": "post 1"}, id="puid_with_blank"),
        pytest.param({"puid": "post-1\n"}, id="puid_with_newline"),
        pytest.param({"puid": "x" * 501}, id="long_puid"),
        pytest.param({"source_identity": "x"}, id="voluntary_with_identity"),
        pytest.param({"territorial_scope": ["US"]}, id="not_in_the_union"),
        pytest.param({"content_language": "deu"}, id="no_language"),
        pytest.param({"automated_detection": True}, id="detection_is_a_word"),
        pytest.param({"application_date": "2019-12-31"}, id="too_old"),
        pytest.param({"content_date": "1999-12-31"}, id="content_too_old"),
        pytest.param({"application_date": "yesterday"}, id="no_date"),
        pytest.param({"end_date_account_restriction": "2027-01-01"}, id="end_of_nothing"),
        pytest.param({"end_date_visibility_restriction": "2026-02-28"}, id="ends_before_it_starts"),
        pytest.param({"unknown": 1}, id="unknown_field"),
    ],
)
def test_what_the_database_would_refuse(changes):
    with pytest.raises(InvalidStatement):
        parse_statement(document(**changes))


@pytest.mark.parametrize("nonsense", [None, [], "x", 1, {}, {"puid": {}}])
def test_nonsense_has_a_name(nonsense):
    with pytest.raises(InvalidStatement):
        parse_statement(nonsense)


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (205, [100, 100, 5])]
)
def test_a_batch_has_at_most_a_hundred(count, sizes):
    statements = [parse_statement(document(puid=f"p-{number}")) for number in range(count)]
    bodies = [json.loads(body)["statements"] for body in export_batches(statements)]
    assert [len(body) for body in bodies] == sizes
    assert [each["puid"] for body in bodies for each in body] == [s.puid for s in statements]


def test_one_puid_twice_is_refused():
    with pytest.raises(InvalidStatement):
        list(export_batches([parse_statement(BASE)] * 2))
