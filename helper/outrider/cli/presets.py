"""`outrider presets`: the standing choices there are, and the one that stands."""

from collections.abc import Mapping
from typing import Any

import click

from outrider.cli.chains import LEGEND, Chain, chain_shape, chain_words, heading, print_chain
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.rows import Preset
from outrider.rules.provenance import layers_of, path_of
from outrider.rules.selection import unknown
from outrider.rules.targets import Situation, Wanted
from outrider.rules.usable import chain_standing


@click.command(epilog="\b\nExamples:\n  outrider presets\n  outrider presets cheap\n  outrider switch cheap")
@click.argument("name", required=False)
@plain_options
def presets(name: str | None, *, as_json: bool, quiet: bool) -> None:
    """List presets, or show one with the reason for each model; the one that stands is marked.

    A preset goes before every task's own chain; `outrider switch NAME` makes it stand.
    """
    from outrider.cli.sight import look

    session = Session()
    registry = session.registry
    if name is not None and name not in registry.presets:
        raise unknown("preset", name, registry.presets, command="presets")
    situation, trouble = look(session)
    standing, source = session.preset()
    if not quiet:
        for text in (*registry.notes, *trouble):
            note(text)
        if standing is not None and standing not in registry.presets:
            note(f"the preset that stands, `{standing}` ({source}), is in no layer: `outrider switch default`")
    wanted = [registry.presets[name]] if name is not None else list(registry.presets.values())
    chains = [(preset, _chain(session, situation, preset)) for preset in wanted]
    if as_json:
        shapes = [
            _shape(session, preset, chain, source=source if preset.name == standing else None)
            for preset, chain in chains
        ]
        dump({"presets": shapes, "standing": standing, "from": source or None} if name is None else shapes[0])
        return
    for preset, chain in chains:
        _print(preset, chain, source=source if preset.name == standing else None, whole=name is not None)
    if name is None and not quiet:
        note(LEGEND)


def _chain(session: Session, situation: Situation, preset: Preset) -> Chain:
    wanted = Wanted(private=preset.local, needs=frozenset(), tokens=0, explicit=False)
    return chain_standing(session.registry, situation, preset.chain, wanted)


def _shape(session: Session, preset: Preset, chain: Chain, *, source: str | None) -> dict[str, Any]:
    return {
        "name": preset.name, "description": preset.row.get("description"), "chain": chain_shape(chain),
        "local": preset.local, "agents": preset.row.get("agents"), "effort": preset.row.get("effort"),
        "standing": source is not None, "from": source,
        "layer": layers_of(session.registry, path_of("presets", preset.name), preset.row),
    }  # fmt: skip


def _words(said: str | Mapping[str, str]) -> str:
    """Returns one tier, which is that of all agents of a Claude class, or a tier for each agent that is named."""
    return said if isinstance(said, str) else ", ".join(f"{agent} {tier}" for agent, tier in said.items())


def _print(preset: Preset, chain: Chain, *, source: str | None, whole: bool) -> None:
    marks = (f"stands, {source}" if source else "", "local only" if preset.local else "")
    out(heading(preset.name, marks, preset.row.get("description")))
    if not whole:
        out(f"  {chain_words(chain)}")
        return
    for label in ("effort", "agents"):
        if preset.row.get(label):
            out(f"  {label}: {_words(preset.row[label])}")
    print_chain(chain)
    out("    nothing else: it is local only" if preset.local else "    then the chain of the task")
