#!/bin/sh
# Deploys a stack with the SAM CLI, to wherever the usual AWS environment points.
#   infra/deploy.sh STACK [Parameter=value ...]
# TEMPLATE=efs-access deploys that one of infra/ instead of template.yaml.
# For AWS it takes what `make build` made. In the environment of a lab (.lab/env sets HOLDFAST_LAB) it takes what
# `make bins` made, of an archive, which is made once for all labs: the SAM CLI would zip the directory for each of them.
set -eu
cd "$(dirname "$0")/.."
stack=${1:?usage: infra/deploy.sh STACK [Parameter=value ...]}
shift
sam=${SAM:-.venv-sam/bin/sam}
target=${CARGO_TARGET_DIR:-target}
export SAM_CLI_TELEMETRY=0

mkdir -p "$target"
made=$(mktemp -d "$target/stack.XXXXXX")
trap 'rm -rf "$made"' EXIT
trap 'exit 1' HUP INT TERM
code=
if [ -n "${HOLDFAST_LAB:-}" ]; then
    # It answers at once.
    export SAM_CLI_POLL_DELAY=0.1
    program="$target/lab/functions"
    archive="$program.zip"
    if ! [ "$archive" -nt "$program" ]; then
        "${PYTHON:-python3}" - "$program" "$made/functions.zip" <<'END'
import sys, zipfile
zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED, compresslevel=1).write(sys.argv[1], "bootstrap")
END
        mv "$made/functions.zip" "$archive"
    fi
    # Under a name of its own, so that the next build changes nothing under way.
    ln "$archive" "$made/functions.zip" 2>/dev/null || cp "$archive" "$made/functions.zip"
    code=$made/functions.zip
fi
.venv-sam/bin/python infra/assemble.py ${code:+--code "$code"} "infra/${TEMPLATE:-template}.yaml" "$made/template.yaml"

# The SAM CLI reads a value with spaces, such as a schedule, only in quotes.
for parameter in "$@"; do
    shift
    value=$(printf '%s' "${parameter#*=}" | sed 's/[\\"]/\\&/g')
    set -- "$@" "${parameter%%=*}=\"$value\""
done
[ $# -eq 0 ] || set -- --parameter-overrides "$@"
"$sam" deploy --config-file "$PWD/infra/samconfig.toml" --template-file "$made/template.yaml" --stack-name "$stack" "$@"
