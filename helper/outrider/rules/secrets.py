"""What may be stored as a key, and under which name, without ever repeating what was typed."""

from collections.abc import Mapping

from outrider.errors import OutriderError
from outrider.rows import Provider
from outrider.rules.nearest import nearest

LONGEST = 8_192
FOREIGN = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
"""Claude Code's own: a login of the client is not ours to spend."""


CATALOGUES = {"ARTIFICIAL_ANALYSIS_API_KEY": "artificial-analysis"}
"""Keys of no provider: `catalog sync` reads these sources with them."""


def variables(providers: Mapping[str, Provider]) -> dict[str, str]:
    """Returns every variable that a provider or a source of the catalog reads, with its name."""
    return {name: provider.name for provider in providers.values() for name in provider.keys} | CATALOGUES


def variable_for(name: str, providers: Mapping[str, Provider]) -> str:
    """Returns the variable that a variable's or a provider's name stands for."""
    known = variables(providers)
    if name in known:
        return name
    for variable, source in CATALOGUES.items():
        if name == source:
            return variable
    if name in providers:
        if not providers[name].keys:
            raise OutriderError(f"{name} needs no key", hint="run `outrider providers` to see which do")
        return providers[name].keys[0]
    if name in FOREIGN:
        raise OutriderError(f"{name} is not read: {why_foreign()}", hint=foreign_hint(known))
    close = nearest(name, (*known, *providers))
    # A key in the place of a name must not be printed.
    shown = f"`{name}`" if close is not None or (len(name) <= 24 and name.isidentifier()) else "this"
    guess = f"did you mean `{close}`? " if close else ""
    raise OutriderError(
        f"{shown} is neither a provider nor a variable that one reads", hint=f"{guess}run `outrider providers`"
    )


def why_foreign() -> str:
    """Says why Claude Code's own variables are left alone."""
    return "Claude Code puts it into the shells that it starts, and would pay for what nobody chose"


def foreign_hint(known: Mapping[str, str]) -> str:
    """Returns the command for whoever wants API billing all the same."""
    own = next((name for name in known if name.endswith(f"_{FOREIGN[0]}")), None)
    return f"for API billing run `outrider keys set {own}`" if own else "run `outrider providers`"


def checked(value: str, *, variable: str) -> str:
    """Returns a key without the line end, quotes or name that were copied with it; raises for what is no key."""
    text = value.strip()
    text = text.removeprefix("export ").lstrip().removeprefix(f"{variable}=").strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    if not text:
        raise OutriderError("no key was given", hint=f"pipe it in, or type it after `outrider keys set {variable}`")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise OutriderError(
            "this is no key: it has a space, a line end or a character that no header can carry",
            hint="copy the key again, and nothing besides",
        )
    if len(text) > LONGEST:
        raise OutriderError(f"this is no key: it has more than {LONGEST:,} characters", hint="copy the key again")
    return text


def is_key(value: str) -> bool:
    """Whether a value can be stored as it is."""
    return value.isascii() and value.isprintable() and " " not in value and 0 < len(value) <= LONGEST
