//! Messages in reports and back.

use glasskey::fido::ctaphid::{BadFrame, MAX_MESSAGE, Reassembler, reports};
use glasskey::fido::{Error, fuzz_answer, fuzz_reports};
use glasskey::transport::hid::Report;
use proptest::prelude::*;

fn sent(channel: u32, command: u8, data: &[u8]) -> Vec<Report> {
    reports(channel, command, data).unwrap().iter().map(|report| **report).collect()
}

#[test]
fn a_message_takes_as_many_reports_as_it_needs() {
    let table = [(0, 1), (57, 1), (58, 2), (57 + 59, 2), (57 + 60, 3), (MAX_MESSAGE, 129)];
    for (len, expected) in table {
        assert_eq!(sent(1, 0x10, &vec![7; len]).len(), expected, "{len} bytes");
    }
    assert_eq!(MAX_MESSAGE, 7609);
    assert_eq!(reports(1, 0x10, &[0; MAX_MESSAGE + 1]).err(), Some(Error::TooLarge));
}

#[test]
fn a_message_that_announces_too_much_is_refused() {
    let mut report = [0; 64];
    report[4..7].copy_from_slice(&[0x90, 0x1D, 0xBA]); // 7610
    assert_eq!(Reassembler::new(0).feed(&report).err(), Some(BadFrame));
}

#[test]
fn continuations_out_of_order_are_refused_and_strays_passed_over() {
    let frames = sent(9, 0x10, &[1; 200]);
    let mut to = Reassembler::new(9);
    assert!(to.feed(&frames[1]).unwrap().is_none(), "its beginning was not seen");
    assert!(to.feed(&frames[0]).unwrap().is_none());
    assert_eq!(to.feed(&frames[2]).err(), Some(BadFrame));
    assert!(to.feed(&frames[1]).unwrap().is_none(), "what was unfinished is dropped");
}

proptest! {
    #[test]
    fn what_is_cut_is_put_together_whatever_others_say_between(
        data in prop::collection::vec(any::<u8>(), 0..1000),
        command in 0u8..0x80,
        channel in any::<u32>(),
        noise in prop::collection::vec((any::<u32>(), prop::array::uniform32(any::<u8>())), 20),
    ) {
        let mut to = Reassembler::new(channel);
        let mut noise = noise.into_iter().cycle();
        let mut whole = None;
        for report in sent(channel, command, &data) {
            let (other, bytes) = noise.next().unwrap();
            if other != channel {
                let mut foreign = [0; 64];
                foreign[..4].copy_from_slice(&other.to_be_bytes());
                foreign[4..36].copy_from_slice(&bytes);
                prop_assert!(to.feed(&foreign).unwrap().is_none());
            }
            prop_assert!(whole.is_none());
            whole = to.feed(&report).unwrap();
        }
        let whole = whole.unwrap();
        prop_assert_eq!(whole.command, command);
        prop_assert_eq!(&*whole.data, &data);
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz_reports(&bytes);
        fuzz_answer(&bytes);
        fuzz_answer(&[&[0], &bytes[..]].concat());
    }
}
