//! What Linux and the other Unix systems give: locked and secret mappings, a stack to switch to, hardening.

use super::registers::clear_registers;
use super::{SecretPages, wipe};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

/// Pages of memory, unmapped on drop.
pub(super) struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

impl Mapping {
    /// Zeroed memory for a secret of `len` bytes.
    pub(super) fn secret(len: usize) -> Option<Self> {
        let len = len.max(1).next_multiple_of(page_size());
        Self::memfd_secret(len).or_else(|| {
            let mapping = Self::anonymous(len, libc::PROT_READ | libc::PROT_WRITE)?;
            lock(mapping.start(), len);
            omit_from_core_dumps(mapping.start(), len);
            Some(mapping)
        })
    }

    /// Linux 5.14; needs `secretmem.enable=1` on the kernel's command line before 6.5. Fails where the kernel has
    /// it not, or where `RLIMIT_MEMLOCK` is used up.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    fn memfd_secret(len: usize) -> Option<Self> {
        use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
        // SAFETY: memfd_secret(2) takes flags and returns a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the descriptor is new and nobody else's.
        let file = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: the descriptor is open.
        if unsafe { libc::ftruncate(fd, libc::off_t::try_from(len).ok()?) } != 0 {
            return None;
        }
        Self::map(len, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, file.as_raw_fd())
    }

    #[cfg(not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    )))]
    fn memfd_secret(_: usize) -> Option<Self> {
        None
    }

    fn anonymous(len: usize, protection: libc::c_int) -> Option<Self> {
        Self::map(len, protection, libc::MAP_PRIVATE | libc::MAP_ANON, -1)
    }

    fn map(len: usize, protection: libc::c_int, flags: libc::c_int, fd: libc::c_int) -> Option<Self> {
        // SAFETY: a mapping at an address of the system's choice disturbs nothing that exists.
        let start = unsafe { libc::mmap(null_mut(), len, protection, flags, fd, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        Some(Self { start: NonNull::new(start.cast())?, len })
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this range was mapped by `map` and is referred to by nobody once its owner is dropped.
        unsafe { libc::munmap(self.start().cast(), self.len) };
    }
}

fn page_size() -> usize {
    // SAFETY: sysconf only reads.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096).max(4096)
}

/// Keeps the range out of swap. Only the pages that are touched, where the system can say so.
fn lock(start: *mut u8, len: usize) -> bool {
    // SAFETY: locking changes no contents; the range is the caller's own mapping.
    #[cfg(target_os = "linux")]
    let on_fault = unsafe { libc::mlock2(start.cast(), len, libc::MLOCK_ONFAULT as _) } == 0;
    #[cfg(not(target_os = "linux"))]
    let on_fault = false;
    // SAFETY: as above.
    on_fault || unsafe { libc::mlock(start.cast(), len) } == 0
}

fn omit_from_core_dumps(start: *mut u8, len: usize) {
    // SAFETY: the advice changes no contents; the range is the caller's own mapping.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::madvise(start.cast(), len, libc::MADV_DONTDUMP);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, len);
}

const STACK: usize = 2 << 20;
/// Wide enough for C code that steps down by more than a page without touching it.
const GUARD: usize = 64 * 1024;

/// A stack to run on, with a guard below it.
pub(super) struct Stack {
    memory: Mapping,
    locked: bool,
}

psm::psm_stack_manipulation! {
    yes {
        impl Stack {
            /// A new stack, locked if the system allows it, and left out of core dumps.
            pub(super) fn map() -> Option<Self> {
                let memory = Mapping::anonymous(GUARD + STACK, libc::PROT_NONE)?;
                let mut stack = Self { memory, locked: false };
                // SAFETY: the range is inside the mapping just made, and page-aligned: GUARD is a multiple of
                // every page size in use.
                let usable = unsafe {
                    libc::mprotect(stack.base().cast(), STACK, libc::PROT_READ | libc::PROT_WRITE)
                };
                if usable != 0 {
                    return None;
                }
                omit_from_core_dumps(stack.base(), STACK);
                stack.locked = lock(stack.base(), STACK);
                Some(stack)
            }

            /// Runs `f` here and wipes. The caller sees to it that the stack is not in use.
            pub(super) fn run<R>(&self, f: impl FnOnce() -> R) -> std::thread::Result<R> {
                // SAFETY: the range is readable and writable, aligned to a page, ours alone and not in use; it
                // outlives the call; and no panic leaves the closure.
                let outcome =
                    unsafe { psm::on_stack(self.base(), STACK, || catch_unwind(AssertUnwindSafe(f))) };
                self.wipe();
                clear_registers();
                outcome
            }
        }
    }
    no {
        impl Stack {
            pub(super) fn map() -> Option<Self> {
                None
            }

            pub(super) fn run<R>(&self, f: impl FnOnce() -> R) -> std::thread::Result<R> {
                super::on_scrubbed_stack(f)
            }
        }
    }
}

impl Stack {
    fn is_locked(&self) -> bool {
        self.locked
    }

    /// The lowest address in use; the guard is below.
    fn base(&self) -> *mut u8 {
        self.memory.start().wrapping_add(GUARD)
    }

    /// Wipes what was used. A locked page that was touched is resident, so those are all there is to wipe; a
    /// stack that is not locked may have pages in swap, and is wiped whole and given back.
    fn wipe(&self) {
        if self.locked && self.wipe_resident() {
            return;
        }
        // SAFETY: the range is ours, writable, and nothing runs on it.
        unsafe { wipe(self.base(), STACK) };
        #[cfg(target_os = "linux")]
        // SAFETY: as above; the next touch reads zeroes. (EINVAL on locked pages, which are wiped all the same.)
        unsafe {
            libc::madvise(self.base().cast(), STACK, libc::MADV_DONTNEED);
        }
    }

    /// False if the system does not say what is resident.
    #[cfg(target_os = "linux")]
    fn wipe_resident(&self) -> bool {
        let page = page_size();
        // One byte a page; pages are at least 4 KiB.
        let mut resident = [0u8; STACK / 4096];
        // SAFETY: the range is ours and `resident` has at least one byte for each of its pages.
        if unsafe { libc::mincore(self.base().cast(), STACK, resident.as_mut_ptr().cast()) } != 0 {
            return false;
        }
        for (index, _) in resident.iter().take(STACK / page).enumerate().filter(|(_, state)| **state & 1 == 1) {
            // SAFETY: page number `index` is inside the range, which is ours, writable, and nothing runs on it.
            unsafe { wipe(self.base().add(index * page), page) };
        }
        true
    }

    #[cfg(not(target_os = "linux"))]
    fn wipe_resident(&self) -> bool {
        false
    }
}

pub(super) fn forbid_core_dumps() -> bool {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: setrlimit reads the struct it is given.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) == 0 }
}

#[cfg(target_os = "linux")]
pub(super) fn forbid_tracing() -> bool {
    // SAFETY: this prctl takes a number.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 }
}

/// Whether debuggers have been refused: macOS does not tell afterwards.
#[cfg(not(target_os = "linux"))]
static TRACING_IS_FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// No debugger can attach from now on, and one that is attached ends the process (ptrace(2)). Reading another process's
/// memory takes the right of a debugger (`task_for_pid`), which is not to be had for a program of the system's own user
/// without the user's password.
#[cfg(target_vendor = "apple")]
pub(super) fn forbid_tracing() -> bool {
    // SAFETY: this request concerns the calling process alone, and takes neither an address nor data.
    let forbidden = unsafe { libc::ptrace(libc::PT_DENY_ATTACH, 0, null_mut(), 0) } == 0;
    TRACING_IS_FORBIDDEN.store(forbidden, Ordering::Relaxed);
    forbidden
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn forbid_tracing() -> bool {
    false
}

pub(super) fn secret_pages() -> SecretPages {
    let len = page_size();
    let locked =
        || Mapping::anonymous(len, libc::PROT_READ | libc::PROT_WRITE).is_some_and(|page| lock(page.start(), len));
    match Mapping::memfd_secret(len) {
        Some(_) => SecretPages::Unseen,
        None if locked() => SecretPages::Locked,
        None => SecretPages::Ordinary,
    }
}

pub(super) fn stack_can_be_locked() -> bool {
    Stack::map().is_some_and(|stack| stack.is_locked())
}

pub(super) fn core_dumps_are_forbidden() -> bool {
    let mut limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: getrlimit writes the struct it is given.
    unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) == 0 && limit.rlim_cur == 0 }
}

#[cfg(target_os = "linux")]
pub(super) fn tracing_is_forbidden() -> bool {
    // SAFETY: this prctl takes no argument.
    unsafe { libc::prctl(libc::PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn tracing_is_forbidden() -> bool {
    TRACING_IS_FORBIDDEN.load(Ordering::Relaxed)
}

/// Whether standard output was closed before the runtime opened `/dev/null` in its place.
static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks before the runtime does; functions listed in this section are called before `main`.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static BEFORE_MAIN: extern "C" fn() = look_at_stdout;

extern "C" fn look_at_stdout() {
    // SAFETY: F_GETFD reads the flags of a descriptor, and fails for one that is not open.
    let closed = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } == -1;
    STDOUT_WAS_CLOSED.store(closed, Ordering::Relaxed);
}

pub(super) fn stdout_was_closed() -> bool {
    // Named here, so that no linker leaves it out.
    std::hint::black_box(&BEFORE_MAIN);
    STDOUT_WAS_CLOSED.load(Ordering::Relaxed)
}
