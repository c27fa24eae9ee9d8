/*
 * The words of OpenQASM, one at a time with their places, and the angles of gates.
 */
#ifndef HEAD2_ENTROPY_QASM_WORDS_H
#define HEAD2_ENTROPY_QASM_WORDS_H

#include "entropy/qasm.h"

enum qasm_kind { QASM_END, QASM_NAME, QASM_NUMBER, QASM_STRING, QASM_SIGN, QASM_ARROW };

struct qasm_word {
    enum qasm_kind kind;
    const char *text; /* not terminated; of a string, without its quotes */
    size_t len;
    unsigned line, column;
};

struct qasm_reader {
    struct qasm_word word; /* the one that is looked at */
    const char *at, *end;
    unsigned line;
    const char *line_begin;
    unsigned version; /* 2 or 3; 0 before it is known */
    struct qasm_error *err;
};

/* Note an error at a word; returns st. */
enum head2_status qasm_fail(struct qasm_reader *r, const struct qasm_word *at, enum head2_status st,
                            const char *hint, const char *fmt, ...) HEAD2_PRINTF(5, 6);
/* The present word is not what the text before it calls for. */
enum head2_status qasm_expected(struct qasm_reader *r, const char *what);

/* Look at the next word. */
HEAD2_CHECK enum head2_status qasm_next(struct qasm_reader *r);

bool qasm_is_name(const struct qasm_reader *r, const char *name);
bool qasm_is_sign(const struct qasm_reader *r, char sign);
/* Pass over this sign, or fail. */
HEAD2_CHECK enum head2_status qasm_take_sign(struct qasm_reader *r, char sign);
/* A whole number of at most 9 digits. */
HEAD2_CHECK enum head2_status qasm_take_whole(struct qasm_reader *r, unsigned *value);
/* An angle, to the ')' after it, which is left. */
HEAD2_CHECK enum head2_status qasm_take_angle(struct qasm_reader *r, double *value);

#endif
