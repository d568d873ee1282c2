/* Plain C: what the others are compared with. */
#include "kernels.h"

static void horizontal_row(const uint8_t *row, uint8_t *crop, const struct coefficients *c,
                           uint32_t begin)
{
    for (uint32_t output = 0; output < c->outputs; output++) {
        const uint8_t *pixel = row + 4 * (size_t)(c->first[output] - begin);
        const int32_t *weights = c->weights + (size_t)output * c->taps;
        int32_t red = 0, green = 0, blue = 0;
        for (uint32_t tap = 0; tap < c->taps; tap++, pixel += 4) {
            red += pixel[0] * weights[tap];
            green += pixel[1] * weights[tap];
            blue += pixel[2] * weights[tap];
        }
        *crop++ = rounded(red);
        *crop++ = rounded(green);
        *crop++ = rounded(blue);
    }
}

static void horizontal(const uint8_t *const rows[2], uint8_t *const crops[2],
                       const struct coefficients *coefficients, uint32_t begin)
{
    for (int i = 0; i < 2; i++)
        horizontal_row(rows[i], crops[i], coefficients, begin);
}

static void vertical(const uint8_t *const *rows, const int32_t *weights, uint32_t taps,
                     uint8_t *crop, size_t size)
{
    for (size_t column = 0; column < size; column++)
        crop[column] = vertical_one(rows, weights, taps, column);
}

const struct kernels kernels_scalar = {"scalar", horizontal, vertical};
