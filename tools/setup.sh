#!/bin/sh
# Sets up .venv from requirements.lock. Every `make` command calls it; where .venv is up to
# date it takes a moment and needs no network. PYTHON=… names an interpreter to use.
set -eu

# What .venv was made from: the lock, the package's settings, and this folder, since the
# package is installed in place.
state() { { cat requirements.lock pyproject.toml; pwd; } | cksum; }

supported() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

fail() {
    printf 'make: %s\n' "$1" >&2
    exit 1
}

if [ -x .venv/bin/python ] && [ "$(cat .venv/.ready 2>/dev/null)" = "$(state)" ]; then
    exit 0
fi

if ! { [ -x .venv/bin/python ] && supported .venv/bin/python &&
       .venv/bin/python -c 'import pip' 2>/dev/null; }; then
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.13 python3.12 python3.11 python3.10
    fi
    found='' without_venv=''
    for candidate; do
        supported "$candidate" || continue
        if can_make_venv "$candidate"; then
            found=$candidate
            break
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -z "$found" ] && [ -n "$without_venv" ]; then
        fail "$without_venv lacks the venv module; on Debian or Ubuntu, install it with: sudo apt-get install python3-venv"
    elif [ -z "$found" ] && [ -n "${PYTHON:-}" ]; then
        fail "expected PYTHON to be Python 3.10 to 3.13; received $PYTHON ($("$PYTHON" --version 2>&1 || true))"
    elif [ -z "$found" ]; then
        fail "found no Python 3.10 to 3.13; install one, or name it: make PYTHON=/path/to/python3.12"
    fi
    rm -rf .venv
    "$found" -m venv .venv || { rm -rf .venv; fail "$found could not make .venv"; }
fi

# From here on an interruption is harmless: the next call goes on where this one stopped.
echo "Setting up .venv from requirements.lock: 2 GB and a few minutes the first time …"
.venv/bin/python -m pip install --disable-pip-version-check --quiet \
    --require-hashes -r requirements.lock
.venv/bin/python -m pip install --disable-pip-version-check --quiet \
    --no-deps --no-build-isolation --no-index -e .
state > .venv/.ready
