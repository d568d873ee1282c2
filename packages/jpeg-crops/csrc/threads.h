/* A function on several threads at once. */
#ifndef THREADS_H
#define THREADS_H

#include <stdint.h>

/* Call work(context) on `threads` threads, this one among them, and return when all
 * have returned. Where the system gives fewer threads, fewer call it. */
void run_on_threads(uint32_t threads, void (*work)(void *context), void *context);

#endif
