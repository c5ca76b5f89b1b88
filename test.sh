#!/usr/bin/env bash
# Runs the checks and tests. Needs Python 3.11 or newer; makes its own environment in .venv-test.
#
#   ./test.sh [PYTEST ARGUMENTS]       the fast lane: format, lint, types, imports, tests, coverage of the pure rooms
#   ./test.sh LANE [PYTEST ARGUMENTS]  one other lane: process (whole commands by the hundred, and the long end of
#                                      tables), litellm, torture, page, e2e, mcp, peers, ray, bench
#   ./test.sh all                      every lane but bench, and how many seconds each took
set -uo pipefail
# Where Python may keep no compiled modules, each of two workers rewrites every test in every run.
unset PYTHONDONTWRITEBYTECODE

failed="" taken="" room=""
pure=(tests/rules tests/wire tests/providers tests/transcripts)

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

# timed NAME COMMAND: notes the seconds of a lane.
timed() {
    local name="$1" began="$SECONDS"
    shift
    "$@"
    taken="$taken$(printf '\n%-8s %5d s' "$name" "$((SECONDS - began))")"
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

# The tests make thousands of small homes: in memory, where the machine has the room and lets programs run there.
make_room() {
    [ -z "$room" ] || return
    room="$(mktemp -d /dev/shm/o.XXXXXX 2>/dev/null)" || room="$(mktemp -d)" || exit 1
    trap 'chmod -R u+rwX "$room" && rm -rf "$room"' EXIT
    printf '#!/bin/sh\n' > "$room/try"
    chmod +x "$room/try"
    if "$room/try" 2>/dev/null && [ "$(df -Pk "$room" | awk 'NR == 2 { print $4 }')" -gt 2000000 ]; then
        export PYTEST_DEBUG_TEMPROOT="$room"
    fi
}

pure_rooms() {
    "$environment/bin/python" -m pytest --cov --cov-report= "${pure[@]}" && cover
}

# shown STATUS FILE: prints what was done aside, and ends as it did.
shown() {
    cat "$2"
    return "$1"
}

fast() {
    local bin="$environment/bin" workers=() others=()
    make_room
    if [ "$#" -eq 0 ]; then
        many_cores && workers=(-n 2 --dist loadgroup)
        # The pure rooms' own tests alone make their coverage, in one process, beside everything else: to measure it
        # makes any other test slower, and a second worker would double what it costs.
        pure_rooms > "$room/pure" 2>&1 &
        check "format" "$bin/ruff" format --check .
        check "lint" "$bin/ruff" check .
        check "types" "$bin/mypy"
        check "imports" env PYTHONPATH=helper "$bin/lint-imports" --no-logo
        others=("${pure[@]/#/--ignore=}")
        check "tests" "$bin/python" -m pytest ${workers[@]+"${workers[@]}"} "${others[@]}"
        wait "$!"
        check "tests and coverage of the pure rooms" shown "$?" "$room/pure"
    else
        check "tests" "$bin/python" -m pytest "$@"
    fi
}

# lane NAME FOLDER [PYTEST ARGUMENTS]: tests that carry the lane's mark, in its folder.
lane() {
    local name="$1" folder="$2" found=no folders=("$2")
    shift 2
    if [ ! -d "$folder" ]; then
        say "SKIPPED $name: there is no $folder yet"
        return
    fi
    say "lane $name"
    [ "$name" = e2e ] && folders+=(tests/transcripts) # the histories that the client writes
    case "$name" in
        process) make_room ;;
        torture) unset PYTEST_DEBUG_TEMPROOT ;; # what it is about is the disk
        mcp) "$environment/bin/python" -m tests.mcp.npm || say "mcp: its tests skip what is missing" ;;
    esac
    case "$name" in
        e2e | process | torture) # most of them wait: for the client, for a disk, for other processes
            if many_cores; then
                marked "$name and not alone" -n 2 --dist loadgroup "${folders[@]}" "$@"
                marked "$name and alone" "${folders[@]}" "$@"
                [ "$name" = process ] && OUTRIDER_EXAMPLES=many marked hypothesis -n 2 "${folders[@]}" "$@"
            else
                marked "$name" "${folders[@]}" "$@"
            fi
            ;;
        *) marked "$name" "${folders[@]}" "$@" ;;
    esac
    [ "$found" = yes ] || say "SKIPPED $name: no test in $folder is marked $name"
}

# marked MARKS ARGUMENTS: a part of a lane; that there is no such test is not a failure. What Hypothesis makes up, every
# run tries a few times (tests/conftest.py), and the lane `process` many times.
marked() {
    local status
    "$environment/bin/python" -m pytest -m "$@"
    status=$?
    [ "$status" -eq 5 ] && return
    found=yes
    [ "$status" -eq 0 ] || failed="$failed [$name]"
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
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' test.sh; exit 0 ;;
        fast | all | process | litellm | torture | page | e2e | mcp | peers | ray | bench) [ "$#" -gt 0 ] && shift ;;
        -* | tests | tests/*) what=fast ;;
        *) printf "error: there is no lane \`%s\`\nhint: ./test.sh --help lists them\n" "$what" >&2; exit 2 ;;
    esac
    prepare
    case "$what" in
        fast) fast "$@" ;;
        litellm) lane litellm tests/litellm_proxy "$@" ;;
        bench) bench "$@" ;;
        process) lane process tests "$@" ;;
        all)
            timed fast fast
            timed page lane page tests/page
            timed litellm lane litellm tests/litellm_proxy
            timed peers lane peers tests/peers
            timed mcp lane mcp tests/mcp
            timed ray lane ray tests/ray
            timed e2e lane e2e tests/e2e
            timed process lane process tests
            timed torture lane torture tests/torture
            say "SKIPPED bench: it measures and judges nothing; run ./test.sh bench"
            printf '%s\n' "$taken"
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
