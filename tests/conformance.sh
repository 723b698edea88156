#!/bin/sh
# Compares the lab with AWS: runs tests/lab/python/conformance_*.py, which drive a lab with independent clients (boto3 and
# botocore's own waiters), each against a lab of its own, two at a time.
#   tests/conformance.sh [SCRIPT...]
set -eu
cd "$(dirname "$0")/.."
lab=$(realpath "${CARGO_TARGET_DIR:-target}")/lab/holdfast-lab
python=.venv/bin/python
export HOLDFAST_LAB_BIN="$lab"

if [ $# -ne 1 ]; then
    # By size, so that one of the long ones is not the last.
    [ $# -gt 0 ] || set -- $(ls -S tests/lab/python/conformance_*.py)
    printf '%s\n' "$@" | xargs -P 2 -n 1 tests/conformance.sh
    exit
fi

stop() {
    [ -z "${pid:-}" ] || { kill "$pid" 2>/dev/null && wait "$pid" || :; }
    rm -rf "$directory"
}

directory=$(mktemp -d)
pid=
trap stop EXIT
trap 'exit 1' HUP INT TERM
mkfifo "$directory/said"
"$lab" --port 0 --dir "$directory/lab" --python "$python" >"$directory/said" &
pid=$!
exec 3<"$directory/said"
ready=
while read -r line <&3; do
    case $line in ready*) ready=$line && break ;; esac
done
[ -n "$ready" ] || { echo "the lab ended before it was ready" >&2; exit 1; }
# Printed at once: another script runs at the same time.
ended=0
(. "$directory/lab/env" && exec "$python" "$1") >"$directory/output" 2>&1 || ended=$?
{ echo "$1"; cat "$directory/output"; } >&2
exit "$ended"
