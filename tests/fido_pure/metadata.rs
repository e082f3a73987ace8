//! The table that is built in, and newer issues from files.

use glasskey::fido::metadata::blob::{self, Rules};
use std::time::{Duration, SystemTime};

/// The tool behind `scripts/metadata`: checks a real BLOB's signature and path, and compiles the table from it.
/// Certificates are judged at the time given, which may be past: a BLOB in a package is older than its release.
#[test]
#[ignore = "needs a BLOB: run scripts/metadata"]
fn compile_the_table() {
    let from = std::env::var("GLASSKEY_MDS_BLOB").expect("GLASSKEY_MDS_BLOB: the BLOB to compile");
    let to = std::env::var("GLASSKEY_MDS_TABLE").expect("GLASSKEY_MDS_TABLE: where the table goes");
    let at: u64 = std::env::var("GLASSKEY_MDS_AT").expect("GLASSKEY_MDS_AT: Unix time").parse().unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
    let metadata = blob::read(&std::fs::read(from).unwrap(), &Rules { at, stale: true, ..Rules::new(at) }).unwrap();
    std::fs::write(to, metadata.to_table()).unwrap();
}
