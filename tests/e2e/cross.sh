#!/bin/bash
# The primitives on aarch64 and on big-endian s390x, under emulation, one of them each day; `make cross`
# and soak run all C tests on both.
cd "$(dirname "$0")/../.." || exit 7
failed=0
archs=(aarch64 s390x)
[ -n "${HEAD2_SOAK:-}" ] || archs=("${archs[$((10#$(date +%j) % 2))]}")
for arch in "${archs[@]}"; do
    scripts/cross $arch vectors_test_sha3 vectors_test_blake3 vectors_test_aead vectors_test_hmac_hkdf \
        vectors_test_mlkem_acvp vectors_test_mldsa_acvp vectors_test_ch2 properties_test_keccak \
        properties_test_no_randomness properties_test_entropy_pool || failed=1
done
exit $failed
