#!/bin/sh
# A few seconds of every fuzzer, as a test.
exec scripts/fuzz "${HEAD2_FUZZ_SECONDS:-2}"
