/* What went wrong with a ledger, in words. See ledger_db.h. */
#include "artifact/ledger_db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void ledger_say_where(const struct ledger *l, struct ledger_fault *fault)
{
    memset(fault, 0, sizeof *fault);
    snprintf(fault->where, sizeof fault->where, "%.490s/" LEDGER_FILE, l->folder);
}

enum head2_status ledger_failed(const struct ledger *l, struct ledger_fault *fault,
                                const char *doing)
{
    const int code = l->db != NULL ? sqlite3_errcode(l->db) : SQLITE_NOMEM;

    ledger_say_where(l, fault);
    snprintf(fault->what, sizeof fault->what, "%s: %s", doing,
             l->db != NULL ? sqlite3_errmsg(l->db) : "out of memory");
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        snprintf(fault->hint, sizeof fault->hint,
                 "'head2 ledger verify' says how far it is whole; restore a copy");
        return HEAD2_E_MALFORMED;
    }
    if (code == SQLITE_FULL)
        fault->error = ENOSPC;
    else if (code == SQLITE_READONLY)
        fault->error = EROFS;
    else if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR)
        fault->error = sqlite3_system_errno(l->db);
    if (code == SQLITE_IOERR && fault->error == 0) /* SQLite does not always know */
        fault->error = EIO;
    const size_t len = strlen(fault->what);
    if (fault->error != 0 && code != SQLITE_FULL && code != SQLITE_READONLY)
        snprintf(fault->what + len, sizeof fault->what - len, " (%s)", strerror(fault->error));
    return code == SQLITE_NOMEM ? HEAD2_E_MEMORY : HEAD2_E_IO;
}

enum head2_status ledger_damaged(const struct ledger *l, struct ledger_fault *fault,
                                 const char *fmt, ...)
{
    va_list args;

    ledger_say_where(l, fault);
    va_start(args, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, args);
    va_end(args);
    snprintf(fault->hint, sizeof fault->hint, "restore a copy");
    return HEAD2_E_MALFORMED;
}
