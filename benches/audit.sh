#!/bin/bash
# An audit of 1,000 simulated accounts that answer after 50 ms, and one of 10,000:
# benches/audit.sh [docs/performance.md]
#
# With a document, writes its part between <!-- audit:begin --> and <!-- audit:end -->. Takes about three minutes.
# Needs curl. Measured is the released binary, with the default concurrency and `--json`: the time, the peak of its
# memory, and how many calls were made. The simulation runs on the same machine. Nothing else is reached.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'audit: %s\n' "$*" >&2; }

# GLASSKEY names another binary than the released one; ACCOUNTS other numbers of accounts.
glasskey=${GLASSKEY:-$PWD/target/release/glasskey}
[ -x "$glasskey" ] || { say "no $glasskey; run: cargo build --release"; exit 1; }
work=$(mktemp -d)
simulator=
trap 'kill "$simulator" 2>/dev/null || true; rm -rf "$work"' EXIT

# Audits an organization of $1 accounts; prints a row of the table.
measure() {
    "$glasskey" simulate --org "$1" --keys 0 >"$work/env" 2>/dev/null &
    simulator=$!
    while ! grep -q AWS_ENDPOINT_URL_STS "$work/env"; do sleep 0.1; done
    # shellcheck disable=SC1091
    . "$work/env"
    export GLASSKEY_STATE_DIR=$work/state AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
    curl -sS -H 'Content-Type: application/json' -d '{"milliseconds":50}' "$AWS_ENDPOINT_URL/_glasskey/latency" >/dev/null
    "$glasskey" root audit --org --json --no-input >"$work/out" 2>"$work/err" &
    local pid=$! peak=0 code=0 now
    # The kernel keeps the peak (VmHWM); the last one read before the process ends is it, give or take an end's worth.
    while kill -0 "$pid" 2>/dev/null; do
        now=$(sed -n 's/^VmHWM:\s*\([0-9]*\) kB$/\1/p' "/proc/$pid/status" 2>/dev/null || true)
        [ -n "$now" ] && peak=$now
        sleep 0.05
    done
    wait "$pid" || code=$?
    # There are findings.
    [ "$code" = 1 ] || { say "the audit ended with $code:"; tail -5 "$work/err" >&2; exit 1; }
    field() { tail -1 "$work/out" | sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }
    [ "$(field accounts)" = "$1" ] || { say "not all accounts: $(tail -1 "$work/out")"; exit 1; }
    [ "$(field unknown)" = 0 ] || { say "something could not be told: $(tail -1 "$work/out")"; exit 1; }
    local calls
    calls=$(curl -sS "$AWS_ENDPOINT_URL/_glasskey/log" | { grep -o '"action"' || true; } | wc -l)
    printf '| %s | %.1f s | %s | %s | %s | %s |\n' "$1" "$(field seconds)" "$calls" \
        "$(awk "BEGIN { printf \"%.2f\", $calls / $1 }")" "$(field at_once)" \
        "$(awk "BEGIN { printf \"%.1f MiB\", $peak / 1024 }")"
    kill "$simulator"
    wait "$simulator" 2>/dev/null || true
}

{
    printf '%s, %s cores, load %s; %s.\n\n' "$(uname -sm)" "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)" "$("$glasskey" --version)"
    printf '| accounts | time | calls | for each account | at once | peak memory |\n|---:|---:|---:|---:|---:|---:|\n'
    for accounts in ${ACCOUNTS:-100 1000 10000}; do measure "$accounts"; done
} >"$work/table.md"
if [ $# -eq 0 ]; then
    cat "$work/table.md"
else
    sed -i -e '/<!-- audit:begin -->/,/<!-- audit:end -->/{//!d}' -e "/<!-- audit:begin -->/r $work/table.md" "$1"
fi
