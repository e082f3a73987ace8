//! What a Management applet answers may be anything: it is read or refused.
//! `cargo fuzz run key_config`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    glasskey::keys::fuzz_config(bytes);
});
