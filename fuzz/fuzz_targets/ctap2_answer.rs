//! A key may answer anything to any command: it is read or refused.
//! `cargo fuzz run ctap2_answer`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    glasskey::fido::fuzz_answer(bytes);
    glasskey::fido::fuzz_auth_data(bytes);
});
