#!/bin/sh
# A second of every fuzzer, as a test.
exec scripts/fuzz "${HEAD2_FUZZ_SECONDS:-1}"
