/* Huffman decoding of a baseline scan, in place of libjpeg's: most of the time of a
 * decode goes there, and blocks beside the crop need not be kept, only stepped over. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

/* Codes of up to so many bits are looked up at once, longer ones (one in a hundred)
 * bit by bit. */
#define LOOKUP_BITS 10

/* What a code stands for: a run of zeros and then one coefficient, or the block's end. */
struct symbol {
    int16_t value;   /* of the coefficient, or what comes instead (see entropy.c) */
    uint8_t bits;    /* of the code and of the value behind it; 0: the code is longer */
    uint8_t advance; /* coefficients to go on by; BLOCK_END for the rest of the block */
};

struct code_table {
    struct symbol symbols[1 << LOOKUP_BITS];
    JHUFF_TBL made_of;       /* the table of the file that this was made of */
    int32_t past_code[18];   /* [bits]: the first code of so many bits that is not used */
    int32_t value_offset[18]; /* [bits]: from such a code to its position in huffval */
};

struct bit_reader {
    const uint8_t *next, *end;
    uint64_t bits; /* the next ones at the top */
    int count;     /* how many of them there are */
    int made_up;   /* of those, zeros behind the end of the data */
};

struct entropy {
    struct bit_reader reader;
    struct code_table dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
    int32_t last_dc[MAX_COMPS_IN_SCAN];
    uint32_t column, columns;  /* the next unit of the row, and how many a row has */
    uint32_t first, last;      /* the units to keep */
    uint32_t until_restart, restart;
};

/* Take over from libjpeg, after jpeg_start_decompress and jpeg_crop_scanline: keep the
 * units `first` to `last` of each row. `entropy` lives as long as the decompression. */
void entropy_take_over(struct jpeg_decompress_struct *jpeg, struct entropy *entropy,
                       uint32_t first, uint32_t last);

/* Where the struct entropy of a decompression is; the decoder knows. */
struct entropy *entropy_of(struct jpeg_decompress_struct *jpeg);

#endif
