"""Where public test vectors lie: a directory, or an npm package that `npm pack` unpacked there.

`SAASKIT_CONFORMANCE_DIR` names it; the specifications may stand in it, or below `package`,
`unleash` or `node_modules/@unleash/client-specification`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOW = (
    "npm pack @unleash/client-specification@6.1.0, unpack it,"
    " and name its folder in SAASKIT_CONFORMANCE_DIR"
)
_BELOW = (
    "",
    "package",
    "unleash",
    "unleash/package",
    "client-specification",
    "node_modules/@unleash/client-specification",
)


def unleash_specifications() -> Path | None:
    """Return the folder with the specifications of Unleash's clients, or None."""
    named = os.environ.get("SAASKIT_CONFORMANCE_DIR")
    roots = [Path(named)] if named else [HERE, HERE.parents[1]]
    for root in roots:
        for below in _BELOW:
            for folder in (root / below / "specifications", root / below):
                if (folder / "01-simple-examples.json").is_file():
                    return folder
    return None


def specifications(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield every specification that is a state with tests; deltas speak of a protocol."""
    names = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    for name in names:
        specification = json.loads((folder / name).read_text(encoding="utf-8"))
        if "features" in specification["state"]:
            yield specification
