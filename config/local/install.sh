#!/bin/sh
# Makes the virtual environment and installs the locked packages into it, each checked against its hash.
# Usage: install.sh FOLDER. PYTHON=… chooses the interpreter.
set -eu
folder=$1
oldest="3.11"

stop() {
    echo "$1" >&2
    exit 1
}

new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$oldest'.split('.'))))" 2>/dev/null
}

python=""
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$(command -v "${PYTHON:-python3}" || true)
    [ -n "$found" ] || stop "Python is missing: install Python $oldest or later (Debian: apt-get install python3 python3-venv)."
    stop "$("$found" --version 2>&1) is too old: install Python $oldest or later, or name one: make run PYTHON=/path/to/python3."
fi

if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1 || ! new_enough "$folder/bin/python"; then
    if ! "$python" -c "import ensurepip, venv" 2>/dev/null; then
        if [ -e /etc/debian_version ] && [ "$(id -u)" = 0 ]; then
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null ||
                stop "Python's venv module is missing and could not be installed: apt-get install python3-venv"
        else
            stop "Python's venv module is missing (Debian: sudo apt-get install python3-venv)."
        fi
    fi
    echo "Making $folder with $("$python" --version)"
    "$python" -m venv --clear "$folder"
fi

echo "Installing the locked packages"
only_uv=$(mktemp)
trap 'rm -f "$only_uv"' EXIT
awk '/^uv==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements.lock >"$only_uv"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$only_uv"
"$folder/bin/uv" pip install --quiet --python "$folder/bin/python" --require-hashes -r requirements.lock
