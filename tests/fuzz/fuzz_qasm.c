/*
 * Circuits as text: edits of good ones, and any bytes. What is read can be run, and gives outcomes
 * that can happen; what is refused names where and what.
 */
#include "fuzz/edit.h"

#include "entropy/qasm.h"

static const char *const bases[] = {
    "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[3];\ncreg c[3];\nh q[0];\ncx q[0],q[1];\n"
    "ry(3*pi/4) q[2];\nmeasure q -> c;\n",
    "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[2] q; bit[2] c; qubit a; bit m;\n"
    "rx(-(pi + 1.5e-1) / 2) q; cz q, a; barrier q, a; m = measure a; reset a; swap q[0], a;\n"
    "c = measure q; // the end\n",
};

static enum head2_status draw(void *arg, uint64_t *words, size_t n)
{
    uint64_t *state = arg;

    for (size_t i = 0; i < n; i++)
        words[i] = *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return HEAD2_OK;
}

static void run(const struct qsim_circuit *circuit)
{
    static const struct qsim_readout readout = {0.1, 0};
    uint64_t state = 1;
    const struct qsim_random random = {draw, &state};
    uint32_t shots[4];
    struct qsim *sim;

    if (circuit->qubits > 10 || circuit->n > 2000) /* slow, and no different */
        return;
    FUZZ_ASSERT(qsim_new(&sim, circuit, &readout) == HEAD2_OK);
    FUZZ_ASSERT(qsim_shots(sim, shots, 4, &random) == HEAD2_OK);
    for (unsigned i = 0; i < 4; i++) {
        FUZZ_ASSERT(shots[i] >> circuit->bits == 0);
        FUZZ_ASSERT(!qsim_is_known(sim) || qsim_probability(sim, shots[i]) > 0);
    }
    FUZZ_ASSERT(!qsim_is_known(sim) ||
                (qsim_min_entropy(sim) >= 0 && qsim_min_entropy(sim) <= circuit->qubits + 1e-9));
    qsim_free(sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t text[65536];
    struct input in = {data, size};
    struct qasm_circuit circuit;
    struct qasm_error err = {0};

    const uint8_t how = take8(&in);
    size_t len = 0;
    if ((how & 8) != 0 || how == 'O') { /* a file as it is; so the seeds begin */
        in = (struct input){data, size};
        len = take_bytes(&in, text, sizeof text);
    } else {
        const char *base = bases[how % HEAD2_LEN(bases)];
        len = strlen(base);
        memcpy(text, base, len);
        edit(&in, text, &len, sizeof text);
    }
    const enum head2_status st = qasm_read(&circuit, (const char *)text, len, &err);
    if (st != HEAD2_OK) {
        FUZZ_ASSERT(err.what[0] != 0 && err.hint[0] != 0 && err.line > 0 && err.column > 0);
        return 0;
    }
    FUZZ_ASSERT(circuit.circuit.n <= QSIM_OPERATIONS);
    run(&circuit.circuit);
    qasm_free(&circuit);
    return 0;
}
