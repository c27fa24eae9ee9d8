/*
 * The zetas of ML-KEM's transform (FIPS 203, Appendix A): zeta^BitRev7(i) R mod q for zeta = 17,
 * layer by layer, as lists that are expanded into tables: F(z) for each. They stand here once, and
 * every kernel's table is made of them by the compiler.
 *
 * MLKEM_ZETAS_L is for Algorithm 9's layer of length L; MLKEM_REVERSED_L has the same numbers in
 * the order in which Algorithm 10's layer of that length uses them, read upwards.
 */
#ifndef HEAD2_MLKEM_ZETAS_H
#define HEAD2_MLKEM_ZETAS_H

#include "mlkem/poly.h"

/* What F may be: z itself, z / q mod 2^16, and both of them repeated over neighbouring lanes. */
#define MLKEM_Z(z)           (z),
#define MLKEM_Z_QINV(z)      (int16_t)((z)*MLKEM_QINV),
#define MLKEM_Z_PAIR(z)      {(z), (z)},
#define MLKEM_Z_QINV_PAIR(z) {(int16_t)((z)*MLKEM_QINV), (int16_t)((z)*MLKEM_QINV)},
#define MLKEM_Z_2(z)         (z), (z),
#define MLKEM_Z_4(z)         MLKEM_Z_2(z) MLKEM_Z_2(z)
#define MLKEM_Z_8(z)         MLKEM_Z_4(z) MLKEM_Z_4(z)
#define MLKEM_Z_16(z)        MLKEM_Z_8(z) MLKEM_Z_8(z)
#define MLKEM_Z_QINV_2(z)    MLKEM_Z_QINV(z) MLKEM_Z_QINV(z)
#define MLKEM_Z_QINV_4(z)    MLKEM_Z_QINV_2(z) MLKEM_Z_QINV_2(z)
#define MLKEM_Z_QINV_8(z)    MLKEM_Z_QINV_4(z) MLKEM_Z_QINV_4(z)
#define MLKEM_Z_QINV_16(z)   MLKEM_Z_QINV_8(z) MLKEM_Z_QINV_8(z)
/* For the pairs of MultiplyNTTs: gamma of pair 2 i is a zeta of the last layer, of 2 i + 1 minus
 * it. */
#define MLKEM_GAMMA(z)      0, (z), 0, -(z),
#define MLKEM_GAMMA_QINV(z) 0, (int16_t)((z)*MLKEM_QINV), 0, (int16_t)(-(z)*MLKEM_QINV),

/* clang-format off */
#define MLKEM_ZETAS_128(F) \
    F(-758)
#define MLKEM_ZETAS_64(F) \
    F(-359) F(-1517)
#define MLKEM_ZETAS_32(F) \
    F(1493) F(1422) F(287) F(202)
#define MLKEM_ZETAS_16(F) \
    F(-171) F(622) F(1577) F(182) F(962) F(-1202) F(-1474) F(1468)
#define MLKEM_ZETAS_8(F) \
    F(573) F(-1325) F(264) F(383) F(-829) F(1458) F(-1602) F(-130) F(-681) F(1017) F(732) \
    F(608) F(-1542) F(411) F(-205) F(-1571)
#define MLKEM_ZETAS_4(F) \
    F(1223) F(652) F(-552) F(1015) F(-1293) F(1491) F(-282) F(-1544) F(516) F(-8) F(-320) \
    F(-666) F(-1618) F(-1162) F(126) F(1469) F(-853) F(-90) F(-271) F(830) F(107) F(-1421) \
    F(-247) F(-951) F(-398) F(961) F(-1508) F(-725) F(448) F(-1065) F(677) F(-1275)
#define MLKEM_ZETAS_2(F) \
    F(-1103) F(430) F(555) F(843) F(-1251) F(871) F(1550) F(105) F(422) F(587) F(177) F(-235) \
    F(-291) F(-460) F(1574) F(1653) F(-246) F(778) F(1159) F(-147) F(-777) F(1483) F(-602) \
    F(1119) F(-1590) F(644) F(-872) F(349) F(418) F(329) F(-156) F(-75) F(817) F(1097) F(603) \
    F(610) F(1322) F(-1285) F(-1465) F(384) F(-1215) F(-136) F(1218) F(-1335) F(-874) F(220) \
    F(-1187) F(-1659) F(-1185) F(-1530) F(-1278) F(794) F(-1510) F(-854) F(-870) F(478) F(-108) \
    F(-308) F(996) F(991) F(958) F(-1460) F(1522) F(1628)

#define MLKEM_REVERSED_128(F) \
    F(-758)
#define MLKEM_REVERSED_64(F) \
    F(-1517) F(-359)
#define MLKEM_REVERSED_32(F) \
    F(202) F(287) F(1422) F(1493)
#define MLKEM_REVERSED_16(F) \
    F(1468) F(-1474) F(-1202) F(962) F(182) F(1577) F(622) F(-171)
#define MLKEM_REVERSED_8(F) \
    F(-1571) F(-205) F(411) F(-1542) F(608) F(732) F(1017) F(-681) F(-130) F(-1602) F(1458) \
    F(-829) F(383) F(264) F(-1325) F(573)
#define MLKEM_REVERSED_4(F) \
    F(-1275) F(677) F(-1065) F(448) F(-725) F(-1508) F(961) F(-398) F(-951) F(-247) F(-1421) \
    F(107) F(830) F(-271) F(-90) F(-853) F(1469) F(126) F(-1162) F(-1618) F(-666) F(-320) F(-8) \
    F(516) F(-1544) F(-282) F(1491) F(-1293) F(1015) F(-552) F(652) F(1223)
#define MLKEM_REVERSED_2(F) \
    F(1628) F(1522) F(-1460) F(958) F(991) F(996) F(-308) F(-108) F(478) F(-870) F(-854) \
    F(-1510) F(794) F(-1278) F(-1530) F(-1185) F(-1659) F(-1187) F(220) F(-874) F(-1335) \
    F(1218) F(-136) F(-1215) F(384) F(-1465) F(-1285) F(1322) F(610) F(603) F(1097) F(817) \
    F(-75) F(-156) F(329) F(418) F(349) F(-872) F(644) F(-1590) F(1119) F(-602) F(1483) F(-777) \
    F(-147) F(1159) F(778) F(-246) F(1653) F(1574) F(-460) F(-291) F(-235) F(177) F(587) F(422) \
    F(105) F(1550) F(871) F(-1251) F(843) F(555) F(430) F(-1103)

/* clang-format on */

/* zeta^BitRev7(i) R and that / q, all layers one after the other; entry 0 is not used. */
extern const int16_t mlkem_zetas[MLKEM_N / 2];
extern const int16_t mlkem_zetas_qinv[MLKEM_N / 2];
extern const int16_t mlkem_reversed[MLKEM_N / 2];
extern const int16_t mlkem_reversed_qinv[MLKEM_N / 2];

/* For vector code: entry i of a layer of length L is the zeta of block i / L, when a vector holds
 * the first halves of blocks and another the second halves, in the order of the blocks. */
struct mlkem_lane_zetas {
    _Alignas(64) int16_t z[MLKEM_N / 2];
    int16_t z_qinv[MLKEM_N / 2];
};

enum { MLKEM_LEN_16, MLKEM_LEN_8, MLKEM_LEN_4, MLKEM_LEN_2, MLKEM_LANE_LAYERS };

extern const struct mlkem_lane_zetas mlkem_lane_zetas[MLKEM_LANE_LAYERS];
extern const struct mlkem_lane_zetas mlkem_lane_reversed[MLKEM_LANE_LAYERS];

/* The wide layers' zetas (lengths 128, 64, 32, 16; entry i is zeta number i + 1), twice each: a
 * 32-bit broadcast from memory costs nothing but the load. */
struct mlkem_wide_zetas {
    int16_t z[15][2];
    int16_t z_qinv[15][2];
};

extern const struct mlkem_wide_zetas mlkem_wide_zetas;
extern const struct mlkem_wide_zetas mlkem_wide_reversed;

/* gamma of each pair (Algorithm 11) at its odd coefficient, 0 at the even one. */
struct mlkem_gammas {
    _Alignas(64) int16_t g[MLKEM_N];
    int16_t g_qinv[MLKEM_N];
};

extern const struct mlkem_gammas mlkem_gammas;

#endif
