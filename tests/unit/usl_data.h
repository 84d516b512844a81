/* Published tables of throughput by workers and the USL's coefficients for them: the R package usl
 * (raytracer; no_single from its tests), and one made from the law with lambda 1, sigma and kappa
 * 0.02. Also in tests/data. */
#ifndef UNIT_USL_DATA_H
#define UNIT_USL_DATA_H

#include "harness/analyze/squares.h"

#define RAYTRACER 11
static const struct squares_row raytracer[RAYTRACER] = {{1, 20}, {4, 78}, {8, 130}, {12, 170},
    {16, 190}, {20, 200}, {24, 210}, {28, 230}, {32, 260}, {48, 280}, {64, 310}};

#define NO_SINGLE 8
static const struct squares_row no_single[NO_SINGLE] = {{2, 22.7}, {4, 45.4}, {8, 76.9},
    {12, 109.3}, {16, 100.0}, {20, 137.6}, {24, 143.2}, {30, 145.3}};

#define SYNTHETIC 6
static const struct squares_row synthetic[SYNTHETIC] = {
    {1, 1}, {2, 1.8868}, {4, 3.0769}, {6, 3.5294}, {8, 3.5398}, {10, 3.3557}};

#endif
