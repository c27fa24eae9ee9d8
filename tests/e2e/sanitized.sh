#!/bin/bash
# The daemons once more, under AddressSanitizer and UBSan with contracts on; in soak the command line
# too, which the fuzzers go through in any case.
program=$PWD/build/asan/head2
if [ ! -x "$program" ]; then
    echo "skip sanitized: build/asan/head2 is not built (cmake --build build/asan)"
    exit 0
fi
status=0
for script in gateway fallback entropy ${HEAD2_SOAK:+cli front}; do
    HEAD2=$program node "tests/e2e/$script.mjs" || status=1
done
exit $status
