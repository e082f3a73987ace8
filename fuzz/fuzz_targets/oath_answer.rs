//! What an OATH applet answers may be anything: it is read or refused.
//! `cargo fuzz run oath_answer`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    glasskey::oath::fuzz_answer(bytes);
});
