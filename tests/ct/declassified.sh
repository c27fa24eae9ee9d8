#!/bin/bash
# docs/soundness.md lists every place where a secret becomes public, and no other: run with `list`
# it prints the table's rows as they should be.
cd "$(dirname "$0")/../.." || exit 7
rows() {
    grep -rlE 'HEAD2_PUBLIC\(' src --include=*.c | sort | while read -r file; do
        tr -s ' \n' ' ' <"$file" | grep -oE 'HEAD2_PUBLIC\([^;]*"\);' |
            sed -E "s|.*, \"([^\"]*)\"\);|\| \`$file\` \| \1 \||"
    done | sort -u
}
if [ "${1:-}" = list ]; then
    rows
    exit 0
fi
# a planted use must be seen, or the extraction is broken
[ "$(rows | wc -l)" -ge 10 ] || { echo "FAIL declassifications_listed: fewer than ten found in src"; exit 1; }
uses=$(cat src/*/*.c | grep -cE '^ *HEAD2_PUBLIC\(')
with_reason=$(for f in src/*/*.c; do tr -s ' \n' ' ' <"$f" | grep -oE 'HEAD2_PUBLIC\([^;]*"\);'; done | wc -l)
if [ "$uses" -ne "$with_reason" ]; then
    echo "FAIL declassifications_have_reasons: $uses uses, $with_reason reasons"
    exit 1
fi
difference=$(diff <(rows) <(grep -E '^\| `src/' docs/soundness.md | sort -u))
if [ -n "$difference" ]; then
    echo "FAIL declassifications_listed: docs/soundness.md differs from the source: $(grep -m3 '^[<>]' <<<"$difference" | tr '\n' ' ')"
    exit 1
fi
echo "ok declassifications_listed ($with_reason places)"
