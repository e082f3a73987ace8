#!/bin/bash
# A roster of 1,000 users against a simulated account that answers after 50 ms and takes 20 requests a second:
# benches/roster.sh [docs/performance.md]
#
# With a document, writes its part between <!-- roster:begin --> and <!-- roster:end -->. Takes about four minutes.
# Needs curl. Measured is the released binary: the time beside the limit's own (requests that were answered, at 20 a
# second), and the peak of its memory beside that of a roster of 10. Nothing but the simulation is reached.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'roster: %s\n' "$*" >&2; }

# GLASSKEY names another binary than the released one; USERS another number.
glasskey=${GLASSKEY:-$PWD/target/release/glasskey}
[ -x "$glasskey" ] || { say "no $glasskey; run: cargo build --release"; exit 1; }
users=${USERS:-1000}
work=$(mktemp -d)
simulator=
trap 'kill "$simulator" 2>/dev/null || true; rm -rf "$work"' EXIT

# An escrow recipient. Nobody has its identity: only this run's files are for it.
recipient=age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj

control() { curl -sS -H 'Content-Type: application/json' -d "$2" "$AWS_ENDPOINT_URL/_glasskey/$1" >/dev/null; }

# Runs a roster of $1 users on an account of its own; sets seconds, peak, answered, throttled.
measure() {
    "$glasskey" simulate --keys 0 >"$work/env" 2>/dev/null &
    simulator=$!
    while ! grep -q AWS_ENDPOINT_URL_STS "$work/env"; do sleep 0.1; done
    # shellcheck disable=SC1091
    . "$work/env"
    export GLASSKEY_STATE_DIR=$work/state AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
    for nth in $(seq "$1"); do
        printf 'url = "%s/"\ndata = "Action=CreateUser&Version=2010-05-08&UserName=user%d"\naws-sigv4 = "aws:amz:us-east-1:iam"\nuser = "%s:%s"\noutput = "/dev/null"\nnext\n' \
            "$AWS_ENDPOINT_URL" "$nth" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
    done | sed '$d' >"$work/create"
    curl -sS -K "$work/create"
    seq "$1" | sed 's/^/user/' >"$work/roster.csv"
    rm -rf "$work/files" "$work/roster.csv.ledger.jsonl"
    mkdir "$work/files"
    local before
    before=$(answered)
    control latency '{"milliseconds":50}'
    control rate '{"per_second":20}'
    local start end
    start=$(date +%s%N)
    "$glasskey" enroll --roster "$work/roster.csv" --escrow "$recipient" --escrow-dir "$work/files" --accept-unproved --yes --no-input --json \
        >"$work/out" 2>"$work/err" &
    local pid=$!
    peak=0
    # The kernel keeps the peak (VmHWM); the last one read before the process ends is it, give or take an end's worth.
    while kill -0 "$pid" 2>/dev/null; do
        local now
        now=$(sed -n 's/^VmHWM:\s*\([0-9]*\) kB$/\1/p' "/proc/$pid/status" 2>/dev/null || true)
        [ -n "$now" ] && peak=$now
        sleep 0.1
    done
    wait "$pid" || { say "the roster failed:"; tail -5 "$work/err" >&2; exit 1; }
    end=$(date +%s%N)
    tail -1 "$work/out" | grep -q "\"done\":$1,\"exit\":0,\"failed\":0" || { say "not all are done: $(tail -1 "$work/out")"; exit 1; }
    [ "$(find "$work/files" -name '*.age' | wc -l)" = "$1" ] || { say "not all files are there"; exit 1; }
    seconds=$(awk "BEGIN { printf \"%.1f\", ($end - $start) / 1e9 }")
    control rate '{"per_second":null}'
    answered=$(($(answered) - before))
    throttled=$(logged '"code":"Throttling"')
    kill "$simulator"
    wait "$simulator" 2>/dev/null || true
}

# How often something is in the simulation's log.
logged() { curl -sS "$AWS_ENDPOINT_URL/_glasskey/log" | { grep -o "$1" || true; } | wc -l; }
answered() { logged '"status":200'; }

measure 10
few=$peak
measure "$users"
limit=$(awk "BEGIN { printf \"%.1f\", $answered / 20 }")
{
    printf '%s, %s cores, load %s; %s.\n\n' "$(uname -sm)" "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)" "$("$glasskey" --version)"
    printf '| users | failed | requests answered | throttled | time | the limit'"'"'s own time | ratio | peak memory | of 10 users |\n'
    printf '|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n'
    printf '| %s | 0 | %s | %s | %s s | %s s | %s | %s | %s |\n' "$users" "$answered" "$throttled" "$seconds" "$limit" \
        "$(awk "BEGIN { printf \"%.2f\", $seconds / $limit }")" \
        "$(awk "BEGIN { printf \"%.1f MiB\", $peak / 1024 }")" "$(awk "BEGIN { printf \"%.1f MiB\", $few / 1024 }")"
} >"$work/table.md"
if [ $# -eq 0 ]; then
    cat "$work/table.md"
else
    sed -i -e '/<!-- roster:begin -->/,/<!-- roster:end -->/{//!d}' -e "/<!-- roster:begin -->/r $work/table.md" "$1"
fi
