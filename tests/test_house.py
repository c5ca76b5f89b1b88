"""The house keeps its shape: short rooms, one importer per library, pure rules, and no provider's name on the loose."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "helper" / "outrider"
MODULES = tuple(sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")))
TESTS = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")))
SLOW_LANES = ("tests/bench/", "tests/e2e/", "tests/live/", "tests/litellm_proxy/", "tests/mcp/", "tests/peers/",
              "tests/ray/", "tests/torture/")  # fmt: skip

PURE = ("data.py", "rows.py", "errors.py", "records.py", "rules/", "providers/", "wire/")
IMPURE_MODULES = {
    "aiohttp", "asyncio", "click", "ctypes", "httpcore2", "httpx2", "io", "jinja2", "jsonschema", "locale", "mcp",
    "multiprocessing", "os", "pathlib", "platform", "random", "secrets", "select", "shutil", "signal", "socket",
    "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request", "uuid", "yaml",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}
CLOCKS = {"now", "utcnow", "today"}
IMPORTERS = {
    "aiohttp": ("doors/transport/line",),
    "click": ("cli/",),
    "httpcore2": ("doors/transport",),
    "httpx2": ("doors/transport",),
    "jinja2": ("doors/render",),
    "jsonschema": ("doors/schemas",),
    "mcp": ("mcp_", "doors/tools"),
    "ray": ("jobs/ray",),
    "starlette": ("serve/",),
    "sqlite3": ("doors/ledger", "doors/catalog", "doors/transcripts_book"),
    "uvicorn": ("serve/",),
    "yaml": ("doors/documents",),
}
pytestmark = pytest.mark.xdist_group("house")  # so that each file is parsed once
VAGUE_NAMES = {"base", "common", "core", "helper", "helpers", "manager", "misc", "shared", "util", "utils"}

# A provider is known in its own file, in the tables of models, and to the importers of other tools' settings;
# redaction knows what keys look like, and some begin with their vendor's name.
MAY_NAME_PROVIDERS = ("providers/", "interop/", "doors/catalog", "rules/redaction")
DIALECTS = {"anthropic", "echo", "native", "ollama", "openai"}
# The client that we serve is called as one provider is: in code the word may stand for it, in strings these may.
CLIENT = "claude"
CLIENT_NAMES = re.compile(
    r"claude[ _-]code|claude subagents?|\.claude\b|\bclaudecode|\bclaude_\w+|claude (?:plugin|update)\b", re.IGNORECASE
)
# These look for the client's program, which is called so.
LOOK_FOR_CLIENT = ("doors/client_",)
ENGLISH_WORDS = {"together"}


@cache
def tree(module: str) -> ast.Module:
    """Parses a file of the package."""
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Names every module that an import statement reaches for, with its parents."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: length + 1]) for length in range(len(parts)))


@cache
def imports(module: str) -> frozenset[str]:
    """Names every module that a file of the package reaches for, with its parents."""
    return frozenset(name for node in ast.walk(tree(module)) for name in imported(node))


def docstrings(parsed: ast.Module) -> set[int]:
    """Finds the constants that are docstrings: they may name whom they like."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(statement.value)
        for node in ast.walk(parsed)
        for statement in (node.body if isinstance(node, holders) else [])
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }


def words(parsed: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields every string and every name that code is made of, with its line, without the names of the client."""
    skipped = docstrings(parsed)
    for node in ast.walk(parsed):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in skipped:
                yield node.lineno, CLIENT_NAMES.sub(" ", text).lower()
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.keyword(arg=str(text)):
                yield node.lineno, text.lower().replace(CLIENT, "")
            case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text.lower().replace(CLIENT, "")


@cache
def providers() -> frozenset[str]:
    """Reads the providers' names from the registry's source."""
    rows = yaml.safe_load((ROOT / "templates" / "registry.yaml").read_text(encoding="utf-8"))
    return frozenset(rows["providers"])


def test_a_module_is_short_and_says_what_it_is_for() -> None:
    """No file reaches 300 lines, and each begins with what the room is for."""
    lines = {module: len((PACKAGE / module).read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {module: count for module, count in lines.items() if count >= 300} == {}
    assert [module for module in MODULES if not ast.get_docstring(tree(module))] == []


def test_a_module_has_a_name_that_means_something() -> None:
    """A room that is called utils collects what nobody placed."""
    assert [module for module in MODULES if VAGUE_NAMES & set(module.removesuffix(".py").split("/"))] == []


def test_an_outside_library_has_one_room() -> None:
    """Only its own room imports it, so that replacing it touches one place."""
    wrong = {
        library: [module for module in MODULES if library in imports(module) and not module.startswith(rooms)]
        for library, rooms in IMPORTERS.items()
    }
    assert wrong == {library: [] for library in IMPORTERS}


def test_a_pure_room_stays_pure() -> None:
    """No clock, no chance, no file, no network: what a rule decides from is handed to it."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        if module.startswith(PURE):
            found[module] = IMPURE_MODULES & imports(module)
            for node in ast.walk(tree(module)):
                match node:
                    case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS:
                        found[module].add(f".{name}()")
                    case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                        found[module].add(f"{name}()")
    assert len(found) > 100
    assert {module: wrong for module, wrong in found.items() if wrong} == {}


def test_no_provider_is_named_outside_its_place() -> None:
    """A provider's quirk has one place, so its name has too; the dialects' names are not meant."""
    found = {}
    for module in MODULES:
        if module.startswith(MAY_NAME_PROVIDERS):
            continue
        names = providers() - DIALECTS - ({CLIENT} if module.startswith(LOOK_FOR_CLIENT) else set())
        for line, text in words(tree(module)):
            said = set(re.findall(r"[a-z0-9]+", text)) & names - ENGLISH_WORDS
            said |= {word for word in ENGLISH_WORDS & names if re.match(rf"{word}([./_]|$)", text)}
            if said:
                found[f"{module}:{line}"] = sorted(said)
    assert found == {}


def test_imports_point_only_down() -> None:
    """The floors of the design hold, as import-linter reads them."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper"), "PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_test_says_what_it_shows() -> None:
    """Tests are plain functions, each with a sentence of behaviour; none mocks, and none in the fast lane sleeps."""
    assert {module: wrong for module in TESTS if (wrong := unlike_the_others(module))} == {}


def unlike_the_others(module: str) -> list[str]:
    """Returns what is wrong with the tests of a file."""
    wrong = []
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        match node:
            case ast.ClassDef(name=name) if name.startswith("Test"):
                wrong.append(f"{name} is a class")
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name.startswith("test_"):
                wrong += [] if ast.get_docstring(node) else [f"{node.name} has no docstring"]
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep") if not module.startswith(SLOW_LANES):
                wrong.append(f"line {node.lineno} sleeps")
        wrong += ["it mocks"] if {"unittest.mock", "mock"} & set(imported(node)) else []
    return wrong


def test_there_is_one_version() -> None:
    """The package, the build and the newest entry of the changelog agree."""
    version = re.search(r'^__version__ = "(.+)"$', (PACKAGE / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    newest = re.search(r"^## \[?v?(\d[^\s\]]*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "helper/outrider/__init__.py"
    assert newest is not None
    assert newest.group(1) == version.group(1)


def test_there_are_few_dependencies() -> None:
    """Five outside libraries at most, each with one room."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[<>=!~ \[]", line)[0] for line in project["dependencies"]}
    assert names == {"click", "httpx2", "jinja2", "jsonschema", "pyyaml"}
