#!/usr/bin/env python3
"""Keep the Spanish catalogue in step with the code: `python -m tools.translations`.

It reads every text that people see (templates of errors, gettext calls, template tags) from the
source, rewrites django.po (new texts get an empty translation, texts that are gone are dropped)
and compiles django.mo. Nothing but the standard library is needed.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("saaskit_core", "saaskit_providers", "saaskit_django")
FOLDER = ROOT / "saaskit_django" / "rest" / "locale" / "es" / "LC_MESSAGES"
SOURCE = FOLDER / "django.po"
COMPILED = FOLDER / "django.mo"

HEADER = (
    "Project-Id-Version: saaskit\n"
    "Language: es\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=2; plural=(n != 1);\n"
)
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop"}
IN_CONTEXT = {"pgettext", "pgettext_lazy"}
PLURAL = {"ngettext", "ngettext_lazy", "npgettext", "npgettext_lazy"}
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[a-zA-Z%]")
TAG = re.compile(r"""{%-?\s*trans(?:late)?\s+(["'])(.*?)\1(?:\s+context\s+(["'])(.*?)\3)?""")
VARIABLE = re.compile(r"""\b_\((["'])(.*?)\1\)""")
BLOCK = re.compile(
    r"{%\s*blocktrans(?:late)?\b([^%]*)%}(.*?){%\s*endblocktrans(?:late)?\s*%}", re.S
)
ENTRY = re.compile(
    r'(?:^msgctxt (?P<context>".*(?:\n".*")*)\n)?'
    r'^msgid (?P<text>".*(?:\n".*")*)\n^msgstr (?P<translation>".*(?:\n".*")*)',
    re.MULTILINE,
)


class Text(NamedTuple):
    """A text to translate; the context tells apart what is written alike."""

    context: str
    text: str


def texts() -> dict[Text, list[str]]:
    """Return every text of the three packages, and the files in which it stands."""
    found: dict[Text, list[str]] = {}
    for path in _files():
        source = path.read_text(encoding="utf-8")
        read = _of_python if path.suffix == ".py" else _of_template
        name = path.relative_to(ROOT).as_posix()
        for text in read(source):
            places = found.setdefault(text, [])
            if name not in places:
                places.append(name)
    return found


def placeholders(text: str) -> set[str]:
    """Return the %-placeholders of a text, doubled signs left out."""
    return {each.group() for each in PLACEHOLDER.finditer(text) if each.group() != "%%"}


def read_source(content: str) -> dict[Text, str]:
    """Read a .po file; its header is left out."""
    entries = {
        Text(_unquoted(each["context"] or ""), _unquoted(each["text"])): _unquoted(
            each["translation"]
        )
        for each in ENTRY.finditer(content)
    }
    entries.pop(Text("", ""), None)
    return entries


def write_source(translations: Mapping[Text, str], places: Mapping[Text, list[str]]) -> str:
    """Spell the .po file: by place, then by text."""
    blocks = ["# Spanish texts of SaaSKit.\n" + _entry(Text("", ""), HEADER)]
    for text in sorted(places, key=lambda each: (places[each][0], each)):
        comments = "".join(f"#: {name}\n" for name in places[text])
        flag = "#, python-format\n" if placeholders(text.text) else ""
        blocks.append(comments + flag + _entry(text, translations.get(text, "")))
    return "\n".join(blocks)


def compiled(translations: Mapping[Text, str]) -> bytes:
    """Compile to the binary format of gettext; what isn't translated is left out."""
    messages = {_key(text): words for text, words in translations.items() if words}
    messages[""] = HEADER
    keys = sorted(messages, key=lambda key: key.encode())
    offsets, originals, translated = [], b"", b""
    for key in keys:
        before, after = key.encode(), messages[key].encode()
        offsets.append((len(before), len(originals), len(after), len(translated)))
        originals += before + b"\0"
        translated += after + b"\0"
    count = len(keys)
    start = 28 + 16 * count
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, start)
    first = b"".join(struct.pack("<2I", size, start + at) for size, at, _, _ in offsets)
    start += len(originals)
    second = b"".join(struct.pack("<2I", size, start + at) for _, _, size, at in offsets)
    return head + first + second + originals + translated


def main() -> int:
    """Bring both files up to date, and name what lacks a translation."""
    places = texts()
    known = read_source(SOURCE.read_text(encoding="utf-8")) if SOURCE.is_file() else {}
    FOLDER.mkdir(parents=True, exist_ok=True)
    SOURCE.write_text(write_source(known, places), encoding="utf-8")
    COMPILED.write_bytes(compiled({text: known.get(text, "") for text in places}))
    missing = [text.text for text in places if not known.get(text)]
    for text in missing:
        print(f"not translated: {text!r}")
    return 1 if missing else 0


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and "migrations" not in path.parts:
                yield path


def _of_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        elif isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_class(node: ast.ClassDef) -> Iterator[Text]:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name("template")], value=ast.Constant(str(text))):
                yield Text("", text)
            case ast.AnnAssign(target=ast.Name("template"), value=ast.Constant(str(text))):
                yield Text("", text)


def _of_call(node: ast.Call) -> Iterator[Text]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    match name, node.args:
        case str(), [ast.Constant(str(text)), *_] if name in PLAIN:
            yield Text("", text)
        case str(), [ast.Constant(str(context)), ast.Constant(str(text)), *_] if name in IN_CONTEXT:
            yield Text(context, text)
        case str(), _ if name in PLURAL:
            raise ValueError(f"plural forms are not read yet: {ast.unparse(node)}")


def _of_template(source: str) -> Iterator[Text]:
    for each in TAG.finditer(source):
        yield Text(each[4] or "", each[2])
    for each in VARIABLE.finditer(source):
        yield Text("", each[2])
    for each in BLOCK.finditer(source):
        words = re.sub(r"\s*\n\s*", " ", each[2].strip()) if "trimmed" in each[1] else each[2]
        yield Text("", re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", words.replace("%", "%%")))


def _key(text: Text) -> str:
    return f"{text.context}\x04{text.text}" if text.context else text.text


def _entry(text: Text, translation: str) -> str:
    context = f"msgctxt {_quoted(text.context)}\n" if text.context else ""
    return f"{context}msgid {_quoted(text.text)}\nmsgstr {_quoted(translation)}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    lines = escaped.split("\n")
    parts = [f"{line}\\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    if len(parts) < 2:
        return f'"{"".join(parts)}"'
    return "\n".join(['""', *(f'"{part}"' for part in parts)])


def _unquoted(quoted: str) -> str:
    joined = "".join(line.strip()[1:-1] for line in quoted.splitlines())
    signs = {"n": "\n", "t": "\t"}
    return re.sub(r"\\(.)", lambda each: signs.get(each[1], each[1]), joined)


if __name__ == "__main__":
    sys.exit(main())
