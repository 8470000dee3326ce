#!/bin/sh
# The main job on bundled data: import logs of a real scheduler, learn what is wrong in them, trace a
# scheduler of one's own. Needs `nandtrace` and `python` on the PATH; works in a temporary folder.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root"/tests/data/real/*.jsonl "$root"/examples/*.py "$work"
cd "$work"

say() {
    printf '\n# %s\n' "$*"
}

# expect CODE COMMAND...: print the command, run it, and fail unless it exits with CODE.
expect() {
    wanted=$1
    shift
    printf '\n$ %s\n' "$*"
    code=0
    "$@" || code=$?
    if [ "$code" -ne "$wanted" ]; then
        echo "demo: exit code $code where $wanted was expected: $*" >&2
        exit 1
    fi
}

say "Logs of a real scheduler become traces."
for log in *.jsonl; do
    expect 0 nandtrace import "$log"
done

say "One of them is right (exit code 0) ..."
expect 0 nandtrace verify 3ed79f5-mix.mpk

say "... and one suspends programs that have already ended (exit code 1)."
expect 1 nandtrace verify --limit 1 62176a9.mpk

say "A scheduler of one's own, traced through nandtrace.Recorder."
expect 0 python trace_toy.py toy.mpk
expect 0 nandtrace verify toy.mpk
expect 0 nandtrace info toy.mpk

say "The same seed gives the same trace, another seed another one."
expect 0 python trace_toy.py again.mpk
expect 0 nandtrace diff toy.mpk again.mpk
expect 0 python trace_toy.py other.mpk --seed 2
expect 1 nandtrace diff --context 1 toy.mpk other.mpk

printf '\ndemo: everything as expected\n'
