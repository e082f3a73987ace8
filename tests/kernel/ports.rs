//! Keys in the guest's ports.

use crate::judges::bench::Bench;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::sim::uhid::Uhid;
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

/// Keys that are plugged in, until dropped.
pub(super) struct Plugged(Vec<(SoftAuthenticator, Uhid)>);

impl Plugged {
    /// Refuses a machine that somebody works at.
    pub(super) fn new(options: impl IntoIterator<Item = Options>) -> Self {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap();
        assert!(processor.contains("User Mode Linux"), "these tests run on the test kernel: make test-kernel");
        let plug_in = |options| {
            let key = SoftAuthenticator::new(options);
            let port = Uhid::plug_in(&key).unwrap();
            (key, port)
        };
        Self(options.into_iter().map(plug_in).collect())
    }

    pub(super) fn key(&self, nth: usize) -> &SoftAuthenticator {
        &self.0[nth].0
    }
}

impl Bench for Plugged {
    fn command(&self, program: &OsStr) -> Command {
        Command::new(program)
    }

    fn node(&self, nth: usize) -> String {
        let node = self.0[nth].1.node().expect("the key is plugged in");
        node.to_str().unwrap().to_owned()
    }

    fn replug(&self, nth: usize) {
        self.key(nth).pull();
        self.key(nth).plug_in();
    }
}
