/*
 * Verbs run inside a fuzzer: nothing is printed, nothing is asked at a terminal, standard input is
 * empty, and all files are in the fuzzer's folder.
 */
#ifndef HEAD2_TESTS_FUZZ_CLI_QUIET_H
#define HEAD2_TESTS_FUZZ_CLI_QUIET_H

#include "fuzz/edit.h"

#include "cli/cli.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static void cli_quiet(void)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (tty >= 0) {
        ioctl(tty, TIOCNOTTY);
        close(tty);
    }
    fuzz_enter_folder();
    setenv("HOME", fuzz_folder, 1);
    setenv("HEAD2_STATE", "state", 1);
    FUZZ_ASSERT(freopen("/dev/null", "r", stdin) != NULL);
    stdout = fopen("/dev/null", "w"); /* the descriptors stay as they are: crashes are told there */
    stderr = fopen("/dev/null", "w");
    FUZZ_ASSERT(stdout != NULL && stderr != NULL);
}

#endif
