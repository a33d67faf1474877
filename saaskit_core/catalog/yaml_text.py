"""YAML with line numbers: PyYAML's node graph, constructed by ourselves and only as JSON types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from saaskit_core.catalog.located import MAX_NESTING, Lines, Path, refuse

if TYPE_CHECKING:
    from saaskit_core.features.documents import JSON

MAX_VALUES = 100_000
_TAG = "tag:yaml.org,2002:"
_BOOLS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_yaml(text: str, *, file: str, lines: Lines) -> JSON:
    """Parse `text`, noting the line of every path. Raises CatalogError.

    Dates stay texts, and no tag makes an object: only what JSON can say comes out.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        raise refuse(file, line=line, path=(), problem=f"not YAML: {exc.problem}") from None
    except yaml.YAMLError as exc:
        raise refuse(file, line=1, path=(), problem=f"not YAML: {exc}"[:200]) from None
    except RecursionError:
        raise refuse(file, line=1, path=(), problem="too large or too deep") from None
    return None if root is None else _Constructor(file, lines).value(root, ())


class _Constructor:
    def __init__(self, file: str, lines: Lines) -> None:
        self.file = file
        self.lines = lines

    def value(self, node: yaml.Node, path: Path) -> JSON:
        """Return what a node says."""
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if len(path) > MAX_NESTING or len(self.lines) > MAX_VALUES:
            raise refuse(self.file, line=line, path=path[:3], problem="too large or too deep")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> JSON:
        found: dict[str, JSON] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == f"{_TAG}merge":
                raise refuse(self.file, line=line, path=path, problem="a key must be a plain text")
            if key in found:
                raise refuse(self.file, line=line, path=(*path, key), problem="written twice")
            self.lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> JSON:
        text = str(node.value)
        try:
            match node.tag.removeprefix(_TAG):
                case "str" | "timestamp":
                    return text
                case "null":
                    return None
                case "bool":
                    return _BOOLS[text.lower()]
                case "int":
                    return int(text.replace("_", ""), 10)
                case "float":
                    return float(text.replace("_", ""))
        except (ValueError, KeyError):
            pass
        line = node.start_mark.line + 1
        raise refuse(
            self.file,
            line=line,
            path=path,
            problem=f"{text[:40]!r} can't be read",
            allowed="quote it",
        )
