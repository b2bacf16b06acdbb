#!/bin/sh
# Installs what no Python package can carry, if this is Debian and we may; otherwise says what is missing and goes on.
#   Pango and HarfBuzz: PDFs        gettext: translations        Chromium: browser tests        fonts: PDFs and pictures
#   Dovecot: a mail server to fetch from, for its tests (nothing of it is left running)
set -eu
packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 gettext chromium fonts-dejavu-core dovecot-imapd"

if ! command -v dpkg-query >/dev/null; then
    missing=""
    for program in msgfmt chromium pango-view; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    [ -z "$missing" ] || echo "Not found:$missing. Install gettext, Chromium and Pango for translations, browser tests and PDFs; all else works."
    exit 0
fi

missing=""
for package in $packages; do
    case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    echo "Installing$missing"
    log=$(mktemp)
    if { apt-get update && DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1; then
        rm -f "$log"
        case $missing in # its package starts a server for the whole machine, which nobody here needs
            *dovecot*) systemctl disable --now dovecot.service dovecot.socket >/dev/null 2>&1 || true ;;
        esac
        exit 0
    fi
    tail -n 3 "$log"
    rm -f "$log"
else
    command="sudo $command"
fi
echo "Missing:$missing. PDFs, translations, browser tests or those of fetching mail wait for: $command"
