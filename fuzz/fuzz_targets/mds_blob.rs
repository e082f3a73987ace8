//! No bytes are metadata unless the metadata service signed them.
//! `cargo fuzz run mds_blob`
#![no_main]

use glasskey::fido::certificates::{from_pem, parse};
use glasskey::fido::metadata::blob::{Rules, read};
use libfuzzer_sys::fuzz_target;
use std::time::{Duration, SystemTime};

fuzz_target!(|bytes: &[u8]| {
    // While the service's certificates of 2026 were valid, so that time is not what saves us.
    let rules = Rules::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_774_915_200));
    assert!(read(bytes, &rules).is_err());
    let _ = parse(bytes);
    let _ = std::str::from_utf8(bytes).map(from_pem);
});
