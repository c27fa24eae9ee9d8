/*
 * The reader of OpenQASM: what its subset means, and where it says what is wrong.
 */
#include "check.h"
#include "entropy/qasm.h"

#include <math.h>

static struct qasm_error err;

static struct qasm_circuit read_good(const char *text)
{
    struct qasm_circuit c;
    const enum head2_status st = qasm_read(&c, text, strlen(text), &err);

    CHECK_SAY(st == HEAD2_OK, "%u:%u: %s; %s (%d)", err.line, err.column, err.what, err.hint,
              (int)st);
    return c;
}

/* Gates, one a letter and two digits: places, or the bit of a measurement. */
static void check_program(const char *text, const char *wanted)
{
    static const char letter[] = "HXYZSsTtxyzcCwmr";
    struct qasm_circuit c = read_good(text);
    char got[1024] = "";

    for (size_t i = 0; i < c.circuit.n; i++) {
        const struct qsim_operation *op = &c.operation[i];
        const unsigned second = op->gate == QSIM_MEASURE ? op->bit : op->qubit[1];
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%c%u%u", i > 0 ? " " : "",
                 letter[op->gate], op->qubit[0], second);
    }
    CHECK_SAY(strcmp(got, wanted) == 0, "%s: read as %s, not %s", text, got, wanted);
    CHECK(c.circuit.operation == c.operation);
    qasm_free(&c);
}

static void both_versions(void)
{
    check_program("OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[2];creg c[2];h q;cx q[0],q[1];"
                  "measure q->c;",
                  "H00 H10 c01 m00 m11");
    check_program("OPENQASM 3;\ninclude \"stdgates.inc\";\nqubit[2] q; bit[2] c;\n"
                  "h q;\ncx q[0], q[1];\nc = measure q;\n",
                  "H00 H10 c01 m00 m11");
    check_program("OPENQASM 3.0; qubit a; qubit[2] b; bit m; bit[3] n; x a; y b[1]; m = measure a;"
                  "n[2] = measure b[0]; measure b[1] -> n[0];",
                  "X00 Y20 m00 m13 m21");
    check_program(
        "OPENQASM 2.0;qreg a[1];creg m[1];qreg b[2];id a;sdg b[1];tdg a[0];s b[0];t a;z b;",
        "s20 t00 S10 T00 Z10 Z20");
}

static void whole_registers(void)
{
    const char *begin = "OPENQASM 3.0; qubit[3] a; qubit[3] b; qubit d;";
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"cx a, b;",                     "c03 c14 c25"    },
        {"cz a[1], b;",                  "C13 C14 C15"    },
        {"CX a, b[2];",                  "c05 c15 c25"    },
        {"cx d, b;",                     "c63 c64 c65"    },
        {"swap a[0], d;",                "w06"            },
        {"reset a; reset d;",            "r00 r10 r20 r60"},
        {"barrier a, b[1], d; barrier;", ""               },
        {"// h a;\n/* h b; \n */ h d;",  "H60"            },
    };
    char text[256];

    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        snprintf(text, sizeof text, "%s%s", begin, cases[i].text);
        check_program(text, cases[i].wanted);
    }
}

static void angles(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0",                         0         },
        {"pi",                        M_PI      },
        {"-pi/4",                     -M_PI / 4 },
        {"1.5e-1",                    0.15      },
        {".5",                        0.5       },
        {"2.",                        2         },
        {"1 + 2 * 3",                 7         },
        {"(1 + 2) * 3",               9         },
        {"8 / 4 / 2",                 1         },
        {"8 - 4 - 2",                 2         },
        {"2 * -3",                    -6        },
        {"--3",                       3         },
        {"+3 - +1",                   2         },
        {"-(2 - 5) * (pi / (1 + 1))", 1.5 * M_PI},
        {"1 - 2 * 3 + 4 / 2 - 1",     -4        },
        {"((((((((((1))))))))))",     1         },
        {"2*pi*0.25",                 M_PI / 2  },
    };
    static const char *const gates[] = {"rx", "ry", "rz"};
    char text[256];

    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        snprintf(text, sizeof text, "OPENQASM 2.0;qreg q[1];%s(%s) q;", gates[i % 3],
                 cases[i].text);
        struct qasm_circuit c = read_good(text);
        CHECK_EQ(c.operation[0].gate, QSIM_RX + i % 3);
        CHECK_SAY(fabs(c.operation[0].angle - cases[i].value) < 1e-15, "%s is %.17f", cases[i].text,
                  c.operation[0].angle);
        qasm_free(&c);
    }
}

#define V2 "OPENQASM 2.0;\nqreg q[2];creg c[2];\n"
#define V3 "OPENQASM 3.0;\nqubit[2] q;bit[2] c;\n"

/* Each with the place of what is wrong, and a word of what is said of it. */
static void errors_have_places(void)
{
    static const struct {
        const char *text;
        unsigned line, column;
        enum head2_status st;
        const char *what;
    } cases[] = {
        {"",                                             1, 1,  HEAD2_E_MALFORMED,   "no version"        },
        {"qreg q[1];",                                   1, 1,  HEAD2_E_MALFORMED,   "no version"        },
        {"OPENQASM 4.0;",                                1, 10, HEAD2_E_UNSUPPORTED, "another version"   },
        {"OPENQASM 2;",                                  1, 10, HEAD2_E_UNSUPPORTED, "another version"   },
        {"OPENQASM ;",                                   1, 10, HEAD2_E_UNSUPPORTED, "another version"   },
        {"OPENQASM",                                     1, 9,  HEAD2_E_UNSUPPORTED, "another version"   },
        {"OPENQASM 3.0",                                 1, 13, HEAD2_E_MALFORMED,   "ends within"       },
        {"OPENQASM 3.0; // nothing",                     1, 25, HEAD2_E_MALFORMED,   "without qubits"    },
        {V2 "hh q;",                                     3, 1,  HEAD2_E_UNSUPPORTED, "'hh'"              },
        {V2 "  u3(0,0,0) q;",                            3, 3,  HEAD2_E_UNSUPPORTED, "'u3'"              },
        {V2 "if (c==1) x q[0];",                         3, 1,  HEAD2_E_UNSUPPORTED, "'if'"              },
        {V2 "gate g a { h a; }",                         3, 1,  HEAD2_E_UNSUPPORTED, "'gate'"            },
        {V3 "for int i in [0:1] { h q[i]; }",            3, 1,  HEAD2_E_UNSUPPORTED, "'for'"             },
        {V3 "ctrl @ x q[0], q[1];",                      3, 1,  HEAD2_E_UNSUPPORTED, "'ctrl'"            },
        {V2 "include \"my.inc\";",                       3, 9,  HEAD2_E_UNSUPPORTED, "qelib1.inc"        },
        {V3 "include \"qelib1.inc\";",                   3, 9,  HEAD2_E_UNSUPPORTED, "stdgates.inc"      },
        {V2 "qubit[2] r;",                               3, 1,  HEAD2_E_MALFORMED,   "version 3"         },
        {V2 "c = measure q;",                            3, 3,  HEAD2_E_MALFORMED,   "version 3"         },
        {V2 "/* x */",                                   3, 1,  HEAD2_E_MALFORMED,   "version 3"         },
        {V3 "/* x",                                      3, 1,  HEAD2_E_MALFORMED,   "without an end"    },
        {V2 "h q[2];",                                   3, 5,  HEAD2_E_MALFORMED,   "2 members"         },
        {V2 "h r;",                                      3, 3,  HEAD2_E_MALFORMED,   "no register 'r'"   },
        {V2 "h c;",                                      3, 3,  HEAD2_E_MALFORMED,   "classical"         },
        {V2 "measure c -> c;",                           3, 9,  HEAD2_E_MALFORMED,   "classical"         },
        {V2 "measure q -> q;",                           3, 14, HEAD2_E_MALFORMED,   "quantum"           },
        {V2 "measure q -> c[0];",                        3, 14, HEAD2_E_MALFORMED,   "2 qubits measured" },
        {V2 "measure q;",                                3, 10, HEAD2_E_MALFORMED,   "'->'"              },
        {V2 "cx q[0];",                                  3, 8,  HEAD2_E_MALFORMED,   "','"               },
        {V2 "cx q[1],q[1];",                             3, 9,  HEAD2_E_MALFORMED,   "are the same"      },
        {V2 "cx q,q;",                                   3, 6,  HEAD2_E_MALFORMED,   "are the same"      },
        {V2 "qreg r[3]; cx q,r;",                        3, 17, HEAD2_E_MALFORMED,   "2 and of 3"        },
        {V2 "h q, q;",                                   3, 4,  HEAD2_E_MALFORMED,   "';'"               },
        {V2 "h q",                                       3, 4,  HEAD2_E_MALFORMED,   "ends within"       },
        {V2 "h() q;",                                    3, 2,  HEAD2_E_MALFORMED,   "a quantum register"},
        {V2 "rx q;",                                     3, 4,  HEAD2_E_MALFORMED,   "'('"               },
        {V2 "rx() q;",                                   3, 4,  HEAD2_E_MALFORMED,   "a number"          },
        {V2 "rx(1 q;",                                   3, 6,  HEAD2_E_MALFORMED,   "an operator"       },
        {V2 "rx(1+) q;",                                 3, 6,  HEAD2_E_MALFORMED,   "a number"          },
        {V2 "rx(1/0) q;",                                3, 5,  HEAD2_E_MALFORMED,   "division by zero"  },
        {V2 "rx(1e999) q;",                              3, 4,  HEAD2_E_MALFORMED,   "too large"         },
        {V2 "rx(theta) q;",                              3, 4,  HEAD2_E_UNSUPPORTED, "no names but pi"   },
        {V2 "rx(2pi) q;",                                3, 4,  HEAD2_E_MALFORMED,   "runs into"         },
        {V2 "rx(sin(1)) q;",                             3, 4,  HEAD2_E_UNSUPPORTED, "no names but pi"   },
        {V2 "qreg h[1];",                                3, 6,  HEAD2_E_MALFORMED,   "means something"   },
        {V2 "qreg q[1];",                                3, 6,  HEAD2_E_MALFORMED,   "declared already"  },
        {V2 "qreg r;",                                   3, 7,  HEAD2_E_MALFORMED,   "'['"               },
        {V2 "qreg r[0];",                                3, 8,  HEAD2_E_MALFORMED,   "nothing"           },
        {V2 "qreg r[1.5];",                              3, 8,  HEAD2_E_MALFORMED,   "whole number"      },
        {V2 "qreg r[19];",                               3, 1,  HEAD2_E_LIMIT,       "20 qubits"         },
        {V2 "qreg r[999999999];",                        3, 1,  HEAD2_E_LIMIT,       "20 qubits"         },
        {V2 "creg r[19];",                               3, 1,  HEAD2_E_LIMIT,       "20 classical"      },
        {V2 "qreg a234567890123456789012345678901_[1];", 3, 6,  HEAD2_E_LIMIT,       "31 bytes"          },
        {V2 "\n\n\t h q;\n   \x01",                      6, 4,  HEAD2_E_MALFORMED,   "0x01"              },
        {V2 "include \"qelib1",                          3, 9,  HEAD2_E_MALFORMED,   "without an end"    },
        {V3 "bit[2] d = measure q;",                     3, 10, HEAD2_E_MALFORMED,   "';'"               },
        {V3 "c = q;",                                    3, 5,  HEAD2_E_MALFORMED,   "'measure'"         },
        {V3 "c[0] = 1;",                                 3, 8,  HEAD2_E_MALFORMED,   "'measure'"         },
        {V3 "; h q;",                                    3, 1,  HEAD2_E_MALFORMED,   "a statement"       },
        {V2 "barrier;",                                  3, 8,  HEAD2_E_MALFORMED,   "a quantum register"},
    };

    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        struct qasm_circuit c;
        const enum head2_status st = qasm_read(&c, cases[i].text, strlen(cases[i].text), &err);
        CHECK_SAY(st == cases[i].st && err.line == cases[i].line && err.column == cases[i].column &&
                      strstr(err.what, cases[i].what) != NULL && err.hint[0] != 0,
                  "%s: %d at %u:%u: %s; %s", cases[i].text, (int)st, err.line, err.column, err.what,
                  err.hint);
        CHECK(c.operation == NULL);
    }
}

static void limits(void)
{
    static char text[QASM_BYTES_MAX + 2];
    struct qasm_circuit c;
    size_t len;

    /* operations: 3276 times 20 and 16 are all there may be */
    len = (size_t)snprintf(text, sizeof text, "OPENQASM 2.0;qreg q[20];");
    for (unsigned i = 0; i < 3276; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "h q;\n");
    for (unsigned i = 0; i < 16; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "h q[0];\n");
    CHECK_EQ(qasm_read(&c, text, len, &err), HEAD2_OK);
    CHECK_EQ(c.circuit.n, QSIM_OPERATIONS);
    qasm_free(&c);
    len += (size_t)snprintf(text + len, sizeof text - len, "x q[0];");
    CHECK_EQ(qasm_read(&c, text, len, &err), HEAD2_E_LIMIT);
    CHECK_EQ(err.line, 3276 + 16 + 1);

    /* nesting, of parentheses and of values that wait */
    for (unsigned depth = QASM_NESTING; depth <= QASM_NESTING + 1; depth++) {
        len = (size_t)snprintf(text, sizeof text, "OPENQASM 2.0;qreg q[1];rx(");
        for (unsigned i = 0; i < depth; i++)
            text[len++] = '(';
        text[len++] = '1';
        for (unsigned i = 0; i < depth; i++)
            text[len++] = ')';
        len += (size_t)snprintf(text + len, sizeof text - len, ") q;");
        CHECK_EQ(qasm_read(&c, text, len, &err), depth == QASM_NESTING ? HEAD2_OK : HEAD2_E_LIMIT);
        if (depth == QASM_NESTING)
            qasm_free(&c);
    }

    /* registers and bytes */
    len = (size_t)snprintf(text, sizeof text, "OPENQASM 2.0;");
    for (unsigned i = 0; i <= QASM_REGISTERS; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%creg r%u[1];", i < 16 ? 'q' : 'c', i);
    CHECK_EQ(qasm_read(&c, text, len, &err), HEAD2_E_LIMIT);
    memset(text, ' ', sizeof text);
    memcpy(text, V2, strlen(V2));
    CHECK_EQ(qasm_read(&c, text, QASM_BYTES_MAX, &err), HEAD2_OK);
    qasm_free(&c);
    CHECK_EQ(qasm_read(&c, text, QASM_BYTES_MAX + 1, &err), HEAD2_E_LIMIT);
    CHECK(strstr(err.what, "1048576") != NULL);
}

/* A text that is cut anywhere is read or refused, and nothing beyond it is looked at (asan). */
static void cut_anywhere(void)
{
    static const char whole[] = "OPENQASM 3.0; /* a */ include \"stdgates.inc\"; qubit[4] q;\n"
                                "bit[4] c; ry(-(pi/2.5e0)) q; cx q[0], q[1]; // b\nc = measure q;";
    unsigned good = 0;

    for (size_t len = 0; len < sizeof whole; len++) {
        char *text = malloc(len + 1);
        struct qasm_circuit c;
        memcpy(text, whole, len);
        char *exact = realloc(text, len > 0 ? len : 1);
        CHECK(exact != NULL);
        if (qasm_read(&c, exact, len, &err) == HEAD2_OK) {
            good++;
            qasm_free(&c);
        } else {
            CHECK(err.what[0] != 0 && err.line >= 1 && err.column >= 1);
        }
        free(exact);
    }
    CHECK(good > 5 && good < 30);
}

static void examples(void)
{
    static const struct {
        const char *name;
        double min_entropy;
    } cases[] = {
        {"hadamard",   8                      },
        {"biased",     4 * 0.41503749927884376},
        {"correlated", 2                      }
    };

    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        char path[64], text[4096];
        snprintf(path, sizeof path, "examples/circuits/%s.qasm", cases[i].name);
        FILE *f = fopen(path, "r");
        if (f == NULL)
            SKIP("no %s here: run from the project's root", path);
        text[fread(text, 1, sizeof text - 1, f)] = 0;
        fclose(f);
        struct qasm_circuit c = read_good(text);
        struct qsim *sim;
        CHECK_EQ(qsim_new(&sim, &c.circuit, NULL), HEAD2_OK);
        CHECK(fabs(qsim_min_entropy(sim) - cases[i].min_entropy) < 1e-12);
        qsim_free(sim);
        qasm_free(&c);
    }
}

int main(void)
{
    RUN(both_versions);
    RUN(whole_registers);
    RUN(angles);
    RUN(errors_have_places);
    RUN(limits);
    RUN(cut_anywhere);
    RUN(examples);
    CHECK_EXIT();
}
