#!/bin/sh
# Make .venv (once) and install one lock file into it: tools/environment.sh requirements.lock
# Works with nothing but Python 3.11+ and, for a missing venv module, apt as root.
set -eu

lock=$1
cd "$(dirname "$0")/.."

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# A folder that was moved, or whose Python was removed, keeps a venv that no longer runs.
if [ -e .venv ] && ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
fi

if [ ! -e .venv ]; then
    python=$(find_python) || fail "Python 3.11 or newer is needed; name it with PYTHON=/path/to/python3"
    # Debian ships Python without ensurepip; the package of the very same version has it.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            export DEBIAN_FRONTEND=noninteractive
            apt-get update -qq </dev/null
            apt-get install -y -qq "python$version-venv" </dev/null >/dev/null ||
                apt-get install -y -qq python3-venv </dev/null >/dev/null
        else
            fail "Python's venv module is not installed; run: sudo apt-get install python$version-venv"
        fi
    fi
    echo "Creating .venv with $("$python" --version)"
    "$python" -m venv .venv
fi

echo "Installing $lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: --requirement "$lock" </dev/null
