#!/bin/sh
# Deploys the stack with the SAM CLI, to wherever the usual AWS environment points.
#   infra/deploy.sh STACK [Parameter=value ...]
# TEMPLATE=efs-access deploys that one of infra/ instead of template.yaml.
# For AWS it takes what `make build` made. In the environment of a lab (.lab/env sets HOLDFAST_LAB) it takes what
# `cargo build --release` made. Both deploy the same template, which finds each bootstrap in ../target/lambda/<step>/:
# for a lab that layout is made in a directory of its own, so that the two builds never mix.
set -eu
cd "$(dirname "$0")/.."
stack=${1:?usage: infra/deploy.sh STACK [Parameter=value ...]}
shift
sam=${SAM:-.venv-sam/bin/sam}
target=${CARGO_TARGET_DIR:-target}
root=.
export SAM_CLI_TELEMETRY=0

if [ -n "${HOLDFAST_LAB:-}" ]; then
    mkdir -p "$target"
    root=$(mktemp -d "$target/lab-stack.XXXXXX")
    trap 'rm -rf "$root"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir "$root/infra"
    cp infra/*.yaml infra/samconfig.toml "$root/infra/"
    cp -R state-machines "$root/"
    for source in functions/src/bin/*.rs; do
        step=$(basename "$source" .rs)
        mkdir -p "$root/target/lambda/$step"
        ln "$target/release/$step" "$root/target/lambda/$step/bootstrap" 2>/dev/null ||
            cp "$target/release/$step" "$root/target/lambda/$step/bootstrap"
    done
fi

# The SAM CLI reads a value with spaces, such as a schedule, only in quotes.
for parameter in "$@"; do
    shift
    value=$(printf '%s' "${parameter#*=}" | sed 's/[\\"]/\\&/g')
    set -- "$@" "${parameter%%=*}=\"$value\""
done
[ $# -eq 0 ] || set -- --parameter-overrides "$@"
"$sam" deploy --template-file "$root/infra/${TEMPLATE:-template}.yaml" --stack-name "$stack" "$@"
