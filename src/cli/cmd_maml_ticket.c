/*
 * head2 maml ticket: append one signed line to a document's History and sign the document anew. The
 * block that it had stays in History as a line of its own, so that what was signed before is still
 * there, byte for byte, at the beginning of what is signed now.
 */
#include "artifact/ticket.h"
#include "cli/anchors.h"
#include "cli/maml.h"
#include "cli/signing.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADING "\n## History\n"

struct work {
    struct ticket ticket;
    struct trust *trust;
};

static int hash_named(const struct cli *cli, const char *option, uint8_t hash[64])
{
    const char *path = cli_string(cli, option);
    char where[16];
    struct sigblock_hasher h;

    snprintf(where, sizeof where, "--%s", option);
    if (path == NULL)
        return cli_fail(cli, CLI_USAGE, where, "name a file",
                        "nothing says what the %s of the run was", option);
    sigblock_hash_init(&h, SIGBLOCK_SHA3_512);
    if (sigblock_hash_file(&h, path) != HEAD2_OK)
        return cli_fail_errno(cli, path, errno, "cannot read");
    sigblock_hash_final(&h, hash);
    return CLI_DONE;
}

static int read_options(struct cli *cli, struct work *w)
{
    const char *head = cli_string_or(cli, "head", "CHIMERA-HEAD-2");

    if (!ticket_head_ok(head))
        return cli_fail(cli, CLI_USAGE, "--head", "use 1 to 255 characters of ASCII, no blanks",
                        "the name cannot stand in a ticket");
    strcpy(w->ticket.head_id, head);
    w->ticket.duration_ms = cli_number(cli, "duration-ms", 0);
    int code = hash_named(cli, "input", w->ticket.input);
    return code == CLI_DONE ? hash_named(cli, "output", w->ticket.output) : code;
}

/* A signature that does not hold would look as if it had been looked at once it is in History. */
static int check_present(const struct cli_signing *s, const char *path, const struct maml *m)
{
    const struct work *w = s->arg;
    struct sigblock_hasher h;
    uint8_t digest[64];

    if (!m->has_block)
        return CLI_DONE;
    sigblock_hash_init(&h, m->block.hash);
    sigblock_hash_update(&h, m->doc, m->end);
    sigblock_hash_final(&h, digest);
    const uint64_t now = utc_now();
    const enum verdict v = w->trust != NULL ? trust_judge(w->trust, &m->block, digest, s->key, now)
                                            : sigblock_check(&m->block, digest, s->key, now);
    if (v == VERDICT_VALID)
        return CLI_DONE;
    return cli_fail(s->cli, CLI_FAILED, path,
                    v == VERDICT_SIGNER ? "give --trust FILE with its signer"
                                        : "get the file again from its signer",
                    "its present signature is invalid: %s", verdict_text(v));
}

static size_t put(uint8_t *to, size_t at, const void *bytes, size_t len)
{
    memcpy(to + at, bytes, len);
    return at + len;
}

/* What is signed now: all that was, the old block's line, the ticket's. */
static int compose(const struct cli_signing *s, const char *path, const struct maml *m,
                   uint8_t **out, size_t *len)
{
    struct work *w = s->arg;
    char line[TICKET_LINE_MAX];
    uint8_t *to = malloc(m->end + 1 + strlen(HEADING) + SIGNED_LINE_MAX + TICKET_LINE_MAX);

    w->ticket.time_ms = utc_now();
    enum head2_status st = to != NULL ? ticket_sign(&w->ticket, s->signer) : HEAD2_E_MEMORY;
    if (st != HEAD2_OK) {
        free(to);
        return cli_fail(s->cli, cli_status_exit(st), path, NULL, "cannot sign the ticket: %s",
                        head2_status_string(st));
    }
    size_t at = put(to, 0, m->doc, m->end);
    if (to[at - 1] != '\n')
        to[at++] = '\n';
    if (maml_section(m, "History") == NULL)
        at = put(to, at, HEADING, strlen(HEADING));
    at += signed_write(m, (char *)to + at);
    const size_t line_len = ticket_write(&w->ticket, line);
    at = put(to, at, line, line_len);
    *out = to;
    *len = at;
    return CLI_DONE;
}

/* Whether a reader finds the ticket in what was composed: an open fence would swallow it. */
static int check_composed(const struct cli_signing *s, const char *path, const uint8_t *bytes,
                          size_t len)
{
    struct maml *m;

    if (maml_parse(&m, bytes, len, cli_maml_mode(s->cli)) != HEAD2_OK)
        return cli_fail(s->cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = cli_maml_refuse(s->cli, path, m);
    const struct maml_entry *e = m->entry_count > 0 ? &m->entries[m->entry_count - 1] : NULL;
    if (code == CLI_DONE &&
        (e == NULL || e->whole.at + e->whole.len != len || !maml_section_is_last(m, "History")))
        code = cli_fail(s->cli, CLI_INPUT, path,
                        "make History the last section, with no fence or HTML open before it",
                        "no entry can be appended to its History");
    maml_free(m);
    return code;
}

static int add_ticket(const struct cli_signing *s, const char *path, uint8_t **bytes, size_t *len)
{
    struct maml *m;
    uint8_t *fresh = NULL;
    size_t fresh_len = 0;

    if (maml_parse(&m, *bytes, *len, cli_maml_mode(s->cli)) != HEAD2_OK)
        return cli_fail(s->cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = cli_maml_refuse(s->cli, path, m);
    if (code == CLI_DONE)
        code = check_present(s, path, m);
    if (code == CLI_DONE)
        code = compose(s, path, m, &fresh, &fresh_len);
    if (code == CLI_DONE)
        code = check_composed(s, path, fresh, fresh_len);
    maml_free(m);
    if (code != CLI_DONE) {
        free(fresh);
        return code;
    }
    free(*bytes);
    *bytes = fresh;
    *len = fresh_len;
    return CLI_DONE;
}

/* Two tickets at once must not lose one: the second waits for the first, and reads what it wrote.
 * The lock is on the file that has the name at the end. Returns a descriptor, -1 with errno. */
static int lock_document(const char *path)
{
    struct stat locked, named;

    for (;;) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return -1;
        errno = 0;
        if (flock(fd, LOCK_EX) == 0 && fstat(fd, &locked) == 0 && stat(path, &named) == 0 &&
            locked.st_ino == named.st_ino && locked.st_dev == named.st_dev)
            return fd;
        const int error = errno;
        close(fd);
        if (error != 0 && error != EINTR && error != ENOENT) {
            errno = error;
            return -1;
        }
    }
}

int cmd_maml_ticket(struct cli *cli)
{
    struct work w = {.trust = NULL};
    struct cli_anchors a = {0};
    int lock = -1;
    int code = read_options(cli, &w);

    if (code == CLI_DONE)
        code = cli_anchors_read_trust(cli, &a);
    w.trust = a.trust;
    if (code == CLI_DONE && strcmp(cli->args[0], "-") != 0) {
        lock = lock_document(cli->args[0]);
        if (lock < 0)
            code = cli_fail_errno(cli, cli->args[0], errno, "cannot read");
    }
    if (code == CLI_DONE)
        code = cli_sign_documents(cli, add_ticket, &w);
    if (lock >= 0)
        close(lock);
    cli_anchors_close(&a);
    return code;
}
