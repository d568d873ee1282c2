/* AVX2: two rows at a time in the halves of a register, 32 columns at a time. */
#include "kernels.h"

#if defined(__x86_64__) || defined(__i386__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

struct sums {
    __m256i high, low;
};

/* Two weights (16 bits each), the same for all lanes. */
AVX2 static inline __m256i both(const int16_t *pair)
{
    int32_t bits;
    memcpy(&bits, pair, sizeof bits);
    return _mm256_set1_epi32(bits);
}

AVX2 static inline void add_pairs(struct sums *sums, __m256i pairs, __m256i high, __m256i low)
{
    sums->high = _mm256_add_epi32(sums->high, _mm256_madd_epi16(pairs, high));
    sums->low = _mm256_add_epi32(sums->low, _mm256_madd_epi16(pairs, low));
}

AVX2 static inline __m256i round_sums(struct sums sums)
{
    __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(sums.high, LOW_BITS), sums.low);
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(HALF)), WEIGHT_BITS);
}

AVX2 static inline __m256i pack(__m256i a, __m256i b, __m256i c, __m256i d)
{
    return _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
}

/* One output pixel of both rows: R, G, B, X as int32. */
AVX2 static inline __m256i horizontal_pixel(const uint8_t *upper, const uint8_t *lower,
                                            const int16_t *parts, uint32_t taps)
{
    /* From pixels 0, 1 (and 2, 3) to R0 R1 G0 G1 B0 B1 X0 X1 in 16 bits each. */
    const __m256i first = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1));
    const __m256i second = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1));
    struct sums sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    uint32_t tap = 0;
    for (; tap + 4 <= taps; tap += 4, parts += 8) {
        __m256i pixels = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(upper + 4 * tap))),
            _mm_loadu_si128((const __m128i *)(lower + 4 * tap)), 1);
        add_pairs(&sums, _mm256_shuffle_epi8(pixels, first), both(parts), both(parts + 2));
        add_pairs(&sums, _mm256_shuffle_epi8(pixels, second), both(parts + 4), both(parts + 6));
    }
    if (tap < taps) {
        __m256i pixels = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(upper + 4 * tap))),
            _mm_loadl_epi64((const __m128i *)(lower + 4 * tap)), 1);
        add_pairs(&sums, _mm256_shuffle_epi8(pixels, first), both(parts), both(parts + 2));
    }
    return round_sums(sums);
}

AVX2 static void horizontal(const uint8_t *const rows[2], uint8_t *const crops[2],
                            const struct coefficients *c, uint32_t begin)
{
    const __m256i without_x = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    uint8_t *upper = crops[0], *lower = crops[1];
    for (uint32_t output = 0; output < c->outputs; output += OUTPUT_GROUP) {
        __m256i pixels[OUTPUT_GROUP];
        for (uint32_t i = 0; i < OUTPUT_GROUP; i++) {
            size_t at = 4 * (size_t)(c->first[output + i] - begin);
            const int16_t *parts = c->parts + 2 * (size_t)(output + i) * c->taps;
            pixels[i] = horizontal_pixel(rows[0] + at, rows[1] + at, parts, c->taps);
        }
        __m256i rgb = _mm256_shuffle_epi8(pack(pixels[0], pixels[1], pixels[2], pixels[3]),
                                          without_x);
        /* Of the 16 bytes, 12 count; the others lie in the next pixels or the padding. */
        _mm_storeu_si128((__m128i *)upper, _mm256_castsi256_si128(rgb));
        _mm_storeu_si128((__m128i *)lower, _mm256_extracti128_si256(rgb, 1));
        upper += 3 * OUTPUT_GROUP;
        lower += 3 * OUTPUT_GROUP;
    }
}

AVX2 static inline __m256i vertical_32(const uint8_t *const *rows, const int32_t *weights,
                                       uint32_t taps, size_t column)
{
    const __m256i zero = _mm256_setzero_si256();
    struct sums sums[4] = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
    for (uint32_t tap = 0; tap < taps; tap += 2) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(rows[tap] + column));
        __m256i b = _mm256_loadu_si256((const __m256i *)(rows[tap + 1] + column));
        int32_t mask = (1 << LOW_BITS) - 1, v = weights[tap], w = weights[tap + 1];
        __m256i high = _mm256_set1_epi32(v >> LOW_BITS | (w >> LOW_BITS) << 16);
        __m256i low = _mm256_set1_epi32((v & mask) | (w & mask) << 16);
        __m256i left = _mm256_unpacklo_epi8(a, b), right = _mm256_unpackhi_epi8(a, b);
        add_pairs(&sums[0], _mm256_unpacklo_epi8(left, zero), high, low);
        add_pairs(&sums[1], _mm256_unpackhi_epi8(left, zero), high, low);
        add_pairs(&sums[2], _mm256_unpacklo_epi8(right, zero), high, low);
        add_pairs(&sums[3], _mm256_unpackhi_epi8(right, zero), high, low);
    }
    return pack(round_sums(sums[0]), round_sums(sums[1]), round_sums(sums[2]),
                round_sums(sums[3]));
}

AVX2 static void vertical(const uint8_t *const *rows, const int32_t *weights, uint32_t taps,
                          uint8_t *crop, size_t size)
{
    size_t column = 0;
    for (; column + 32 <= size; column += 32)
        _mm256_storeu_si256((__m256i *)(crop + column), vertical_32(rows, weights, taps, column));
    if (column < size && size >= 32) { /* the last 32 once more, partly done already */
        column = size - 32;
        _mm256_storeu_si256((__m256i *)(crop + column), vertical_32(rows, weights, taps, column));
        column = size;
    }
    for (; column < size; column++)
        crop[column] = vertical_one(rows, weights, taps, column);
}

const struct kernels kernels_avx2 = {"avx2", horizontal, vertical};

#endif
