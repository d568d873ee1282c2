/* Every set of kernels against plain C, on random rows and filters; needs no libjpeg, so
 * that it runs on an emulator of another machine. Built and run by kernels.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define LARGEST 400

static uint32_t below(uint32_t limit)
{
    return (uint32_t)rand() % limit;
}

static uint8_t rows[LARGEST][4 * LARGEST + ROW_PADDING];

static void fill_rows(void)
{
    for (size_t row = 0; row < LARGEST; row++) {
        for (size_t i = 0; i < sizeof rows[row]; i++)
            rows[row][i] = below(8) ? (uint8_t)rand() : 255;
    }
}

static int compare(const struct kernels *kernels, struct coefficients *c)
{
    static uint8_t made[2][2][3 * LARGEST + ROW_PADDING];
    static const uint8_t *pointers[LARGEST + 2];
    uint32_t inputs = 1 + below(LARGEST - 1), outputs = 1 + below(LARGEST - 1);
    float from = (float)below(inputs * 10) / 10.0f;
    float to = from + ((float)inputs - from) * (float)(1 + below(100)) / 100.0f;
    if (!coefficients_make(c, inputs, from, to, outputs, rand() & 1))
        return 1;
    const uint8_t *const pair[2] = {rows[below(LARGEST)], rows[below(LARGEST)]};
    for (int i = 0; i < 2; i++) {
        uint8_t *const crops[2] = {made[i][0], made[i][1]};
        (i ? kernels : &kernels_scalar)->horizontal(pair, crops, c, 0);
    }
    for (int row = 0; row < 2; row++) {
        if (memcmp(made[0][row], made[1][row], 3 * (size_t)outputs))
            return 1;
    }
    uint32_t output = below(outputs), size = 1 + below(3 * LARGEST - 1);
    for (uint32_t tap = 0; tap < c->taps; tap++)
        pointers[tap] = rows[(c->first[output] + tap) % LARGEST];
    for (int i = 0; i < 2; i++)
        (i ? kernels : &kernels_scalar)
            ->vertical(pointers, c->weights + (size_t)output * c->taps, c->taps, made[i][0], size);
    return memcmp(made[0][0], made[1][0], size) != 0;
}

int main(int count, char **arguments)
{
    int rounds = count > 1 ? atoi(arguments[1]) : 1000, failures = 0;
    struct coefficients coefficients = {0};
    const struct kernels *kernels;
    fill_rows();
    for (size_t i = 0; (kernels = kernels_at(i)) != NULL; i++) {
        for (int round = 0; round < rounds; round++)
            failures += compare(kernels, &coefficients);
        printf("%s: %d rounds, %d failures so far\n", kernels->name, rounds, failures);
    }
    coefficients_free(&coefficients);
    return failures != 0;
}
