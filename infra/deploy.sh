#!/bin/sh
# Deploys a stack with the SAM CLI, with the usual AWS environment.
#   infra/deploy.sh STACK [Parameter=value ...]
# TEMPLATE=efs-access deploys infra/efs-access.yaml instead of infra/template.yaml.
# For AWS it uses the output of `make build`. In a lab's environment (.lab/env sets HOLDFAST_LAB) it uses that of
# `make bins`, in an archive that all labs share: the SAM CLI would zip the directory for each of them.
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
    # A lab responds at once.
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
    # A link of its own, so that the next build does not change the file during this deployment.
    ln "$archive" "$made/functions.zip" 2>/dev/null || cp "$archive" "$made/functions.zip"
    code=$made/functions.zip
fi
"${YAML_PYTHON:-.venv-sam/bin/python}" infra/assemble.py ${code:+--code "$code"} "infra/${TEMPLATE:-template}.yaml" "$made/template.yaml"

# The SAM CLI accepts a value with spaces, such as a schedule, only in quotes.
for parameter in "$@"; do
    shift
    value=$(printf '%s' "${parameter#*=}" | sed 's/[\\"]/\\&/g')
    set -- "$@" "${parameter%%=*}=\"$value\""
done
[ $# -eq 0 ] || set -- --parameter-overrides "$@"
"$sam" deploy --config-file "$PWD/infra/samconfig.toml" --template-file "$made/template.yaml" --stack-name "$stack" "$@"
