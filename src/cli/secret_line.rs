//! Secrets on file descriptors, a line each.

use super::unanswered::{self, Encoding, Why};
use crate::secret::Password;
use std::fs::File;
use std::io::Read;
use zeroize::Zeroizing;

/// Opens an inherited file descriptor by its name, which needs no unsafe code.
pub(super) fn open_fd(fd: u32) -> Option<File> {
    File::open(format!("/dev/fd/{fd}")).ok()
}

/// Reads one line, byte by byte so that the next reader finds the next line. Text that is not UTF-8 is no answer, and
/// what it is instead is remembered: a PIN must reach the key as the bytes that its owner means.
pub(super) fn read_password(fd: u32, file: &mut File) -> Option<Password> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut byte = Zeroizing::new([0]);
    while file.read(&mut *byte).ok()? == 1 && *byte != [b'\n'] && line.len() < 4096 {
        line.extend_from_slice(&*byte);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if let Some(encoding) = Encoding::of_other_than_utf8(&line) {
        unanswered::because(Why::FdNotUtf8 { fd, encoding });
        return None;
    }
    let text = std::str::from_utf8(&line).ok().filter(|text| !text.is_empty())?;
    Some(Password::new(text.to_owned()))
}
