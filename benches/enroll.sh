#!/bin/bash
# How many round trips to AWS an enrollment takes: benches/enroll.sh [docs/performance.md]
#
# With a document, writes its part between <!-- enroll:begin --> and <!-- enroll:end -->. Needs curl. Measured is the
# released binary, which enrolls users who are named, on one software key, against a simulated account that answers after
# 50, 100 and 200 ms: what a millisecond of latency adds is the number of round trips. Nothing else is reached.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'enroll: %s\n' "$*" >&2; }

# GLASSKEY names another binary than the released one; RUNS another number of runs at each latency.
glasskey=${GLASSKEY:-$PWD/target/release/glasskey}
[ -x "$glasskey" ] || { say "no $glasskey; run: cargo build --release"; exit 1; }
runs=${RUNS:-9}
limit=4.1
work=$(mktemp -d)
simulator=
trap 'kill "$simulator" 2>/dev/null || true; rm -rf "$work"' EXIT

"$glasskey" simulate --keys 1 >"$work/env" 2>"$work/log" &
simulator=$!
while ! grep -q GLASSKEY_CARDS "$work/env"; do sleep 0.1; done
# shellcheck disable=SC1091
. "$work/env"
export GLASSKEY_STATE_DIR=$work/state AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
key=$("$glasskey" keys --json | sed 's/.*"serial":\([0-9]*\).*/\1/')
account=$("$glasskey" enroll --key "$key" --dry-run --json 2>/dev/null | sed 's/.*"account":"\([0-9]*\)".*/\1/')

control() { curl -sS -H 'Content-Type: application/json' -d "$2" "$AWS_ENDPOINT_URL/_glasskey/$1" >/dev/null; }

# The median of so many enrollments at $1 ms, in milliseconds.
median() {
    local nth user start end
    for nth in $(seq "$runs"); do
        user=user$1-$nth
        control latency '{"milliseconds":0}'
        curl -sS --aws-sigv4 aws:amz:us-east-1:iam --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -o /dev/null \
            -d "Action=CreateUser&Version=2010-05-08&UserName=$user" "$AWS_ENDPOINT_URL/"
        control latency "{\"milliseconds\":$1}"
        start=$(date +%s%N)
        "$glasskey" enroll "$user" --key "$key" --yes --no-input >/dev/null 2>"$work/err" \
            || { say "the enrollment failed:"; tail -5 "$work/err" >&2; exit 1; }
        end=$(date +%s%N)
        "$glasskey" oath delete --key "$key" "AWS:$account/$user" --yes >/dev/null 2>&1
        echo $(((end - start) / 1000))
    done | sort -n | awk '{ all[NR] = $1 } END { printf "%.1f", all[int((NR + 1) / 2)] / 1000 }'
}

fifty=$(median 50)
hundred=$(median 100)
two_hundred=$(median 200)
calls=$(curl -sS "$AWS_ENDPOINT_URL/_glasskey/log" | { grep -o '"action":"[A-Za-z]*MFA[A-Za-z]*"\|"action":"GetCallerIdentity"' || true; } | wc -l)
slope=$(awk "BEGIN { printf \"%.2f\", ($two_hundred - $fifty) / 150 }")
{
    printf '%s, %s cores, load %s; %s; medians of %s runs.\n\n' "$(uname -sm)" "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)" \
        "$("$glasskey" --version)" "$runs"
    printf '| at 50 ms | at 100 ms | at 200 ms | calls for each | round trips | limit |\n|---:|---:|---:|---:|---:|---:|\n'
    printf '| %s ms | %s ms | %s ms | %s | %s | %s |\n' "$fifty" "$hundred" "$two_hundred" \
        "$(awk "BEGIN { printf \"%.1f\", ($calls - 2) / ($runs * 3) }")" "$slope" "$limit"
} >"$work/table.md"
if [ $# -eq 0 ]; then
    cat "$work/table.md"
else
    sed -i -e '/<!-- enroll:begin -->/,/<!-- enroll:end -->/{//!d}' -e "/<!-- enroll:begin -->/r $work/table.md" "$1"
fi
awk "BEGIN { exit !($slope <= $limit) }" || { say "$slope round trips are over the limit of $limit"; exit 1; }
