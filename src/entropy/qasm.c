/*
 * Statements of OpenQASM: see entropy/qasm.h for which.
 */
#include "entropy/qasm_words.h"

#include <stdlib.h>

struct name {
    char name[QASM_NAME_MAX + 1];
    bool bits; /* classical */
    bool one;  /* declared without a size */
    unsigned first, size;
};

struct parser {
    struct qasm_reader read;
    struct qasm_circuit *out;
    struct name name[QASM_REGISTERS];
    unsigned names;
};

/* A register, or one place of it. */
struct operand {
    struct qasm_word word;
    unsigned first, size;
    bool whole; /* a register, if of size 1 */
};

struct gate {
    const char *name;
    enum qsim_gate gate;
    unsigned qubits;
    bool angle;
};

static const struct gate gates[] = {
    {"x",    QSIM_X,    1, false},
    {"y",    QSIM_Y,    1, false},
    {"z",    QSIM_Z,    1, false},
    {"h",    QSIM_H,    1, false},
    {"s",    QSIM_S,    1, false},
    {"sdg",  QSIM_SDG,  1, false},
    {"t",    QSIM_T,    1, false},
    {"tdg",  QSIM_TDG,  1, false},
    {"rx",   QSIM_RX,   1, true },
    {"ry",   QSIM_RY,   1, true },
    {"rz",   QSIM_RZ,   1, true },
    {"cx",   QSIM_CX,   2, false},
    {"CX",   QSIM_CX,   2, false},
    {"cz",   QSIM_CZ,   2, false},
    {"swap", QSIM_SWAP, 2, false},
};

/* Words that mean something in the language and are no names. */
static const char *const reserved[] = {
    "OPENQASM", "include", "qreg",   "creg",   "qubit",   "bit",   "measure", "reset", "barrier",
    "gate",     "opaque",  "if",     "else",   "for",     "while", "def",     "let",   "const",
    "int",      "uint",    "float",  "angle",  "bool",    "input", "output",  "ctrl",  "inv",
    "pow",      "negctrl", "return", "extern", "defcal",  "cal",   "box",     "delay", "stretch",
    "duration", "array",   "switch", "break",  "gphase",  "U",     "pi",      "id",    "complex",
    "end",      "case",    "in",     "void",   "continue"};

/* ---- names ---- */

static const struct gate *find_gate(const struct qasm_reader *r)
{
    for (size_t i = 0; i < HEAD2_LEN(gates); i++)
        if (qasm_is_name(r, gates[i].name))
            return &gates[i];
    return NULL;
}

static bool is_reserved(const struct qasm_reader *r)
{
    for (size_t i = 0; i < HEAD2_LEN(reserved); i++)
        if (qasm_is_name(r, reserved[i]))
            return true;
    return find_gate(r) != NULL;
}

static const struct name *find_name(const struct parser *p)
{
    for (unsigned i = 0; i < p->names; i++)
        if (qasm_is_name(&p->read, p->name[i].name))
            return &p->name[i];
    return NULL;
}

/* Check and note the present word as the name of a new register. */
static enum head2_status take_new_name(struct parser *p, struct name *n)
{
    struct qasm_reader *r = &p->read;
    const struct qasm_word *w = &r->word;

    if (w->kind != QASM_NAME)
        return qasm_expected(r, "a name");
    if (is_reserved(r))
        return qasm_fail(r, w, HEAD2_E_MALFORMED, "choose another", "'%.*s' means something else",
                         (int)w->len, w->text);
    if (w->len > QASM_NAME_MAX)
        return qasm_fail(r, w, HEAD2_E_LIMIT, "choose a shorter one", "a name longer than %d bytes",
                         QASM_NAME_MAX);
    if (find_name(p) != NULL)
        return qasm_fail(r, w, HEAD2_E_MALFORMED, "choose another", "'%.*s' is declared already",
                         (int)w->len, w->text);
    memcpy(n->name, w->text, w->len);
    return qasm_next(r);
}

/* ---- declarations ---- */

/* [n], where `required`; else the register has one member. */
static enum head2_status take_size(struct qasm_reader *r, struct name *n, bool required)
{
    enum head2_status st = HEAD2_OK;

    n->size = 1;
    n->one = !qasm_is_sign(r, '[');
    if (n->one && !required)
        return HEAD2_OK;
    HEAD2_TRY(qasm_take_sign(r, '['));
    const struct qasm_word at = r->word;
    HEAD2_TRY(qasm_take_whole(r, &n->size));
    if (n->size == 0)
        return qasm_fail(r, &at, HEAD2_E_MALFORMED, "give it a size of at least 1",
                         "a register of nothing");
    st = qasm_take_sign(r, ']');
done:
    return st;
}

static enum head2_status declare(struct parser *p, bool bits, bool size_first)
{
    struct qsim_circuit *c = &p->out->circuit;
    struct qasm_reader *r = &p->read;
    const struct qasm_word begin = r->word;
    unsigned *count = bits ? &c->bits : &c->qubits;
    const unsigned most = bits ? QSIM_BITS : QSIM_QUBITS;
    struct name n = {.bits = bits};
    enum head2_status st;

    HEAD2_TRY(qasm_next(r));
    if (size_first)
        HEAD2_TRY(take_size(r, &n, false));
    HEAD2_TRY(take_new_name(p, &n));
    if (!size_first)
        HEAD2_TRY(take_size(r, &n, true));
    if (n.size > most - *count)
        return qasm_fail(r, &begin, HEAD2_E_LIMIT, "take fewer", "more than %u %s in all", most,
                         bits ? "classical bits" : "qubits");
    if (p->names == QASM_REGISTERS)
        return qasm_fail(r, &begin, HEAD2_E_LIMIT, "put some together", "more than %d registers",
                         QASM_REGISTERS);
    n.first = *count;
    *count += n.size;
    p->name[p->names++] = n;
    st = qasm_take_sign(r, ';');
done:
    return st;
}

/* ---- operands ---- */

static enum head2_status take_operand(struct parser *p, struct operand *o, bool bits)
{
    struct qasm_reader *r = &p->read;
    unsigned index;
    enum head2_status st;

    *o = (struct operand){.word = r->word};
    if (r->word.kind != QASM_NAME)
        return qasm_expected(r, bits ? "a classical register" : "a quantum register");
    const struct name *n = find_name(p);
    if (n == NULL)
        return qasm_fail(
            r, &r->word, HEAD2_E_MALFORMED, "declare it first", "there is no register '%.*s'",
            (int)(r->word.len < QASM_NAME_MAX ? r->word.len : QASM_NAME_MAX), r->word.text);
    if (n->bits != bits)
        return qasm_fail(r, &r->word, HEAD2_E_MALFORMED, "name one of the other kind",
                         "'%s' is a %s register", n->name, n->bits ? "classical" : "quantum");
    *o = (struct operand){r->word, n->first, n->size, !n->one};
    HEAD2_TRY(qasm_next(r));
    if (!qasm_is_sign(r, '['))
        return HEAD2_OK;
    HEAD2_TRY(qasm_next(r));
    const struct qasm_word at = r->word;
    HEAD2_TRY(qasm_take_whole(r, &index));
    if (index >= n->size)
        return qasm_fail(r, &at, HEAD2_E_MALFORMED, "count from 0", "'%s' has %u member%s", n->name,
                         n->size, n->size == 1 ? "" : "s");
    *o = (struct operand){o->word, n->first + index, 1, false};
    st = qasm_take_sign(r, ']');
done:
    return st;
}

static enum head2_status add(struct parser *p, const struct qasm_word *at,
                             const struct qsim_operation *op)
{
    struct qasm_circuit *c = p->out;

    if (c->circuit.n == QSIM_OPERATIONS)
        return qasm_fail(&p->read, at, HEAD2_E_LIMIT, "make the circuit shorter",
                         "more than %d operations, registers counted by their members",
                         QSIM_OPERATIONS);
    if (c->circuit.n == c->room) {
        const size_t room = c->room == 0 ? 64 : 2 * c->room;
        struct qsim_operation *more = realloc(c->operation, room * sizeof *more);
        if (more == NULL)
            return HEAD2_E_MEMORY;
        c->operation = more;
        c->circuit.operation = more;
        c->room = room;
    }
    c->operation[c->circuit.n++] = *op;
    return HEAD2_OK;
}

/* ---- statements ---- */

/* The gate on each member of a register, or on pairs: of two registers the n-th with the n-th. */
static enum head2_status add_gate(struct parser *p, const struct gate *g, double angle,
                                  const struct operand *o)
{
    const struct operand one = {.size = 1};
    const struct operand *a = &o[0], *b = g->qubits == 2 ? &o[1] : &one;
    const unsigned times = a->whole ? a->size : b->size;
    enum head2_status st = HEAD2_OK;

    if (a->whole && b->whole && a->size != b->size)
        return qasm_fail(&p->read, &b->word, HEAD2_E_MALFORMED,
                         "take registers of one size, or one member",
                         "registers of %u and of %u qubits", a->size, b->size);
    for (unsigned i = 0; i < times && st == HEAD2_OK; i++) {
        const struct qsim_operation op = {
            .gate = g->gate,
            .qubit = {(uint8_t)(a->first + (a->whole ? i : 0)),
                      (uint8_t)(b->first + (b->whole ? i : 0))},
            .angle = angle
        };
        if (g->qubits == 2 && op.qubit[0] == op.qubit[1])
            return qasm_fail(&p->read, &b->word, HEAD2_E_MALFORMED, "name two different ones",
                             "both qubits of '%s' are the same", g->name);
        st = add(p, &a->word, &op);
    }
    return st;
}

static enum head2_status gate_statement(struct parser *p, const struct gate *g)
{
    struct qasm_reader *r = &p->read;
    struct operand o[2];
    double angle = 0;
    enum head2_status st;

    HEAD2_TRY(qasm_next(r));
    if (g->angle) {
        HEAD2_TRY(qasm_take_sign(r, '('));
        HEAD2_TRY(qasm_take_angle(r, &angle));
        HEAD2_TRY(qasm_take_sign(r, ')'));
    }
    HEAD2_TRY(take_operand(p, &o[0], false));
    if (g->qubits == 2) {
        HEAD2_TRY(qasm_take_sign(r, ','));
        HEAD2_TRY(take_operand(p, &o[1], false));
    }
    if (!qasm_is_sign(r, ';'))
        return qasm_expected(r, "';'");
    HEAD2_TRY(add_gate(p, g, angle, o));
    st = qasm_next(r);
done:
    return st;
}

static enum head2_status add_measurements(struct parser *p, const struct operand *from,
                                          const struct operand *to)
{
    enum head2_status st = HEAD2_OK;

    if (from->size != to->size)
        return qasm_fail(&p->read, &to->word, HEAD2_E_MALFORMED, "take registers of one size",
                         "%u qubit%s measured into %u bit%s", from->size,
                         from->size == 1 ? "" : "s", to->size, to->size == 1 ? "" : "s");
    for (unsigned i = 0; i < from->size && st == HEAD2_OK; i++)
        st = add(p, &from->word,
                 &(struct qsim_operation){.gate = QSIM_MEASURE,
                                          .qubit = {(uint8_t)(from->first + i)},
                                          .bit = (uint8_t)(to->first + i)});
    return st;
}

/* measure q -> c; */
static enum head2_status measure_statement(struct parser *p)
{
    struct qasm_reader *r = &p->read;
    struct operand from, to;
    enum head2_status st;

    HEAD2_TRY(qasm_next(r));
    HEAD2_TRY(take_operand(p, &from, false));
    if (r->word.kind != QASM_ARROW)
        return qasm_expected(r, "'->' and a classical register");
    HEAD2_TRY(qasm_next(r));
    HEAD2_TRY(take_operand(p, &to, true));
    HEAD2_TRY(qasm_take_sign(r, ';'));
    st = add_measurements(p, &from, &to);
done:
    return st;
}

/* c = measure q; */
static enum head2_status assignment(struct parser *p)
{
    struct qasm_reader *r = &p->read;
    struct operand from, to;
    enum head2_status st;

    HEAD2_TRY(take_operand(p, &to, true));
    if (r->version == 2 && qasm_is_sign(r, '='))
        return qasm_fail(r, &r->word, HEAD2_E_MALFORMED, "write measure q -> c;",
                         "assignments begin with version 3");
    HEAD2_TRY(qasm_take_sign(r, '='));
    if (!qasm_is_name(r, "measure"))
        return qasm_expected(r, "'measure'");
    HEAD2_TRY(qasm_next(r));
    HEAD2_TRY(take_operand(p, &from, false));
    HEAD2_TRY(qasm_take_sign(r, ';'));
    st = add_measurements(p, &from, &to);
done:
    return st;
}

static enum head2_status reset_statement(struct parser *p)
{
    struct operand o;
    enum head2_status st;

    HEAD2_TRY(qasm_next(&p->read));
    HEAD2_TRY(take_operand(p, &o, false));
    for (unsigned i = 0; i < o.size; i++)
        HEAD2_TRY(
            add(p, &o.word,
                &(struct qsim_operation){.gate = QSIM_RESET, .qubit = {(uint8_t)(o.first + i)}}));
    st = qasm_take_sign(&p->read, ';');
done:
    return st;
}

/* Nothing: id is the gate that does nothing, and a barrier forbids what is not done here. Operands
 * must be right all the same. */
static enum head2_status idle_statement(struct parser *p, bool barrier)
{
    struct qasm_reader *r = &p->read;
    struct operand o;
    enum head2_status st;

    HEAD2_TRY(qasm_next(r));
    if (barrier && r->version == 3 && qasm_is_sign(r, ';'))
        return qasm_next(r);
    HEAD2_TRY(take_operand(p, &o, false));
    while (barrier && qasm_is_sign(r, ',')) {
        HEAD2_TRY(qasm_next(r));
        HEAD2_TRY(take_operand(p, &o, false));
    }
    st = qasm_take_sign(r, ';');
done:
    return st;
}

static enum head2_status include_statement(struct parser *p)
{
    struct qasm_reader *r = &p->read;
    const char *library = r->version == 2 ? "qelib1.inc" : "stdgates.inc";
    enum head2_status st;

    HEAD2_TRY(qasm_next(r));
    if (r->word.kind != QASM_STRING)
        return qasm_expected(r, "a file name in quotation marks");
    if (r->word.len != strlen(library) || memcmp(r->word.text, library, r->word.len) != 0)
        return qasm_fail(r, &r->word, HEAD2_E_UNSUPPORTED, "write its gates out",
                         "no file is read but \"%s\", which is built in", library);
    HEAD2_TRY(qasm_next(r));
    st = qasm_take_sign(r, ';');
done:
    return st;
}

static enum head2_status version_statement(struct parser *p)
{
    struct qasm_reader *r = &p->read;
    enum head2_status st;

    if (!qasm_is_name(r, "OPENQASM"))
        return qasm_fail(r, &r->word, HEAD2_E_MALFORMED,
                         "begin with OPENQASM 2.0; or OPENQASM 3.0;", "no version");
    HEAD2_TRY(qasm_next(r));
    const bool three = r->word.kind == QASM_NUMBER && r->word.text[0] == '3';
    const bool whole = r->word.len == 1,
               zero = r->word.len == 3 && r->word.text[1] == '.' && r->word.text[2] == '0';
    if (r->word.kind != QASM_NUMBER || !(three || r->word.text[0] == '2') ||
        !(zero || (whole && three)))
        return qasm_fail(r, &r->word, HEAD2_E_UNSUPPORTED, "write 2.0 or 3.0",
                         "another version than these are read");
    r->version = three ? 3 : 2;
    HEAD2_TRY(qasm_next(r));
    st = qasm_take_sign(r, ';');
done:
    return st;
}

static enum head2_status unknown_statement(struct parser *p)
{
    struct qasm_reader *r = &p->read;
    const struct qasm_word *w = &r->word;
    const int len = (int)(w->len < QASM_NAME_MAX ? w->len : QASM_NAME_MAX);

    if (w->kind != QASM_NAME)
        return qasm_expected(r, "a statement");
    if (qasm_is_name(r, "qubit") || qasm_is_name(r, "bit"))
        return qasm_fail(r, w, HEAD2_E_MALFORMED, "write qreg q[n]; or creg c[n];",
                         "'%.*s' begins with version 3", len, w->text);
    if (is_reserved(r))
        return qasm_fail(r, w, HEAD2_E_UNSUPPORTED, "write the circuit out in gates",
                         "'%.*s' is not in the subset that is read", len, w->text);
    return qasm_fail(r, w, HEAD2_E_UNSUPPORTED,
                     "write id x y z h s sdg t tdg rx ry rz cx cz or swap",
                     "there is no gate or register '%.*s'", len, w->text);
}

static enum head2_status statement(struct parser *p)
{
    const struct qasm_reader *r = &p->read;
    const struct gate *g = find_gate(r);
    const bool three = r->version == 3;

    if (g != NULL)
        return gate_statement(p, g);
    if (qasm_is_name(r, "measure"))
        return measure_statement(p);
    if (qasm_is_name(r, "reset"))
        return reset_statement(p);
    if (qasm_is_name(r, "barrier") || qasm_is_name(r, "id"))
        return idle_statement(p, qasm_is_name(r, "barrier"));
    if (qasm_is_name(r, "qreg") || qasm_is_name(r, "creg"))
        return declare(p, qasm_is_name(r, "creg"), false);
    if (three && (qasm_is_name(r, "qubit") || qasm_is_name(r, "bit")))
        return declare(p, qasm_is_name(r, "bit"), true);
    if (qasm_is_name(r, "include"))
        return include_statement(p);
    return find_name(p) != NULL ? assignment(p) : unknown_statement(p);
}

enum head2_status qasm_read(struct qasm_circuit *out, const char *text, size_t len,
                            struct qasm_error *err)
{
    struct parser p = {
        .read = {.at = text, .end = text + len, .line = 1, .line_begin = text, .err = err},
        .out = out
    };
    enum head2_status st;

    *out = (struct qasm_circuit){.room = 0};
    *err = (struct qasm_error){.line = 1, .column = 1};
    if (len > QASM_BYTES_MAX)
        return qasm_fail(&p.read, &(struct qasm_word){.line = 1, .column = 1}, HEAD2_E_LIMIT,
                         "make the circuit shorter", "longer than %d bytes", QASM_BYTES_MAX);
    HEAD2_TRY(qasm_next(&p.read));
    HEAD2_TRY(version_statement(&p));
    while (p.read.word.kind != QASM_END)
        HEAD2_TRY(statement(&p));
    if (out->circuit.qubits == 0)
        st = qasm_fail(&p.read, &p.read.word, HEAD2_E_MALFORMED, "declare some: qreg q[8];",
                       "a circuit without qubits");
done:
    if (st != HEAD2_OK)
        qasm_free(out);
    return st;
}

void qasm_free(struct qasm_circuit *c)
{
    free(c->operation);
    *c = (struct qasm_circuit){.room = 0};
}
