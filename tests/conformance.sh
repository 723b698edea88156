#!/bin/sh
# Is the lab AWS? Runs tests/lab/python/conformance_*.py, which drive a lab with clients that are not ours (boto3 and
# botocore's own waiters), each against a lab of its own.
set -eu
cd "$(dirname "$0")/.."
lab=$(realpath "${CARGO_TARGET_DIR:-target}")/lab/holdfast-lab
python=.venv/bin/python
export HOLDFAST_LAB_BIN="$lab"

stop() {
    [ -z "${pid:-}" ] || { kill "$pid" 2>/dev/null && wait "$pid" || :; }
    rm -rf "$directory"
}

for script in tests/lab/python/conformance_*.py; do
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
    (. "$directory/lab/env" && exec "$python" "$script")
    trap - EXIT
    stop
    exec 3<&-
done
