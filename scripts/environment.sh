# Finds a Python and makes isolated environments with it; sourced by install.sh and test.sh.
# Bash 3.2 is enough, because that is what macOS ships. Expects $source_folder, the checkout.
# shellcheck shell=bash

# Whether this interpreter is new enough and has the parts of the standard library that some systems leave out.
python_fits() {
    "$1" -I -c 'import sys, hashlib, sqlite3, ssl, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Prints the path of the Python to use: $OUTRIDER_PYTHON, else the newest that fits; fails when there is none.
find_python() {
    local name path
    if [ -n "${OUTRIDER_PYTHON:-}" ]; then
        python_fits "$OUTRIDER_PYTHON" && printf '%s\n' "$OUTRIDER_PYTHON"
        return
    fi
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        path="$(command -v "$name" 2>/dev/null)" || continue
        # Without Apple's tools this one is a stub that opens a dialog.
        if [ "$path" = /usr/bin/python3 ] && [ "$(uname -s)" = Darwin ] && ! xcode-select -p >/dev/null 2>&1; then
            continue
        fi
        if python_fits "$path"; then
            printf '%s\n' "$path"
            return 0
        fi
    done
    return 1
}

# make_with_uv PYTHON FOLDER LOCK...: an environment without pip, whose packages were checked by hash.
make_with_uv() {
    local python="$1" folder="$2" lock
    shift 2
    uv venv --quiet --no-project --python "$python" "$folder" || return 1
    for lock in "$@"; do
        uv pip install --quiet --python "$folder/bin/python" --compile-bytecode --require-hashes -r "$lock" || return 1
    done
}

# make_with_pip PYTHON FOLDER LOCK...: the same with the standard library's venv, and our own pip where it has none.
make_with_pip() {
    local python="$1" folder="$2" lock wheel
    shift 2
    if ! "$python" -I -m venv "$folder" >/dev/null 2>&1 || ! [ -x "$folder/bin/pip" ]; then
        rm -rf "$folder"
        "$python" -I -m venv --without-pip "$folder" || return 1
        wheel="$("$folder/bin/python" -I "$source_folder/scripts/fetch_pip.py" "$folder/pip-wheel")" || return 1
        "$folder/bin/python" "$wheel/pip" install -qq --no-index "$wheel" || return 1
        rm -rf "$folder/pip-wheel"
    fi
    for lock in "$@"; do
        "$folder/bin/python" -m pip --disable-pip-version-check install -qq --require-hashes -r "$lock" || return 1
    done
}

# make_environment PYTHON FOLDER LOCK...: with uv where it is present and works, else with venv and pip.
make_environment() {
    local python="$1" folder="$2"
    shift 2
    if command -v uv >/dev/null 2>&1; then
        make_with_uv "$python" "$folder" "$@" && return 0
        # uv does not read pip's configuration: behind a company's own index only pip may get through.
        printf 'uv could not make the environment; trying venv and pip\n' >&2
        rm -rf "$folder"
        [ -x "$(command -v "$python")" ] || return 1
    fi
    make_with_pip "$python" "$folder" "$@"
}
