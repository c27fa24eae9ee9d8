/*
 * Files as the artifact room and the verbs use them: read whole with a stated limit, written to a
 * temporary name, flushed to the disk and renamed, so that a name never stands for half a file.
 * On HEAD2_E_IO errno says why.
 */
#ifndef HEAD2_ARTIFACT_FILE_H
#define HEAD2_ARTIFACT_FILE_H

#include "base/base.h"

#include <sys/types.h>

/*
 * Read a file, or standard input for "-". *out is allocated with one zero byte after the content
 * and freed by the caller. HEAD2_OK, HEAD2_E_LIMIT (longer than limit), HEAD2_E_IO, HEAD2_E_MEMORY.
 */
HEAD2_CHECK enum head2_status file_read(const char *path, size_t limit, uint8_t **out, size_t *len);

/* Read a file of any size, or standard input for "-", piece by piece. HEAD2_OK or HEAD2_E_IO. */
typedef void file_piece_fn(void *arg, const uint8_t *piece, size_t len);
HEAD2_CHECK enum head2_status file_stream(const char *path, file_piece_fn *fn, void *arg);

enum file_existing {
    FILE_REPLACE, /* an existing file of that name is replaced */
    FILE_KEEP     /* HEAD2_E_IO with EEXIST */
};

/* Write a file durably and whole. mode is what open(2) takes, before the umask. HEAD2_OK,
 * HEAD2_E_IO, or HEAD2_E_POLICY where a device, a pipe or a symbolic link would be replaced. */
HEAD2_CHECK enum head2_status file_write(const char *path, const void *bytes, size_t len,
                                         mode_t mode, enum file_existing existing);

/* mkdir -p with mode for what is made, which is durable then. */
HEAD2_CHECK enum head2_status file_make_dirs(const char *path, mode_t mode);

#endif
