/*
 * Circuits as text: a subset of OpenQASM 2 and 3, which is refused, with the place named, where it
 * is left.
 *
 *     OPENQASM 3.0;               or 2.0; the first statement
 *     include "stdgates.inc";     or "qelib1.inc"; the gates below are there in any case
 *     qubit[8] q; bit[8] c;       or qreg q[8]; creg c[8]; and in version 3 qubit q; bit c;
 *     h q;                        each qubit of a register in turn
 *     cx q[0], q[1];              registers of one size pairwise, or one qubit with each of another
 *     ry(3 * pi / 4) q[2];        numbers, pi, + - * / and parentheses
 *     barrier q;                  read, and without effect: nothing is reordered here
 *     reset q[0];
 *     measure q -> c;             or, in version 3, c = measure q;
 *
 * Gates: id x y z h s sdg t tdg rx ry rz cx (CX) cz swap. Comments: // and, in version 3, those
 * between / * and * /.
 */
#ifndef HEAD2_ENTROPY_QASM_H
#define HEAD2_ENTROPY_QASM_H

#include "entropy/qsim.h"

#define QASM_BYTES_MAX 1048576
#define QASM_NAME_MAX  31 /* bytes of a name */
#define QASM_REGISTERS 32 /* of qubits and bits together */
#define QASM_NESTING   32 /* open parentheses and operators of an angle */

struct qasm_error {
    unsigned line, column; /* from 1; a column is a byte */
    char what[96];
    char hint[96];
};

/* A circuit, and its operations, which belong to it. */
struct qasm_circuit {
    struct qsim_circuit circuit;
    struct qsim_operation *operation;
    size_t room;
};

/**
 * qasm_read - read a circuit.
 *
 * text  len bytes, at most QASM_BYTES_MAX
 *
 * Returns HEAD2_OK; HEAD2_E_MALFORMED (not OpenQASM), HEAD2_E_UNSUPPORTED (outside the subset),
 * HEAD2_E_LIMIT (more qubits, bits, operations or bytes than there may be), each with *err filled
 * in; or HEAD2_E_MEMORY. Free with qasm_free what was read.
 */
HEAD2_CHECK enum head2_status qasm_read(struct qasm_circuit *out, const char *text, size_t len,
                                        struct qasm_error *err);
void qasm_free(struct qasm_circuit *c);

#endif
