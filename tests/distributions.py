"""Make tiny installed distributions: a module and a dist-info folder with entry points."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from textwrap import dedent

GOOD = """
    from saaskit_core.plugins import hookimpl
    from saaskit_core.notifiers import Channel, DeliveryResult, DeliveryState
    from pydantic import BaseModel, ConfigDict


    class Settings(BaseModel):
        model_config = ConfigDict(extra="forbid")


    class Pigeon:
        type_name = "pigeon"
        settings_model = Settings
        is_production_ready = True
        channels = frozenset({Channel.SMS})

        def __init__(self, settings, *, name):
            self.name = name

        def send(self, message):
            return DeliveryResult(state=DeliveryState.SENT, provider_message_id="1")


    @hookimpl
    def saaskit_notifiers():
        return [Pigeon]
"""

BROKEN = {
    "raising": 'raise RuntimeError("no such licence")',
    "exiting": "import sys; sys.exit(3)",
    "misspelt": """
        from saaskit_core.plugins import hookimpl

        @hookimpl
        def saaskit_payment_provider():
            return []
    """,
    "sandbox": "SAASKIT_API = 1",
    "failing": """
        from saaskit_core.plugins import hookimpl

        @hookimpl
        def saaskit_notifiers():
            raise LookupError("pigeons have flown")
    """,
}
"""Name of the plugin → its source; "sandbox" is a name that is taken already."""

SAID_OF_BROKEN = {
    "raising": "RuntimeError: no such licence",
    "exiting": "SystemExit: 3",
    "misspelt": "did you mean saaskit_payment_providers?",
    "sandbox": "already taken by sandbox (saaskit)",
    "failing": "saaskit_notifiers raised LookupError: pigeons have flown",
}


def install(
    folder: Path, name: str, source: str, *, distribution: str = "", target: str = ""
) -> None:
    """Install a plugin into `folder`, which is (to be) on sys.path."""
    distribution = distribution or f"acme-{name}"
    module = f"{distribution.replace('-', '_').replace('.', '_').lower()}_{name}"
    (folder / f"{module}.py").write_text(dedent(source), encoding="utf-8")
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", encoding="utf-8"
    )
    with (info / "entry_points.txt").open("a", encoding="utf-8") as file:
        if not file.tell():
            file.write("[saaskit]\n")
        file.write(f"{name} = {target or module}\n")


def install_broken(folder: Path) -> None:
    """Install every kind of broken plugin, and one that works."""
    for name, source in BROKEN.items():
        install(folder, name, source)
    install(folder, "pigeon", GOOD)


def entry_points(folder: Path) -> list[metadata.EntryPoint]:
    """List the entry points of what was installed into `folder`, in no particular order."""
    found = metadata.distributions(path=[str(folder)])
    return [point for each in found for point in each.entry_points.select(group="saaskit")]
