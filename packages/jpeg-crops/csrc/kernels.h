/* The two inner loops of a resize, for each instruction set; all give the same bytes. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "coefficients.h"

/* Bytes that a kernel may read past the last pixel of a row, or write past the last
 * output pixel of one. */
#define ROW_PADDING 64

struct kernels {
    const char *name;

    /* Resize two rows of RGBX along the row, to packed RGB. `first` counts from
     * pixel `begin`, where the rows start. */
    void (*horizontal)(const uint8_t *const rows[2], uint8_t *const crops[2],
                       const struct coefficients *coefficients, uint32_t begin);

    /* Weigh `taps` rows of `size` bytes (an even number of taps) to one. */
    void (*vertical)(const uint8_t *const *rows, const int32_t *weights, uint32_t taps,
                     uint8_t *crop, size_t size);
};

/* The kernels of that name, the fastest for NULL; NULL if this machine cannot run them. */
const struct kernels *kernels_named(const char *name);
const struct kernels *kernels_at(size_t position);

extern const struct kernels kernels_scalar;
#if defined(__x86_64__) || defined(__i386__)
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_sse41;
#elif defined(__aarch64__)
extern const struct kernels kernels_neon;
#endif

/* From a sum of weighted pixels to a pixel. */
#define HALF (1 << (WEIGHT_BITS - 1))
static inline uint8_t rounded(int32_t sum)
{
    int32_t pixel = (sum + HALF) >> WEIGHT_BITS;
    return (uint8_t)(pixel > 255 ? 255 : pixel);
}

/* One column of the vertical pass, for what is left at the end of a row. */
static inline uint8_t vertical_one(const uint8_t *const *rows, const int32_t *weights,
                                   uint32_t taps, size_t column)
{
    int32_t sum = 0;
    for (uint32_t tap = 0; tap < taps; tap++)
        sum += rows[tap][column] * weights[tap];
    return rounded(sum);
}

#endif
