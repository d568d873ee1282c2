/* The weights of an antialiased resize along one axis: a triangle filter as Pillow's
 * BILINEAR has it, in the same fixed point, so that the results are the same. */
#ifndef COEFFICIENTS_H
#define COEFFICIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

/* A weight of one is 2^22: 8 bits of pixel and 22 of weight fill an int32. */
#define WEIGHT_BITS 22
/* The integer SIMD multiplies 16 bits, so a weight is also kept in two parts:
 * high * 2^11 + low. */
#define LOW_BITS 11
/* Kernels make so many output pixels at a time; the tables are filled up to it. */
#define OUTPUT_GROUP 4

struct coefficients {
    uint32_t outputs;    /* the pixels to make */
    uint32_t taps;       /* weights an output, even; those that are not needed are 0 */
    uint32_t begin, end; /* the input pixels that any output needs: [begin, end) */
    struct buffer memory;
    uint32_t *first;  /* [outputs, filled up]: the input pixel of the first weight; from
                       * there on `taps` inputs lie before `end`, or one less */
    int32_t *weights; /* [outputs, filled up][taps] */
    int16_t *parts;   /* [outputs, filled up][taps / 2][high, high, low, low] */
};

/* Weights to resize the part [from, to) of `inputs` pixels to `outputs` pixels, in
 * reverse order if `mirrored`. False if there is no memory. */
bool coefficients_make(struct coefficients *coefficients, uint32_t inputs, float from, float to,
                       uint32_t outputs, bool mirrored);
void coefficients_free(struct coefficients *coefficients);

#endif
