/* NEON of 64-bit ARM: it multiplies 32 bits, so the weights stay whole. */
#include "kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

/* One output pixel: R, G, B, X in 16 bits. */
static inline uint16x4_t horizontal_pixel(const uint8_t *row, const int32_t *weights, uint32_t taps)
{
    uint32x4_t sum = vdupq_n_u32(HALF);
    for (uint32_t tap = 0; tap < taps; tap += 2) {
        uint16x8_t pixels = vmovl_u8(vld1_u8(row + 4 * tap));
        sum = vmlaq_n_u32(sum, vmovl_u16(vget_low_u16(pixels)), (uint32_t)weights[tap]);
        sum = vmlaq_n_u32(sum, vmovl_u16(vget_high_u16(pixels)), (uint32_t)weights[tap + 1]);
    }
    return vqmovn_u32(vshrq_n_u32(sum, WEIGHT_BITS));
}

static void horizontal_row(const uint8_t *row, uint8_t *crop, const struct coefficients *c,
                           uint32_t begin)
{
    static const uint8_t without_x[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255};
    const uint8x16_t order = vld1q_u8(without_x);
    for (uint32_t output = 0; output < c->outputs; output += OUTPUT_GROUP) {
        uint16x4_t pixels[OUTPUT_GROUP];
        for (uint32_t i = 0; i < OUTPUT_GROUP; i++) {
            size_t at = 4 * (size_t)(c->first[output + i] - begin);
            const int32_t *weights = c->weights + (size_t)(output + i) * c->taps;
            pixels[i] = horizontal_pixel(row + at, weights, c->taps);
        }
        uint8x16_t rgbx = vcombine_u8(vqmovn_u16(vcombine_u16(pixels[0], pixels[1])),
                                      vqmovn_u16(vcombine_u16(pixels[2], pixels[3])));
        /* Of the 16 bytes, 12 count; the others lie in the next pixels or the padding. */
        vst1q_u8(crop, vqtbl1q_u8(rgbx, order));
        crop += 3 * OUTPUT_GROUP;
    }
}

static void horizontal(const uint8_t *const rows[2], uint8_t *const crops[2],
                       const struct coefficients *coefficients, uint32_t begin)
{
    for (int i = 0; i < 2; i++)
        horizontal_row(rows[i], crops[i], coefficients, begin);
}

static inline uint32x4_t add_low(uint32x4_t sum, uint16x8_t pixels, int32_t weight)
{
    return vmlaq_n_u32(sum, vmovl_u16(vget_low_u16(pixels)), (uint32_t)weight);
}

static inline uint32x4_t add_high(uint32x4_t sum, uint16x8_t pixels, int32_t weight)
{
    return vmlaq_n_u32(sum, vmovl_u16(vget_high_u16(pixels)), (uint32_t)weight);
}

static inline uint8x8_t pack(uint32x4_t a, uint32x4_t b)
{
    return vqmovn_u16(vcombine_u16(vqmovn_u32(vshrq_n_u32(a, WEIGHT_BITS)),
                                   vqmovn_u32(vshrq_n_u32(b, WEIGHT_BITS))));
}

static inline uint8x16_t vertical_16(const uint8_t *const *rows, const int32_t *weights,
                                     uint32_t taps, size_t column)
{
    uint32x4_t sums[4];
    for (int i = 0; i < 4; i++)
        sums[i] = vdupq_n_u32(HALF);
    for (uint32_t tap = 0; tap < taps; tap++) {
        uint8x16_t row = vld1q_u8(rows[tap] + column);
        uint16x8_t left = vmovl_u8(vget_low_u8(row)), right = vmovl_u8(vget_high_u8(row));
        sums[0] = add_low(sums[0], left, weights[tap]);
        sums[1] = add_high(sums[1], left, weights[tap]);
        sums[2] = add_low(sums[2], right, weights[tap]);
        sums[3] = add_high(sums[3], right, weights[tap]);
    }
    return vcombine_u8(pack(sums[0], sums[1]), pack(sums[2], sums[3]));
}

static void vertical(const uint8_t *const *rows, const int32_t *weights, uint32_t taps,
                     uint8_t *crop, size_t size)
{
    size_t column = 0;
    for (; column + 16 <= size; column += 16)
        vst1q_u8(crop + column, vertical_16(rows, weights, taps, column));
    if (column < size && size >= 16) { /* the last 16 once more, partly done already */
        column = size - 16;
        vst1q_u8(crop + column, vertical_16(rows, weights, taps, column));
        column = size;
    }
    for (; column < size; column++)
        crop[column] = vertical_one(rows, weights, taps, column);
}

const struct kernels kernels_neon = {"neon", horizontal, vertical};

#endif
