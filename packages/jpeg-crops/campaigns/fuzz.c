/* A libFuzzer target: the first bytes choose the box and the output, the rest is the file.
 * A crop is made with the kernels that the input chooses and again in plain C, which must
 * be the same; both go into memory of just their size. Built and run by fuzz.py. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jpeg_crops.h"

#define CHOICES 12
#define LARGEST_CROP 48
#define MAX_PIXELS (1u << 20)

static const char *kernels_for(uint8_t choice)
{
    size_t count = 0;
    while (jpeg_crops_kernels(count))
        count++;
    return jpeg_crops_kernels(choice % count);
}

static float part(uint8_t choice, float whole)
{
    /* Whole pixels and fractions, and a little past the edge. */
    float value = whole * (float)choice / 250.0f;
    return choice & 1 ? value : (float)(int)value;
}

static struct jpeg_crops_item item_for(const uint8_t *choices, const uint8_t *data, size_t size)
{
    struct jpeg_crops_item item = {.data = data, .size = size, .flip = choices[0] & 1};
    jpeg_crops_sizes(&item, 1, 1);
    float height = (float)item.height, width = (float)item.width;
    item.top = part(choices[1], height);
    item.left = part(choices[2], width);
    item.bottom = item.top + part(choices[3], height - item.top);
    item.right = item.left + part(choices[4], width - item.left);
    return item;
}

static uint8_t *crop_of(struct jpeg_crops_item *item, const struct jpeg_crops_settings *settings)
{
    size_t size = 3 * (size_t)settings->height * settings->width;
    item->crop = malloc(size);
    memset(item->crop, 0xAA, size);
    if (jpeg_crops_batch(item, 1, settings))
        abort();
    return item->crop;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES)
        return 0;
    struct jpeg_crops_settings settings = {
        .height = 1 + data[5] % LARGEST_CROP,
        .width = 1 + data[6] % LARGEST_CROP,
        .max_pixels = MAX_PIXELS,
        .threads = 1,
        .pillow_13 = data[0] >> 1 & 1,
        .kernels = kernels_for(data[7]),
    };
    /* A copy of its own, so that reading past the end is seen. */
    uint8_t *file = malloc(size - CHOICES + 1);
    memcpy(file, data + CHOICES, size - CHOICES);
    file = realloc(file, size - CHOICES ? size - CHOICES : 1);
    struct jpeg_crops_item item = item_for(data, file, size - CHOICES);
    uint8_t *crop = crop_of(&item, &settings);
    if (item.status == JPEG_CROPS_DONE) {
        settings.kernels = "scalar";
        uint8_t *other = crop_of(&item, &settings);
        if (item.status || memcmp(crop, other, 3 * (size_t)settings.height * settings.width))
            abort();
        free(other);
    }
    free(crop);
    free(file);
    return 0;
}
