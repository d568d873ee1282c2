/* SSE4.1: a row at a time, 16 columns at a time. */
#include "kernels.h"

#if defined(__x86_64__) || defined(__i386__)

#include <smmintrin.h>
#include <string.h>

#define SSE41 __attribute__((target("sse4.1")))

struct sums {
    __m128i high, low;
};

/* Two weights (16 bits each), the same for all lanes. */
SSE41 static inline __m128i both(const int16_t *pair)
{
    int32_t bits;
    memcpy(&bits, pair, sizeof bits);
    return _mm_set1_epi32(bits);
}

SSE41 static inline void add_pairs(struct sums *sums, __m128i pairs, __m128i high, __m128i low)
{
    sums->high = _mm_add_epi32(sums->high, _mm_madd_epi16(pairs, high));
    sums->low = _mm_add_epi32(sums->low, _mm_madd_epi16(pairs, low));
}

SSE41 static inline __m128i round_sums(struct sums sums)
{
    __m128i sum = _mm_add_epi32(_mm_slli_epi32(sums.high, LOW_BITS), sums.low);
    return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(HALF)), WEIGHT_BITS);
}

SSE41 static inline __m128i pack(__m128i a, __m128i b, __m128i c, __m128i d)
{
    return _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
}

/* One output pixel: R, G, B, X as int32. */
SSE41 static inline __m128i horizontal_pixel(const uint8_t *row, const int16_t *parts,
                                             uint32_t taps)
{
    /* From pixels 0, 1 to R0 R1 G0 G1 B0 B1 X0 X1 in 16 bits each. */
    const __m128i pairs = _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    struct sums sums = {_mm_setzero_si128(), _mm_setzero_si128()};
    for (uint32_t tap = 0; tap < taps; tap += 2, parts += 4) {
        __m128i pixels = _mm_loadl_epi64((const __m128i *)(row + 4 * tap));
        add_pairs(&sums, _mm_shuffle_epi8(pixels, pairs), both(parts), both(parts + 2));
    }
    return round_sums(sums);
}

SSE41 static void horizontal_row(const uint8_t *row, uint8_t *crop, const struct coefficients *c,
                                 uint32_t begin)
{
    const __m128i without_x =
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    for (uint32_t output = 0; output < c->outputs; output += OUTPUT_GROUP) {
        __m128i pixels[OUTPUT_GROUP];
        for (uint32_t i = 0; i < OUTPUT_GROUP; i++) {
            size_t at = 4 * (size_t)(c->first[output + i] - begin);
            const int16_t *parts = c->parts + 2 * (size_t)(output + i) * c->taps;
            pixels[i] = horizontal_pixel(row + at, parts, c->taps);
        }
        __m128i rgbx = pack(pixels[0], pixels[1], pixels[2], pixels[3]);
        /* Of the 16 bytes, 12 count; the others lie in the next pixels or the padding. */
        _mm_storeu_si128((__m128i *)crop, _mm_shuffle_epi8(rgbx, without_x));
        crop += 3 * OUTPUT_GROUP;
    }
}

SSE41 static void horizontal(const uint8_t *const rows[2], uint8_t *const crops[2],
                             const struct coefficients *coefficients, uint32_t begin)
{
    for (int i = 0; i < 2; i++)
        horizontal_row(rows[i], crops[i], coefficients, begin);
}

SSE41 static inline __m128i vertical_16(const uint8_t *const *rows, const int32_t *weights,
                                        uint32_t taps, size_t column)
{
    const __m128i zero = _mm_setzero_si128();
    struct sums sums[4] = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
    for (uint32_t tap = 0; tap < taps; tap += 2) {
        __m128i a = _mm_loadu_si128((const __m128i *)(rows[tap] + column));
        __m128i b = _mm_loadu_si128((const __m128i *)(rows[tap + 1] + column));
        int32_t mask = (1 << LOW_BITS) - 1, v = weights[tap], w = weights[tap + 1];
        __m128i high = _mm_set1_epi32(v >> LOW_BITS | (w >> LOW_BITS) << 16);
        __m128i low = _mm_set1_epi32((v & mask) | (w & mask) << 16);
        __m128i left = _mm_unpacklo_epi8(a, b), right = _mm_unpackhi_epi8(a, b);
        add_pairs(&sums[0], _mm_unpacklo_epi8(left, zero), high, low);
        add_pairs(&sums[1], _mm_unpackhi_epi8(left, zero), high, low);
        add_pairs(&sums[2], _mm_unpacklo_epi8(right, zero), high, low);
        add_pairs(&sums[3], _mm_unpackhi_epi8(right, zero), high, low);
    }
    return pack(round_sums(sums[0]), round_sums(sums[1]), round_sums(sums[2]),
                round_sums(sums[3]));
}

SSE41 static void vertical(const uint8_t *const *rows, const int32_t *weights, uint32_t taps,
                           uint8_t *crop, size_t size)
{
    size_t column = 0;
    for (; column + 16 <= size; column += 16)
        _mm_storeu_si128((__m128i *)(crop + column), vertical_16(rows, weights, taps, column));
    if (column < size && size >= 16) { /* the last 16 once more, partly done already */
        column = size - 16;
        _mm_storeu_si128((__m128i *)(crop + column), vertical_16(rows, weights, taps, column));
        column = size;
    }
    for (; column < size; column++)
        crop[column] = vertical_one(rows, weights, taps, column);
}

const struct kernels kernels_sse41 = {"sse4.1", horizontal, vertical};

#endif
