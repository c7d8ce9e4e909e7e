#!/usr/bin/env bash
# The suite on the newest Django and Python, in a Debian root made for it: tests/trixie.sh DIRECTORY
# Needs root and debootstrap. Python 3.11 gets Django 5.2 at most; trixie has 3.13.
set -euo pipefail
root=$1
cd "$(dirname "$0")/.."

debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates,gettext \
    trixie "$root" >/dev/null
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf "${HOME}/.config/pip/pip.conf" \
    /etc/ssl/certs/ca-certificates.crt; do
    if [ -f "$file" ]; then
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    fi
done
# Browsers read /proc; the rest of the suite does not.
mkdir -p "$root/proc" "$root/app"
mount -t proc proc "$root/proc"
trap 'umount -l "$root/proc"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$root/app"

within() {
    chroot "$root" /usr/bin/env -u VIRTUAL_ENV -u PYTHONPATH -u DATABASE_URL HOME=/root CI= \
        PATH=/usr/local/bin:/usr/bin:/bin bash -c "cd /app && $1"
}

within "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    chromium chromium-driver >/dev/null"

# What is generated from the rules of the workflow depends on no version: the newest is enough.
GENERATED="--ignore=tests/test_every_combination_of_parts.py --ignore=tests/test_sequences.py"

for django in 6.0 6.1; do
    venv=/venv-$django
    within "python3 -m venv $venv"
    within "$venv/bin/pip install -qq -e '.[test]' 'Django==$django.*'"
    within "$venv/bin/python -c 'import django, sys; print(sys.version, django.__version__)'"
    less=$([ "$django" = 6.1 ] || echo "$GENERATED")
    within "$venv/bin/python -m pytest -q --ignore=tests/clients --ignore=tests/browser $less"
    within "$venv/bin/python example_project/manage.py makemigrations --check --dry-run"
done

# What each Django's own pages look like differs; .ci/run sees those of Django 5.2. Since Python 3.13 it
# is a warning that the threads of Django's live server leave connections to SQLite open.
within "CI=true /venv-6.1/bin/python -m pytest -q -n 0 -m browser \
    -W 'ignore:unclosed database:ResourceWarning' \
    tests/browser/test_looks.py tests/browser/test_admin.py"
