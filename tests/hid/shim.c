/*
 * Keys without a kernel: preloaded into a program, this makes hidapi (its hidraw backend), libfido2 and python-fido2
 * find software keys that are Unix sockets, and talk to them as to /dev/hidrawN. What stands above the system calls
 * and above libudev runs unchanged.
 *
 * The directory named by GLASSKEY_TEST_HIDRAW holds, for every key that is plugged in:
 *
 *   hidrawN/sock                       a stream socket; 64 bytes are one report, without a report id
 *   hidrawN/device/uevent              as in sysfs: HID_ID=BUS:VENDOR:PRODUCT, HID_NAME=, HID_PHYS=, HID_UNIQ=
 *   hidrawN/device/report_descriptor   as in sysfs
 *   hidrawN/denied                     where it exists, opening the key fails with EACCES, whoever asks
 *
 * In front of the C library stand: open (a key's node becomes its socket), read, write (which takes the report id
 * off), ioctl (HIDIOCGRDESC and kin), fstat, stat and close. In front of libudev stands what those libraries call to
 * list the hidraw subsystem. A machine's own keys are out of sight.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_KEYS 64
#define MAX_FDS 4096
/* The longest path in a directory of ours: as long as a socket's may be. */
#define MAX_PATH sizeof(((struct sockaddr_un *)0)->sun_path)
/* The length of a report. */
#define REPORT 64
/* hidraw's major number is given out at run time; this one is in the range for local use. */
#define MAJOR 240

/* The C library's own function. */
#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* Which key a file descriptor belongs to, counted from 1; 0 is any other file. */
static _Atomic int key_of_fd[MAX_FDS];

static int fd_key(int fd) { return fd >= 0 && fd < MAX_FDS ? atomic_load(&key_of_fd[fd]) - 1 : -1; }

/* The path of a key's file; -1 where there is no directory of keys, or its name is too long. */
static int key_path(char path[MAX_PATH], int key, const char *file) {
    const char *directory = getenv("GLASSKEY_TEST_HIDRAW");
    if (!directory) return -1;
    int length = snprintf(path, MAX_PATH, "%s/hidraw%d%s", directory, key, file);
    return length >= 0 && (size_t)length < MAX_PATH ? 0 : -1;
}

static int exists(int key, const char *file) {
    char path[MAX_PATH];
    return !key_path(path, key, file) && !access(path, F_OK);
}

/* The content of a key's file; its length, or -1 with ENODEV. */
static ssize_t slurp(int key, const char *file, void *content, size_t size) {
    char path[MAX_PATH];
    int fd = key_path(path, key, file) ? -1 : REAL(open)(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : REAL(read)(fd, content, size);
    if (fd >= 0) REAL(close)(fd);
    if (length < 0) errno = ENODEV;
    return length;
}

/* N of /dev/hidrawN; -1 for any other path, and for every path where there is no directory of keys. */
static int node_key(const char *path) {
    int key, end = 0;
    if (!path || !getenv("GLASSKEY_TEST_HIDRAW")) return -1;
    if (sscanf(path, "/dev/hidraw%d%n", &key, &end) != 1 || path[end] || key < 0 || key >= MAX_KEYS) return -1;
    return key;
}

static int open_key(int key) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (key_path(address.sun_path, key, "/sock") || !exists(key, "/sock")) {
        errno = ENOENT;
        return -1;
    }
    if (exists(key, "/denied")) {
        errno = EACCES;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (fd >= MAX_FDS || connect(fd, (struct sockaddr *)&address, sizeof address)) {
        int why = errno == EACCES ? EACCES : ENODEV;
        REAL(close)(fd);
        errno = why;
        return -1;
    }
    atomic_store(&key_of_fd[fd], key + 1);
    return fd;
}

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...) {                     \
        int key = node_key(path);                                    \
        if (key >= 0) return open_key(key);                          \
        va_list arguments;                                           \
        va_start(arguments, flags);                                  \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(arguments, mode_t) : 0; \
        va_end(arguments);                                           \
        return REAL(name)(path, flags, mode);                        \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < MAX_FDS) atomic_store(&key_of_fd[fd], 0);
    return REAL(close)(fd);
}

ssize_t read(int fd, void *buffer, size_t size) {
    int is_key = fd_key(fd) >= 0;
    /* As hidraw: one report a read. */
    ssize_t length = REAL(read)(fd, buffer, is_key && size > REPORT ? REPORT : size);
    if (!is_key || size == 0) return length;
    /* An end of file is a key that was pulled: EIO in hidraw. */
    if (length == 0 || (length < 0 && errno == ECONNRESET)) {
        errno = EIO;
        return -1;
    }
    return length;
}

ssize_t write(int fd, const void *buffer, size_t size) {
    if (fd_key(fd) < 0) return REAL(write)(fd, buffer, size);
    if (size < 2) {
        errno = EINVAL;
        return -1;
    }
    ssize_t sent = send(fd, (const char *)buffer + 1, size - 1, MSG_NOSIGNAL);
    if (sent >= 0) return sent + 1;
    if (errno == EPIPE || errno == ECONNRESET) errno = ENODEV;
    return -1;
}

/* ---- What the node and the device are ---- */

/* As udev leaves the node of a key: a character device for its user alone. */
static int stat_key(int key, struct stat *found) {
    if (!exists(key, "/sock")) {
        errno = ENOENT;
        return -1;
    }
    memset(found, 0, sizeof *found);
    found->st_mode = S_IFCHR | 0600;
    found->st_rdev = (dev_t)(MAJOR << 8 | key);
    found->st_nlink = 1;
    found->st_uid = exists(key, "/denied") ? 0 : getuid();
    return 0;
}

/* stat64 is the same structure on every 64-bit machine, and the only one Rust's standard library calls. */
int stat(const char *path, struct stat *found) {
    int key = node_key(path);
    return key >= 0 ? stat_key(key, found) : REAL(stat)(path, found);
}
int stat64(const char *path, struct stat64 *found) {
    int key = node_key(path);
    return key >= 0 ? stat_key(key, (struct stat *)found) : REAL(stat64)(path, found);
}
/* libfido2 wants a character device. */
int fstat(int fd, struct stat *found) {
    int key = fd_key(fd);
    return key >= 0 ? stat_key(key, found) : REAL(fstat)(fd, found);
}
int fstat64(int fd, struct stat64 *found) {
    int key = fd_key(fd);
    return key >= 0 ? stat_key(key, (struct stat *)found) : REAL(fstat64)(fd, found);
}

/* The value of NAME= in a uevent file, empty where there is none; its length. */
static int uevent_value(int key, const char *name, char *value, size_t size) {
    char uevent[1024], *start;
    ssize_t length = slurp(key, "/device/uevent", uevent, sizeof uevent - 1);
    if (length < 0) return -1;
    uevent[length] = 0;
    *value = 0;
    for (start = uevent; start && *start; start = strchr(start, '\n')) {
        start += *start == '\n';
        size_t prefix = strlen(name);
        if (strncmp(start, name, prefix) || start[prefix] != '=') continue;
        snprintf(value, size, "%.*s", (int)strcspn(start + prefix + 1, "\n"), start + prefix + 1);
        break;
    }
    return (int)strlen(value);
}

static int raw_info(int key, struct hidraw_devinfo *info) {
    char id[64];
    unsigned bus, vendor, product;
    if (uevent_value(key, "HID_ID", id, sizeof id) < 0 || sscanf(id, "%x:%x:%x", &bus, &vendor, &product) != 3) {
        errno = ENODEV;
        return -1;
    }
    info->bustype = bus;
    info->vendor = (__s16)vendor;
    info->product = (__s16)product;
    return 0;
}

static int key_ioctl(int key, unsigned request, void *argument) {
    char content[HID_MAX_DESCRIPTOR_SIZE];
    ssize_t length;
    switch (request) {
    case HIDIOCGRDESCSIZE:
        if ((length = slurp(key, "/device/report_descriptor", content, sizeof content)) < 0) return -1;
        *(int *)argument = (int)length;
        return 0;
    case HIDIOCGRDESC: {
        struct hidraw_report_descriptor *descriptor = argument;
        size_t size = descriptor->size < HID_MAX_DESCRIPTOR_SIZE ? descriptor->size : HID_MAX_DESCRIPTOR_SIZE;
        if ((length = slurp(key, "/device/report_descriptor", descriptor->value, size)) < 0) return -1;
        descriptor->size = (__u32)length;
        return 0;
    }
    case HIDIOCGRAWINFO:
        return raw_info(key, argument);
    }
    /* The names, into a buffer whose size is in the request. */
    const char *name = NULL;
    if (_IOC_TYPE(request) == 'H' && _IOC_NR(request) == _IOC_NR(HIDIOCGRAWNAME(0))) name = "HID_NAME";
    if (_IOC_TYPE(request) == 'H' && _IOC_NR(request) == _IOC_NR(HIDIOCGRAWPHYS(0))) name = "HID_PHYS";
    if (_IOC_TYPE(request) == 'H' && _IOC_NR(request) == _IOC_NR(HIDIOCGRAWUNIQ(0))) name = "HID_UNIQ";
    if (name && _IOC_SIZE(request)) {
        int size = uevent_value(key, name, argument, _IOC_SIZE(request));
        return size < 0 ? -1 : size + 1;
    }
    errno = EINVAL;
    return -1;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    int key = fd_key(fd);
    /* Some callers pass the request as a signed int: only 32 bits count. */
    return key >= 0 ? key_ioctl(key, (unsigned)request, argument) : REAL(ioctl)(fd, request, argument);
}

/* ---- libudev, as far as listing keys goes: types of our own behind its opaque ones ---- */

struct udev {
    int unused;
};
/* A list entry is a path, and knows the end of its list by an empty one. */
struct udev_list_entry {
    char path[MAX_PATH];
};
struct udev_enumerate {
    struct udev_list_entry entries[MAX_KEYS + 1];
};
struct udev_device {
    int key;
    char path[MAX_PATH], node[32], number[12], uevent[1024];
    struct udev_device *hid;
};

struct udev *udev_new(void) {
    /* A library that prints in the middle of somebody else's program. */
    if (getenv("GLASSKEY_TEST_STRAY")) dprintf(STDOUT_FILENO, "a stray line\n");
    return calloc(1, sizeof(struct udev));
}

struct udev *udev_unref(struct udev *udev) {
    free(udev);
    return NULL;
}

struct udev_enumerate *udev_enumerate_new(struct udev *udev) {
    (void)udev;
    return calloc(1, sizeof(struct udev_enumerate));
}

struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate) {
    free(enumerate);
    return NULL;
}

/* The callers ask for hidraw and nothing else. */
int udev_enumerate_add_match_subsystem(struct udev_enumerate *enumerate, const char *subsystem) {
    (void)enumerate;
    return strcmp(subsystem, "hidraw") ? -EINVAL : 0;
}

int udev_enumerate_scan_devices(struct udev_enumerate *enumerate) {
    struct udev_list_entry *next = enumerate->entries;
    for (int key = 0; key < MAX_KEYS; key++)
        if (exists(key, "/sock") && !key_path(next->path, key, "")) next++;
    next->path[0] = 0;
    return 0;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate) {
    return enumerate->entries[0].path[0] ? enumerate->entries : NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry) {
    return entry[1].path[0] ? entry + 1 : NULL;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry) { return entry->path; }

static struct udev_device *device(int key) {
    struct udev_device *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->key = key;
    if (key_path(made->path, key, "")) made->path[0] = 0;
    snprintf(made->node, sizeof made->node, "/dev/hidraw%d", key);
    snprintf(made->number, sizeof made->number, "%d", key);
    return made;
}

struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path) {
    (void)udev;
    const char *name = strrchr(path, '/');
    int key;
    return name && sscanf(name, "/hidraw%d", &key) == 1 && exists(key, "/sock") ? device(key) : NULL;
}

struct udev_device *udev_device_new_from_devnum(struct udev *udev, char type, dev_t number) {
    (void)udev;
    int key = (int)(number & 0xFF);
    return type == 'c' && number >> 8 == MAJOR && exists(key, "/sock") ? device(key) : NULL;
}

struct udev_device *udev_device_unref(struct udev_device *device) {
    if (device) free(device->hid);
    free(device);
    return NULL;
}

/* The HID device above the node. There is no USB device above that, as with a key on /dev/uhid. */
struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *of, const char *subsystem,
                                                                  const char *type) {
    (void)type;
    if (strcmp(subsystem, "hid")) return NULL;
    if (!of->hid && (of->hid = device(of->key))) {
        ssize_t length = slurp(of->key, "/device/uevent", of->hid->uevent, sizeof of->hid->uevent - 1);
        of->hid->uevent[length < 0 ? 0 : length] = 0;
    }
    return of->hid;
}

const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name) {
    return strcmp(name, "uevent") ? NULL : device->uevent;
}

const char *udev_device_get_syspath(struct udev_device *device) { return device->path; }
const char *udev_device_get_devnode(struct udev_device *device) { return device->node; }
const char *udev_device_get_sysnum(struct udev_device *device) { return device->number; }
