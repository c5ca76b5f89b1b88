"""How a place in the settings is written: `$.models["openai.gpt"].price.tiers[0]`."""


def inside(path: str, key: str | int) -> str:
    """Returns the path of a member; names that are no plain words stand in brackets."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if key.isascii() and key.isidentifier():
        return f"{path}.{key}"
    return f'{path}["{key[:80]}"]'
