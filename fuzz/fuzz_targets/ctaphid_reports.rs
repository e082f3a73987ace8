//! Any reports make messages or do not; a message that is cut into reports is the same when it is put together.
//! `cargo fuzz run ctaphid_reports`
#![no_main]

use glasskey::fido::ctaphid::{MAX_MESSAGE, Reassembler, reports};
use libfuzzer_sys::fuzz_target;

const CHANNEL: u32 = 0x0102_0304;

fuzz_target!(|bytes: &[u8]| {
    glasskey::fido::fuzz_reports(bytes);
    let Some((&command, data)) = bytes.split_first() else { return };
    let Ok(frames) = reports(CHANNEL, command & 0x7F, data) else {
        assert!(data.len() > MAX_MESSAGE);
        return;
    };
    let mut reassembler = Reassembler::new(CHANNEL);
    let (last, before) = frames.split_last().expect("at least one");
    for frame in before {
        assert!(matches!(reassembler.feed(frame), Ok(None)));
    }
    let Ok(Some(message)) = reassembler.feed(last) else { panic!("the last report completes it") };
    assert_eq!((message.command, &message.data[..]), (command & 0x7F, data));
});
