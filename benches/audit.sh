#!/bin/bash
# Audits of simulated accounts that answer after 50 ms: 1,000 with --concurrency 40 and 200, and 10,000 with 40:
# benches/audit.sh [docs/performance.md]
#
# With a document, writes its part between <!-- audit:begin --> and <!-- audit:end -->. Takes about two minutes.
# Needs curl. Measured is the released binary with `--json`: the time, the peak of its memory, and how many calls were
# made, each beside its limit. The time's is 1.25 times what the pages of ListAccounts take one after another, or all
# calls, so many at once. The simulation runs on the same machine. Nothing else is reached. Ends with 1 where a figure
# is over its limit.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'audit: %s\n' "$*" >&2; }

# GLASSKEY names another binary than the released one; RUNS other numbers of accounts, each with a concurrency.
glasskey=${GLASSKEY:-$PWD/target/release/glasskey}
[ -x "$glasskey" ] || { say "no $glasskey; run: cargo build --release"; exit 1; }
work=$(mktemp -d)
simulator=
trap 'kill "$simulator" 2>/dev/null || true; rm -rf "$work"' EXIT

over=0
within() { awk "BEGIN { exit !($2 <= $3) }" || { say "$1: $2 is over the limit of $3"; over=1; }; }

# Audits an organization of $1 accounts, $2 at once; adds a row to the table.
measure() {
    "$glasskey" simulate --org "$1" --keys 0 >"$work/env" 2>/dev/null &
    simulator=$!
    while ! grep -q AWS_ENDPOINT_URL_STS "$work/env"; do sleep 0.1; done
    # shellcheck disable=SC1091
    . "$work/env"
    export GLASSKEY_STATE_DIR=$work/state AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
    curl -sS -H 'Content-Type: application/json' -d '{"milliseconds":50}' "$AWS_ENDPOINT_URL/_glasskey/latency" >/dev/null
    "$glasskey" root audit --org --concurrency "$2" --json --no-input >"$work/out" 2>"$work/err" &
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
    local calls limit seconds each mib
    calls=$(curl -sS "$AWS_ENDPOINT_URL/_glasskey/log" | { grep -o '"action"' || true; } | wc -l)
    seconds=$(field seconds)
    # ListAccounts gives 20 accounts a page.
    limit=$(awk "BEGIN { pages = $1 / 20 * 0.05; all = $calls * 0.05 / $2; printf \"%.2f\", 1.25 * (pages > all ? pages : all) }")
    each=$(awk "BEGIN { printf \"%.2f\", $calls / $1 }")
    mib=$(awk "BEGIN { printf \"%.1f\", $peak / 1024 }")
    printf '| %s | %s | %.2f s | %s s | %s | %s | 5.2 | %s | %s MiB | 24 MiB |\n' "$1" "$2" "$seconds" "$limit" "$calls" "$each" \
        "$(field at_once)" "$mib" >>"$work/table.md"
    within "$1 accounts, $2 at once: seconds" "$seconds" "$limit"
    within "$1 accounts, $2 at once: calls for each" "$each" 5.2
    within "$1 accounts, $2 at once: MiB" "$mib" 24
    kill "$simulator"
    wait "$simulator" 2>/dev/null || true
}

{
    printf '%s, %s cores, load %s; %s.\n\n' "$(uname -sm)" "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)" "$("$glasskey" --version)"
    printf '| accounts | concurrency | time | limit | calls | for each account | limit | at once | peak memory | limit |\n'
    printf '|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n'
} >"$work/table.md"
for run in ${RUNS:-1000:40 1000:200 10000:40}; do measure "${run%:*}" "${run#*:}"; done
if [ $# -eq 0 ]; then
    cat "$work/table.md"
else
    sed -i -e '/<!-- audit:begin -->/,/<!-- audit:end -->/{//!d}' -e "/<!-- audit:begin -->/r $work/table.md" "$1"
fi
exit "$over"
