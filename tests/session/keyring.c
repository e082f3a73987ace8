/* Stands between the binary and the kernel's key service, so that a test can have it missing, full, or forgetful.
 * KEYRING_IS=missing|full|brief */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* keyctl(2) */
#define SET_TIMEOUT 15

long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    const char *is = getenv("KEYRING_IS");
    int key_service = number == SYS_add_key || number == SYS_request_key || number == SYS_keyctl;
    if (is && key_service && !strcmp(is, "missing")) {
        errno = ENOSYS;
        return -1;
    }
    if (is && number == SYS_add_key && !strcmp(is, "full")) {
        errno = EDQUOT;
        return -1;
    }
    if (is && number == SYS_keyctl && a[0] == SET_TIMEOUT && !strcmp(is, "brief")) a[2] = 1;
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
