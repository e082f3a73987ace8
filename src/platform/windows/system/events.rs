//! Events, and waiting for them.

use super::done;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::time::Duration;
use windows_sys::Win32::Foundation::{WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{
    CreateEventW, ExitProcess, INFINITE, ResetEvent, SetEvent, WaitForMultipleObjects,
};

/// Something that has happened or not, which waits can wait for.
pub(crate) struct Event(OwnedHandle);

impl Event {
    /// It has not happened.
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: neither attributes nor a name are given, so the call reads nothing of ours.
        let handle = unsafe { CreateEventW(null(), 1, 0, null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and nobody else's.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(crate) fn set(&self) -> io::Result<()> {
        // SAFETY: the handle is open as long as `self`.
        done(unsafe { SetEvent(self.0.as_raw_handle()) })
    }

    pub(crate) fn reset(&self) -> io::Result<()> {
        // SAFETY: the handle is open as long as `self`.
        done(unsafe { ResetEvent(self.0.as_raw_handle()) })
    }
}

impl AsHandle for Event {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// The first in the list of those that are there, waited for at most this long; `None`: none came. Without a time it is
/// waited for without end.
pub(crate) fn first_of(handles: &[BorrowedHandle<'_>], at_most: Option<Duration>) -> io::Result<Option<usize>> {
    let raw: Vec<_> = handles.iter().map(AsRawHandle::as_raw_handle).collect();
    let count = u32::try_from(raw.len()).map_err(io::Error::other)?;
    // A part of a millisecond is waited for whole: a wait that ends too early would go round and round.
    let most = |time: Duration| u32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(INFINITE).min(INFINITE - 1);
    // SAFETY: `raw` holds `count` handles, which stay open as long as they are borrowed.
    let woken = unsafe { WaitForMultipleObjects(count, raw.as_ptr(), 0, at_most.map_or(INFINITE, most)) };
    match woken.checked_sub(WAIT_OBJECT_0) {
        _ if woken == WAIT_TIMEOUT => Ok(None),
        Some(nth) if nth < count => Ok(usize::try_from(nth).ok()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Ends the process at once, whatever its other threads do.
pub(crate) fn end_process(code: u32) -> ! {
    // SAFETY: it does not return, and reads nothing of ours.
    unsafe { ExitProcess(code) }
}
