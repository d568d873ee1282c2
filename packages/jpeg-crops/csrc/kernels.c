#include "kernels.h"

#include <stdbool.h>
#include <string.h>

struct candidate {
    const struct kernels *kernels;
    bool (*runs)(void);
};

static bool always(void)
{
    return true;
}

#if defined(__x86_64__) || defined(__i386__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

static bool has_sse41(void)
{
    return __builtin_cpu_supports("sse4.1") != 0;
}
#endif

/* The fastest first. */
static const struct candidate candidates[] = {
#if defined(__x86_64__) || defined(__i386__)
    {&kernels_avx2, has_avx2},
    {&kernels_sse41, has_sse41},
#elif defined(__aarch64__)
    {&kernels_neon, always},
#endif
    {&kernels_scalar, always},
};

const struct kernels *kernels_at(size_t position)
{
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (candidates[i].runs() && position-- == 0)
            return candidates[i].kernels;
    }
    return NULL;
}

const struct kernels *kernels_named(const char *name)
{
    const struct kernels *kernels;
    for (size_t i = 0; (kernels = kernels_at(i)) != NULL; i++) {
        if (!name || !strcmp(kernels->name, name))
            return kernels;
    }
    return NULL;
}
