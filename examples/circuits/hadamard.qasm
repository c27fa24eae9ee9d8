// Eight fair coins: a Hadamard gate on each of 8 qubits, and a measurement.
//
//     head2 rng simulate examples/circuits/hadamard.qasm --shots 1024
//
// Measured on qubits that nature keeps, a shot has exactly 8 bits of min-entropy. Simulated, it has
// those of the simulator's seed, however many shots there are: docs/simulator.md.
OPENQASM 3.0;
include "stdgates.inc";

qubit[8] q;
bit[8] c;

h q;
c = measure q;
