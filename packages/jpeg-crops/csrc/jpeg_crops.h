/* The functions of the shared library, as src/jpeg_crops/native.py calls them. */
#ifndef JPEG_CROPS_H
#define JPEG_CROPS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define JPEG_CROPS_PUBLIC __attribute__((visibility("default")))
#else
#define JPEG_CROPS_PUBLIC
#endif

/* Changes whenever a structure or a function here does. */
#define JPEG_CROPS_INTERFACE 1

/* What became of an image. Everything but DONE is for the caller to decode by
 * other means, which also finds the words for what is wrong with it. */
enum jpeg_crops_status {
    JPEG_CROPS_DONE = 0,
    JPEG_CROPS_NOT_TRIED = 1,
    JPEG_CROPS_UNREADABLE = 2, /* the file cannot be opened or read */
    JPEG_CROPS_UNUSUAL = 3,    /* no baseline JPEG of one or three components */
    JPEG_CROPS_TOO_LARGE = 4,  /* more pixels than the caller allows */
    JPEG_CROPS_OUTSIDE = 5,    /* the box leaves the image */
    JPEG_CROPS_DAMAGED = 6,    /* libjpeg found an error, or a reason to warn */
    JPEG_CROPS_NO_MEMORY = 7,
};

/* One image. The file at `path` if that is not NULL, else `size` bytes at `data`. */
struct jpeg_crops_item {
    const uint8_t *data;
    uint64_t size;
    const char *path;
    uint8_t *crop; /* rows of packed RGB */
    float left, top, right, bottom;
    uint32_t height, width; /* of the image: written by jpeg_crops_sizes */
    uint32_t flip;
    uint32_t status;
};

/* Crops of one batch: what they have in common. */
struct jpeg_crops_settings {
    uint32_t height, width;
    uint64_t max_pixels;
    uint32_t threads;
    uint32_t pillow_13; /* resize as Pillow does since version 13; 0: as it did before */
    const char *kernels; /* by name; NULL for the fastest there is */
};

/* Both return 0, or -1 for settings that cannot be. */
JPEG_CROPS_PUBLIC int jpeg_crops_batch(struct jpeg_crops_item *items, size_t count,
                                       const struct jpeg_crops_settings *settings);
JPEG_CROPS_PUBLIC int jpeg_crops_sizes(struct jpeg_crops_item *items, size_t count,
                                       uint32_t threads);

JPEG_CROPS_PUBLIC int jpeg_crops_interface(void);
JPEG_CROPS_PUBLIC const char *jpeg_crops_libjpeg(void);

/* Names of the kernels that run on this machine, the fastest first; NULL past the last. */
JPEG_CROPS_PUBLIC const char *jpeg_crops_kernels(size_t position);

#endif
