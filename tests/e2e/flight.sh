#!/bin/bash
# What `make run` shows, judged by its exit status. Other tests run beside it, so times are shown and
# not judged here; `make run` judges them.
build=${HEAD2_BUILD:-build/release}
flight=$build/examples/head2-flight
out=$(mktemp)
trap 'rm -f "$out"' EXIT

if ! command -v ffmpeg >/dev/null 2>&1; then
    echo "skip flight: ffmpeg is not installed (apt-get install ffmpeg)"
else
    "$flight" --busy --program "$build/head2" --path examples/flight/orchard.gpx >"$out" 2>&1
    status=$?
    if [ $status -ne 0 ]; then
        echo "FAIL flight: exit status $status: $(grep -m1 'NOT MET' "$out" || tail -1 "$out")"
        cat "$out"
    else
        echo "ok flight"
    fi
    for line in 'video frames decoded +600 of 600' 'frames with equal hashes +600 of 600' \
        'video packets lost +0 of' 'a tampered packet +refused' 'a replayed packet +refused'; do
        if grep -qE "$line" "$out"; then echo "ok flight: ${line%% +*}"; else echo "FAIL flight: no line '$line'"; fi
    done
fi

# without ffmpeg: one line that says so, and a documented exit code
PATH=/nowhere "$flight" --program "$build/head2" --path examples/flight/orchard.gpx >"$out" 2>&1
if [ $? -eq 4 ] && grep -q 'is it installed' "$out"; then
    echo "ok flight_without_ffmpeg"
else
    echo "FAIL flight_without_ffmpeg: $(head -1 "$out")"
fi
"$flight" --program "$build/head2" --path CMakeLists.txt >"$out" 2>&1
if [ $? -eq 3 ] && grep -q 'no track point' "$out"; then echo "ok flight_wrong_path"; else echo "FAIL flight_wrong_path: $(head -1 "$out")"; fi
