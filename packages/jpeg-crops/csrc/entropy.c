#include "entropy.h"

#include <string.h>

/* The beginning of libjpeg's own description of an entropy decoder (jpegint.h), which is
 * the same from version 6 of 1995 to libjpeg-turbo 3.2: how decoders are exchanged. */
struct jpeg_entropy_decoder {
    void (*start_pass)(j_decompress_ptr jpeg);
    boolean (*decode_mcu)(j_decompress_ptr jpeg, JBLOCKROW *blocks);
};

/* Coefficients are counted from 0 to LAST. What is no step from one to the next counts as
 * a step out of the block: where a code is UNKNOWN, and, farther still, at a BLOCK_END. */
#define LAST 63
#define UNKNOWN 64
#define BLOCK_END 128

/* The bytes of the longest unit that there can be: all codes and values of all lengths. */
#define LONGEST_UNIT ((size_t)D_MAX_BLOCKS_IN_MCU * 64 * (16 + 15) / 8)
/* The bytes that fill() may look at past those that are taken. */
#define AHEAD 16

/* The order of coefficients in a file: from low to high frequency. Steps that lead out of
 * the block find its last place: what is there is written again, or the file is damaged. */
static const uint8_t natural_order[256] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, [63 ... 255] = 63,
};

/* --- Tables */

/* What the byte `coded` behind a code of `length` bits stands for: a run of zeros in its
 * upper half, in its lower half the size of the coefficient after them. */
static struct symbol symbol_for(uint32_t length, uint8_t coded)
{
    uint32_t run = coded >> 4, size = coded & 15;
    bool end = size == 0 && run != 15;
    return (struct symbol){(uint8_t)length, (uint8_t)size, end ? BLOCK_END : (uint8_t)(run + 1)};
}

static uint32_t bits_of(struct symbol symbol)
{
    return symbol.begin + symbol.size;
}

/* The symbol behind the first `used` bits of a window; none if its code is not all there. */
static bool symbol_behind(const struct code_table *table, uint32_t window, uint32_t used,
                          struct symbol *symbol)
{
    if (used >= LOOKUP_BITS)
        return false;
    *symbol = table->pairs[window << used & (WINDOWS - 1)].first;
    return symbol->begin && used + symbol->begin <= LOOKUP_BITS;
}

/* Add the second coefficient, if its code is in the window too. */
static void add_second(struct code_table *table, uint32_t window)
{
    struct pair *pair = &table->pairs[window];
    struct symbol second;
    pair->last = pair->first;
    if (pair->first.advance < UNKNOWN &&
        symbol_behind(table, window, bits_of(pair->first), &second)) {
        pair->last.begin = (uint8_t)(bits_of(pair->first) + second.begin);
        pair->last.size = second.size;
        pair->last.advance += second.advance;
    }
    pair->bits = (uint16_t)bits_of(pair->last);
}

/* As many coefficients as have their codes in the window; the last value may end behind it. */
static struct leap leap_for(const struct code_table *table, uint32_t window)
{
    struct leap leap = {0, 0, 0};
    struct symbol symbol;
    if (!table->pairs[window].bits)
        return (struct leap){0, UNKNOWN, 0};
    while (leap.advance < LAST && symbol_behind(table, window, leap.bits, &symbol)) {
        leap.before = leap.advance;
        leap.bits += (uint16_t)bits_of(symbol);
        leap.advance += symbol.advance;
    }
    return leap;
}

static void build(struct code_table *table, const JHUFF_TBL *file)
{
    uint32_t code = 0, position = 0;
    table->made_of = *file;
    table->made = true;
    for (uint32_t window = 0; window < WINDOWS; window++)
        table->pairs[window].first = (struct symbol){0, 0, UNKNOWN};
    for (uint32_t length = 1; length <= 16; length++, code <<= 1) {
        table->value_offset[length] = (int32_t)position - (int32_t)code;
        for (uint32_t i = 0; i < file->bits[length]; i++, code++, position++) {
            if (length > LOOKUP_BITS)
                continue;
            uint32_t shift = LOOKUP_BITS - length;
            for (uint32_t window = code << shift; window < (code + 1) << shift; window++)
                table->pairs[window].first = symbol_for(length, file->huffval[position]);
        }
        table->past_code[length] = (int32_t)code;
    }
}

/* Make the table of a file; false if there is no need to. Most files have the tables of the
 * standard: those of the image before serve again. libjpeg has looked at the table: its
 * codes fit into their lengths. */
static bool prepare(struct code_table *table, const JHUFF_TBL *file)
{
    if (table->made && !memcmp(table->made_of.bits, file->bits, sizeof file->bits) &&
        !memcmp(table->made_of.huffval, file->huffval, sizeof file->huffval))
        return false;
    build(table, file);
    return true;
}

/* Only coefficients come in pairs: behind each DC value its block's coefficients follow. */
static void prepare_ac(struct code_table *table, const JHUFF_TBL *file)
{
    if (!prepare(table, file))
        return;
    for (uint32_t window = 0; window < WINDOWS; window++)
        add_second(table, window);
    for (uint32_t window = 0; window < WINDOWS; window++)
        table->leaps[window] = leap_for(table, window);
}

/* --- Bits */

/* Make at least 56 bits ready. They may come from behind the interval: read_unit sees to it. */
static inline void fill(struct bit_reader *reader)
{
    uint64_t bytes;
    memcpy(&bytes, reader->next, sizeof bytes);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    reader->bits |= bytes >> reader->count;
    reader->next += (63 - reader->count) >> 3;
    reader->count |= 56;
}

static inline uint32_t peek(uint64_t bits, uint32_t count)
{
    return (uint32_t)(bits >> (64 - count));
}

static inline void skip(struct bit_reader *reader, uint32_t count)
{
    reader->bits <<= count;
    reader->count -= (int)count;
}

/* The first byte of which no bit was taken. */
static const uint8_t *place_of(const struct bit_reader *reader)
{
    return reader->next - (reader->count >> 3);
}

/* Bring the next interval, up to a marker or the end, without the zero that stands behind
 * each byte 255 there, and with zeros for a unit that is cut short. */
static bool load_interval(struct entropy *entropy)
{
    const uint8_t *from = entropy->file, *end = entropy->file_end;
    if (!buffer_reserve(&entropy->interval, (size_t)(end - from) + LONGEST_UNIT + AHEAD))
        return false;
    uint8_t *to = entropy->interval.data;
    for (;;) {
        const uint8_t *special = memchr(from, 0xFF, (size_t)(end - from));
        size_t size = (size_t)((special ? special : end) - from);
        memcpy(to, from, size);
        to += size;
        from += size;
        if (end - from < 2 || from[1] != 0)
            break;
        *to++ = 0xFF;
        from += 2;
    }
    memset(to, 0, LONGEST_UNIT + AHEAD);
    entropy->file = from;
    entropy->interval_end = to;
    entropy->reader = (struct bit_reader){entropy->interval.data, 0, 0};
    return true;
}

/* --- Symbols */

/* A value of so many bits at the top: those that begin with 0 are negative. */
static inline int32_t value_at(uint64_t bits, uint32_t size)
{
    uint32_t raw = (uint32_t)(bits >> 1 >> (63 - size));
    uint32_t negative = (uint32_t)((int64_t)~bits >> 63);
    return (int32_t)(raw - (((1u << size) - 1) & negative));
}

static inline JCOEF value_of(const struct bit_reader *reader, struct symbol symbol)
{
    return (JCOEF)value_at(reader->bits << symbol.begin, symbol.size);
}

/* A symbol whose code is longer than the lookup; it begins at 0 if there is no such code. */
static struct symbol long_symbol(const struct code_table *table, uint64_t bits)
{
    for (uint32_t length = LOOKUP_BITS + 1; length <= 16; length++) {
        int32_t code = (int32_t)peek(bits, length);
        int32_t position = code + table->value_offset[length];
        if (code < table->past_code[length])
            return position >= 0 && position <= 255
                       ? symbol_for(length, table->made_of.huffval[position])
                       : (struct symbol){0, 0, 0};
    }
    return (struct symbol){0, 0, 0};
}

/* The next symbol alone, its bits not taken yet; it begins at 0 if there is no such code. */
static inline struct symbol next_symbol(const struct code_table *table, uint64_t bits)
{
    struct symbol symbol = table->pairs[peek(bits, LOOKUP_BITS)].first;
    return symbol.begin ? symbol : long_symbol(table, bits);
}

/* --- Blocks */

/* The functions below return false for damaged data. */

static inline bool read_dc(const struct code_table *table, struct bit_reader *reader,
                           int32_t *last)
{
    fill(reader);
    struct symbol symbol = next_symbol(table, reader->bits);
    *last += value_of(reader, symbol);
    skip(reader, bits_of(symbol));
    return symbol.begin && *last >= INT16_MIN && *last <= INT16_MAX;
}

/* What comes to the end of a block, and what is rare: one symbol. */
static inline bool read_one(const struct code_table *table, struct bit_reader *reader,
                            JCOEF *block, uint32_t *position)
{
    fill(reader);
    struct symbol symbol = next_symbol(table, reader->bits);
    *position += symbol.advance;
    if (block && *position <= LAST)
        block[natural_order[*position]] = value_of(reader, symbol);
    skip(reader, bits_of(symbol));
    return symbol.begin && (*position <= LAST || symbol.advance == BLOCK_END);
}

static inline bool read_ac(const struct code_table *table, struct bit_reader *reader,
                           JCOEF *block)
{
    uint32_t position = 0;
    while (position < LAST) {
        struct pair pair = table->pairs[peek(reader->bits, LOOKUP_BITS)];
        fill(reader); /* while the table is looked up */
        uint32_t end = position + pair.last.advance;
        block[natural_order[position + pair.first.advance]] = value_of(reader, pair.first);
        block[natural_order[end]] = value_of(reader, pair.last);
        if (end < LAST || (end >= BLOCK_END && position + pair.first.advance % BLOCK_END < LAST)) {
            position = end;
            skip(reader, pair.bits);
        } else if (!read_one(table, reader, block, &position)) {
            return false;
        }
    }
    return true;
}

static inline bool skip_ac(const struct code_table *table, struct bit_reader *reader)
{
    uint32_t position = 0;
    while (position < LAST) {
        struct leap leap = table->leaps[peek(reader->bits, LOOKUP_BITS)];
        fill(reader);
        uint32_t end = position + leap.advance;
        if (end < LAST || (end >= BLOCK_END && position + leap.before < LAST)) {
            position = end;
            skip(reader, leap.bits);
        } else if (!read_one(table, reader, NULL, &position)) {
            return false;
        }
    }
    return true;
}

/* --- Units (MCUs): the blocks of all components at one place */

static bool start_interval(struct jpeg_decompress_struct *jpeg, struct entropy *entropy)
{
    if (place_of(&entropy->reader) != entropy->interval_end ||
        entropy->file_end - entropy->file < 2 || entropy->file[0] != 0xFF ||
        entropy->file[1] != JPEG_RST0 + entropy->restart)
        return false;
    entropy->file += 2;
    entropy->restart = (entropy->restart + 1) % 8;
    entropy->until_restart = jpeg->restart_interval;
    memset(entropy->last_dc, 0, sizeof entropy->last_dc);
    return load_interval(entropy);
}

static bool read_unit(struct jpeg_decompress_struct *jpeg, struct entropy *entropy,
                      JBLOCKROW *blocks)
{
    struct bit_reader reader = entropy->reader; /* so that it stays in registers */
    for (int i = 0; i < jpeg->blocks_in_MCU; i++) {
        int component = jpeg->MCU_membership[i];
        const jpeg_component_info *info = jpeg->cur_comp_info[component];
        int32_t *dc = &entropy->last_dc[component];
        const struct code_table *ac = &entropy->ac[info->ac_tbl_no];
        if (!read_dc(&entropy->dc[info->dc_tbl_no], &reader, dc))
            return false;
        if (blocks) {
            (*blocks[i])[0] = (JCOEF)*dc;
            if (!read_ac(ac, &reader, *blocks[i]))
                return false;
        } else if (!skip_ac(ac, &reader)) {
            return false;
        }
    }
    entropy->reader = reader;
    return place_of(&reader) <= entropy->interval_end;
}

/* What libjpeg calls for each unit; without `blocks` in rows that it skips. */
static boolean decode_mcu(j_decompress_ptr jpeg, JBLOCKROW *blocks)
{
    struct entropy *entropy = entropy_of(jpeg);
    uint32_t column = entropy->column++;
    if (entropy->column == entropy->columns)
        entropy->column = 0;
    bool kept = blocks && column >= entropy->first && column <= entropy->last;
    bool good = true;
    if (jpeg->restart_interval && entropy->until_restart-- == 0) {
        good = start_interval(jpeg, entropy);
        entropy->until_restart--;
    }
    if (!good || !read_unit(jpeg, entropy, kept ? blocks : NULL))
        jpeg->err->error_exit((j_common_ptr)jpeg);
    return TRUE;
}

bool entropy_take_over(struct jpeg_decompress_struct *jpeg, struct entropy *entropy,
                       uint32_t first, uint32_t last)
{
    entropy->file = jpeg->src->next_input_byte;
    entropy->file_end = entropy->file + jpeg->src->bytes_in_buffer;
    memset(entropy->last_dc, 0, sizeof entropy->last_dc);
    entropy->column = 0;
    entropy->columns = jpeg->MCUs_per_row;
    entropy->first = first;
    entropy->last = last;
    entropy->restart = 0;
    entropy->until_restart = jpeg->restart_interval;
    for (int i = 0; i < jpeg->comps_in_scan; i++) {
        const jpeg_component_info *info = jpeg->cur_comp_info[i];
        prepare(&entropy->dc[info->dc_tbl_no], jpeg->dc_huff_tbl_ptrs[info->dc_tbl_no]);
        prepare_ac(&entropy->ac[info->ac_tbl_no], jpeg->ac_huff_tbl_ptrs[info->ac_tbl_no]);
    }
    jpeg->entropy->decode_mcu = decode_mcu;
    return load_interval(entropy);
}

void entropy_free(struct entropy *entropy)
{
    buffer_free(&entropy->interval);
}
