/*
 * What the section History of a MAML document carries of signatures, each as one line:
 *
 *     - TIME: [TICKET] head=ID input=sha3-512:HEX output=sha3-512:HEX duration_ms=N
 *       algorithm=ML-DSA-87 key_id=HEX signature=BASE64
 *
 * says that something was run on an input and gave an output (Signed Execution Ticket), and
 *
 *     - TIME: [SIGNED] BASE64
 *
 * is a signature block that stood at this place before the document went on. It signs all bytes
 * before its line, so no earlier line can be changed or removed without its being seen.
 */
#ifndef HEAD2_ARTIFACT_TICKET_H
#define HEAD2_ARTIFACT_TICKET_H

#include "artifact/base64.h"
#include "artifact/maml.h"

#define TICKET_CONTEXT     "head2/ticket/1"
#define TICKET_LINE_MAX    8192
#define TICKET_MESSAGE_MAX 512
#define SIGNED_LINE_MAX    (BASE64_LEN(SIGBLOCK_MAX) + 64)

struct ticket {
    uint8_t input[64], output[64]; /* SHA3-512 */
    char head_id[SIGBLOCK_TEXT_MAX + 1];
    uint64_t time_ms, duration_ms;
    enum head2_alg alg;
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
};

/* 1 to 255 printable characters of ASCII, no blank among them. */
bool ticket_head_ok(const char *head_id);

/* What ML-DSA signs. Returns its length. */
size_t ticket_message(const struct ticket *t, uint8_t out[TICKET_MESSAGE_MAX]);
/* Fills alg, key_id, sig. HEAD2_OK, HEAD2_E_ARG (a field that cannot be written) or the signer's.
 */
HEAD2_CHECK enum head2_status ticket_sign(struct ticket *t, const struct artifact_signer *s);
/* The line, with its LF. Returns its length. */
size_t ticket_write(const struct ticket *t, char out[TICKET_LINE_MAX]);
/* An entry of the tag TICKET, in this one spelling. HEAD2_OK or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status ticket_read(struct ticket *t, const struct maml *m,
                                          const struct maml_entry *e);
/* As sigblock_check: signer, signature, time. */
enum verdict ticket_check(const struct ticket *t, const struct head2_key *key, uint64_t now_ms);

/* The line for the block that a document ends in; out has SIGNED_LINE_MAX bytes. Returns its
 * length, 0 when the document has no good block. */
size_t signed_write(const struct maml *m, char *out);
/* An entry of the tag SIGNED. text has SIGBLOCK_MAX bytes; it and *len are the block as it stood.
 * HEAD2_OK, HEAD2_E_MALFORMED with *fault, or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status signed_read(struct sigblock *b, char *text, size_t *len,
                                          const struct maml *m, const struct maml_entry *e,
                                          struct sigblock_fault *fault);

#endif
