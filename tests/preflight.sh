#!/bin/sh
# Reports requirements without which a `make` would fail after minutes, in one line with what to install.
#   tests/preflight.sh TARGET...
# Quiet and fast if nothing is missing. It checks the network only if something has to be downloaded.
set -u
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
cargo=${CARGO:-cargo}
rustc=${RUSTC:-rustc}
target=${CARGO_TARGET_DIR:-target}
# The newest Python that one of tests/requirements-*.txt asks for, and the first that one of them refuses; tests/lint holds
# these to what is installed.
python_from=3.11
python_below=3.15
# Megabytes of each part when it is built from scratch: `make first-run-times` measures them.
mb_environments=1300
mb_crates=450
mb_lab=3500
mb_test=2500
mb_ship=3000
mb_running=700

goals=$*
fail() {
    echo "make${goals:+ $goals}: $1" >&2
    exit 1
}
first_line() {
    printf '%s\n' "$1" | head -n 1
}
# Whether a file is newer than the one that lists its contents.
made_since() {
    [ -n "$(find "$1" -newer "$2" 2>/dev/null)" ]
}

builds= tests= ships= lints=
for goal in "$@"; do
    case $goal in
    demo | lab | bins) builds=yes ;;
    test) builds=yes tests=yes ;;
    bench) builds=yes ships=yes ;;
    lint) builds=yes lints=yes ;;
    build) ships=yes ;;
    deploy | deploy-efs) if [ -n "${HOLDFAST_LAB:-}" ]; then builds=yes; else ships=yes; fi ;;
    esac
done
if made_since "$target/lab/demo" Cargo.lock; then built=yes; else built=; fi
if made_since "$target/lambda/functions/bootstrap" Cargo.lock; then shipped=yes; else shipped=; fi
if [ -n "$(find "$target/lab/deps" -name 'suites-*' 2>/dev/null | head -n 1)" ]; then tested=yes; else tested=; fi
environments=yes
for name in lab sam; do
    case $name in lab) venv=.venv ;; sam) venv=.venv-sam ;; esac
    made_since "$venv/.installed" "tests/requirements-$name.txt" || environments=
    if [ -e "$venv/.installed" ] && ! [ -x "$venv/bin/python" ]; then
        fail "the Python that $venv was made with is gone: rm -rf .venv .venv-sam, and make them again"
    fi
done

if [ -n "$builds$ships" ]; then
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    install="install Rust $wanted or newer with https://rustup.rs"
    command -v "$cargo" >/dev/null || fail "no Rust, $cargo is not there: $install"
    command -v "$rustc" >/dev/null || fail "no Rust, $rustc is not there: $install"
    said=$("$rustc" -vV 2>&1) ||
        fail "$rustc does not run ($(first_line "$said")): run \`rustup default stable\`, or $install"
    found=${said#rustc }
    found=${found%% *}
    printf '%s\n%s\n' "$found" "$wanted" |
        awk -F . '{ version[NR] = $1 * 1000 + $2 } END { exit version[1] < version[2] }' ||
        fail "Rust $found is too old: run \`rustup update stable\`, or $install"
    if [ -n "$lints" ]; then
        { "$cargo" clippy --version && "$cargo" fmt --version; } >/dev/null 2>&1 ||
            fail "no clippy or no rustfmt: run \`rustup component add clippy rustfmt\`"
    fi
    # Rust links with it, and `ring` is compiled by it; one without the C library's headers is no use.
    install="install a C compiler (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc)"
    command -v cc >/dev/null || fail "no C compiler, cc is not there: $install"
    if [ -z "$built$shipped" ]; then
        said=$(printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | cc -x c -o /dev/null - 2>&1) ||
            fail "cc cannot build a program ($(first_line "$said")): $install"
    fi
fi

install="install Python $python_from or newer with venv (Debian, Ubuntu: apt-get install python3 python3-venv)"
command -v "$python" >/dev/null || fail "no Python, $python is not there: $install"
if [ -z "$environments" ]; then
    said=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1) ||
        fail "$python does not run ($(first_line "$said")): $install"
    printf '%s\n' "$said" "$python_from" "$python_below" |
        awk -F . '{ v[NR] = $1 * 1000 + $2 } END { exit !(v[2] <= v[1] && v[1] < v[3]) }' ||
        fail "$python is Python $said, one from $python_from and below $python_below is needed: install one, and name it: \
make PYTHON=python3.13${goals:+ $goals}"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments: install venv (Debian, Ubuntu: apt-get install python3-venv)"
fi

# One line for what goes to a directory: free kilobytes, megabytes needed, file system, the directory as far as it is there.
room() {
    directory=$1
    while ! [ -e "$directory" ]; do
        case $directory in */*) directory=${directory%/*} ;; *) directory=. ;; esac
        directory=${directory:-/}
    done
    df -Pk "$directory" | awk -v mb="$2" -v at="$directory" 'NR == 2 { print $4, mb, $1, at }'
}
lacking=$(
    {
        [ -n "$environments" ] || room . "$mb_environments"
        if [ -n "$builds" ] && [ -z "$built" ]; then
            room "$target" "$mb_lab"
            room "${CARGO_HOME:-$HOME/.cargo}" "$mb_crates"
        fi
        [ -z "$tests" ] || [ -n "$tested" ] || room "$target" "$mb_test"
        [ -z "$ships" ] || [ -n "$shipped" ] || room "$target" "$mb_ship"
        room "${TMPDIR:-/tmp}" "${PREFLIGHT_MB:-$mb_running}"
    } | awk '{ free[$3] = $1 / 1048576; needed[$3] += $2 / 1024; if (!($3 in at)) at[$3] = $4 }
        END { for (disk in free) if (free[disk] < needed[disk]) {
            printf "%.1f GB free where %s is, %.1f GB needed", free[disk], at[disk], needed[disk]; exit } }'
)
[ -z "$lacking" ] || fail "not enough disk, $lacking: free some, or name another place with CARGO_TARGET_DIR or TMPDIR"

downloads=
[ -n "$environments" ] || downloads=pypi
if [ -n "$builds$ships" ] && [ -z "$built$shipped" ]; then
    host=$("$rustc" -vV | sed -n 's/^host: //p')
    "$cargo" fetch --locked --offline --quiet --target "$host" 2>/dev/null || downloads="crates $downloads"
fi
if [ -n "$lints" ] && command -v npm >/dev/null && ! made_since tests/validators/node_modules/.installed tests/validators/package-lock.json; then
    downloads="$downloads npm"
fi
if [ -n "$downloads" ]; then
    # shellcheck disable=SC2086 # words
    said=$("$python" tests/registries.py $downloads 2>&1) ||
        fail "no network, $said: connect this machine, or point cargo, pip and npm to a mirror that it reaches"
fi
