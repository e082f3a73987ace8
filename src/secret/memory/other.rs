//! Systems without mappings to lock or stacks to switch to.

use super::SecretPages;
use std::cell::UnsafeCell;

/// Ordinary heap memory; `Page` wipes it.
pub(super) struct Mapping(Box<[UnsafeCell<u8>]>);

impl Mapping {
    pub(super) fn secret(len: usize) -> Option<Self> {
        Some(Self((0..len).map(|_| UnsafeCell::new(0)).collect()))
    }

    pub(super) fn start(&self) -> *mut u8 {
        UnsafeCell::raw_get(self.0.as_ptr())
    }
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

pub(super) fn forbid_core_dumps() -> bool {
    false
}

pub(super) fn forbid_tracing() -> bool {
    false
}

pub(super) fn secret_pages() -> SecretPages {
    SecretPages::Ordinary
}

pub(super) fn stack_can_be_locked() -> bool {
    false
}

pub(super) fn core_dumps_are_forbidden() -> bool {
    false
}

pub(super) fn tracing_is_forbidden() -> bool {
    false
}

/// A handle that is not there cannot be told from one that takes everything.
pub(super) fn stdout_was_closed() -> bool {
    false
}
