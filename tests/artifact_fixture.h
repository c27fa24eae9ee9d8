/*
 * What the tests of the artifact room share: fixed keys, a signed block, a temporary folder.
 */
#ifndef HEAD2_TESTS_ARTIFACT_FIXTURE_H
#define HEAD2_TESTS_ARTIFACT_FIXTURE_H

#include "check.h"

#include "artifact/sigblock.h"

#include <ftw.h>
#include <sys/stat.h>

/* A key from a one-byte seed: the same in every run. */
__attribute__((unused)) static struct head2_key *fixed_key(enum head2_alg alg, uint8_t number)
{
    uint8_t seed[64];
    struct head2_key *key = NULL;
    memset(seed, number, sizeof seed);
    CHECK_EQ(head2_key_from_seed(&key, alg, seed, head2_alg_is_signature(alg) ? 32 : 64), HEAD2_OK);
    return key;
}

__attribute__((unused)) static struct head2_key *public_of(const struct head2_key *key)
{
    struct head2_key *pub = NULL;
    const enum head2_alg alg = head2_key_alg(key);
    CHECK_EQ(head2_key_from_public(&pub, alg, head2_key_public(key), head2_alg_public_bytes(alg)),
             HEAD2_OK);
    return pub;
}

__attribute__((unused)) static void digest_of(uint8_t digest[64], enum sigblock_hash hash,
                                              const void *p, size_t len)
{
    struct sigblock_hasher h;
    sigblock_hash_init(&h, hash);
    sigblock_hash_update(&h, p, len);
    sigblock_hash_final(&h, digest);
}

#define FIXTURE_TIME 1761661937123u /* 2025-10-28T14:32:17.123Z */

/* A block over an artifact, signed by key, with no optional line. */
__attribute__((unused)) static void sign_block(struct sigblock *b, const struct head2_key *key,
                                               const void *artifact, size_t len)
{
    memset(b, 0, sizeof *b);
    b->hash = SIGBLOCK_BLAKE3;
    digest_of(b->digest, b->hash, artifact, len);
    b->time_ms = FIXTURE_TIME;
    strcpy(b->signer, "CHIMERA-HEAD-2");
    strcpy(b->media_type, "text/markdown");
    const struct artifact_signer s = artifact_signer_of_key(key, true);
    CHECK_EQ(sigblock_sign(&b, 1, &s), HEAD2_OK);
}

static char fixture_folder[64];

__attribute__((unused)) static int fixture_unlink(const char *path, const struct stat *info,
                                                  int flag, struct FTW *walk)
{
    (void)info;
    (void)flag;
    (void)walk;
    return remove(path);
}

/* A fresh folder for the case; the one before is removed. */
__attribute__((unused)) static const char *fresh_folder(void)
{
    if (fixture_folder[0] != 0)
        nftw(fixture_folder, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    strcpy(fixture_folder, "/tmp/head2-test-XXXXXX");
    CHECK(mkdtemp(fixture_folder) != NULL);
    return fixture_folder;
}

__attribute__((unused)) static void remove_folder(void)
{
    if (fixture_folder[0] != 0)
        nftw(fixture_folder, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    fixture_folder[0] = 0;
}

#endif
