/*
 * Angles: numbers, pi, + - * / and parentheses, by two stacks (operators wait until what is on
 * their right is known), so that depth is bounded and nothing recurs.
 */
#include "entropy/qasm_words.h"

#include <math.h>
#include <stdlib.h>

struct angle {
    double value[QASM_NESTING];
    unsigned values;
    struct qasm_word sign[QASM_NESTING]; /* 'n' stands for a minus before a value */
    char op[QASM_NESTING];
    unsigned signs;
};

static int binds(char op)
{
    return op == 'n' ? 3 : op == '*' || op == '/' ? 2 : op == '(' ? 0 : 1;
}

static enum head2_status too_deep(struct qasm_reader *r)
{
    return qasm_fail(r, &r->word, HEAD2_E_LIMIT, "write it more simply, or as one number",
                     "an angle nested deeper than %d", QASM_NESTING);
}

static enum head2_status push_value(struct qasm_reader *r, struct angle *a, double value)
{
    if (a->values == QASM_NESTING)
        return too_deep(r);
    a->value[a->values++] = value;
    return qasm_next(r);
}

static enum head2_status push_sign(struct qasm_reader *r, struct angle *a, char op)
{
    if (a->signs == QASM_NESTING)
        return too_deep(r);
    a->sign[a->signs] = r->word;
    a->op[a->signs++] = op;
    return qasm_next(r);
}

/* Operators at the top that bind at least so strongly get their result. */
static enum head2_status resolve(struct qasm_reader *r, struct angle *a, int least)
{
    while (a->signs > 0 && binds(a->op[a->signs - 1]) >= least) {
        const char op = a->op[--a->signs];
        double *x = &a->value[a->values - 1];
        if (op == 'n') {
            *x = -*x;
        } else {
            const double y = *x--;
            a->values--;
            *x = op == '+' ? *x + y : op == '-' ? *x - y : op == '*' ? *x * y : *x / y;
        }
        if (!isfinite(*x))
            return qasm_fail(r, &a->sign[a->signs], HEAD2_E_MALFORMED, "write a finite angle",
                             "a division by zero, or a result too large");
    }
    return HEAD2_OK;
}

/* What may stand where a value must: a number, pi, or what comes before a value. */
static enum head2_status take_value(struct qasm_reader *r, struct angle *a, bool *complete)
{
    *complete = false;
    if (qasm_is_sign(r, '('))
        return push_sign(r, a, '(');
    if (qasm_is_sign(r, '-'))
        return push_sign(r, a, 'n');
    if (qasm_is_sign(r, '+')) /* changes nothing */
        return qasm_next(r);
    *complete = true;
    if (qasm_is_name(r, "pi"))
        return push_value(r, a, M_PI);
    if (r->word.kind == QASM_NAME)
        return qasm_fail(r, &r->word, HEAD2_E_UNSUPPORTED, "write numbers and pi",
                         "angles have no names but pi");
    if (r->word.kind != QASM_NUMBER)
        return qasm_expected(r, "a number");
    char digits[64] = {0};
    if (r->word.len >= sizeof digits)
        return qasm_fail(r, &r->word, HEAD2_E_LIMIT, "17 digits are all that counts",
                         "a number longer than %zu characters", sizeof digits - 1);
    memcpy(digits, r->word.text, r->word.len);
    const double value = strtod(digits, NULL);
    if (!isfinite(value))
        return qasm_fail(r, &r->word, HEAD2_E_MALFORMED, "write a finite angle", "too large");
    return push_value(r, a, value);
}

/* What may stand behind a value: an operator, or a ')' that closes what was opened in the angle;
 * *end is set at the one that was not. */
static enum head2_status take_operator(struct qasm_reader *r, struct angle *a, bool *end)
{
    const char op = r->word.kind == QASM_SIGN ? r->word.text[0] : 0;
    enum head2_status st;

    if (op == ')') {
        HEAD2_TRY(resolve(r, a, 1));
        *end = a->signs == 0;
        if (*end)
            return HEAD2_OK;
        a->signs--; /* its '(' */
        return qasm_next(r);
    }
    if (op == 0 || strchr("+-*/", op) == NULL)
        return qasm_expected(r, "an operator or ')'");
    HEAD2_TRY(resolve(r, a, binds(op)));
    st = push_sign(r, a, op);
done:
    return st;
}

enum head2_status qasm_take_angle(struct qasm_reader *r, double *value)
{
    struct angle a = {.values = 0};
    bool after_value = false, end = false;
    enum head2_status st = HEAD2_OK;

    while (st == HEAD2_OK && !end) {
        if (!after_value) {
            st = take_value(r, &a, &after_value);
        } else {
            const bool closing = qasm_is_sign(r, ')');
            st = take_operator(r, &a, &end);
            after_value = closing;
        }
    }
    *value = st == HEAD2_OK ? a.value[0] : 0;
    return st;
}
