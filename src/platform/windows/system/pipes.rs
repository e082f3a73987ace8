//! What waits in a pipe.

use super::done;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::ptr::null_mut;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

/// How many bytes have been written and not read, by the reading end.
pub(crate) fn waiting(pipe: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut there = 0;
    // SAFETY: the handle is open as long as it is borrowed; nothing but `there` is asked for, which is there to be written
    // to.
    done(unsafe { PeekNamedPipe(pipe.as_raw_handle(), null_mut(), 0, null_mut(), &raw mut there, null_mut()) })?;
    Ok(there)
}
