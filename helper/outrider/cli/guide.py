"""`outrider guide`: the skills' reference pages, filled from the settings in force; asks nobody, changes nothing."""

import click

from outrider import __version__
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out, table
from outrider.doors import guides
from outrider.doors.guides import Page
from outrider.rules.selection import unknown


@click.command(
    epilog="\b\nExamples:\n  outrider guide\n  outrider guide matrix\n  outrider guide troubleshooting --json"
)
@click.argument("name", required=False)
@plain_options
def guide(name: str | None, *, as_json: bool, quiet: bool) -> None:
    """Print a reference page of the skills, with the models, prices and agents in force; without NAME list them.

    Needs no key, asks no server, changes nothing.
    """
    session = Session()
    folder = guides.templates(session.places)
    pages = guides.pages(folder)
    if name is None:
        if as_json:
            dump({"pages": [_shape(page) for page in pages.values()]})
        else:
            table([(page.name, page.about) for page in pages.values()], heads=("page", "about"))
        return
    if name not in pages:
        raise unknown("page", name, pages, command="guide")
    page = pages[name]
    text = _filled(session, folder, page, quiet=quiet)
    if as_json:
        dump({**_shape(page), "text": text})
    else:
        out(text.rstrip("\n"))


def _shape(page: Page) -> dict[str, str]:
    return {"name": page.name, "skill": page.skill, "about": page.about}


def _filled(session: Session, folder: str, page: Page, *, quiet: bool) -> str:
    """Fills a page with what holds here: names as installed, tiers as switched, the registry after all layers."""
    from outrider.doors import render, state
    from outrider.rules import pack_facts, tiers

    registry, pack = session.registry, session.pack
    own, user = state.standing(session.places)
    if not quiet:
        for text in registry.notes:
            note(text)
    facts = pack_facts.facts(
        registry, form=pack.form or "loose", names=pack.names, version=__version__, launcher=None,
        tiers={name: tier.text for name, (tier, _) in tiers.standing(registry, own=own, user=user).items()},
        explore=pack.explore,
    )  # fmt: skip
    return guides.without_head(render.page(folder, page.template, facts).decode("utf-8"))
