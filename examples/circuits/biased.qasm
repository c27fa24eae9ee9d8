// Four coins that fall on 0 more often: RY turns each qubit by less than a right angle.
//
//     head2 rng simulate examples/circuits/biased.qasm --shots 1000000 --seed 1 --out biased.bin
//     head2 rng assess --bits 4 biased.bin
//
// A 0 has the chance cos^2(angle / 2) = 3/4, so a shot has 4 * 0.415037 = 1.660150 bits of
// min-entropy: a truth that an assessor can be held against.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[4];
creg c[4];

ry(pi / 3) q;
measure q -> c;
