#!/bin/bash
# A program that was built with a wrong constant in its vector kernels: it says so, does not use them,
# and computes right.
cd "$(dirname "$0")/../.." || exit 7
good=${HEAD2:-$PWD/build/release/head2}
dir=$PWD/build/planted
if ! "$good" doctor 2>/dev/null | grep -q 'kernels: avx'; then
    echo "skip planted_constant: this processor has no vector level, or HEAD2_ISA forbids it"
    exit 0
fi
rm -rf "$dir/tree" "$dir/farm"
mkdir -p "$dir/tree"
cp -r CMakeLists.txt CMakePresets.json cmake src include scripts systemd tests examples bench "$dir/tree"
# 1441 = R^2 / 128 scales the inverse transform of ML-KEM
sed -i 's/set1(1441)/set1(1442)/' "$dir"/tree/src/mlkem/kernels_avx2.c "$dir"/tree/src/mlkem/kernels_avx512.c
if ! { cmake -S "$dir/tree" -B "$dir/build" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS='-O1 -DNDEBUG' --log-level=WARNING &&
    cmake --build "$dir/build" -j "$(nproc)" --target head2; } >"$dir/log" 2>&1; then
    echo "FAIL planted_constant: it does not build; see $dir/log"
    exit 1
fi
bad=$dir/build/head2
failed=0
expect() { # expect NAME COMMAND...
    local name=$1
    shift
    if "$@" >"$dir/out" 2>&1; then
        echo "ok planted_$name"
    else
        echo "FAIL planted_$name: $(head -c 300 "$dir/out" | tr '\n' ' ')"
        failed=1
    fi
}
doctor_names_it() {
    "$bad" doctor | grep -E 'warn.*kernels: .*these disagree and are not used: .*ML-KEM for avx2'
}
gateway_logs_it() {
    "$bad" init "$dir/farm" --drones 1 --no-passphrase || return 1
    timeout -s TERM 2 "$bad" gateway -c "$dir/farm/head2.yaml" 2>"$dir/events"
    grep -E '"event": ?"kernels-refused".*ML-KEM for avx2 disagrees with portable C' "$dir/events"
}
computes_right() { # both ways with the good program
    cd "$dir" && rm -f k.pem k.pub.pem ct a b || return 1
    "$good" key generate --type ML-KEM-768 --no-passphrase --no-receipt --out k.pem --public-out k.pub.pem &&
        "$bad" kem encaps --key k.pub.pem --ct ct --secret a &&
        "$good" kem decaps --key k.pem --ct ct --secret b && cmp a b && rm ct a b &&
        "$good" kem encaps --key k.pub.pem --ct ct --secret a &&
        "$bad" kem decaps --key k.pem --ct ct --secret b && cmp a b
}
expect doctor_names_it doctor_names_it
expect gateway_logs_it gateway_logs_it
expect computes_right computes_right
exit $failed
