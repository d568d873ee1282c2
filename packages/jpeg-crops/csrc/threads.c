#define _POSIX_C_SOURCE 200809L

#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Threads live for one call: it takes microseconds to start one, there is nothing to
 * shut down, and a process that forks between calls has nothing to lose. */

struct job {
    void (*work)(void *context);
    void *context;
};

static void *start(void *argument)
{
    struct job *job = argument;
    job->work(job->context);
    return NULL;
}

/* Start up to `wanted` threads; signals stay with the thread that called us. */
static uint32_t start_threads(pthread_t *started, uint32_t wanted, struct job *job)
{
    sigset_t all, before;
    uint32_t count = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (count < wanted && pthread_create(&started[count], NULL, start, job) == 0)
        count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

void run_on_threads(uint32_t threads, void (*work)(void *context), void *context)
{
    struct job job = {work, context};
    uint32_t others = threads > 1 ? threads - 1 : 0;
    pthread_t *started = others ? malloc(others * sizeof *started) : NULL;
    uint32_t count = started ? start_threads(started, others, &job) : 0;
    work(context);
    for (uint32_t i = 0; i < count; i++)
        pthread_join(started[i], NULL);
    free(started);
}
