/*
 * Sign a message with ML-DSA-87 and verify it.
 *
 *     cc sign_verify.c $(pkg-config --cflags --libs head2) -o sign_verify
 */
#include <head2/head2.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    static const char message[] = "north field sprayed, 42 litres";
    static const char purpose[] = "example/spray-report"; /* what signatures of this kind are for */
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
    struct head2_key *key;
    enum head2_status st;

    st = head2_key_generate(&key, HEAD2_MLDSA_87);
    if (st != HEAD2_OK) {
        fprintf(stderr, "no key: %s\n", head2_status_string(st));
        return 1;
    }
    st = head2_key_sign(key, sig, &sig_len, (const uint8_t *)message, strlen(message), purpose,
                        strlen(purpose), false);
    if (st != HEAD2_OK) {
        fprintf(stderr, "no signature: %s\n", head2_status_string(st));
        head2_key_free(key);
        return 1;
    }
    printf("signed %zu bytes with ML-DSA-87: %zu bytes of signature\n", strlen(message), sig_len);

    st = head2_key_verify(key, (const uint8_t *)message, strlen(message), purpose, strlen(purpose),
                          sig, sig_len);
    printf("as it was:        %s\n", head2_status_string(st));

    sig[100] ^= 1;
    enum head2_status bad = head2_key_verify(key, (const uint8_t *)message, strlen(message),
                                             purpose, strlen(purpose), sig, sig_len);
    printf("one bit changed:  %s\n", head2_status_string(bad));
    head2_key_free(key);
    return st == HEAD2_OK && bad == HEAD2_E_VERIFY ? 0 : 1;
}
