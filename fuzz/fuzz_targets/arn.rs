//! Text AWS sends as an ARN is one or is not; a device's survives being written and read again.
//! `cargo fuzz run arn`
#![no_main]

use glasskey::aws::{Caller, DeviceArn, DeviceKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (text.parse::<Caller>(), DeviceKind::of(text));
    if let Ok(arn) = text.parse::<DeviceArn>() {
        let again: DeviceArn = arn.to_string().parse().expect("what was written can be read");
        assert_eq!(arn, again);
        assert_eq!(
            format!("{}{}", arn.path().trim_start_matches('/'), arn.name()),
            arn.resource().trim_start_matches('/')
        );
    }
});
