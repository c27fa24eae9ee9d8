// Four qubits in two pairs: within a pair both always agree, so two of the four bits say nothing.
//
//     head2 rng simulate examples/circuits/correlated.qasm --counts
//
// Each bit alone is a fair coin. A shot has 2 bits of min-entropy, not 4: tests that look at one
// bit at a time do not see it.
OPENQASM 3.0;
include "stdgates.inc";

qubit[4] q;
bit[4] c;

h q[0];
h q[2];
cx q[0], q[1];
cx q[2], q[3];
barrier q;
c = measure q;
