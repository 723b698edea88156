#!/bin/sh
# Deploys a stack with the SAM CLI, to wherever the usual AWS environment points.
#   infra/deploy.sh STACK [Parameter=value ...]
# TEMPLATE=efs-access deploys that one of infra/ instead of template.yaml.
# For AWS it takes what `make build` made. In the environment of a lab (.lab/env sets HOLDFAST_LAB) it takes what
# `make bins` made. Both deploy the same template, which finds the one program of all functions in
# ../target/lambda/functions/: for a lab that layout is made in a directory of its own, so that the two builds never mix,
# and of an archive, which is made once for all labs: the SAM CLI would zip the directory for each of them.
set -eu
cd "$(dirname "$0")/.."
stack=${1:?usage: infra/deploy.sh STACK [Parameter=value ...]}
shift
sam=${SAM:-.venv-sam/bin/sam}
target=${CARGO_TARGET_DIR:-target}
template=${TEMPLATE:-template}.yaml
root=.
export SAM_CLI_TELEMETRY=0

if [ -n "${HOLDFAST_LAB:-}" ]; then
    # It answers at once.
    export SAM_CLI_POLL_DELAY=0.1
    mkdir -p "$target"
    root=$(mktemp -d "$target/lab-stack.XXXXXX")
    trap 'rm -rf "$root"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir "$root/infra"
    cp infra/*.yaml infra/samconfig.toml "$root/infra/"
    sed -i.dirs 's#\(CodeUri: ../target/lambda/.*\)/$#\1.zip#' "$root/infra/$template"
    cp -R state-machines "$root/"
    mkdir -p "$root/target/lambda"
    program="$target/lab/functions"
    archive="$program.zip"
    if ! [ "$archive" -nt "$program" ]; then
        "${PYTHON:-python3}" - "$program" "$root/functions.zip" <<'END'
import sys, zipfile
zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED, compresslevel=1).write(sys.argv[1], "bootstrap")
END
        mv "$root/functions.zip" "$archive"
    fi
    ln "$archive" "$root/target/lambda/functions.zip" 2>/dev/null || cp "$archive" "$root/target/lambda/functions.zip"
fi

# The SAM CLI reads a value with spaces, such as a schedule, only in quotes.
for parameter in "$@"; do
    shift
    value=$(printf '%s' "${parameter#*=}" | sed 's/[\\"]/\\&/g')
    set -- "$@" "${parameter%%=*}=\"$value\""
done
[ $# -eq 0 ] || set -- --parameter-overrides "$@"
"$sam" deploy --template-file "$root/infra/$template" --stack-name "$stack" "$@"
