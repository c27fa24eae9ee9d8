#!/bin/bash
# The library of portable code alone, as a small device links it: at most 200 KiB of text.
cd "$(dirname "$0")/../.." || exit 7
dir=build/portable
if ! { cmake --preset portable --log-level=WARNING && cmake --build $dir -j "$(nproc)" --target head2_static; } >/dev/null 2>$dir.log; then
    echo "FAIL portable_library: it does not build; see $dir.log"
    exit 1
fi
text=$(size -t $dir/libhead2.a | awk '/TOTALS/ {print $1}')
if [ "$text" -gt 0 ] && [ "$text" -lt $((200 * 1024)) ]; then
    echo "ok portable_library_below_200_kib ($text bytes)"
else
    echo "FAIL portable_library_below_200_kib: $text bytes of text"
    exit 1
fi
