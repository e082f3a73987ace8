#!/bin/bash
# glasskey beside other tools, whole processes: benches/compare.sh [docs/performance.md]
#
# With a document, writes its part between <!-- compare:begin --> and <!-- compare:end -->; the machine should be idle.
# Start-up of each, and the work of one enrollment against `glasskey simulate`. Needs hyperfine (Debian: hyperfine).
# Peers are taken from the virtual environments the tests make (target/venv-*), else from PATH; what is missing is named
# and left out. Nothing but the simulation is reached.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'compare: %s\n' "$*" >&2; }

# GLASSKEY names another binary than the released one.
glasskey=${GLASSKEY:-$PWD/target/release/glasskey}
[ -x "$glasskey" ] || { say "no $glasskey; run: cargo build --release"; exit 1; }
command -v hyperfine >/dev/null || { say "hyperfine is missing: apt-get install hyperfine"; exit 1; }

# The path of a tool, or nothing.
find_tool() {
    local there
    for there in target/venv-*/bin/"$1"; do
        [ -x "$there" ] && { printf '%s' "$PWD/$there"; return; }
    done
    command -v "$1" || say "$1 is missing, and left out"
}
ykman=$(find_tool ykman)
aws=$(find_tool aws)
oathtool=$(command -v oathtool || say "oathtool is missing, and left out (Debian: oathtool)")

work=$(mktemp -d)
trap 'kill "$simulator" 2>/dev/null || true; rm -rf "$work"' EXIT
"$glasskey" simulate --keys 1 >"$work/env" 2>"$work/log" &
simulator=$!
while ! grep -q GLASSKEY_CARDS "$work/env"; do sleep 0.1; done
# shellcheck disable=SC1091
. "$work/env"
export GLASSKEY_STATE_DIR=$work/state AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
key=$("$glasskey" keys --json | sed 's/.*"serial":\([0-9]*\).*/\1/')
account=$("$glasskey" enroll --key "$key" --dry-run --json 2>/dev/null | sed 's/.*"account":"\([0-9]*\)".*/\1/')

# What undoes an enrollment of admin, between two runs; not part of what is measured. The session's name for the
# device is never used: only the first enrollment of a user without devices is measured, so the device has to go.
cat >"$work/reset" <<EOF
#!/bin/bash
"$glasskey" oath delete --key $key AWS:$account/bench --yes >/dev/null 2>&1
"${aws:-false}" iam deactivate-mfa-device --user-name bench --serial-number arn:aws:iam::$account:mfa/bench >/dev/null 2>&1
"${aws:-false}" iam delete-virtual-mfa-device --serial-number arn:aws:iam::$account:mfa/bench >/dev/null 2>&1
exit 0
EOF
# The same work with the aws CLI and oathtool: create, two codes, enable. The seed goes through a file: --outfile is a
# required option. No key is written.
cat >"$work/by-hand" <<EOF
#!/bin/bash
set -e
"$aws" iam create-virtual-mfa-device --virtual-mfa-device-name bench --outfile "$work/seed" --bootstrap-method Base32StringSeed >/dev/null
now=\$(date +%s)
one=\$("$oathtool" --totp -b --now "@\$((now - 30))" @"$work/seed")
two=\$("$oathtool" --totp -b --now "@\$now" @"$work/seed")
"$aws" iam enable-mfa-device --user-name bench --serial-number arn:aws:iam::$account:mfa/bench --authentication-code1 \$one --authentication-code2 \$two
EOF
chmod +x "$work/reset" "$work/by-hand"

commands=(-n "glasskey --version" "$glasskey --version" -n "glasskey --help" "$glasskey --help" -n "glasskey keys" "$glasskey keys")
[ -n "$ykman" ] && commands+=(-n "ykman --version" "$ykman --version")
[ -n "$aws" ] && commands+=(-n "aws --version" "$aws --version")
hyperfine -N --warmup 3 --runs "${RUNS:-20}" --export-markdown "$work/start.md" "${commands[@]}" >&2

if [ -n "$aws" ]; then
    "$aws" iam create-user --user-name bench >/dev/null
    commands=(-n "glasskey enroll bench" "$glasskey enroll bench --key $key --yes --no-input")
    [ -n "$oathtool" ] && commands+=(-n "aws create, oathtool twice, aws enable; no key" "$work/by-hand")
    hyperfine -N --warmup 1 --runs "${RUNS:-20}" --prepare "$work/reset" --export-markdown "$work/enroll.md" "${commands[@]}" >&2
else
    say "without the aws CLI there is no user to enroll and nothing to undo with: enrollments are left out"
fi

{
    printf '%s\n\n' "$(uname -sm), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg); $("$glasskey" --version), $(stat -c %s "$glasskey") bytes; ${RUNS:-20} runs."
    cat "$work/start.md"
    if [ -e "$work/enroll.md" ]; then echo; cat "$work/enroll.md"; fi
} >"$work/all.md"
if [ $# -eq 0 ]; then
    cat "$work/all.md"
else
    sed -i -e '/<!-- compare:begin -->/,/<!-- compare:end -->/{//!d}' -e "/<!-- compare:begin -->/r $work/all.md" "$1"
fi
