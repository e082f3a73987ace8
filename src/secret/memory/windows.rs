//! What Windows gives: memory that is locked and left out of error reports, and a process that others cannot open.
//! There is no stack to switch to: Windows knows each thread's stack by its bounds, and ends a process that leaves them.

use super::SecretPages;
use std::ffi::{CStr, c_void};
use std::mem::transmute;
use std::ptr::{NonNull, null, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use windows_sys::Win32::Foundation::{FARPROC, INVALID_HANDLE_VALUE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1, SE_KERNEL_OBJECT, SetSecurityInfo,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, PROTECTED_DACL_SECURITY_INFORMATION,
};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_OUTPUT_HANDLE};
use windows_sys::Win32::System::Diagnostics::Debug::{
    GetErrorMode, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualLock,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Of every processor that Windows runs on.
const PAGE: usize = 4096;

/// Pages of memory, given back on drop.
pub(super) struct Mapping {
    start: NonNull<u8>,
    locked: bool,
}

impl Mapping {
    /// Zeroed memory for a secret of `len` bytes: locked, where the process's working set has room, and left out of
    /// error reports.
    pub(super) fn secret(len: usize) -> Option<Self> {
        let len = len.max(1).next_multiple_of(PAGE);
        // SAFETY: memory at an address of the system's choice disturbs nothing that exists.
        let start = unsafe { VirtualAlloc(null(), len, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
        let start = NonNull::new(start.cast::<u8>())?;
        // SAFETY: locking changes no contents; the range was just allocated.
        let locked = unsafe { VirtualLock(start.as_ptr().cast(), len) } != 0;
        if let (Some(reports), Ok(len)) = (reports(), u32::try_from(len)) {
            // SAFETY: the range is ours until `drop`, which takes it off the list first.
            unsafe { (reports.leave_out)(start.as_ptr().cast_const().cast(), len) };
        }
        Some(Self { start, locked })
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this range was allocated by `secret`, and is referred to by nobody once its owner is dropped. Memory that
        // is given back is locked no longer.
        unsafe {
            if let Some(reports) = reports() {
                (reports.take_off)(self.start.as_ptr().cast_const().cast());
            }
            VirtualFree(self.start.as_ptr().cast(), 0, MEM_RELEASE);
        }
    }
}

/// What keeps memory out of error reports (`WerRegisterExcludedMemoryBlock`): looked for by name, since not every Windows
/// has it.
#[derive(Clone, Copy)]
struct Reports {
    leave_out: unsafe extern "system" fn(*const c_void, u32) -> i32,
    take_off: unsafe extern "system" fn(*const c_void) -> i32,
}

fn reports() -> Option<Reports> {
    static REPORTS: OnceLock<Option<Reports>> = OnceLock::new();
    *REPORTS.get_or_init(|| {
        let library: Vec<u16> = "kernel32.dll".encode_utf16().chain([0]).collect();
        // SAFETY: the name ends with a zero; the library is always loaded, and never unloaded.
        let library = unsafe { GetModuleHandleW(library.as_ptr()) };
        // SAFETY: the names end with zeroes, and `library` is a module or null, which has no functions.
        let (leave_out, take_off) = unsafe {
            let named = |name: &CStr| GetProcAddress(library, name.as_ptr().cast());
            (named(c"WerRegisterExcludedMemoryBlock")?, named(c"WerUnregisterExcludedMemoryBlock")?)
        };
        // SAFETY: these are the functions' types, by the system's documentation.
        unsafe {
            Some(Reports {
                leave_out: transmute::<FARPROC, Option<_>>(Some(leave_out))?,
                take_off: transmute::<FARPROC, Option<_>>(Some(take_off))?,
            })
        }
    })
}

/// No private stack here.
pub(super) enum Stack {}

impl Stack {
    pub(super) fn map() -> Option<Self> {
        None
    }

    pub(super) fn run<R>(&self, _: impl FnOnce() -> R) -> std::thread::Result<R> {
        match *self {}
    }
}

/// A crash is not reported (Windows Error Reporting), so that no dump of it is written.
pub(super) fn forbid_core_dumps() -> bool {
    // SAFETY: the calls take and give numbers.
    unsafe { SetErrorMode(GetErrorMode() | SEM_NOGPFAULTERRORBOX | SEM_FAILCRITICALERRORS) };
    core_dumps_are_forbidden()
}

pub(super) fn core_dumps_are_forbidden() -> bool {
    // SAFETY: the call gives a number.
    unsafe { GetErrorMode() & SEM_NOGPFAULTERRORBOX != 0 }
}

static TRACING_IS_FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// Who the process belongs to may end it, wait for its end, and ask what it is called; the system and its
/// administrators may do everything. So no other process of this user can read its memory, unless it is elevated.
const ACCESS: &str = "D:P(A;;0x101001;;;OW)(A;;GA;;;SY)(A;;GA;;;BA)";

pub(super) fn forbid_tracing() -> bool {
    let text: Vec<u16> = ACCESS.encode_utf16().chain([0]).collect();
    let mut descriptor = null_mut();
    // SAFETY: the text ends with a zero, and `descriptor` is there to be written to.
    let read = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            null_mut(),
        )
    };
    if read == 0 {
        return false;
    }
    let (mut present, mut defaulted, mut list) = (0, 0, null_mut());
    // SAFETY: the descriptor is a whole one until it is freed, which comes last; the list is in it; the three are there to
    // be written to; the process's own handle needs no closing.
    let forbidden = unsafe {
        let found = GetSecurityDescriptorDacl(descriptor, &raw mut present, &raw mut list, &raw mut defaulted) != 0;
        let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
        let set = found
            && SetSecurityInfo(GetCurrentProcess(), SE_KERNEL_OBJECT, what, null_mut(), null_mut(), list, null())
                == 0;
        LocalFree(descriptor);
        set
    };
    TRACING_IS_FORBIDDEN.store(forbidden, Ordering::Relaxed);
    forbidden
}

pub(super) fn tracing_is_forbidden() -> bool {
    TRACING_IS_FORBIDDEN.load(Ordering::Relaxed)
}

pub(super) fn secret_pages() -> SecretPages {
    match Mapping::secret(PAGE) {
        Some(mapping) if mapping.locked => SecretPages::Locked,
        _ => SecretPages::Ordinary,
    }
}

pub(super) fn stack_can_be_locked() -> bool {
    false
}

/// Rust's runtime takes what is written to a handle that is not there, and loses it.
pub(super) fn stdout_was_closed() -> bool {
    // SAFETY: the call takes a number, and gives the process's own handle.
    let handle = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
    handle.is_null() || handle == INVALID_HANDLE_VALUE
}
