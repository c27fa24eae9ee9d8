/*
 * The few real functions that entropy accounting needs, for public numbers: exact to some units of
 * the last place, in libc alone: libm is not the library's.
 */
#ifndef HEAD2_ENTROPY_REAL_H
#define HEAD2_ENTROPY_REAL_H

/* 2^x - 1, for |x| <= 1024; exact near 0 */
double real_exp2m1(double x);
/* 2^x, for x <= 1023 */
double real_exp2(double x);
/* log2(x), for finite x; -infinity for 0 */
double real_log2(double x);
/* log2(1 + x), for x > -1; exact near 0 */
double real_log2p1(double x);

#endif
