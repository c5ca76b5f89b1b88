#!/usr/bin/env bash
# Installs outrider for the user who runs it, from this checkout, on macOS, Linux or WSL. ./install.sh --help
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -u
umask 077

usage() {
    cat <<'END'
Usage: ./install.sh [OPTIONS]

Installs the outrider helper in an environment of its own, links it as ~/.local/bin/outrider, installs the
pack into Claude Code, and proves it all with `outrider demo`. Runs on macOS, Linux and WSL; needs Python 3.11
or newer, or uv, which fetches one. Needs no root, edits no profile, and may be run again at any time.

Options:
  --project       install the pack into the repository that you stand in, for its team, instead of your own folder
  --mcp           add the MCP library, and start the MCP server in every session of Claude Code
  --helper-only   the command alone: no pack, no demo
  --with bulk     add the library for very large batches
  --no-demo       do not run the demo at the end
  --dry-run       say what would be done, and do nothing
  --uninstall     remove the command and the pack; your keys and your ledger stay
  -h, --help      show this

OUTRIDER_DATA moves the environment (~/.local/share/outrider), OUTRIDER_HOME keys and ledger (~/.config/outrider),
OUTRIDER_PYTHON names the Python to use.
END
}

say() { printf '%s\n' "$*"; }

# fail CODE MESSAGE HINT
fail() {
    printf 'error: %s\nhint: %s\n' "$2" "$3" >&2
    exit "$1"
}

# shellcheck disable=SC2329 # called by the trap
clean_up() {
    case "$work" in
        */outrider-install.*) rm -rf "$work" ;;
    esac
    [ -z "$locked" ] || rm -rf "$share/lock"
}

read_options() {
    while [ "$#" -gt 0 ]; do
        case "$1" in
            --project) project=yes; pack_options+=(--project) ;;
            --mcp) extras="$extras mcp"; pack_options+=(--mcp) ;;
            --helper-only) helper_only=yes ;;
            --no-demo) demo="" ;;
            --dry-run) dry_run=yes ;;
            --uninstall) uninstall=yes ;;
            --with | --with=*)
                if [ "$1" = --with ]; then shift; fi
                case "${1:-}" in
                    bulk | --with=bulk) extras="$extras bulk" ;;
                    *) fail 2 "there is nothing called \`${1:-}\` to add" "--with bulk is the one" ;;
                esac
                ;;
            -h | --help) usage; exit 0 ;;
            *) fail 2 "unknown option \`$1\`" "./install.sh --help lists the options" ;;
        esac
        shift
    done
    case "$project $extras" in
        "yes "*mcp*) fail 2 "the MCP server is a user's own choice, no repository's" "./install.sh --mcp, and ./install.sh --project" ;;
    esac
}

# Sets where everything goes, and refuses a machine on which it could not work.
find_places() {
    case "$(uname -s)" in
        Darwin | Linux) ;;
        *) fail 2 "outrider runs on macOS, Linux and WSL, and this is $(uname -s)" \
            "on Windows, run \`wsl --install\`, then ./install.sh inside it" ;;
    esac
    case "${HOME:-}" in
        /*) ;;
        *) fail 2 "HOME is not set to a folder" "HOME=/path/to/your/home ./install.sh" ;;
    esac
    share="${OUTRIDER_DATA:-$HOME/.local/share/outrider}"
    case "$share" in
        */../* | */.. | */./* | *$'\n'*) fail 2 "OUTRIDER_DATA is not a plain path: $share" "write it without dots" ;;
        /?*) share="${share%/}" ;;
        *) fail 2 "OUTRIDER_DATA is not an absolute path: $share" "OUTRIDER_DATA=\$HOME/.local/share/outrider ./install.sh" ;;
    esac
    home="${OUTRIDER_HOME:-$(cat "$share/home" 2>/dev/null)}"
    home="${home:-$HOME/.config/outrider}"
    bin="$HOME/.local/bin"
    launcher="$share/bin/outrider"
    if [ -e "$share" ] && [ ! -f "$share/.outrider" ] && [ -n "$(ls -A "$share" 2>/dev/null)" ]; then
        fail 3 "$share is there and was not made by install.sh" "move it away, or set OUTRIDER_DATA to another folder"
    fi
    # A project's settings reach this environment: they must not decide what runs, or where keys are looked for.
    if [ -n "${CLAUDECODE:-}" ]; then
        if [ -n "${OUTRIDER_DATA:-}" ] && [ "$(readlink "$bin/outrider" 2>/dev/null)" != "$launcher" ]; then
            fail 5 "inside Claude Code, OUTRIDER_DATA cannot be set for the first time" "run ./install.sh from a terminal of your own"
        fi
        if [ -n "${OUTRIDER_HOME:-}" ] && [ "$OUTRIDER_HOME" != "$(cat "$share/home" 2>/dev/null)" ]; then
            fail 5 "inside Claude Code, OUTRIDER_HOME cannot be set for the first time" "run ./install.sh from a terminal of your own"
        fi
    fi
}

# Whether ~/.local/bin/outrider is absent, or a link that we made.
link_is_ours() {
    local target
    [ -L "$bin/outrider" ] || { [ ! -e "$bin/outrider" ]; return; }
    target="$(readlink "$bin/outrider")"
    [ "$target" = "$launcher" ] || [ -f "${target%/bin/outrider}/.outrider" ]
}

open_share() {
    local other
    if ! mkdir -p "$share/venvs" "$share/bin" 2>/dev/null || ! printf 'made by install.sh of outrider\n' 2>/dev/null > "$share/.outrider"; then
        fail 1 "cannot write to $share" "make it writable, or set OUTRIDER_DATA to a folder that is"
    fi
    if ! mkdir -p "$bin" 2>/dev/null || [ ! -w "$bin" ]; then
        fail 1 "cannot write to $bin" "make it writable: the command is linked there"
    fi
    if ! mkdir "$share/lock" 2>/dev/null; then
        other="$(cat "$share/lock/pid" 2>/dev/null)"
        if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
            fail 1 "another installation is running (process $other)" "wait for it to end"
        fi
    fi
    locked=yes
    mkdir -p "$share/lock" && printf '%s\n' "$$" > "$share/lock/pid"
    work="$(mktemp -d "${TMPDIR:-/tmp}/outrider-install.XXXXXX")" || fail 1 "cannot make a temporary folder" "set TMPDIR"
}

# Sets $python, fetching one through uv when the machine's is too old.
choose_python() {
    if python="$(find_python)"; then
        return
    fi
    if [ -n "${OUTRIDER_PYTHON:-}" ]; then
        fail 2 "OUTRIDER_PYTHON is no usable Python 3.11 or newer: $OUTRIDER_PYTHON" "unset it, or name another"
    fi
    if ! command -v uv >/dev/null 2>&1; then
        fail 2 "no Python 3.11 or newer was found" "install Python, or uv (https://docs.astral.sh/uv/), and run ./install.sh again"
    fi
    if [ -n "$dry_run" ]; then
        say "would fetch Python 3.12 through uv"
        return
    fi
    say "fetching Python 3.12 through uv"
    if ! { uv python find --quiet '>=3.11' || uv python install --quiet 3.12; } >/dev/null 2>&1 \
        || ! python="$(uv python find '>=3.11' 2>/dev/null)"; then
        fail 1 "uv could not fetch Python 3.12" "install Python 3.11 or newer, and run ./install.sh again"
    fi
}

# Builds the wheel of this checkout with tools that are pinned like the rest, and installs it.
install_package() {
    local venv="$1" wheel
    if [ -x "$venv/bin/pip" ]; then
        "$venv/bin/python" -m pip --disable-pip-version-check install -qq --require-hashes --target "$work/tools" \
            -r requirements-build.lock || return 1
    else
        uv pip install --quiet --python "$venv/bin/python" --require-hashes --target "$work/tools" \
            -r requirements-build.lock || return 1
    fi
    PYTHONPATH="$work/tools" PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -m hatchling build -t wheel -d "$work/dist" || return 1
    wheel="$(ls "$work"/dist/outrider-*.whl)" || return 1
    if [ -x "$venv/bin/pip" ]; then
        "$venv/bin/python" -m pip --disable-pip-version-check install -qq --no-deps --no-index "$wheel"
    else
        uv pip install --quiet --python "$venv/bin/python" --no-deps --no-index --compile-bytecode "$wheel"
    fi
}

# What an interpreter would read at every start and we never need: path files, and the packages that bring them.
lighten() {
    local site
    for site in "$1"/lib/python3.*/site-packages; do
        rm -rf "$site"/*.pth "$site"/_virtualenv.py "$site"/setuptools "$site"/setuptools-*.dist-info \
            "$site"/pkg_resources "$site"/_distutils_hack
    done
}

# Makes the environment $venv beside the one in use. It counts only once `complete` is in it.
build() {
    local locks=(requirements.lock) extra log="$share/install.log"
    for extra in $extras; do
        locks+=("requirements-$extra.lock")
    done
    say "installing outrider ${name%-*} into $venv, with $python"
    rm -rf "$venv"
    if ! { make_environment "$python" "$venv" "${locks[@]}" && install_package "$venv" && lighten "$venv" \
        && "$venv/bin/python" -I -m outrider --version; } > "$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail 1 "the helper could not be installed; what was there is untouched" "read $log, then run ./install.sh again"
    fi
    : > "$venv/complete"
}

# Puts the new environment in use. The launcher names it by its own path: a process that is
# still running from the old one keeps all its files.
switch_over() {
    local quoted old="" folder
    [ ! -f "$launcher" ] || old="$(sed -n "s/^exec '\(.*\)\/bin\/python' -I .*/\1/p" "$launcher")"
    quoted="$(printf '%s' "$venv/bin/python" | sed "s/'/'\\\\''/g")"
    if ! {
        {
            printf '#!/bin/sh\n# Written by install.sh. -I: a project must not choose what code this runs.\n'
            # Not -m: the module that it goes through costs 5 ms of every start.
            printf "exec '%s' -I -c 'from outrider.cli import main; main()' \"\$@\"\n" "$quoted"
        } > "$launcher.new" && chmod 700 "$launcher.new" \
            && printf '%s\n' "$home" > "$share/home.new" && mv -f "$share/home.new" "$share/home" \
            && printf '%s\n' "$extras" > "$share/extras" \
            && mv -f "$launcher.new" "$launcher" && ln -sfn "$venv" "$share/venv" \
            && ln -sf "$launcher" "$bin/.outrider.$$" && mv -f "$bin/.outrider.$$" "$bin/outrider"
    }; then
        fail 1 "cannot put the new environment in use" "run ./install.sh again once $share and $bin can be written"
    fi
    for folder in "$share"/venvs/*; do
        [ "$folder" = "$venv" ] || [ "$folder" = "$old" ] || rm -rf "$folder"
    done
}

install_helper() {
    local name venv python=""
    link_is_ours || fail 3 "$bin/outrider is there and is not ours" "move it away, then run ./install.sh again"
    [ ! -f "$share/extras" ] || extras="$extras $(cat "$share/extras")"
    # shellcheck disable=SC2086 # extras are words
    extras="$(printf '%s\n' $extras | sort -u | tr '\n' ' ')"
    extras="${extras% }"
    if [ -n "$dry_run" ]; then
        choose_python
        say "would install the helper into $share/venv${python:+, with $python}${extras:+, and with $extras}"
        say "would link $bin/outrider to $launcher"
        return
    fi
    choose_python
    open_share
    # shellcheck disable=SC2086 # extras are words
    name="$("$python" -I scripts/fingerprint.py $extras)" || fail 1 "$python could not read this checkout" "clone it again"
    venv="$share/venvs/$name"
    if [ -f "$venv/complete" ] && "$venv/bin/python" -I -m outrider --version >/dev/null 2>&1; then
        say "outrider ${name%-*} is installed already"
    else
        build
    fi
    switch_over
}

# The pack is installed by the helper itself.
install_pack() {
    [ -z "$helper_only" ] || return 0
    if [ -n "$dry_run" ]; then
        say "would install the pack with \`outrider install${pack_options[*]:+ ${pack_options[*]}}\`${demo:+ and run \`outrider demo\`}"
        return 0
    fi
    (cd "$started_in" && exec "$launcher" install ${pack_options[@]+"${pack_options[@]}"}) || status=$?
    if [ -n "$demo" ] && ! "$launcher" demo; then
        fail 1 "outrider is installed, but its demo failed" "$launcher doctor"
    fi
}

tell_how_to_start() {
    local line="export PATH=\"$bin:\$PATH\""
    say ""
    case ":$PATH:" in
        *":$bin:"*) say "outrider is ready: $bin/outrider" ;;
        *)
            case "${SHELL:-}" in
                */fish) line="fish_add_path $bin" ;;
            esac
            say "outrider is ready: $bin/outrider"
            say "$bin is not on your PATH. To type just \`outrider\`, add this line to your shell's profile:"
            say "    $line"
            ;;
    esac
    # The pack says so itself.
    # shellcheck disable=SC2016 # dollars of money
    [ -z "$helper_only" ] || say 'budgets: $1 a run, $10 a day, until you set your own'
}

# Removes what install_helper made, child by child, and nothing else.
remove_helper() {
    local child recorded
    if [ ! -f "$share/.outrider" ] && ! { [ -L "$bin/outrider" ] && link_is_ours; }; then
        say "outrider is not installed in $share"
        return
    fi
    recorded="$(cat "$share/home" 2>/dev/null)" || recorded="$home"
    if [ -n "$dry_run" ]; then
        say "would remove the pack, $bin/outrider and $share"
        return
    fi
    if [ -x "$launcher" ] && "$launcher" uninstall --help >/dev/null 2>&1; then
        # Without the helper nobody could tell what of the pack is the user's.
        if ! "$launcher" uninstall \
            || { [ -n "$project" ] && ! (cd "$started_in" && exec "$launcher" uninstall --project); }; then
            fail 1 "the pack could not be taken away, so the helper stays" "see above, then run ./install.sh --uninstall again"
        fi
    fi
    if [ -L "$bin/outrider" ] && [ "$(readlink "$bin/outrider")" = "$launcher" ]; then
        rm -f "$bin/outrider"
    fi
    if [ -f "$share/.outrider" ]; then
        for child in venvs bin lock; do
            [ -L "$share/$child" ] || rm -rf "${share:?}/$child"
        done
        for child in venv home home.new extras install.log .outrider; do
            rm -f "${share:?}/$child"
        done
        rmdir "$share" 2>/dev/null || say "$share holds other files, and stays"
    fi
    say "outrider is uninstalled; your keys and your ledger stay in $recorded"
}

main() {
    local source_folder started_in="$PWD" home="" bin="" launcher="" status=0
    local helper_only="" demo=yes dry_run="" uninstall="" extras="" project="" pack_options=()
    share="" work="" locked="" # not local: the trap at exit reads them
    read_options "$@"
    source_folder="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")" && pwd -P)" || exit 1
    if ! cd "$source_folder" || [ ! -f scripts/environment.sh ] || [ ! -f requirements.lock ]; then
        fail 2 "install.sh stands alone here" "clone the repository, and run ./install.sh in it"
    fi
    # shellcheck source=scripts/environment.sh
    . scripts/environment.sh
    find_places
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    if [ -n "$uninstall" ]; then
        remove_helper
        exit "$status"
    fi
    install_helper
    install_pack
    [ -n "$dry_run" ] || tell_how_to_start
    # One true thing about the last 30 days, where Claude Code has a history: three lines, and nothing leaves the machine.
    if [ -z "$dry_run" ] && [ -d "${CLAUDE_CONFIG_DIR:-$HOME/.claude}/projects" ]; then
        "$launcher" savings --brief 2>/dev/null || true
    fi
    exit "$status"
}

main "$@"
