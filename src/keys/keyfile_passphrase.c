/* see keys/keyfile_passphrase.h */
#include "keys/keyfile_passphrase.h"

#include "keys/keyfile_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define KEY_INTERRUPT 0x03 /* ^C */
#define KEY_END       0x04 /* ^D */
#define KEY_BACKSPACE 0x08
#define KEY_KILL      0x15 /* ^U */
#define KEY_DELETE    0x7f

static enum head2_status check_length(size_t len, const char *where, struct keyfile_error *err)
{
    if (len == 0) {
        keyfile_explain(err, where, "the passphrase is empty", "give one of 1 to 1024 bytes");
        return HEAD2_E_PASSPHRASE;
    }
    if (len > HEAD2_PASSPHRASE_MAX) {
        keyfile_explain(err, where, "the passphrase is too long", "give one of 1 to 1024 bytes");
        return HEAD2_E_LIMIT;
    }
    return HEAD2_OK;
}

static enum head2_status from_file(const char *path, char *text, size_t *len,
                                   struct keyfile_error *err)
{
    struct keyfile_content f;
    enum head2_status st;

    HEAD2_TRY(keyfile_io_read(&f, path, err));
    if (f.exposed) {
        keyfile_explain(err, path, "the passphrase file can be read by others",
                        "chmod 600 it; if others may have read it, change the passphrase");
        HEAD2_TRY(HEAD2_E_POLICY);
    }
    const uint8_t *end = memchr(f.bytes, '\n', f.len);
    size_t line = end == NULL ? f.len : (size_t)(end - f.bytes);
    if (line > 0 && f.bytes[line - 1] == '\r')
        line--;
    HEAD2_TRY(check_length(line, path, err));
    memcpy(text, f.bytes, line);
    *len = line;

done:
    head2_wipe(&f, sizeof f);
    return st;
}

/* One line, edited as far as a terminal in raw mode lets us. *len may exceed the limit by one. */
static enum head2_status read_line(int fd, char *text, size_t *len, struct keyfile_error *err)
{
    for (;;) {
        unsigned char c;
        const ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return keyfile_explain_errno(err, "terminal", "read the passphrase");
        if (n == 0 || c == KEY_INTERRUPT || (c == KEY_END && *len == 0)) {
            keyfile_explain(err, "terminal", "no passphrase was given", "");
            return HEAD2_E_PASSPHRASE;
        }
        if (c == '\n' || c == '\r')
            return HEAD2_OK;
        if (c == KEY_BACKSPACE || c == KEY_DELETE)
            *len -= *len > 0 && *len <= HEAD2_PASSPHRASE_MAX;
        else if (c == KEY_KILL)
            *len = 0;
        else if (*len < HEAD2_PASSPHRASE_MAX)
            text[(*len)++] = (char)c;
        else
            *len = HEAD2_PASSPHRASE_MAX + 1;
    }
}

/* Echo, line editing and signals are off while we read, so that nothing leaves the terminal so. */
static enum head2_status from_terminal(const char *prompt, char *text, size_t *len,
                                       struct keyfile_error *err)
{
    struct termios before, silent;
    enum head2_status st;
    const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            close(fd);
        keyfile_explain(err, "terminal", "a passphrase is needed, and there is no terminal to ask",
                        "give a passphrase file");
        return HEAD2_E_PASSPHRASE;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    *len = 0;
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0) {
        st = keyfile_explain_errno(err, "terminal", "turn its echo off");
    } else {
        dprintf(fd, "%s", prompt);
        st = read_line(fd, text, len, err);
        dprintf(fd, "\n");
        if (tcsetattr(fd, TCSAFLUSH, &before) != 0 && st == HEAD2_OK)
            st = keyfile_explain_errno(err, "terminal", "turn its echo on");
    }
    close(fd);
    return st == HEAD2_OK ? check_length(*len, "terminal", err) : st;
}

enum head2_status keyfile_ask(const struct keyfile_passphrase *pass, const char *prompt, char *text,
                              size_t *len, struct keyfile_error *err)
{
    enum head2_status st;

    *len = 0;
    if (pass == NULL) {
        keyfile_explain(err, "passphrase", "the key is encrypted, and there is no passphrase",
                        "give a passphrase file");
        return HEAD2_E_PASSPHRASE;
    }
    st = pass->file != NULL ? from_file(pass->file, text, len, err)
                            : from_terminal(prompt, text, len, err);
    if (st != HEAD2_OK) {
        head2_wipe(text, HEAD2_PASSPHRASE_MAX);
        *len = 0;
    }
    return st;
}
