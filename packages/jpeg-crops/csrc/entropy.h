/* Huffman decoding of a baseline scan, in place of libjpeg's: most of the time of a
 * decode goes there, and blocks beside the crop need not be kept, only stepped over. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

#include "memory.h"

/* So many bits are looked up at once: one code or two, or several to step over. More would
 * be slower: the tables fill the nearest cache. Longer codes (one in a hundred) are found
 * bit by bit. */
#define LOOKUP_BITS 10
#define WINDOWS (1 << LOOKUP_BITS)

/* One coefficient. */
struct symbol {
    uint8_t begin;   /* the bits before its value: a code; 0 if there is none so short */
    uint8_t size;    /* the bits of its value */
    uint8_t advance; /* how far it lies behind the last one; or what entropy.c defines */
};

/* What the next bits of a file are: one coefficient (in both places), or two. */
struct pair {
    struct symbol first, last; /* both counted from the same bit and the same coefficient */
    uint16_t bits;             /* of all codes and values */
};

/* What the next bits of a file are, where the values do not matter: several coefficients. */
struct leap {
    uint16_t bits;
    uint8_t advance; /* over all of them, and out of the block if it ends with them */
    uint8_t before;  /* over all but the last */
};

struct code_table {
    struct pair pairs[WINDOWS];
    struct leap leaps[WINDOWS];
    bool made;
    JHUFF_TBL made_of;        /* the table of the file that this was made of */
    int32_t past_code[18];    /* [bits]: the first code of so many bits that is not used */
    int32_t value_offset[18]; /* [bits]: from such a code to its position in huffval */
};

struct bit_reader {
    const uint8_t *next;
    uint64_t bits; /* the next ones at the top */
    int count;     /* how many of them there are */
};

struct entropy {
    struct bit_reader reader;
    struct buffer interval;         /* its bytes, up to the next marker */
    const uint8_t *interval_end;
    const uint8_t *file, *file_end; /* what follows in the file */
    struct code_table dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
    int32_t last_dc[MAX_COMPS_IN_SCAN];
    uint32_t column, columns; /* the next unit of the row, and how many a row has */
    uint32_t first, last;     /* the units to keep */
    uint32_t until_restart, restart;
};

/* Take over from libjpeg, after jpeg_start_decompress and jpeg_crop_scanline: keep the
 * units `first` to `last` of each row. `entropy` lives as long as the decompression.
 * False if there is no memory. */
bool entropy_take_over(struct jpeg_decompress_struct *jpeg, struct entropy *entropy,
                       uint32_t first, uint32_t last);
void entropy_free(struct entropy *entropy);

/* Where the struct entropy of a decompression is; the decoder knows. */
struct entropy *entropy_of(struct jpeg_decompress_struct *jpeg);

#endif
