"""Every text that people see exists in Spanish, and what is compiled is what is written."""

from __future__ import annotations

import gettext
import subprocess

import pytest

from tests.architecture.source import ROOT
from tools import translations
from tools.error_reference import error_classes
from tools.translations import COMPILED, SOURCE, Text, placeholders, texts

HINT = "`python -m tools.translations` writes the catalogue; then translate what it names"
SPANISH = translations.read_source(SOURCE.read_text(encoding="utf-8"))


def test_every_text_is_translated():
    assert sorted(text for text in texts() if not SPANISH.get(text)) == [], HINT


def test_nothing_is_translated_that_no_longer_exists():
    assert sorted(SPANISH.keys() - texts().keys()) == [], HINT


def test_the_words_of_every_error_are_found():
    found = {text.text for text in texts()}
    assert sorted(error.template for error in error_classes() if error.template not in found) == []


def test_placeholders_are_the_same_in_both_languages():
    differing = [
        (text.text, spanish)
        for text, spanish in SPANISH.items()
        if placeholders(text.text) != placeholders(spanish)
        or (text.text.count("%%") and not spanish.count("%%"))
    ]
    assert differing == []


def test_what_is_compiled_is_what_is_written():
    assert COMPILED.read_bytes() == translations.compiled(SPANISH), HINT


def test_gettext_reads_what_we_compile():
    with COMPILED.open("rb") as file:
        read = gettext.GNUTranslations(file)
    for text, spanish in ((each, words) for each, words in SPANISH.items() if words):
        context = text.context
        found = read.pgettext(context, text.text) if context else read.gettext(text.text)
        assert found == spanish


def test_the_files_survive_being_written_again():
    awkward = {Text("", 'a "quote"\nand \\ a tab\t'): "dos\nlíneas\n", Text("where", "x"): "equis"}
    written = translations.write_source(awkward, {text: ["a.py"] for text in awkward})
    assert translations.read_source(written) == awkward


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("a.py", "class E:\n    template = 'one ' 'two'\n", {Text("", "one two")}),
        ("a.py", "_('a'); gettext_lazy('b')", {("", "a"), ("", "b")}),
        ("a.py", "pgettext('c', 'd')", {("c", "d")}),
        ("a.html", '{% translate "a" %}{{ x|default:_("b") }}', {("", "a"), ("", "b")}),
        ("a.html", '{% translate "a" context "c" %}', {("c", "a")}),
        ("a.txt", "{% blocktranslate with n=x %}{{ n }}!{% endblocktranslate %}", {("", "%(n)s!")}),
        ("a.txt", "{% blocktranslate trimmed %}\n a\n b\n{% endblocktranslate %}", {("", "a b")}),
    ],
)
def test_what_counts_as_a_text(tmp_path, monkeypatch, name, source, found):
    (tmp_path / "saaskit_core").mkdir()
    (tmp_path / "saaskit_core" / name).write_text(source, encoding="utf-8")
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    assert set(texts()) == found


def test_plural_forms_are_refused_until_they_are_read(tmp_path, monkeypatch):
    (tmp_path / "saaskit_core").mkdir()
    (tmp_path / "saaskit_core" / "a.py").write_text("ngettext('a', 'b', 2)", encoding="utf-8")
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="plural forms"):
        texts()


def test_the_compiled_catalogue_is_tracked():
    path = COMPILED.relative_to(ROOT).as_posix()
    ignored = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False)
    assert ignored.returncode != 0, "hatchling leaves out of the wheel what git ignores"


def test_the_tool_says_what_lacks_a_translation(tmp_path, monkeypatch, capsys):
    (tmp_path / "saaskit_core").mkdir()
    (tmp_path / "saaskit_core" / "a.py").write_text("_('uno')", encoding="utf-8")
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr(translations, "SOURCE", tmp_path / "django.po")
    monkeypatch.setattr(translations, "COMPILED", tmp_path / "django.mo")
    assert translations.main() == 1
    assert "'uno'" in capsys.readouterr().out
    written = (tmp_path / "django.po").read_text(encoding="utf-8")
    (tmp_path / "django.po").write_text(written.replace('"uno"\nmsgstr ""', '"uno"\nmsgstr "one"'))
    assert translations.main() == 0
