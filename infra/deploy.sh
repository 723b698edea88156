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
machine=$(uname -m)
archives=
if [ -n "${HOLDFAST_LAB:-}" ]; then
    # A lab responds at once.
    export SAM_CLI_POLL_DELAY=0.1
    # share NAME SOURCE ENTRY: an archive of SOURCE that all labs share, made again if SOURCE (or when it was assembled) is newer.
    share() {
        archive="$target/lab/$1.zip"
        made_at=$2
        [ ! -e "$2.assembled" ] || made_at=$2.assembled
        if ! [ "$archive" -nt "$made_at" ]; then
            "${PYTHON:-python3}" - "$2" "$3" "$made/$1.zip" <<'END'
import sys, zipfile
from pathlib import Path
source, entry, archive = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
    for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
        packed.write(file, Path(entry) / file.relative_to(source) if file != source else entry)
END
            mv "$made/$1.zip" "$archive"
        fi
        # A link of its own, so that the next build does not change the file during this deployment.
        ln "$archive" "$made/$1.zip" 2>/dev/null || cp "$archive" "$made/$1.zip"
    }
    share functions "$target/lab/functions" bootstrap
    share transfers "$target/lab/transfers" bootstrap
    # Without the clients (`make postgres-clients`) all but Postgres works.
    [ -e "$target/postgres-clients/$machine.assembled" ] || mkdir -p "$target/postgres-clients/$machine"
    share postgres-clients "$target/postgres-clients/$machine" .
    archives=$made
    clients=$made/postgres-clients.zip
else
    for parameter in "$@"; do
        case $parameter in Architecture=arm64) machine=aarch64 ;; Architecture=x86_64) machine=x86_64 ;; esac
    done
    clients=$target/postgres-clients/$machine
fi
"${YAML_PYTHON:-.venv-sam/bin/python}" infra/assemble.py ${archives:+--archives "$archives"} --clients "$clients" \
    "infra/${TEMPLATE:-template}.yaml" "$made/template.json"

# The SAM CLI accepts a value with spaces, such as a schedule, only in quotes.
for parameter in "$@"; do
    shift
    value=$(printf '%s' "${parameter#*=}" | sed 's/[\\"]/\\&/g')
    set -- "$@" "${parameter%%=*}=\"$value\""
done
[ $# -eq 0 ] || set -- --parameter-overrides "$@"
"$sam" deploy --config-file "$PWD/infra/samconfig.toml" --template-file "$made/template.json" --stack-name "$stack" "$@"
