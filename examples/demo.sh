#!/bin/sh
# The main job: record a scheduler, verify, replay and compare what it did, guard it with goldens; then
# a graph, the log of another scheduler, and a scheduler of one's own. Needs `nandtrace` and `python` on the PATH;
# works in a temporary folder.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$root"/golden "$root"/golden/graphs "$root"/tests/data/real/62176a9.jsonl "$root"/examples/*.py "$work"
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

say "Record the NAND scheduler with the default profile: three runs of 50 ms."
expect 0 nandtrace record --seed 1 --run-until 50ms -o one.mpk

say "Prove from the trace alone that it did everything right (exit code 0)."
expect 0 nandtrace verify one.mpk

say "The same, verified run by run while it is recorded."
expect 0 nandtrace record --live --seed 1 --run-until 50ms -o live.mpk
expect 0 nandtrace diff one.mpk live.mpk

say "Execute it again, whole, and one run from the snapshot before it."
expect 0 nandtrace replay one.mpk
expect 0 nandtrace replay one.mpk --run 1

say "The same seed gives the same trace ..."
expect 0 nandtrace record --seed 1 --run-until 50ms -o again.mpk
expect 0 nandtrace diff one.mpk again.mpk

say "... and a page program that takes longer another one: see where the two part (exit code 1)."
cat >slower.yaml <<'END'
extends: default
op_names:
  Page_Program_SLC: {durations_us: {CORE_BUSY: 350}}
END
cat slower.yaml
expect 0 nandtrace record --profile slower.yaml --seed 1 --run-until 50ms -o slower.mpk
expect 1 nandtrace diff --context 1 one.mpk slower.mpk

say "What was recorded, as a table."
expect 0 nandtrace export one.mpk --what timeline -o one.csv
expect 0 head -n 4 one.csv

say "Goldens: situations that must stay as they are, wrong ones with what verify must find in them."
expect 0 nandtrace golden check program-suspended-twice reset-in-the-middle violations/no-drain
expect 1 nandtrace verify --limit 1 golden/violations/no-drain.mpk

say "A dataflow graph, in which a watchdog stops two pumps: run, record, verify, look at the stop."
expect 0 nandtrace record graph graphs/kill_switch.py:build
expect 0 nandtrace verify kill_switch.mpk
nandtrace cat kill_switch.mpk | grep CONTROL

say "The log of another scheduler becomes a trace; it suspends programs that have ended (exit code 1)."
expect 0 nandtrace import 62176a9.jsonl
expect 1 nandtrace verify --limit 1 --only suspend-has-target 62176a9.mpk

say "A scheduler of one's own, traced through nandtrace.Recorder."
expect 0 python trace_toy.py toy.mpk
expect 0 nandtrace verify toy.mpk

printf '\ndemo: everything as expected\n'
