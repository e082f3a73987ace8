//! Any text is a service control policy or is refused; one that allows everything beside it outweighs what it leaves out.
//! `cargo fuzz run service_control`
#![no_main]

use glasskey::aws::posture::{Allowed, Effect, Place, Stops};
use libfuzzer_sys::fuzz_target;

const FULL: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

fuzz_target!(|text: &str| {
    let place = Place { partition: "aws", region: "us-east-1", organization: Some("o-example1234"), accounts: &[] };
    let allowed = Allowed::of(&[text, FULL], &place);
    assert_eq!(allowed.is_some(), Effect::of(text, &place).is_some());
    assert!(allowed.is_none_or(|allowed| allowed.everything && allowed.stops.worst() == Stops::No));
});
