#!/bin/bash
# The protocol's models, searched exhaustively by Spin: what must hold does, and each mutation that
# leaves a rule out is found. Small bounds in a few seconds; `models.sh soak` takes larger ones.
cd "$(dirname "$0")" || exit 7
for tool in spin gcc; do
    command -v $tool >/dev/null || {
        echo "skip models: $tool is not installed (apt-get install spin gcc)"
        exit 0
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

search() { # search MODEL OPTION...: prints "errors: N" and the number of states, or nothing
    local model=$1
    shift
    rm -rf "$work/search" && mkdir "$work/search" && cd "$work/search" || return
    cp "$OLDPWD/$model.pml" . && spin "$@" -a "$model.pml" >spin.log 2>&1 &&
        gcc "${optimise:--O0}" -w -DSAFETY -DCOLLAPSE -DMEMLIM="${memory:-1500}" -o pan pan.c &&
        timeout "${limit:-120}" ./pan -m400000 >pan.log 2>&1
    cd "$OLDPWD" || return
    # a search that was cut short proves nothing
    grep -qE 'max search depth too small|out of memory' "$work/search/pan.log" 2>/dev/null && return
    grep -o 'errors: [0-9]*' "$work/search/pan.log" 2>/dev/null
}
states() { awk '/states, stored/ {print $1}' "$work/search/pan.log"; }

holds() { # holds MODEL OPTION...
    local result
    result=$(search "$@")
    if [ "$result" = "errors: 0" ]; then
        echo "ok model $* ($(states) states)"
    else
        echo "FAIL model $*: ${result:-no result} $(grep -m1 'pan:1' "$work/search/pan.log" 2>/dev/null)"
    fi
}
found() { # found MODEL OPTION...: the last option is what must be found, or reached
    local result
    result=$(search "$@")
    if [ "$result" = "errors: 1" ]; then
        echo "ok model $* found"
    else
        echo "FAIL model $*: not found (${result:-no result})"
    fi
}

rotation=(-DRATCHETS=0 -DSLOTS=1 -DRECORDS=1)
ratchet=(-DRATCHETS=2 -DGENERATIONS=1 -DSLOTS=1)
holds rotation -DRATCHETS=0 -DSLOTS=1 -DRECORDS=2
holds rotation "${ratchet[@]}" -DRECORDS=1
found rotation "${rotation[@]}" -DREACH
found rotation "${rotation[@]}" -DMUT_CONFIRM_NOT_NEEDED
found rotation "${rotation[@]}" -DMUT_NO_WINDOW
found rotation -DRATCHETS=1 -DSLOTS=1 -DRECORDS=2 -DMUT_NUMBERS_RESTART
found rotation "${ratchet[@]}" -DRECORDS=1 -DMUT_NO_LOOK_AHEAD
holds handshake
for rule in REACH MUT_NO_COOKIE MUT_AUTH_NOT_CHECKED MUT_DONE_INSTALLS_AGAIN MUT_AUTH_INSTALLS_AGAIN MUT_NEW_SESSION_ENDS_OLD; do
    found handshake -D$rule
done
holds failover
for rule in REACH MUT_NO_INCARNATION MUT_NO_NODE MUT_COUNTER_REPEATS MUT_INCARNATION_NOT_CHECKED; do
    found failover -D$rule
done
if [ "$1" = soak ]; then
    limit=1800 memory=6000 optimise=-O2
    holds rotation -DRATCHETS=0 -DSLOTS=2 -DRECORDS=1
    holds rotation -DRATCHETS=1 -DSLOTS=1 -DRECORDS=1
    holds rotation "${ratchet[@]}" -DRECORDS=2
    holds handshake -DATTEMPTS=3
fi
exit 0
