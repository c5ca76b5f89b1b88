#!/usr/bin/env bash
# Runs the checks and tests. Needs Python 3.11 or newer; makes its own environment in .venv-test.
#
#   ./test.sh [PYTEST ARGUMENTS]       the fast lane: format, lint, types, imports, tests, coverage of the pure rooms
#   ./test.sh LANE [PYTEST ARGUMENTS]  one other lane: litellm, torture, page, e2e, peers, mcp, bench
#   ./test.sh all                      every lane but bench
set -uo pipefail

failed=""

say() { printf '\n== %s\n' "$*"; }

prepare() {
    local python stamp
    if ! python="$(find_python)"; then
        printf 'error: no Python 3.11 or newer was found\nhint: install one, or name it: OUTRIDER_PYTHON=/path/to/python3 ./test.sh\n' >&2
        exit 2
    fi
    stamp="$("$python" -I -c 'import hashlib, sys
print(sys.version_info[:2], hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' requirements-dev.lock)" || exit 1
    if [ "$(cat "$environment/stamp" 2>/dev/null)" != "$stamp" ]; then
        say "making $environment with $python"
        rm -rf "$environment"
        make_environment "$python" "$environment" requirements-dev.lock || exit 1
        # The tests start `python -I -m outrider`, which no PYTHONPATH reaches.
        printf '%s\n' "$source_folder/helper" > "$("$environment/bin/python" -I -c 'import sysconfig
print(sysconfig.get_path("purelib"))')/outrider-checkout.pth" || exit 1
        printf '%s' "$stamp" > "$environment/stamp"
    fi
}

check() {
    local name="$1"
    shift
    say "$name"
    "$@" || failed="$failed [$name]"
}

many_cores() { [ "$("$environment/bin/python" -c 'import os; print(os.cpu_count())')" -gt 1 ]; }

# A room below its floor is named with the lines that no test reached.
cover() {
    local room
    for room in rules wire providers; do
        "$environment/bin/coverage" report --include="*/outrider/$room/*" --show-missing --skip-covered \
            --fail-under=95 || { printf 'coverage of %s/ is below 95 %%\n' "$room"; return 1; }
    done
}

fast() {
    local bin="$environment/bin" workers=()
    if [ "$#" -eq 0 ]; then
        check "format" "$bin/ruff" format --check .
        check "lint" "$bin/ruff" check .
        check "types" "$bin/mypy"
        check "imports" env PYTHONPATH=helper "$bin/lint-imports" --no-logo
        many_cores && workers=(-n 2 --dist loadgroup)
        check "tests" "$bin/python" -m pytest --cov --cov-report= ${workers[@]+"${workers[@]}"}
        check "coverage" cover
    else
        check "tests" "$bin/python" -m pytest "$@"
    fi
}

# lane NAME FOLDER [PYTEST ARGUMENTS]: tests that carry the lane's mark, in its folder.
lane() {
    local name="$1" folder="$2" status folders=("$2") workers=()
    shift 2
    if [ ! -d "$folder" ]; then
        say "SKIPPED $name: there is no $folder yet"
        return
    fi
    say "lane $name"
    [ "$name" != mcp ] || "$environment/bin/python" -m tests.mcp.npm || say "mcp: its tests skip what is missing"
    if [ "$name" = e2e ]; then
        folders+=(tests/transcripts) # the histories that the client writes
        many_cores && workers=(-n 2 --dist loadgroup) # the client waits more than it works
    fi
    "$environment/bin/python" -m pytest -m "$name" ${workers[@]+"${workers[@]}"} "${folders[@]}" "$@"
    status=$?
    if [ "$status" -eq 5 ]; then
        say "SKIPPED $name: no test in $folder is marked $name"
    elif [ "$status" -ne 0 ]; then
        failed="$failed [$name]"
    fi
}

# Every measurement in bench/, one after the other; they print tables.
bench() {
    local file
    for file in bench/[a-z]*.py; do
        [ -e "$file" ] || { say "SKIPPED bench: there is no bench/ yet"; return; }
        check "bench ${file##*/}" env PYTHONPATH=helper "$environment/bin/python" -m "bench.$(basename "$file" .py)" "$@"
    done
}

main() {
    local source_folder environment=.venv-test what="${1:-fast}"
    cd "$(dirname "$0")" || exit 1
    source_folder="$(pwd -P)"
    # shellcheck source=scripts/environment.sh
    . scripts/environment.sh
    case "$what" in
        -h | --help) sed -n '2,6s/^# \{0,1\}//p' test.sh; exit 0 ;;
        fast | all | litellm | torture | page | e2e | peers | mcp | bench) [ "$#" -gt 0 ] && shift ;;
        -* | tests | tests/*) what=fast ;;
        *) printf "error: there is no lane \`%s\`\nhint: ./test.sh --help lists them\n" "$what" >&2; exit 2 ;;
    esac
    prepare
    case "$what" in
        fast) fast "$@" ;;
        litellm) lane litellm tests/litellm_proxy "$@" ;;
        bench) bench "$@" ;;
        all)
            fast
            lane litellm tests/litellm_proxy
            lane torture tests/torture
            lane page tests/page
            lane e2e tests/e2e
            lane peers tests/peers
            lane mcp tests/mcp
            say "SKIPPED bench: it measures and judges nothing; run ./test.sh bench"
            ;;
        *) lane "$what" "tests/$what" "$@" ;;
    esac
    if [ -n "$failed" ]; then
        printf '\nfailed:%s\n' "$failed"
        exit 1
    fi
    printf '\nall passed\n'
}

main "$@"
