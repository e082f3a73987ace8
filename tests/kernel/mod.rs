//! Real hidraw: a kernel of our own, built from Debian's source and run as an ordinary process, in which software
//! authenticators are plugged in through `/dev/uhid`.
//!
//! `make test`, and `make test-kernel` for itself, runs [`on_the_test_kernel`], which runs this same binary's [`guest`]
//! tests on that kernel.

#![cfg(all(feature = "hid", feature = "pcsc", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs
)]

mod guest;
mod ports;

use std::path::Path;
use std::process::Command;

/// Every test in the guest, one after the other: it has one processor, and every program there sees every key.
#[test]
#[ignore = "builds a kernel, which takes minutes: make test-kernel"]
fn on_the_test_kernel() {
    // What is downloaded and built comes first: the guest has no network.
    crate::judges::prepare();
    crate::pcscd::prepare();
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/run");
    let status = Command::new(run)
        // Two and a half minutes on two cores that have nothing else to do.
        .args(["--timeout", "600"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--test-threads=1", "kernel::guest::"])
        .status()
        .expect("tests/kernel/run runs");
    assert!(status.success(), "on the test kernel: {status}");
}
