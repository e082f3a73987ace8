/* A smart-card reader driver (IFD handler 3.0, `ifdhandler.h` of pcsc-lite) whose card is a program on a Unix socket.
 *
 * DEVICENAME in the reader's configuration is a directory. A key is in the reader while something listens on the
 * socket `card` in that directory. So keys come and go while pcscd runs, and pcscd starts without one.
 *
 * Frames, both ways: length (u16, big endian), then that many bytes. A command of one byte is a control:
 * 0 power off, 1 power on, 2 reset (none is answered), 4 send the ATR. Anything longer is an APDU; its answer is one frame.
 *
 * pcscd is told of a key coming or going at once: its polling thread waits in wait_for_change() below, on the
 * connection (the key goes) or on the directory (a key comes), instead of asking every 0.4 s. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ifdhandler.h>
#include <poll.h>
#include <pthread.h>
#include <reader.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READERS 16 /* as many as pcscd has room for */

struct reader {
    char directory[sizeof((struct sockaddr_un *)0)->sun_path - sizeof "/card"];
    int card;    /* the connection, or -1 */
    int arrival; /* inotify on the directory */
    UCHAR atr[MAX_ATR_SIZE];
    DWORD atr_length;
    pthread_mutex_t lock; /* pcscd's polling thread and its clients' threads both call */
};

static struct reader readers[READERS];

static struct reader *reader_of(DWORD lun) { return &readers[(lun >> 16) % READERS]; }

static void let_go(struct reader *r)
{
    if (r->card >= 0)
        close(r->card);
    r->card = -1;
    r->atr_length = 0;
}

static int receive_exactly(int fd, unsigned char *into, size_t length)
{
    while (length > 0) {
        ssize_t got = recv(fd, into, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        into += got;
        length -= (size_t)got;
    }
    return 1;
}

static int send_exactly(int fd, const unsigned char *from, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, from, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return 0;
        from += sent;
        length -= (size_t)sent;
    }
    return 1;
}

static int send_frame(struct reader *r, const unsigned char *body, size_t length)
{
    unsigned char head[2] = { (unsigned char)(length >> 8), (unsigned char)length };
    return length <= 0xFFFF && send_exactly(r->card, head, sizeof head) && send_exactly(r->card, body, length);
}

static int receive_frame(struct reader *r, unsigned char *body, DWORD *length)
{
    unsigned char head[2];
    if (!receive_exactly(r->card, head, sizeof head))
        return 0;
    size_t size = (size_t)head[0] << 8 | head[1];
    if (size > *length || !receive_exactly(r->card, body, size))
        return 0;
    *length = size;
    return 1;
}

static int send_control(struct reader *r, unsigned char control) { return send_frame(r, &control, 1); }

/* Is a key in the reader? Connects to one that has come, lets go of one that has gone. The lock is held. */
static int present(struct reader *r)
{
    if (r->card >= 0) {
        struct pollfd end = { .fd = r->card, .events = POLLIN };
        if (poll(&end, 1, 0) <= 0) /* between commands there is nothing to read except the end of the connection */
            return 1;
        let_go(r);
    }
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s/card", r->directory);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return 0;
    }
    r->card = fd;
    return 1;
}

static int present_now(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    int here = present(r);
    pthread_mutex_unlock(&r->lock);
    return here;
}

/* Returns when a key may have come or gone, or after `timeout` milliseconds. */
static RESPONSECODE wait_for_change(DWORD lun, int timeout)
{
    struct reader *r = reader_of(lun);
    pthread_mutex_lock(&r->lock);
    /* A copy, so that the number stays ours while a client's thread lets go of the original. */
    int card = r->card >= 0 ? fcntl(r->card, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&r->lock);

    /* While a key is in, answers to APDUs pass by on the same connection, so wait for its end only, not for data. */
    struct pollfd ends[2] = { { .fd = card, .events = POLLRDHUP }, { .fd = card < 0 ? r->arrival : -1, .events = POLLIN } };
    poll(ends, 2, timeout);
    if (ends[1].revents) {
        char events[4096];
        while (read(r->arrival, events, sizeof events) > 0) { }
        /* A socket has its name a moment before somebody listens on it. */
        for (int tries = 0; tries < 100 && !present_now(r); tries++)
            poll(NULL, 0, 1);
    }
    if (card >= 0)
        close(card);
    return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR directory)
{
    struct reader *r = reader_of(lun);
    if (strlen(directory) >= sizeof r->directory)
        return IFD_COMMUNICATION_ERROR;
    strcpy(r->directory, directory);
    r->card = -1;
    r->atr_length = 0;
    pthread_mutex_init(&r->lock, NULL);
    r->arrival = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (r->arrival < 0 || inotify_add_watch(r->arrival, directory, IN_CREATE | IN_MOVED_TO) < 0)
        return IFD_COMMUNICATION_ERROR;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
    (void)lun;
    (void)channel;
    return IFD_COMMUNICATION_ERROR;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
    struct reader *r = reader_of(lun);
    pthread_mutex_lock(&r->lock);
    let_go(r);
    if (r->arrival >= 0)
        close(r->arrival);
    r->arrival = -1;
    pthread_mutex_unlock(&r->lock);
    return IFD_SUCCESS;
}

static RESPONSECODE one_byte(UCHAR value, PDWORD length, PUCHAR into)
{
    if (*length < 1)
        return IFD_ERROR_INSUFFICIENT_BUFFER;
    *into = value;
    *length = 1;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR into)
{
    struct reader *r = reader_of(lun);
    RESPONSECODE (*waiter)(DWORD, int) = wait_for_change;
    switch (tag) {
    case TAG_IFD_SLOTS_NUMBER:
        return one_byte(1, length, into);
    case TAG_IFD_SIMULTANEOUS_ACCESS:
        return one_byte(READERS, length, into);
    case TAG_IFD_THREAD_SAFE: /* between readers; within one the lock serves */
        return one_byte(1, length, into);
    case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
        if (*length != sizeof waiter)
            return IFD_ERROR_INSUFFICIENT_BUFFER;
        memcpy(into, &waiter, sizeof waiter);
        return IFD_SUCCESS;
    case TAG_IFD_ATR:
    case SCARD_ATTR_ATR_STRING:
        if (*length < r->atr_length)
            return IFD_ERROR_INSUFFICIENT_BUFFER;
        memcpy(into, r->atr, r->atr_length);
        *length = r->atr_length;
        return IFD_SUCCESS;
    default:
        return IFD_ERROR_TAG;
    }
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
    (void)lun;
    (void)tag;
    (void)length;
    (void)value;
    return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1, UCHAR pts2, UCHAR pts3)
{
    (void)lun;
    (void)protocol;
    (void)flags;
    (void)pts1;
    (void)pts2;
    (void)pts3;
    return IFD_SUCCESS;
}

/* Powers the card or resets it, and fetches its ATR. The lock is held. */
static RESPONSECODE start_card(struct reader *r, unsigned char control)
{
    DWORD length = sizeof r->atr;
    if (!present(r))
        return IFD_COMMUNICATION_ERROR;
    if (!send_control(r, control) || !send_control(r, 4) || !receive_frame(r, r->atr, &length)) {
        let_go(r);
        return IFD_ERROR_POWER_ACTION;
    }
    r->atr_length = length;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD length)
{
    struct reader *r = reader_of(lun);
    RESPONSECODE result = IFD_SUCCESS;
    pthread_mutex_lock(&r->lock);
    if (action != IFD_POWER_DOWN)
        result = start_card(r, action == IFD_RESET ? 2 : 1);
    else if (r->card >= 0 && !send_control(r, 0))
        let_go(r);
    *length = action != IFD_POWER_DOWN && result == IFD_SUCCESS ? r->atr_length : 0;
    memcpy(atr, r->atr, *length);
    pthread_mutex_unlock(&r->lock);
    return result;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER protocol, PUCHAR command, DWORD command_length, PUCHAR answer,
    PDWORD answer_length, PSCARD_IO_HEADER answer_protocol)
{
    struct reader *r = reader_of(lun);
    RESPONSECODE result = IFD_SUCCESS;
    pthread_mutex_lock(&r->lock);
    if (!present(r) || command_length < 4 || !send_frame(r, command, command_length)
        || !receive_frame(r, answer, answer_length)) {
        let_go(r);
        *answer_length = 0;
        result = IFD_COMMUNICATION_ERROR;
    } else if (*answer_length == 0) {
        result = IFD_COMMUNICATION_ERROR; /* it is there, and says nothing */
    } else if (answer_protocol) {
        answer_protocol->Protocol = protocol.Protocol;
    }
    pthread_mutex_unlock(&r->lock);
    return result;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
    return present_now(reader_of(lun)) ? IFD_SUCCESS : IFD_ICC_NOT_PRESENT;
}

RESPONSECODE IFDHControl(
    DWORD lun, DWORD code, PUCHAR command, DWORD command_length, PUCHAR answer, DWORD answer_room, LPDWORD answer_length)
{
    (void)lun;
    (void)code;
    (void)command;
    (void)command_length;
    (void)answer;
    (void)answer_room;
    *answer_length = 0;
    return IFD_ERROR_NOT_SUPPORTED;
}
