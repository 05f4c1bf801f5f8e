#!/usr/bin/env bash
# One night: the sheet of one day into LeadSquared. Ends with migrator's exit code, and alerts by
# the table in docs/nightly.md.
#
#   nightly.sh [DATE [OPTION …]]    DATE is today where nothing is said; the options are reconcile's
#
# NIGHTLY_HOME     holds in/ (the sheets), log/, .env, the ledger; /var/lib/migrator
# NIGHTLY_MAPPING  the mapping; /etc/migrator/deals.yaml
# NIGHTLY_ALERT    a program that gets the alert as its only argument, beside standard error
set -u
set -m # a process group for migrator: Ctrl-C reaches it once, through this script
umask 077

day=${1:-$(date +%F)}
home=${NIGHTLY_HOME:-/var/lib/migrator}
log=$home/log/deals-$day.log

finish() {
    case $1 in
        0 | 10) touch "$home/last-good" ;;
        *)
            alert="migrator, night of $day: exit $1 (docs/nightly.md); log: $log"
            echo "$alert" >&2
            if [ -n "${NIGHTLY_ALERT:-}" ]; then "$NIGHTLY_ALERT" "$alert"; fi
            ;;
    esac
    exit "$1"
}

if ! { mkdir -p "$home/log" && cd "$home" && : >>"$log"; }; then finish 1; fi
find log -name 'deals-*.log' -mtime +30 -delete

night='' signalled=''
trap 'signalled=1; kill -TERM "$night"' TERM
trap 'signalled=1; kill -INT "$night"' INT

migrator reconcile "in/deals-$day.csv" -m "${NIGHTLY_MAPPING:-/etc/migrator/deals.yaml}" \
    --source deals --yes --verify --until 06:00 --max-changes 20% --max-failures 2% \
    "${@:2}" >>"$log" 2>&1 </dev/null &
night=$!
wait "$night"
code=$?
while [ -n "$signalled" ]; do # a signal ends the wait, not the night: calls under way are settled
    signalled=''
    wait "$night"
    code=$?
done
finish "$code"
