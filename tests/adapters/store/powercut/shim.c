/* Records what a process does to the files of one folder, in order, and can make the disk fail.
 *
 * Loaded with LD_PRELOAD.  POWERCUT_DIR is the folder, POWERCUT_LOG the recording (disk.py reads
 * it), POWERCUT_FAULT a file: while it exists, every sync in the folder fails with EIO.
 * One lock is held from before the real call until its record is written, except across a sync,
 * which may take long and is recorded at both ends.
 * What is not modelled (shared writable maps, vectored writes, allocation) is recorded as FOREIGN
 * and the reader refuses the recording; SQLite's -shm file is exempt, since it is never synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, CUT, SYNC, SYNCED, FAILED, REMOVE, MOVE, FOREIGN };

struct head {
    uint32_t kind, name_size, data_size, pad;
    int64_t number;
};

enum { FILES = 4096 };
static char *names[FILES]; /* the watched name behind each descriptor */
static char folder[PATH_MAX];
static const char *fault;
static int recording = -1;
static int64_t syncs;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(type, name, ...) \
    static type (*next)(__VA_ARGS__); \
    if (!next) next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void start(void) {
    const char *where = getenv("POWERCUT_DIR"), *log = getenv("POWERCUT_LOG");
    if (!where || !log || !realpath(where, folder)) return;
    fault = getenv("POWERCUT_FAULT");
    int (*plain)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    recording = plain(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void record(enum kind kind, int64_t number, const char *name, const void *data, size_t size) {
    struct head head = {kind, (uint32_t)strlen(name), (uint32_t)size, 0, number};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)name, head.name_size}, {(void *)data, size}};
    ssize_t (*plain)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
    if (plain(recording, parts, 3) != (ssize_t)(sizeof head + head.name_size + size)) abort();
}

/* The name inside the folder ("" for the folder itself), or NULL. */
static const char *inside(const char *path) {
    size_t n = strlen(folder);
    if (recording < 0 || strncmp(path, folder, n)) return NULL;
    return path[n] == '/' ? path + n + 1 : path[n] ? NULL : path + n;
}

static const char *watched(int fd) { return fd >= 0 && fd < FILES ? names[fd] : NULL; }

static int resolve(const char *path, char *out) {
    char parent[PATH_MAX], real[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    const char *last = slash ? slash + 1 : path;
    if (slash) *slash = 0;
    if (!realpath(slash ? parent : ".", real)) return 0;
    if (snprintf(out, PATH_MAX, "%s/%s", real, last) >= PATH_MAX) return 0;
    return inside(out) != NULL;
}

static void opened(int fd, int flags) {
    char link[64], path[PATH_MAX];
    if (fd < 0 || fd >= FILES || recording < 0) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return;
    path[size] = 0;
    const char *name = inside(path);
    if (!name) return;
    free(names[fd]);
    names[fd] = strdup(name);
    if (*name) record(CREATE, (flags & O_TRUNC) != 0, name, NULL, 0);
}

#define OPENER(fn) \
    int fn(const char *path, int flags, ...) { \
        NEXT(int, #fn, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = va_arg(rest, int); \
        va_end(rest); \
        pthread_mutex_lock(&turn); \
        int fd = next(path, flags, mode), error = errno; \
        opened(fd, flags); \
        pthread_mutex_unlock(&turn); \
        errno = error; \
        return fd; \
    }
OPENER(open)
OPENER(open64)
#define OPENER_AT(fn) \
    int fn(int at, const char *path, int flags, ...) { \
        NEXT(int, #fn, int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = va_arg(rest, int); \
        va_end(rest); \
        pthread_mutex_lock(&turn); \
        int fd = next(at, path, flags, mode), error = errno; \
        opened(fd, flags); \
        pthread_mutex_unlock(&turn); \
        errno = error; \
        return fd; \
    }
OPENER_AT(openat)
OPENER_AT(openat64)

int close(int fd) {
    NEXT(int, "close", int);
    pthread_mutex_lock(&turn);
    if (watched(fd)) {
        free(names[fd]);
        names[fd] = NULL;
    }
    int result = next(fd), error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}

#define PLACED_WRITE(fn, offset_type) \
    ssize_t fn(int fd, const void *data, size_t size, offset_type at) { \
        NEXT(ssize_t, #fn, int, const void *, size_t, offset_type); \
        pthread_mutex_lock(&turn); \
        ssize_t done = next(fd, data, size, at); \
        int error = errno; \
        if (done > 0 && watched(fd)) record(WRITE, at, names[fd], data, (size_t)done); \
        pthread_mutex_unlock(&turn); \
        errno = error; \
        return done; \
    }
PLACED_WRITE(pwrite, off_t)
PLACED_WRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    NEXT(ssize_t, "write", int, const void *, size_t);
    if (!watched(fd)) return next(fd, data, size);
    pthread_mutex_lock(&turn);
    ssize_t done = next(fd, data, size);
    int error = errno;
    if (done > 0) record(WRITE, lseek(fd, 0, SEEK_CUR) - done, names[fd], data, (size_t)done);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

#define TRUNCATION(fn, offset_type) \
    int fn(int fd, offset_type size) { \
        NEXT(int, #fn, int, offset_type); \
        pthread_mutex_lock(&turn); \
        int result = next(fd, size), error = errno; \
        if (!result && watched(fd)) record(CUT, size, names[fd], NULL, 0); \
        pthread_mutex_unlock(&turn); \
        errno = error; \
        return result; \
    }
TRUNCATION(ftruncate, off_t)
TRUNCATION(ftruncate64, off64_t)

#define SYNCER(fn) \
    int fn(int fd) { \
        NEXT(int, #fn, int); \
        if (!watched(fd)) return next(fd); \
        pthread_mutex_lock(&turn); \
        int64_t number = ++syncs; \
        record(SYNC, number, names[fd], NULL, 0); \
        int broken = fault && !access(fault, F_OK); \
        pthread_mutex_unlock(&turn); \
        int result = broken ? -1 : next(fd), error = broken ? EIO : errno; \
        pthread_mutex_lock(&turn); \
        record(result ? FAILED : SYNCED, number, names[fd], NULL, 0); \
        pthread_mutex_unlock(&turn); \
        errno = error; \
        return result; \
    }
SYNCER(fsync)
SYNCER(fdatasync)

int unlink(const char *path) {
    NEXT(int, "unlink", const char *);
    char real[PATH_MAX];
    int ours = resolve(path, real);
    pthread_mutex_lock(&turn);
    int result = next(path), error = errno;
    if (!result && ours) record(REMOVE, 0, inside(real), NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) {
    NEXT(int, "rename", const char *, const char *);
    char old[PATH_MAX], new[PATH_MAX];
    int leaves = resolve(from, old), enters = resolve(to, new);
    pthread_mutex_lock(&turn);
    int result = next(from, to), error = errno;
    if (!result && leaves && enters)
        record(MOVE, 0, inside(old), inside(new), strlen(inside(new)));
    else if (!result && (leaves || enters))
        record(FOREIGN, 0, leaves ? inside(old) : inside(new), "rename", 6);
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}

static void foreign(int fd, const char *what) {
    const char *name = watched(fd);
    size_t size = name ? strlen(name) : 0;
    if (!size || (size > 4 && !strcmp(name + size - 4, "-shm"))) return;
    pthread_mutex_lock(&turn);
    record(FOREIGN, 0, name, what, strlen(what));
    pthread_mutex_unlock(&turn);
}

#define MAPPER(fn, offset_type) \
    void *fn(void *at, size_t size, int protection, int flags, int fd, offset_type offset) { \
        NEXT(void *, #fn, void *, size_t, int, int, int, offset_type); \
        if ((protection & PROT_WRITE) && (flags & MAP_SHARED)) foreign(fd, "mmap"); \
        return next(at, size, protection, flags, fd, offset); \
    }
MAPPER(mmap, off_t)
MAPPER(mmap64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    foreign(fd, "writev");
    return next(fd, parts, count);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    NEXT(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    foreign(out, "copy_file_range");
    return next(in, from, out, to, size, flags);
}

int fallocate(int fd, int mode, off_t at, off_t size) {
    NEXT(int, "fallocate", int, int, off_t, off_t);
    foreign(fd, "fallocate");
    return next(fd, mode, at, size);
}

int posix_fallocate(int fd, off_t at, off_t size) {
    NEXT(int, "posix_fallocate", int, off_t, off_t);
    foreign(fd, "posix_fallocate");
    return next(fd, at, size);
}
