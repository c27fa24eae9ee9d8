/* see entropy/condition.h */
#include "entropy/condition.h"

#include "entropy/real.h"

static const double TWO_LN2 = 1.386294361119890618834464242916; /* 2 ln 2 */

/*
 * With s = n_in - n, P_h = 2^-h and P_l = (1 - P_h) / (2^n_in - 1):
 *
 *     psi   = 2^s P_l + P_h           omega = (2^s + sqrt(2 n 2^s ln 2)) P_l
 *
 * Both are written as 2^-n times something near 1, whose logarithm is what is missing from n bits:
 * 2^s P_l = 2^(p - n) with p below. Where h < n, P_h is the larger part of psi and is taken out
 * instead, so that no power overflows.
 */
struct condition_entropy condition_output_entropy(unsigned n_in, unsigned n_out, unsigned nw,
                                                  double h_in)
{
    const unsigned n = n_out < nw ? n_out : nw;

    if (n == 0 || n_in == 0 || !(h_in >= 1) || h_in > n_in)
        return (struct condition_entropy){0, 0};
    const double s = (double)n_in - n, excess = h_in - n;
    /* (1 - P_h) is 0 for no input that is allowed; 2^n_in - 1 is 2^n_in (1 - 2^-n_in) */
    const double p = real_log2p1(-real_exp2(-h_in)) - real_log2p1(-real_exp2(-(double)n_in));
    const double psi = excess > 0 ? real_log2p1(real_exp2m1(p) + real_exp2(-excess))
                                  : -excess + real_log2p1(real_exp2(p + excess));
    /* 2^s + sqrt(2 n 2^s ln 2) = 2^s (1 + 2^((log2(2 n ln 2) - s) / 2)) */
    const double root = (real_log2p1(n * TWO_LN2 - 1) - s) / 2;
    const double omega =
        p + (root > 0 ? root + real_log2p1(real_exp2(-root)) : real_log2p1(real_exp2(root)));
    const double missing = psi > omega ? psi : omega;

    return (struct condition_entropy){n - missing,
                                      missing > 0 ? real_log2(missing / n) : -__builtin_inf()};
}

size_t condition_von_neumann(uint8_t *bits, size_t n)
{
    size_t out = 0;

    for (size_t i = 0; i + 1 < n; i += 2) {
        uint8_t differ = bits[i] ^ bits[i + 1];
        HEAD2_PUBLIC(&differ, 1, "von Neumann: which pairs are kept, not what they say");
        if (differ)
            bits[out++] = bits[i];
    }
    head2_wipe(bits + out, n - out);
    return out;
}

double condition_von_neumann_credit(double credit, size_t n_in, size_t n_out, double assessed)
{
    const double most = assessed < 0.999 ? assessed : 0.999;
    const double by_length = most > 0 ? most * (double)n_out : 0;

    if (n_out > n_in / 2)
        return 0;
    return by_length < credit ? by_length : credit;
}
