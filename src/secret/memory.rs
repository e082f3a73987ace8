//! Memory that is wiped: the heap when it is freed, a page of its own for each live seed, and a private stack for the
//! code that touches one. The only module with `unsafe`, here and in its submodules. It does not know what it keeps.
//!
//! What it cannot reach: the kernel's own buffers, other processes, and the ordinary stack of code that is handed a
//! secret outside [`on_wiped_stack`].
#![allow(unsafe_code)]

#[cfg_attr(unix, path = "memory/unix.rs")]
#[cfg_attr(windows, path = "memory/windows.rs")]
mod os;
mod registers;

use registers::clear_registers;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, OnceCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{Ordering, compiler_fence};

/// Zeroes `len` bytes in a way the compiler may not leave out as a dead store.
///
/// # Safety
/// `start` must be valid for writes of `len` bytes.
#[inline]
unsafe fn wipe(start: *mut u8, len: usize) {
    // SAFETY: the caller vouches for the range.
    let bytes = unsafe {
        start.write_bytes(0, len);
        std::slice::from_raw_parts(start, len)
    };
    zeroize::optimization_barrier(bytes);
    compiler_fence(Ordering::SeqCst);
}

// ------------------------------------------------------------------------------------------------------ the heap

/// The global allocator: every block is wiped when it is freed, so no buffer of a library that saw a secret (TLS, HTTP,
/// XML, base64) outlives its use. Costs nothing measurable in a program that mostly waits.
///
/// A block that grows is copied and the old one wiped here: libc's `realloc` may move it and leave the old bytes.
pub struct WipingAllocator;

// SAFETY: every method passes the caller's own guarantees on to `System` with the same pointer and layout; the default
// `realloc` is replaced by `wiping_realloc`, which keeps its contract.
unsafe impl GlobalAlloc for WipingAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees are System's.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees are System's.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's guarantees are wiping_dealloc's.
        unsafe { wiping_dealloc(&System, block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's guarantees are wiping_realloc's.
        unsafe { wiping_realloc(&System, block, layout, size) }
    }
}

/// # Safety
/// As [`GlobalAlloc::dealloc`] of `inner`.
#[inline]
unsafe fn wiping_dealloc(inner: &impl GlobalAlloc, block: *mut u8, layout: Layout) {
    // SAFETY: a block allocated with `layout` is valid for writes of its size until it is freed, which comes last.
    unsafe {
        wipe(block, layout.size());
        inner.dealloc(block, layout);
    }
}

/// # Safety
/// As [`GlobalAlloc::realloc`] of `inner`.
#[inline]
unsafe fn wiping_realloc(inner: &impl GlobalAlloc, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: the caller guarantees that `size`, rounded up to the layout's alignment, does not overflow isize, and
    // that it is not 0; the two blocks are distinct allocations, each at least as long as what is copied.
    unsafe {
        let moved = inner.alloc(Layout::from_size_align_unchecked(size, layout.align()));
        if !moved.is_null() {
            std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
            wiping_dealloc(inner, block, layout);
        }
        moved
    }
}

// -------------------------------------------------------------------------------------------- a page for a secret

/// Bytes in memory of their own: on Linux a `memfd_secret(2)` mapping, which no other process, no debugger, no core
/// dump and not even root's read of `/proc/PID/mem` can see; where the kernel has none, a locked private mapping left
/// out of core dumps. Wiped and unmapped on drop.
pub(super) struct Page {
    memory: os::Mapping,
    len: usize,
}

// SAFETY: a Page owns its memory alone; shared references only read it.
unsafe impl Send for Page {}
// SAFETY: as above; nothing writes after construction but the exclusive drop.
unsafe impl Sync for Page {}

impl Page {
    /// A page of `len` bytes that `fill` writes; they are zero before. `None` if the system gives no memory.
    pub(super) fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> Option<Self> {
        let page = Self { memory: os::Mapping::secret(len)?, len };
        // SAFETY: the mapping is at least `len` bytes, zeroed by the system, and nobody else has a reference yet.
        fill(unsafe { std::slice::from_raw_parts_mut(page.memory.start(), len) });
        Some(page)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping is at least `len` bytes, initialised, and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.memory.start(), self.len) }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: exclusive access, and the mapping is at least `len` bytes.
        unsafe { wipe(self.memory.start(), self.len) }
    }
}

// -------------------------------------------------------------------------------------------- the private stack

thread_local! {
    static STACK: Slot = const { Slot { stack: OnceCell::new(), busy: Cell::new(false) } };
}

/// A thread's private stack, mapped on first use and kept, because mapping and locking cost more than wiping.
struct Slot {
    stack: OnceCell<Option<os::Stack>>,
    busy: Cell<bool>,
}

/// Runs `f` on a private stack, then wipes that stack and the vector registers, so that nothing `f` or a library below
/// it spilled survives the call, whether it returns or panics. Inside another call it just runs `f`: the outer call
/// wipes.
///
/// The stack is 2 MiB and ends in a guard. `f`'s result is moved to the caller's own stack: return a secret boxed, or
/// in a type that keeps it elsewhere. Where the system or the processor has no private stack, `f` runs on the ordinary
/// one and the dead 256 KiB below the caller are overwritten.
pub fn on_wiped_stack<R>(f: impl FnOnce() -> R) -> R {
    let outcome = if STACK.try_with(|_| ()).is_ok() {
        STACK.with(|slot| {
            if slot.busy.replace(true) {
                return Ok(f());
            }
            let outcome = match slot.stack.get_or_init(os::Stack::map) {
                Some(stack) => stack.run(f),
                None => on_scrubbed_stack(f),
            };
            slot.busy.set(false);
            outcome
        })
    } else {
        // The thread is ending and its private stack is gone.
        on_scrubbed_stack(f)
    };
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs `f` on the ordinary stack and overwrites what it left there.
fn on_scrubbed_stack<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    #[inline(never)]
    fn run<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
        catch_unwind(AssertUnwindSafe(f))
    }
    let outcome = run(f);
    scrub(SCRUBBED / FRAME);
    clear_registers();
    outcome
}

/// How much dead stack is overwritten without a private stack. The AWS SDK was seen to reach 112 KiB.
const SCRUBBED: usize = 256 * 1024;
const FRAME: usize = 4096;

/// Overwrites the dead stack below the caller with `frames` frames of zeroes.
#[inline(never)]
fn scrub(frames: usize) {
    let mut frame = [0u8; FRAME];
    std::hint::black_box(&mut frame);
    if frames > 1 {
        scrub(frames - 1);
    }
    // Used after the call, so that the call cannot become a jump that reuses this frame.
    std::hint::black_box(&frame);
}

// ---------------------------------------------------------------------------------------------------- hardening

/// A protection the system did not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unprotected {
    /// A crash may write a core file.
    CoreDumps,
    /// Another process of the same user may read this one's memory.
    Tracing,
}

/// Hardens the process: no core file (`RLIMIT_CORE` 0; on Windows no error report), and no tracing or reading of its
/// memory by other processes of the same user (Linux: `PR_SET_DUMPABLE` 0; macOS: `PT_DENY_ATTACH`; Windows: the
/// process's access list). Call it before the first secret is read. What cannot be had is returned
/// and is no reason to stop; root can look regardless. Not inherited by programs this one starts.
pub fn harden() -> Vec<Unprotected> {
    let mut missing = Vec::new();
    if !os::forbid_core_dumps() {
        missing.push(Unprotected::CoreDumps);
    }
    if !os::forbid_tracing() {
        missing.push(Unprotected::Tracing);
    }
    missing
}

/// Takes variables of AWS and of proxies that are empty out of the environment: an empty variable is an unset one, and
/// the SDK takes some for addresses. Here because changing the environment is unsafe; to be called before there are
/// threads.
pub fn unset_empty_variables() {
    let concerns = |name: &str| name.starts_with("AWS_") || name.to_ascii_uppercase().ends_with("_PROXY");
    let empty = std::env::vars_os().filter(|(_, value)| value.is_empty()).map(|(name, _)| name);
    let empty: Vec<_> = empty.filter(|name| name.to_str().is_some_and(concerns)).collect();
    for name in EMPTY.get_or_init(|| empty) {
        // SAFETY: `main` calls this before it starts a thread, so nobody reads the environment meanwhile.
        unsafe { std::env::remove_var(name) };
    }
}

/// What [`unset_empty_variables`] took out.
static EMPTY: OnceLock<Vec<std::ffi::OsString>> = OnceLock::new();

/// Whether a variable was there and empty when the process began.
#[must_use]
pub fn was_empty(name: &str) -> bool {
    EMPTY.get().is_some_and(|empty| empty.iter().any(|there| there == name))
}

/// Whether standard output was closed when the process began. Rust's runtime opens `/dev/null` in its place before
/// `main`, where everything that is written is lost without an error.
#[must_use]
pub fn stdout_was_closed() -> bool {
    os::stdout_was_closed()
}

// ------------------------------------------------------------------------------------------- what the system gives

/// Where a live seed is kept on this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPages {
    /// In a mapping that no other process, core dump or debugger can see (`memfd_secret`).
    Unseen,
    /// In memory that is not swapped out.
    Locked,
    /// In ordinary memory.
    Ordinary,
}

/// How well this process can keep a secret in memory, found out by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Live seeds.
    pub pages: SecretPages,
    /// The private stack can be locked.
    pub stack_locked: bool,
    /// No core file will be written.
    pub no_core_dumps: bool,
    /// Other processes of the same user may not read this one's memory.
    pub no_tracing: bool,
}

/// What the system gives, after [`harden`].
#[must_use]
pub fn protection() -> Protection {
    Protection {
        pages: os::secret_pages(),
        stack_locked: os::stack_can_be_locked(),
        no_core_dumps: os::core_dumps_are_forbidden(),
        no_tracing: os::tracing_is_forbidden(),
    }
}

#[cfg(test)]
mod tests;
