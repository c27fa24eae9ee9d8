#!/bin/bash
# The primitives on aarch64 and on big-endian s390x, under emulation; `make cross` runs all C tests.
cd "$(dirname "$0")/../.." || exit 7
failed=0
for arch in aarch64 s390x; do
    scripts/cross $arch vectors_test_sha3 vectors_test_blake3 vectors_test_aead vectors_test_hmac_hkdf \
        vectors_test_mlkem_acvp vectors_test_mldsa_acvp vectors_test_ch2 properties_test_keccak \
        properties_test_no_randomness properties_test_entropy_pool || failed=1
done
exit $failed
