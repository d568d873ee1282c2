#include "jpeg_crops.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "decoder.h"
#include "kernels.h"
#include "threads.h"

#define LARGEST_SIDE 65535 /* JPEG's own limit */

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* One call: the threads take the items one after the other. */
struct batch {
    struct jpeg_crops_item *items;
    size_t count;
    atomic_size_t next;
    const struct jpeg_crops_settings *settings; /* NULL to read sizes alone */
    const struct kernels *kernels;
};

static void work_on(struct batch *batch, struct decoder *decoder)
{
    size_t i;
    while ((i = atomic_fetch_add(&batch->next, 1)) < batch->count) {
        struct jpeg_crops_item *item = &batch->items[i];
        item->status = batch->settings
                           ? decoder_crop(decoder, item, batch->settings, batch->kernels)
                           : decoder_size(decoder, item);
    }
}

static void work(void *context)
{
    /* On the heap: libjpeg's structures are large for the stack of a thread. Without
     * memory this thread leaves the items to the others, or not tried. */
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return;
    if (decoder_begin(decoder))
        work_on(context, decoder);
    decoder_free(decoder);
    free(decoder);
}

static void run(struct batch *batch, uint32_t threads)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i].status = JPEG_CROPS_NOT_TRIED;
    run_on_threads(threads < batch->count ? threads : (uint32_t)batch->count, work, batch);
}

static bool possible(const struct jpeg_crops_settings *settings)
{
    return settings->height >= 1 && settings->height <= LARGEST_SIDE && settings->width >= 1 &&
           settings->width <= LARGEST_SIDE && settings->threads >= 1;
}

int jpeg_crops_batch(struct jpeg_crops_item *items, size_t count,
                     const struct jpeg_crops_settings *settings)
{
    const struct kernels *kernels = kernels_named(settings->kernels);
    if (!possible(settings) || !kernels)
        return -1;
    struct batch batch = {
        .items = items, .count = count, .settings = settings, .kernels = kernels};
    run(&batch, settings->threads);
    return 0;
}

int jpeg_crops_sizes(struct jpeg_crops_item *items, size_t count, uint32_t threads)
{
    if (threads < 1)
        return -1;
    struct batch batch = {.items = items, .count = count};
    run(&batch, threads);
    return 0;
}

int jpeg_crops_interface(void)
{
    return JPEG_CROPS_INTERFACE;
}

const char *jpeg_crops_libjpeg(void)
{
    return "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION);
}

const char *jpeg_crops_kernels(size_t position)
{
    const struct kernels *kernels = kernels_at(position);
    return kernels ? kernels->name : NULL;
}
