/* see entropy/real.h */
#include "entropy/real.h"

static const double LN2 = 0.693147180559945309417232121458;

/* 2^n by squaring: no libm, and nothing to go wrong at its ends */
static double power_of_two(int n)
{
    double base = n < 0 ? 0.5 : 2, r = 1;

    for (unsigned k = n < 0 ? -(unsigned)n : (unsigned)n; k != 0; k >>= 1) {
        if (k & 1)
            r *= base;
        base *= base;
    }
    return r;
}

/* e^x - 1 for |x| <= 0.35: terms below 2^-60 of the first are left out */
static double expm1_small(double x)
{
    double sum = 0;

    for (unsigned i = 16; i > 1; i--)
        sum = (sum + 1) * x / i;
    return (sum + 1) * x;
}

double real_exp2m1(double x)
{
    if (x < -1080)
        return -1;
    const int n = (int)(x + (x < 0 ? -0.5 : 0.5));
    const double m = expm1_small((x - n) * LN2), p = power_of_two(n);

    return m * p + (p - 1);
}

double real_exp2(double x)
{
    if (x < -1080)
        return 0;
    const int n = (int)(x + (x < 0 ? -0.5 : 0.5));

    return (1 + expm1_small((x - n) * LN2)) * power_of_two(n);
}

/* 2 atanh(x / (2 + x)) = ln(1 + x), for 1 + x between 0.7 and 1.42: |z| <= 0.18 */
static double log1p_small(double x)
{
    const double z = x / (2 + x), z2 = z * z;
    double sum = 0;

    for (int i = 25; i > 0; i -= 2)
        sum = sum * z2 + 1.0 / i;
    return 2 * z * sum;
}

double real_log2(double x)
{
    int n = 0;

    if (!(x > 0))
        return -__builtin_inf();
    for (; x >= 1.42; n++)
        x /= 2;
    for (; x <= 0.7; n--)
        x *= 2;
    return n + log1p_small(x - 1) / LN2;
}

double real_log2p1(double x)
{
    return x > -0.3 && x < 0.42 ? log1p_small(x) / LN2 : real_log2(1 + x);
}
