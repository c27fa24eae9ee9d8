/*
 * Key files as the program reads and writes them: permissions, whole files or none, what may be
 * replaced, and passphrases from a file and from a terminal.
 */
#include "check.h"

#include "base/base.h"
#include "keys/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct head2_key *key;
static struct keyfile_error err;
static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static void put_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
    unlink(path);
    const int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    CHECK(fchmod(fd, mode) == 0 && close(fd) == 0);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    CHECK_SAY(stat(path, &st) == 0, "no %s", path);
    return st.st_mode & 07777;
}

static int files_in_folder(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    CHECK(d != NULL);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static void empty_folder(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -m 700 '%s'", folder, folder);
    CHECK(system(command) == 0);
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/head2-keyfile-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_EQ(head2_key_generate(&key, HEAD2_MLDSA_44), HEAD2_OK);
}

static const struct keyfile_options plain = {HEAD2_KEY_PEM, HEAD2_PRIVATE_DEFAULT, NULL, 0, false};
static const struct keyfile_options replacing = {HEAD2_KEY_DER, HEAD2_PRIVATE_DEFAULT, NULL, 0,
                                                 true};

static void write_and_read(void)
{
    struct head2_key *again;
    empty_folder();
    CHECK_EQ(keyfile_write_private(key, in_folder("k.pem"), &plain, &err), HEAD2_OK);
    CHECK_EQ(keyfile_write_public(key, in_folder("k.pub"), &plain, &err), HEAD2_OK);
    CHECK_EQ(mode_of(in_folder("k.pem")), 0600);
    CHECK_EQ(mode_of(in_folder("k.pub")), 0644);
    CHECK_EQ(files_in_folder(), 2);
    CHECK_EQ(keyfile_read_private(&again, in_folder("k.pem"), NULL, &err), HEAD2_OK);
    CHECK_EQ(head2_key_same_public(key, again), HEAD2_OK);
    head2_key_free(again);
    CHECK_EQ(keyfile_read(&again, in_folder("k.pub"), NULL, &err), HEAD2_OK);
    CHECK(!head2_key_has_private(again));
    head2_key_free(again);
    CHECK_EQ(keyfile_read_private(&again, in_folder("k.pub"), NULL, &err), HEAD2_E_ARG);
    CHECK(again == NULL && strstr(err.what, "public key") != NULL);
}

static void permissions(void)
{
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666, 0777};
    struct head2_key *again;
    const struct keyfile_options sealed = {HEAD2_KEY_PEM, HEAD2_PRIVATE_DEFAULT, "p", 1, false};
    empty_folder();
    CHECK_EQ(keyfile_write_private(key, in_folder("k.pem"), &plain, &err), HEAD2_OK);
    CHECK_EQ(keyfile_write_private(key, in_folder("e.pem"), &sealed, &err), HEAD2_OK);
    for (size_t i = 0; i < HEAD2_LEN(open_modes); i++) {
        const char *const names[] = {in_folder("k.pem"), in_folder("e.pem")};
        for (size_t n = 0; n < 2; n++) {
            CHECK(chmod(names[n], open_modes[i]) == 0);
            CHECK_SAY(keyfile_read(&again, names[n], NULL, &err) == HEAD2_E_POLICY, "mode %o",
                      (unsigned)open_modes[i]);
            CHECK(again == NULL && strstr(err.hint, "chmod 600") != NULL);
        }
    }
    CHECK(chmod(in_folder("k.pem"), 0400) == 0);
    CHECK_EQ(keyfile_read(&again, in_folder("k.pem"), NULL, &err), HEAD2_OK);
    head2_key_free(again);
}

static void replacing_is_said(void)
{
    struct head2_key *other, *again;
    empty_folder();
    CHECK_EQ(head2_key_generate(&other, HEAD2_MLKEM_512), HEAD2_OK);
    CHECK_EQ(keyfile_write_private(key, in_folder("k"), &plain, &err), HEAD2_OK);
    CHECK_EQ(keyfile_write_private(other, in_folder("k"), &plain, &err), HEAD2_E_POLICY);
    CHECK(strstr(err.what, "of this name") != NULL && strstr(err.where, "/k") != NULL);
    CHECK_EQ(keyfile_write_public(other, in_folder("k"), &plain, &err), HEAD2_E_POLICY);
    CHECK_EQ(keyfile_read(&again, in_folder("k"), NULL, &err), HEAD2_OK);
    CHECK_EQ(head2_key_same_public(key, again), HEAD2_OK);
    head2_key_free(again);
    CHECK_EQ(keyfile_write_private(other, in_folder("k"), &replacing, &err), HEAD2_OK);
    CHECK_EQ(keyfile_read(&again, in_folder("k"), NULL, &err), HEAD2_OK);
    CHECK_EQ(head2_key_same_public(other, again), HEAD2_OK);
    head2_key_free(again);
    CHECK_EQ(keyfile_write_public(key, in_folder("p"), &plain, &err), HEAD2_OK);
    CHECK_EQ(keyfile_write_public(other, in_folder("p"), &plain, &err), HEAD2_OK);
    CHECK_EQ(files_in_folder(), 2);
    head2_key_free(other);
}

static void places_that_do_not_work(void)
{
    struct head2_key *again;
    empty_folder();
    CHECK_EQ(keyfile_read(&again, in_folder("none"), NULL, &err), HEAD2_E_IO);
    CHECK(err.error == ENOENT && strcmp(err.what, "cannot open it") == 0);
    CHECK_EQ(keyfile_read(&again, folder, NULL, &err), HEAD2_E_IO);
    CHECK_EQ(err.error, EISDIR);
    CHECK_EQ(keyfile_write_private(key, in_folder("no/where"), &plain, &err), HEAD2_E_IO);
    CHECK_EQ(err.error, ENOENT);
    CHECK_EQ(keyfile_write_private(key, folder, &replacing, &err), HEAD2_E_POLICY);
    static char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    CHECK_EQ(keyfile_write_private(key, longer, &replacing, &err), HEAD2_E_IO);
    CHECK_EQ(err.error, ENAMETOOLONG);
    CHECK(strncmp(err.where, "...", 3) == 0);
    CHECK_EQ(files_in_folder(), 0);
}

static void contents_that_are_no_key(void)
{
    static char big[HEAD2_KEY_MAX_FILE + 2];
    struct head2_key *again;
    empty_folder();
    memset(big, 'A', sizeof big);
    put_file(in_folder("big"), big, sizeof big, 0644);
    CHECK_EQ(keyfile_read(&again, in_folder("big"), NULL, &err), HEAD2_E_LIMIT);
    put_file(in_folder("text"), "hello\n", 6, 0600);
    CHECK_EQ(keyfile_read(&again, in_folder("text"), NULL, &err), HEAD2_E_MALFORMED);
    CHECK(strstr(err.what, "neither") != NULL);
    put_file(in_folder("empty"), "", 0, 0600);
    CHECK_EQ(keyfile_read(&again, in_folder("empty"), NULL, &err), HEAD2_E_MALFORMED);
}

/* Standard output that takes nothing: the error is seen. */
static void full_output(void)
{
    empty_folder();
    const pid_t child = fork();
    if (child < 0)
        SKIP("no pseudo-terminal to be had here (is /dev/pts mounted?)");
    if (child == 0) {
        const int full = open("/dev/full", O_WRONLY);
        dup2(full, STDOUT_FILENO);
        _exit(keyfile_write_private(key, "-", &plain, &err) == HEAD2_E_IO && err.error == ENOSPC
                  ? 0
                  : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

static void passphrase_file(void)
{
    struct keyfile_passphrase pass = {NULL};
    char text[HEAD2_PASSPHRASE_MAX], longest[HEAD2_PASSPHRASE_MAX + 1], file[512];
    struct head2_key *again;
    size_t len;

    empty_folder();
    snprintf(file, sizeof file, "%s", in_folder("pass")); /* which gives its places anew */
    pass.file = file;
    put_file(pass.file, "tulip bulb\r\nsecond\n", 19, 0600);
    CHECK_EQ(keyfile_new_passphrase(&pass, "k", text, &len, &err), HEAD2_OK);
    CHECK(len == 10 && memcmp(text, "tulip bulb", 10) == 0);
    const struct keyfile_options sealed = {HEAD2_KEY_PEM, HEAD2_PRIVATE_DEFAULT, text, len, false};
    CHECK_EQ(keyfile_write_private(key, in_folder("e.pem"), &sealed, &err), HEAD2_OK);
    CHECK_EQ(keyfile_read(&again, in_folder("e.pem"), &pass, &err), HEAD2_OK);
    head2_key_free(again);
    CHECK_EQ(keyfile_read(&again, in_folder("e.pem"), NULL, &err), HEAD2_E_PASSPHRASE);
    CHECK(strstr(err.hint, "passphrase file") != NULL);
    put_file(pass.file, "tulip", 5, 0600);
    CHECK_EQ(keyfile_read(&again, in_folder("e.pem"), &pass, &err), HEAD2_E_PASSPHRASE);
    CHECK(strstr(err.what, "wrong") != NULL);
    put_file(pass.file, "tulip bulb", 10, 0640);
    CHECK_EQ(keyfile_read(&again, in_folder("e.pem"), &pass, &err), HEAD2_E_POLICY);
    CHECK(strstr(err.what, "passphrase file can be read by others") != NULL);
    put_file(pass.file, "\n", 1, 0600);
    CHECK_EQ(keyfile_new_passphrase(&pass, "k", text, &len, &err), HEAD2_E_PASSPHRASE);
    CHECK_EQ(len, 0);
    memset(longest, 'x', sizeof longest);
    put_file(pass.file, longest, sizeof longest, 0600);
    CHECK_EQ(keyfile_new_passphrase(&pass, "k", text, &len, &err), HEAD2_E_LIMIT);
    put_file(pass.file, longest, HEAD2_PASSPHRASE_MAX, 0600);
    CHECK_EQ(keyfile_new_passphrase(&pass, "k", text, &len, &err), HEAD2_OK);
    CHECK_EQ(len, HEAD2_PASSPHRASE_MAX);
}

/* Wait until the terminal shows what, keeping all that it showed in seen. */
static bool see(int terminal, char *seen, size_t room, const char *what)
{
    size_t len = strlen(seen);
    while (strstr(seen, what) == NULL && len + 1 < room) {
        const ssize_t n = read(terminal, seen + len, room - len - 1);
        if (n <= 0)
            return false;
        len += (size_t)n;
        seen[len] = 0;
    }
    return strstr(seen, what) != NULL;
}

/* What keyfile_new_passphrase says to one who types first and then, when asked again, second.
 * Nothing typed may be echoed. */
static enum head2_status type(const char *first, const char *second, const char *want)
{
    static const struct keyfile_passphrase terminal_only = {NULL};
    char seen[1024] = "", text[HEAD2_PASSPHRASE_MAX];
    size_t len;
    int terminal, status;
    const pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    CHECK(child >= 0);
    if (child == 0) {
        enum head2_status st = keyfile_new_passphrase(&terminal_only, "k.pem", text, &len, &err);
        const bool same = st != HEAD2_OK || (len == strlen(want) && memcmp(text, want, len) == 0);
        _exit(same ? -st : 99);
    }
    CHECK(see(terminal, seen, sizeof seen, "New passphrase for k.pem: "));
    CHECK(write(terminal, first, strlen(first)) == (ssize_t)strlen(first));
    if (second != NULL) {
        CHECK(see(terminal, seen, sizeof seen, "again: "));
        CHECK(write(terminal, second, strlen(second)) == (ssize_t)strlen(second));
    }
    see(terminal, seen, sizeof seen, "never shown");
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    close(terminal);
    CHECK_SAY(strstr(seen, "rose") == NULL, "the terminal showed: %s", seen);
    return (enum head2_status) - WEXITSTATUS(status);
}

static void passphrase_from_terminal(void)
{
    CHECK_EQ(type("rose\n", "rose\n", "rose"), HEAD2_OK);
    CHECK_EQ(type("x\x15rosex\x7f\r", "ro\x08ose\n", "rose"), HEAD2_OK);
    CHECK_EQ(type("rose\n", "rise\n", ""), HEAD2_E_PASSPHRASE);
    CHECK_EQ(type("\n", NULL, ""), HEAD2_E_PASSPHRASE);
    CHECK_EQ(type("ro\x03", NULL, ""), HEAD2_E_PASSPHRASE);
    CHECK_EQ(type("\x04", NULL, ""), HEAD2_E_PASSPHRASE);
}

/* Without a controlling terminal nothing hangs: the answer is a refusal that says what to do. */
static void no_terminal(void)
{
    static const struct keyfile_passphrase terminal_only = {NULL};
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char text[HEAD2_PASSPHRASE_MAX];
        size_t len;
        setsid();
        enum head2_status st = keyfile_new_passphrase(&terminal_only, "k", text, &len, &err);
        _exit(st == HEAD2_E_PASSPHRASE && strstr(err.hint, "passphrase file") != NULL ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

int main(void)
{
    RUN(begin);
    if (check_failures != 0)
        CHECK_EXIT();
    RUN(write_and_read);
    RUN(permissions);
    RUN(replacing_is_said);
    RUN(places_that_do_not_work);
    RUN(contents_that_are_no_key);
    RUN(full_output);
    RUN(passphrase_file);
    RUN(passphrase_from_terminal);
    RUN(no_terminal);
    head2_key_free(key);
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        return 1;
    CHECK_EXIT();
}
