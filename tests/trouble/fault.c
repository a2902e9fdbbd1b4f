/* Faults of the system, on demand. FAULT is CALL:NUMBER:NAME:WHAT, for instance pread:2:b_0.npy:5. From the call of that number
   on, counted over files whose path contains NAME, WHAT happens: an errno is what the call fails with; `shrink` cuts the file
   to 200 bytes once, `fifo` puts a pipe in its place once, `swap` the file of that name with `.new` behind it, `write` changes its
   last byte once, and then the call goes on. FAULT_CLOCK is the time that it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static atomic_int calls;

static int fails(const char *call, const char *path) {
    const char *fault = getenv("FAULT");
    char wanted[16], name[256], what[16];
    int number;
    if (!fault || sscanf(fault, "%15[^:]:%d:%255[^:]:%15s", wanted, &number, name, what) != 4) return 0;
    if (strcmp(call, wanted) || !strstr(path, name)) return 0;
    int now = ++calls;
    if (!strcmp(what, "shrink")) {
        if (now == number && truncate(path, 200)) abort();
        return 0;
    }
    if (!strcmp(what, "fifo")) {
        if (now == number && (unlink(path) || mkfifo(path, 0600))) abort();
        return 0;
    }
    if (!strcmp(what, "swap")) {
        char other[300];
        snprintf(other, sizeof other, "%s.new", path);
        if (now == number && rename(other, path)) abort();
        return 0;
    }
    if (!strcmp(what, "write")) {
        if (now == number) {
            FILE *file = fopen(path, "r+");
            if (!file || fseek(file, -1, SEEK_END) || fputc(1, file) == EOF || fclose(file)) abort();
        }
        return 0;
    }
    if (now < number) return 0;
    errno = atoi(what);
    return 1;
}

static int fails_on(const char *call, int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define OPENS(name)                                                                                                    \
    int name(const char *path, int flags, ...) {                                                                       \
        REAL(name);                                                                                                    \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = va_arg(rest, mode_t);                                                                            \
        va_end(rest);                                                                                                  \
        return fails("open", path) ? -1 : real(path, flags, mode);                                                     \
    }
OPENS(open)
OPENS(open64)

#define READS(name, offset)                                                                                            \
    ssize_t name(int fd, void *to, size_t bytes, offset at) {                                                          \
        REAL(name);                                                                                                    \
        return fails_on("pread", fd) ? -1 : real(fd, to, bytes, at);                                                   \
    }
READS(pread, off_t)
READS(pread64, off64_t)

ssize_t write(int fd, const void *from, size_t bytes) {
    REAL(write);
    return fails_on("write", fd) ? -1 : real(fd, from, bytes);
}

#define WRITES(name, offset)                                                                                           \
    ssize_t name(int fd, const void *from, size_t bytes, offset at) {                                                  \
        REAL(name);                                                                                                    \
        return fails_on("write", fd) ? -1 : real(fd, from, bytes, at);                                                 \
    }
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    const char *time = getenv("FAULT_CLOCK");
    int result = real(clock, now);
    if (time && clock == CLOCK_REALTIME) now->tv_sec = atol(time);
    return result;
}
