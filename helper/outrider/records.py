"""A frozen, slotted, keyword-only record that costs next to nothing to define.

The same promises as `@dataclass(frozen=True, slots=True, kw_only=True)`, whose code is generated when a module is
imported: half a millisecond each, a quarter of the whole start of a command that needs forty of them. Here all
records share five functions. Type checkers see a dataclass.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, dataclass_transform

Record = TypeVar("Record")
Made = TypeVar("Made")
Things = ParamSpec("Things")
MEMORY = 32
"""So many results are kept at most; then all are forgotten."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(plain: type[Record]) -> type[Record]:
    """Makes a class of annotated fields, with or without defaults, into a record."""
    names = tuple(plain.__annotations__)
    namespace: dict[str, Any] = {
        name: value
        for name, value in vars(plain).items()
        if name not in names and name not in {"__dict__", "__weakref__"}
    }
    namespace |= {
        "__slots__": names,
        "_names": frozenset(names),
        "_defaults": {name: vars(plain)[name] for name in names if name in vars(plain)},
        "__init__": _init, "__eq__": _eq, "__hash__": _hash, "__repr__": _repr,
        "__setattr__": _refuse, "__delattr__": _refuse, "__reduce__": _reduce,
    }  # fmt: skip
    made: Any = type(plain)
    result: type[Record] = made(plain.__name__, plain.__bases__, namespace)
    # What sets each field, past the refusal to do so: looked up once, since ten thousand questions make a million.
    result.__setters__ = tuple((name, vars(result)[name].__set__) for name in names)  # type: ignore[attr-defined]
    return result


def replace(old: Record, **changes: Any) -> Record:
    """Returns a record like the old one but for these fields."""
    kind: Any = type(old)
    new: Record = object.__new__(kind)
    left = len(changes)
    for name, put in kind.__setters__:
        if name in changes:
            put(new, changes[name])
            left -= 1
        else:
            put(new, getattr(old, name))
    if left:
        raise TypeError(f"{kind.__name__} has no `{next(name for name in changes if name not in kind.__slots__)}`")
    return new


def memo(make: Callable[Things, Made]) -> Callable[Things, Made]:
    """Keeps what a pure function made of the last few things; but for texts it knows them again by identity alone.

    For records and other values that nothing changes: equal ones may be large, and are mostly the same one anyway.
    """
    kept: dict[tuple[str | int, ...], tuple[tuple[Any, ...], Made]] = {}

    def remembered(*things: Things.args, **named: Things.kwargs) -> Made:
        if named:
            return make(*things, **named)  # known by place alone
        key = tuple([thing if type(thing) is str else id(thing) for thing in things])
        found = kept.get(key)
        if found is None:
            if len(kept) >= MEMORY:
                kept.clear()
            # The things are kept beside, so that no other can have their identity.
            found = kept[key] = (things, make(*things, **named))
        return found[1]

    return remembered


def as_dict(value: Any) -> dict[str, Any]:
    """Returns a record's fields by name, in order; values stay as they are."""
    return {name: getattr(value, name) for name in value.__slots__}


def _init(self: Any, **values: Any) -> None:
    whole = {**self._defaults, **values}
    setters = self.__setters__
    if len(whole) > len(setters):
        raise TypeError(f"{type(self).__name__} has no `{next(name for name in values if name not in self._names)}`")
    try:
        for name, put in setters:
            put(self, whole[name])
    except KeyError as missing:
        raise TypeError(f"{type(self).__name__} needs `{missing.args[0]}`") from None


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__slots__)


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash((type(self), _values(self)))


def _repr(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
    return f"{type(self).__name__}({fields})"


def _reduce(self: Any) -> tuple[Any, ...]:
    """Says how a pickle makes this again: what it does by itself would set fields, which is refused."""
    return _remade, (type(self), _values(self))


def _remade(kind: Any, values: tuple[Any, ...]) -> Any:
    new = object.__new__(kind)
    for (_, put), value in zip(kind.__setters__, values, strict=True):
        put(new, value)
    return new


def _refuse(self: Any, name: str, _value: object = None) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} cannot be changed; make a new record")
