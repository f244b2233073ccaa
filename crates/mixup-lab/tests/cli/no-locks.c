// A file system without locks: for LD_PRELOAD, in tests/cli/without_locks.rs and .ci/kills.
#include <errno.h>

int flock(int file, int how) {
    (void)file, (void)how;
    errno = ENOLCK;
    return -1;
}
