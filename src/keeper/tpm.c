/* see tpm.h */
#include "keeper/tpm_talk.h"

#include "keeper/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

_Static_assert(sizeof(struct tpm_answer) <= PIPE_BUF, "in one piece");

#ifdef HEAD2_TPM

bool tpm_is_built_in(void)
{
    return true;
}

/* In the child. */
_Noreturn static void talk(int to, const struct tpm_question *question)
{
    struct tpm_answer answer;

    memset(&answer, 0, sizeof answer);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tpm_talk(&answer, question);
    _exit(write(to, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
}

/* Whether all of it came, and the child has ended. */
static bool listen_to(pid_t pid, int from, struct tpm_answer *answer)
{
    ssize_t n;

    do
        n = read(from, answer, sizeof *answer);
    while (n < 0 && errno == EINTR);
    pid_t gone;
    do
        gone = waitpid(pid, NULL, 0);
    while (gone < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *answer && gone == pid;
}

/* *answer is to be wiped. */
static enum head2_status ask(struct tpm_answer *answer, const struct tpm_question *question,
                             struct store_fault *fault)
{
    int ends[2];

    memset(answer, 0, sizeof *answer);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return store_say_errno(fault, "TPM", "cannot be asked");
    const pid_t pid = fork();
    if (pid == 0)
        talk(ends[1], question);
    const int error = errno;
    close(ends[1]);
    const bool whole = pid > 0 && listen_to(pid, ends[0], answer);
    close(ends[0]);
    errno = pid < 0 ? error : EIO;
    if (!whole)
        return store_say_errno(fault, "TPM", "cannot be asked");
    if (answer->st != HEAD2_OK)
        *fault = answer->fault;
    return answer->st;
}

#else

bool tpm_is_built_in(void)
{
    return false;
}

static enum head2_status ask(struct tpm_answer *answer, const struct tpm_question *question,
                             struct store_fault *fault)
{
    (void)question;
    memset(answer, 0, sizeof *answer);
    return store_say(HEAD2_E_UNSUPPORTED, fault, "TPM", "build with libtss2-dev installed",
                     "this program was built without tpm2-tss");
}

#endif

/* The secret is 32 bytes long, a blob what it is. */
static enum head2_status ask_for(uint8_t *out, size_t *len, const struct tpm_question *question,
                                 struct store_fault *fault)
{
    struct tpm_answer answer;

    if (question->access->pin_len > TPM_PIN_MAX)
        return HEAD2_E_ARG;
    const enum head2_status st = ask(&answer, question, fault);

    if (st == HEAD2_OK) {
        copy_bytes(out, answer.out, answer.len);
        *len = answer.len;
    }
    head2_wipe(&answer, sizeof answer);
    return st;
}

enum head2_status tpm_probe(const char *address, struct store_fault *fault)
{
    const struct tpm_access access = {.address = address};
    const struct tpm_question question = {.task = TPM_PROBE, .access = &access};
    size_t len;

    return ask_for(NULL, &len, &question, fault);
}

enum head2_status tpm_seal(uint8_t blob[TPM_BLOB_MAX], size_t *len,
                           const uint8_t secret[TPM_SECRET_BYTES], const struct store_pcrs *pcrs,
                           const struct tpm_access *access, struct store_fault *fault)
{
    const struct tpm_question question = {TPM_SEAL, access, pcrs, secret, TPM_SECRET_BYTES};

    return ask_for(blob, len, &question, fault);
}

enum head2_status tpm_unseal(uint8_t secret[TPM_SECRET_BYTES], const uint8_t *blob, size_t len,
                             const struct tpm_access *access, struct store_fault *fault)
{
    const struct tpm_question question = {TPM_UNSEAL, access, NULL, blob, len};
    size_t got;

    return ask_for(secret, &got, &question, fault);
}
