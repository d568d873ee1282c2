#include "decoder.h"

#include <string.h>

#if !defined(LIBJPEG_TURBO_VERSION_NUMBER) || LIBJPEG_TURBO_VERSION_NUMBER < 2001000
#error "libjpeg-turbo 2.1 or newer is needed: older ones crop rows with errors"
#endif

/* The scaled crop must have at least so many times the pixels of the output along each
 * axis, for libjpeg to scale it: the crop then still is within 50 dB of the unscaled one. */
#define SCALE_MARGIN 2.0f
/* Columns decoded on both sides of the crop, which libjpeg's upsampling of colours needs
 * to make the outermost ones as it makes them in the whole image. */
#define MARGIN 4
/* Rows begin beside an aligned address: libjpeg's SIMD writes to an aligned one past the
 * caches, and reading the row then takes longer than resizing it. */
#define PAST_ALIGNMENT 4
/* How much of a file is read for its header, before all of it is. */
#define HEADER_SIZE ((size_t)1 << 15)
/* A thousandth of a pixel over the edge is how the fractions of a box add up. */
#define ROUNDING 1e-3f

/* libjpeg calls this when it cannot go on. */
static void give_up(j_common_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    longjmp(decoder->give_up, 1);
}

/* It calls this for traces (level 0 and up) and for warnings (-1): the data are
 * damaged, what follows is made up. Pillow shall say what that means. */
static void give_up_if_damaged(j_common_ptr jpeg, int level)
{
    if (level < 0)
        give_up(jpeg);
}

static void be_quiet(j_common_ptr jpeg)
{
    (void)jpeg;
}

struct entropy *entropy_of(struct jpeg_decompress_struct *jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    return &decoder->entropy;
}

bool decoder_begin(struct decoder *decoder)
{
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = give_up;
    decoder->errors.emit_message = give_up_if_damaged;
    decoder->errors.output_message = be_quiet;
    decoder->jpeg.client_data = decoder;
    if (setjmp(decoder->give_up))
        return false;
    jpeg_create_decompress(&decoder->jpeg);
    decoder->ready = true;
    return true;
}

void decoder_free(struct decoder *decoder)
{
    if (decoder->ready)
        jpeg_destroy_decompress(&decoder->jpeg);
    buffer_free(&decoder->file);
    buffer_free(&decoder->rows);
    resizer_free(&decoder->resizer);
    entropy_free(&decoder->entropy);
}

/* Height and width, or nothing for what is not an ordinary JPEG of one picture. */
static enum jpeg_crops_status read_header(struct decoder *decoder, struct bytes bytes)
{
    if (bytes.size < 4 || bytes.data[0] != 0xFF || bytes.data[1] != 0xD8)
        return JPEG_CROPS_UNUSUAL;
    jpeg_mem_src(&decoder->jpeg, bytes.data, (unsigned long)bytes.size);
    jpeg_read_header(&decoder->jpeg, TRUE);
    return decoder->jpeg.data_precision == 8 ? JPEG_CROPS_DONE : JPEG_CROPS_UNUSUAL;
}

/* Colours at full or half resolution along each axis; all that cameras and libjpeg write. */
static bool usual_sampling(const struct jpeg_decompress_struct *jpeg)
{
    const jpeg_component_info *luma = jpeg->comp_info;
    for (int i = 1; i < jpeg->num_components; i++) {
        if (jpeg->comp_info[i].h_samp_factor != 1 || jpeg->comp_info[i].v_samp_factor != 1)
            return false;
    }
    int most = jpeg->num_components == 1 ? 1 : 2;
    return luma->h_samp_factor <= most && luma->v_samp_factor <= most;
}

static bool usual_colours(const struct jpeg_decompress_struct *jpeg)
{
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
        return jpeg->num_components == 1;
    case JCS_YCbCr:
    case JCS_RGB:
        return jpeg->num_components == 3;
    default:
        return false;
    }
}

/* One pass over the data gives rows in order, in memory that does not grow with the
 * height that a header claims. */
static bool one_pass(struct jpeg_decompress_struct *jpeg)
{
    return !jpeg->progressive_mode && !jpeg->arith_code && !jpeg_has_multiple_scans(jpeg);
}

/* Whether the pixels have their end marker: in a file cut short it is missing, even
 * where the rows of the crop are all there. */
static bool has_end(const struct jpeg_decompress_struct *jpeg)
{
    const uint8_t *data = jpeg->src->next_input_byte;
    for (size_t at = jpeg->src->bytes_in_buffer; at >= 2; at--) {
        if (data[at - 2] == 0xFF && data[at - 1] == JPEG_EOI)
            return true;
    }
    return false;
}

static uint32_t scale_for(float height, float width, const struct jpeg_crops_settings *settings)
{
    uint32_t scale = 1;
    while (scale < 8 && height >= SCALE_MARGIN * 2 * (float)scale * (float)settings->height &&
           width >= SCALE_MARGIN * 2 * (float)scale * (float)settings->width)
        scale *= 2;
    return scale;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* Since version 13, Pillow resizes columns first where an image loses more than twice as
 * many rows as columns; it goes by the whole image, whatever the box. */
static enum order order_for(const struct jpeg_decompress_struct *jpeg,
                            const struct jpeg_crops_settings *settings)
{
    int64_t rows = (int64_t)jpeg->image_height - settings->height;
    int64_t columns = (int64_t)jpeg->image_width - settings->width;
    return settings->pillow_13 && rows > 0 && rows > 2 * columns ? ALONG_COLUMNS_FIRST
                                                                 : ALONG_ROWS_FIRST;
}

/* Plan the resize of the item's box in the image as libjpeg will scale it. */
static enum jpeg_crops_status plan(struct decoder *decoder, const struct jpeg_crops_item *item,
                                   const struct jpeg_crops_settings *settings,
                                   const struct kernels *kernels)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    float height = (float)jpeg->image_height, width = (float)jpeg->image_width;
    float right = smaller(item->right, width), bottom = smaller(item->bottom, height);
    if (!(item->left >= 0 && item->top >= 0 && item->left <= right && item->top <= bottom &&
          item->right <= width + ROUNDING && item->bottom <= height + ROUNDING))
        return JPEG_CROPS_OUTSIDE;
    uint32_t scale = scale_for(bottom - item->top, right - item->left, settings);
    float unit = (float)scale;
    /* Pixels that lie partly beyond the edge are left out. */
    struct axis across = {jpeg->image_width / scale, item->left / unit, right / unit,
                          settings->width};
    struct axis down = {jpeg->image_height / scale, item->top / unit, bottom / unit,
                        settings->height};
    jpeg->scale_num = 1;
    jpeg->scale_denom = scale;
    return resizer_begin(&decoder->resizer, kernels, across, down, order_for(jpeg, settings),
                         item->flip != 0, item->crop)
               ? JPEG_CROPS_DONE
               : JPEG_CROPS_NO_MEMORY;
}

/* Have libjpeg decode just the columns of the crop, with a margin; returns the first. */
static uint32_t cut_columns(struct jpeg_decompress_struct *jpeg, const struct coefficients *across)
{
    JDIMENSION begin = across->begin > MARGIN ? across->begin - MARGIN : 0;
    JDIMENSION end = across->end + MARGIN < jpeg->output_width ? across->end + MARGIN
                                                               : jpeg->output_width;
    JDIMENSION width = end - begin;
    jpeg_crop_scanline(jpeg, &begin, &width);
    return begin;
}

static enum jpeg_crops_status decode(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    struct resizer *resizer = &decoder->resizer;
    jpeg->out_color_space = JCS_EXT_RGBX;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(jpeg);
    uint32_t begin = cut_columns(jpeg, &resizer->across);
    uint32_t unit = DCTSIZE / jpeg->scale_denom * (uint32_t)jpeg->max_h_samp_factor;
    if (!entropy_take_over(jpeg, &decoder->entropy, begin / unit,
                           (begin + jpeg->output_width - 1) / unit))
        return JPEG_CROPS_NO_MEMORY;
    size_t stride = (4 * (size_t)jpeg->output_width + 2 * ROW_PADDING) / ROW_PADDING * ROW_PADDING;
    if (!buffer_reserve(&decoder->rows, 2 * stride + PAST_ALIGNMENT))
        return JPEG_CROPS_NO_MEMORY;
    JSAMPROW first = (JSAMPROW)decoder->rows.data + PAST_ALIGNMENT;
    JSAMPROW rows[2] = {first, first + stride};
    const uint8_t *const taken[2] = {rows[0], rows[1]};
    if (resizer->down.begin)
        jpeg_skip_scanlines(jpeg, resizer->down.begin);
    while (resizer->next_input < resizer->down.end) {
        uint32_t left = resizer->down.end - resizer->next_input;
        JDIMENSION count = jpeg_read_scanlines(jpeg, rows, left < 2 ? left : 2);
        if (!count) /* never with all data in memory */
            return JPEG_CROPS_DAMAGED;
        resizer_take(resizer, taken, count, begin);
    }
    return JPEG_CROPS_DONE;
}

static enum jpeg_crops_status crop(struct decoder *decoder, struct bytes bytes,
                                   const struct jpeg_crops_item *item,
                                   const struct jpeg_crops_settings *settings,
                                   const struct kernels *kernels)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    enum jpeg_crops_status status = read_header(decoder, bytes);
    if (status != JPEG_CROPS_DONE)
        return status;
    if (!one_pass(jpeg) || !usual_colours(jpeg) || !usual_sampling(jpeg))
        return JPEG_CROPS_UNUSUAL;
    if ((uint64_t)jpeg->image_height * jpeg->image_width > settings->max_pixels)
        return JPEG_CROPS_TOO_LARGE;
    if (!has_end(jpeg))
        return JPEG_CROPS_DAMAGED;
    status = plan(decoder, item, settings, kernels);
    return status == JPEG_CROPS_DONE ? decode(decoder) : status;
}

enum jpeg_crops_status decoder_crop(struct decoder *decoder, const struct jpeg_crops_item *item,
                                    const struct jpeg_crops_settings *settings,
                                    const struct kernels *kernels)
{
    struct bytes bytes;
    enum jpeg_crops_status status = source_read(item, SIZE_MAX, &decoder->file, &bytes);
    if (status != JPEG_CROPS_DONE)
        return status;
    /* Nothing that is used after a jump back to here is changed before it. */
    if (setjmp(decoder->give_up))
        status = JPEG_CROPS_DAMAGED;
    else
        status = crop(decoder, bytes, item, settings, kernels);
    jpeg_abort_decompress(&decoder->jpeg);
    return status;
}

static enum jpeg_crops_status size_in(struct decoder *decoder, struct bytes bytes,
                                      struct jpeg_crops_item *item)
{
    enum jpeg_crops_status status;
    if (setjmp(decoder->give_up)) {
        status = JPEG_CROPS_DAMAGED;
    } else {
        status = read_header(decoder, bytes);
        item->height = decoder->jpeg.image_height;
        item->width = decoder->jpeg.image_width;
    }
    jpeg_abort_decompress(&decoder->jpeg);
    return status;
}

enum jpeg_crops_status decoder_size(struct decoder *decoder, struct jpeg_crops_item *item)
{
    struct bytes bytes;
    enum jpeg_crops_status status = source_read(item, HEADER_SIZE, &decoder->file, &bytes);
    if (status != JPEG_CROPS_DONE)
        return status;
    status = size_in(decoder, bytes, item);
    if (status != JPEG_CROPS_DAMAGED)
        return status;
    /* A large profile or thumbnail comes first: the header needs more of the file. */
    status = source_read(item, SIZE_MAX, &decoder->file, &bytes);
    return status == JPEG_CROPS_DONE ? size_in(decoder, bytes, item) : status;
}
