/*
 * coro.c - switching stacks: a few instructions on x86-64 and aarch64, ucontext elsewhere.
 *
 * What a switch saves is what the calling convention says a function keeps, on the stack being
 * left. Signal masks are per thread and stay out of it, which is what makes this faster than
 * swapcontext. The control block lies at the high end of the coroutine's own stack.
 */
#include "runtime/coro.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/sanitize.h"
#include "runtime/stacks.h"

#if !defined(TH_CORO_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define TH_CORO_UCONTEXT
#endif

#ifdef TH_CORO_UCONTEXT
#include <ucontext.h>
typedef ucontext_t place;
#else
typedef void *place; /* a stack pointer, below the registers that it keeps */
#endif

struct th_coro {
    place inside, outside;
    th_coro_fn *fn;
    void *arg;
    void *stack;
    bool done;
#ifdef TH_WITH_ASAN
    void *inside_fake, *outside_fake;
    const void *outside_stack;
    size_t outside_size;
#endif
#ifdef TH_WITH_TSAN
    void *inside_fiber, *outside_fiber;
#endif
};

static _Thread_local th_coro *current;

/* ---- the switch ----------------------------------------------------------------------------- */

/* The coroutine's first function; called by the code below, hence not static. */
__attribute__((used, visibility("hidden"), noreturn)) void th__coro_main(th_coro *coro);

#ifdef TH_CORO_UCONTEXT

/* makecontext passes ints only. */
static void from_halves(unsigned high, unsigned low)
{
    th__coro_main((th_coro *)(((uintptr_t)high << 16 << 16) | low));
}

static void prepare(th_coro *coro)
{
    uintptr_t p = (uintptr_t)coro;

    getcontext(&coro->inside);
    coro->inside.uc_stack.ss_sp = coro->stack;
    coro->inside.uc_stack.ss_size = (size_t)((char *)coro - (char *)coro->stack);
    coro->inside.uc_link = NULL;
    makecontext(&coro->inside, (void (*)(void))from_halves, 2, (unsigned)(p >> 16 >> 16),
                (unsigned)p);
}

static void jump(place *from, place *to)
{
    swapcontext(from, to);
}

#elif defined(__x86_64__)

__attribute__((visibility("hidden"))) void th__coro_switch(void **from, void *to);
__attribute__((visibility("hidden"))) void th__coro_begin(void);

/* mxcsr and the x87 control word belong to the callee-saved state too. */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl th__coro_switch\n"
        ".hidden th__coro_switch\n"
        ".type th__coro_switch, @function\n"
        "th__coro_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size th__coro_switch, . - th__coro_switch\n"
        ".p2align 4\n"
        ".globl th__coro_begin\n"
        ".hidden th__coro_begin\n"
        ".type th__coro_begin, @function\n"
        "th__coro_begin:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n" /* a backtrace ends here */
        "    movq %r12, %rdi\n"
        "    call th__coro_main\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size th__coro_begin, . - th__coro_begin\n");

/* From low to high: control words, r15, r14, r13, r12, rbx, rbp, return address. */
static void prepare(th_coro *coro)
{
    uintptr_t top = (uintptr_t)coro & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)top - 8;
    uint32_t mxcsr;
    uint16_t fpu;

    memset(frame, 0, 8 * sizeof *frame);
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fpu));
    frame[0] = mxcsr | ((uint64_t)fpu << 32);
    frame[4] = (uintptr_t)coro;
    frame[7] = (uintptr_t)th__coro_begin;
    coro->inside = frame;
}

static void jump(place *from, place *to)
{
    th__coro_switch(from, *to);
}

#else

__attribute__((visibility("hidden"))) void th__coro_switch(void **from, void *to);
__attribute__((visibility("hidden"))) void th__coro_begin(void);

__asm__(".text\n"
        ".p2align 4\n"
        ".globl th__coro_switch\n"
        ".hidden th__coro_switch\n"
        ".type th__coro_switch, %function\n"
        "th__coro_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size th__coro_switch, . - th__coro_switch\n"
        ".p2align 4\n"
        ".globl th__coro_begin\n"
        ".hidden th__coro_begin\n"
        ".type th__coro_begin, %function\n"
        "th__coro_begin:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n" /* a backtrace ends here */
        "    mov x0, x19\n"
        "    bl th__coro_main\n"
        "    brk #1\n"
        "    .cfi_endproc\n"
        ".size th__coro_begin, . - th__coro_begin\n");

/* From low to high: x19 to x30, d8 to d15. */
static void prepare(th_coro *coro)
{
    uintptr_t top = (uintptr_t)coro & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)top - 20;

    memset(frame, 0, 20 * sizeof *frame);
    frame[0] = (uintptr_t)coro;
    frame[11] = (uintptr_t)th__coro_begin;
    coro->inside = frame;
}

static void jump(place *from, place *to)
{
    th__coro_switch(from, *to);
}

#endif

/* ---- what sanitizers are told --------------------------------------------------------------- */

/* Entering a function on one stack and leaving it on another would confuse the thread sanitizer. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Before leaving the caller's stack for the coroutine's, and back on it. */
static ALWAYS_INLINE void enter_begin(th_coro *coro)
{
#ifdef TH_WITH_ASAN
    __sanitizer_start_switch_fiber(&coro->outside_fake, coro->stack, TH_STACK_SIZE);
#endif
#ifdef TH_WITH_TSAN
    coro->outside_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(coro->inside_fiber, 0);
#endif
    (void)coro;
}

static ALWAYS_INLINE void enter_end(th_coro *coro)
{
#ifdef TH_WITH_ASAN
    __sanitizer_finish_switch_fiber(coro->outside_fake, NULL, NULL);
#endif
    (void)coro;
}

/* Before leaving the coroutine's stack, for good or not, and back on it. */
static ALWAYS_INLINE void leave_begin(th_coro *coro)
{
#ifdef TH_WITH_ASAN
    __sanitizer_start_switch_fiber(coro->done ? NULL : &coro->inside_fake, coro->outside_stack,
                                   coro->outside_size);
#endif
#ifdef TH_WITH_TSAN
    __tsan_switch_to_fiber(coro->outside_fiber, 0);
#endif
    (void)coro;
}

static ALWAYS_INLINE void leave_end(th_coro *coro)
{
#ifdef TH_WITH_ASAN
    __sanitizer_finish_switch_fiber(coro->inside_fake, &coro->outside_stack, &coro->outside_size);
#endif
    (void)coro;
}

/* ---- coroutines ----------------------------------------------------------------------------- */

void th__coro_main(th_coro *coro)
{
    leave_end(coro);
    coro->fn(coro->arg);
    coro->done = true;
    leave_begin(coro);
    jump(&coro->inside, &coro->outside);
    abort(); /* a coroutine that is done was resumed */
}

th_coro *th_coro_new(th_coro_fn *fn, void *arg)
{
    char *stack = th_stack_take();

    if (!stack)
        return NULL;

    size_t top = (TH_STACK_SIZE - sizeof(th_coro)) & ~(size_t)63;
    th_coro *coro = (th_coro *)(void *)(stack + top);
    memset(coro, 0, sizeof *coro);
    coro->fn = fn;
    coro->arg = arg;
    coro->stack = stack;
#ifdef TH_WITH_TSAN
    coro->inside_fiber = __tsan_create_fiber(0);
#endif
    prepare(coro);
    return coro;
}

void th_coro_resume(th_coro *coro)
{
    th_coro *before = current;

    current = coro;
    enter_begin(coro);
    jump(&coro->outside, &coro->inside);
    enter_end(coro);
    current = before;
}

void th_coro_yield(th_coro *coro)
{
    leave_begin(coro);
    jump(&coro->inside, &coro->outside);
    leave_end(coro);
}

bool th_coro_done(const th_coro *coro)
{
    return coro->done;
}

/* Not inlined: the address of a thread's variable must not be kept over a switch. */
__attribute__((noinline)) th_coro *th_coro_current(void)
{
    return current;
}

void th_coro_free(th_coro *coro)
{
    if (!coro)
        return;
#ifdef TH_WITH_TSAN
    __tsan_destroy_fiber(coro->inside_fiber);
#endif
    th_stack_give(coro->stack);
}
