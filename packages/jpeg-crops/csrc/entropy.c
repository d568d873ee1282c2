#include "entropy.h"

#include <stdbool.h>
#include <string.h>

/* The beginning of libjpeg's own description of an entropy decoder (jpegint.h), which is
 * the same from version 6 of 1995 to libjpeg-turbo 3.2: how decoders are exchanged. */
struct jpeg_entropy_decoder {
    void (*start_pass)(j_decompress_ptr jpeg);
    boolean (*decode_mcu)(j_decompress_ptr jpeg, JBLOCKROW *blocks);
};

/* Bits that are ready before a symbol is looked up: 16 of a code and 15 of a value. */
#define FILLED 32
#define BLOCK 64
#define BLOCK_END 128

/* Values of a symbol that are none: no coefficient comes with it (a run of zeros or the
 * block's end), or one of so many bits (LATER + bits) that are to be read. */
#define NOTHING 0
#define LATER 0x4000

/* The order of coefficients in a file: from low to high frequency. */
static const uint8_t natural_order[BLOCK] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* --- Tables */

/* A value of so many bits as the file has it: those that begin with 0 are negative. */
static int32_t extended(uint32_t raw, uint32_t size)
{
    return raw < 1u << (size - 1) ? (int32_t)raw - (1 << size) + 1 : (int32_t)raw;
}

/* What to do on seeing `window` (LOOKUP_BITS bits), which begins with a code of `length`
 * bits for the byte `coded`: a run of zeros in its upper half, a size in its lower. */
static struct symbol symbol_for(uint32_t window, uint32_t length, uint8_t coded)
{
    uint32_t run = coded >> 4, size = coded & 15, total = length + size;
    bool end = size == 0 && run != 15;
    struct symbol symbol = {NOTHING, (uint8_t)total, end ? BLOCK_END : (uint8_t)(run + 1)};
    if (size && total <= LOOKUP_BITS) {
        uint32_t raw = window >> (LOOKUP_BITS - total) & ((1u << size) - 1);
        symbol.value = (int16_t)extended(raw, size);
    } else if (size) {
        symbol.value = (int16_t)(LATER + size);
    }
    return symbol;
}

static void build(struct code_table *table, const JHUFF_TBL *file)
{
    uint32_t code = 0, position = 0;
    memset(table, 0, sizeof *table);
    table->made_of = *file;
    for (uint32_t length = 1; length <= 16; length++, code <<= 1) {
        table->value_offset[length] = (int32_t)position - (int32_t)code;
        for (uint32_t i = 0; i < file->bits[length]; i++, code++, position++) {
            if (length > LOOKUP_BITS)
                continue;
            uint32_t shift = LOOKUP_BITS - length;
            for (uint32_t window = code << shift; window < (code + 1) << shift; window++)
                table->symbols[window] = symbol_for(window, length, file->huffval[position]);
        }
        table->past_code[length] = (int32_t)code;
    }
}

/* Most files have the tables of the standard: those of the image before serve again.
 * libjpeg has looked at the table: its codes fit into their lengths. */
static void prepare(struct code_table *table, const JHUFF_TBL *file)
{
    if (memcmp(table->made_of.bits, file->bits, sizeof file->bits) ||
        memcmp(table->made_of.huffval, file->huffval, sizeof file->huffval))
        build(table, file);
}

/* --- Bits */

static bool has_byte_ff(uint64_t bytes)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    return ((~bytes - ones) & bytes & tops) != 0;
}

/* One byte after the other, up to a marker or the end; zeros from there on. */
static void fill_slowly(struct bit_reader *reader)
{
    while (reader->count <= 56) {
        size_t left = (size_t)(reader->end - reader->next);
        if (left >= 1 && reader->next[0] != 0xFF) {
            reader->bits |= (uint64_t)*reader->next++ << (56 - reader->count);
        } else if (left >= 2 && reader->next[1] == 0) { /* a byte 255, not a marker */
            reader->bits |= (uint64_t)0xFF << (56 - reader->count);
            reader->next += 2;
        } else {
            reader->made_up += 8;
        }
        reader->count += 8;
    }
}

/* Make at least 56 bits ready. */
static inline void fill(struct bit_reader *reader)
{
    uint64_t bytes;
    if (reader->end - reader->next >= 8) {
        memcpy(&bytes, reader->next, sizeof bytes);
        if (!has_byte_ff(bytes)) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            bytes = __builtin_bswap64(bytes);
#endif
            reader->bits |= bytes >> reader->count;
            reader->next += (63 - reader->count) >> 3;
            reader->count |= 56;
            return;
        }
    }
    fill_slowly(reader);
}

static inline uint32_t peek(const struct bit_reader *reader, uint32_t count)
{
    return (uint32_t)(reader->bits >> (64 - count));
}

static inline void skip(struct bit_reader *reader, uint32_t count)
{
    reader->bits <<= count;
    reader->count -= (int)count;
}

/* --- Symbols */

/* A code longer than the lookup. `bits` of 0 if there is no such code. */
static struct symbol long_symbol(const struct code_table *table, const struct bit_reader *reader)
{
    for (uint32_t length = LOOKUP_BITS + 1; length <= 16; length++) {
        int32_t code = (int32_t)peek(reader, length);
        if (code < table->past_code[length]) {
            int32_t position = code + table->value_offset[length];
            if (position < 0 || position > 255)
                break;
            return symbol_for(0, length, table->made_of.huffval[position]);
        }
    }
    return (struct symbol){0, 0, 0};
}

/* The next symbol, its bits not taken yet. */
static inline struct symbol next_symbol(const struct code_table *table, struct bit_reader *reader)
{
    if (reader->count < FILLED)
        fill(reader);
    struct symbol symbol = table->symbols[peek(reader, LOOKUP_BITS)];
    return symbol.bits ? symbol : long_symbol(table, reader);
}

/* Take the symbol and return its value. */
static inline int32_t take(struct bit_reader *reader, struct symbol symbol)
{
    int32_t value = symbol.value;
    if (value >= LATER) {
        uint32_t size = (uint32_t)value - LATER;
        uint32_t raw = peek(reader, symbol.bits) & ((1u << size) - 1);
        value = extended(raw, size);
    }
    skip(reader, symbol.bits);
    return value;
}

/* --- Blocks */

/* The functions below return false for damaged data. */

static inline bool read_dc(const struct code_table *table, struct bit_reader *reader,
                           int32_t *last)
{
    struct symbol symbol = next_symbol(table, reader);
    if (!symbol.bits)
        return false;
    *last += take(reader, symbol);
    return *last >= INT16_MIN && *last <= INT16_MAX;
}

static inline bool read_ac(const struct code_table *table, struct bit_reader *reader,
                           JCOEF *block)
{
    uint32_t position = 0;
    while (position < BLOCK - 1) {
        struct symbol symbol = next_symbol(table, reader);
        position += symbol.advance;
        if (!symbol.bits || position >= BLOCK) {
            skip(reader, symbol.bits);
            return symbol.advance == BLOCK_END;
        }
        int32_t value = take(reader, symbol);
        if (value)
            block[natural_order[position]] = (JCOEF)value;
    }
    return true;
}

static inline bool skip_ac(const struct code_table *table, struct bit_reader *reader)
{
    uint32_t position = 0;
    while (position < BLOCK - 1) {
        struct symbol symbol = next_symbol(table, reader);
        position += symbol.advance;
        skip(reader, symbol.bits);
        if (!symbol.bits || position >= BLOCK)
            return symbol.advance == BLOCK_END;
    }
    return true;
}

/* --- Units (MCUs): the blocks of all components at one place */

static bool start_interval(struct jpeg_decompress_struct *jpeg, struct entropy *entropy)
{
    struct bit_reader *reader = &entropy->reader;
    bool whole_bytes_left = reader->count - reader->made_up >= 8;
    if (whole_bytes_left || reader->end - reader->next < 2 || reader->next[0] != 0xFF ||
        reader->next[1] != JPEG_RST0 + entropy->restart)
        return false;
    *reader = (struct bit_reader){reader->next + 2, reader->end, 0, 0, 0};
    entropy->restart = (entropy->restart + 1) % 8;
    entropy->until_restart = jpeg->restart_interval;
    memset(entropy->last_dc, 0, sizeof entropy->last_dc);
    return true;
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
    return reader.count >= reader.made_up; /* else it has used what is not there */
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

void entropy_take_over(struct jpeg_decompress_struct *jpeg, struct entropy *entropy,
                       uint32_t first, uint32_t last)
{
    const uint8_t *data = jpeg->src->next_input_byte;
    entropy->reader = (struct bit_reader){data, data + jpeg->src->bytes_in_buffer, 0, 0, 0};
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
        prepare(&entropy->ac[info->ac_tbl_no], jpeg->ac_huff_tbl_ptrs[info->ac_tbl_no]);
    }
    jpeg->entropy->decode_mcu = decode_mcu;
}
