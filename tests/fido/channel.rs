//! The channel: whose reports count, how long is waited, and in what state a key is left.

use super::script::{BROADCAST, CHANNEL, LIMITS, OTHER, Say, Script, cbor, grant, keepalive};
use glasskey::fido::ctaphid::{Channel, command};
use glasskey::fido::{ChannelError, Ctap2, Error};
use glasskey::platform::Interrupt;
use glasskey::transport;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Echoes PING, answers every CTAP2 command with success.
fn plain(_: u32, command: u8, data: &[u8]) -> Vec<Say> {
    match command {
        command::PING => vec![Say::Answer(command::PING, data.to_vec())],
        command::CBOR => vec![cbor(0, &[])],
        _ => vec![],
    }
}

fn opened(script: &Script) -> Ctap2 {
    script.open().unwrap()
}

fn silent() -> Error {
    Error::NoAnswer { after: LIMITS.silence }
}

#[test]
fn messages_of_every_length_come_back() {
    let script = Script::new(plain);
    let mut key = opened(&script);
    for len in [0, 1, 57, 58, 116, 117, 1024, 7609] {
        key.ping(&vec![0xA5; len]).unwrap();
    }
    assert_eq!(key.ping(&[0; 7610]), Err(Error::TooLarge));
}

#[test]
fn an_echo_that_differs_is_noticed() {
    let mut key = opened(&Script::new(|_, _, _| vec![Say::Answer(command::PING, vec![1])]));
    assert_eq!(key.ping(&[2]), Err(Error::Malformed { what: "echo" }));
}

#[test]
fn a_channel_given_for_another_programs_nonce_is_not_ours() {
    let script = Script::raw(|_, asked, data| match asked {
        command::INIT => vec![
            Say::Answer(command::INIT, grant(&[0; 8], OTHER)),
            Say::Answer(command::INIT, vec![1, 2, 3]),
            Say::Answer(command::INIT, grant(data, CHANNEL)),
        ],
        _ => plain(0, asked, data),
    });
    opened(&script).ping(b"here").unwrap();
}

#[test]
fn what_other_programs_hear_is_passed_over() {
    let script = Script::new(|_, asked, data| {
        let mut say = vec![
            Say::On(OTHER, command::KEEPALIVE, vec![2]),
            Say::On(OTHER, command::CBOR, vec![0x31; 300]),
            Say::On(BROADCAST, command::INIT, grant(&[9; 8], OTHER)),
            Say::On(OTHER, command::ERROR, vec![0x06]),
        ];
        say.extend(plain(0, asked, data));
        say
    });
    let mut key = opened(&script);
    key.ping(&[7; 500]).unwrap();
    key.select(&mut || panic!("the touch is for the other program")).unwrap();
}

#[test]
fn others_traffic_is_no_sign_of_life() {
    let script = Script::new(|_, _, _| vec![Say::Forever(OTHER, command::KEEPALIVE, vec![1])]);
    assert_eq!(opened(&script).ping(&[]), Err(silent()));
}

#[test]
fn a_key_that_never_answers_is_given_up_and_a_late_answer_is_not_taken_for_the_next() {
    let mut asked = 0;
    let script = Script::new(move |channel, heard, data| {
        asked += 1;
        match (asked, heard) {
            (1, _) => vec![],
            // The answer to the first comes only now, before that to the second.
            (_, command::PING) => {
                vec![Say::On(CHANNEL, command::PING, b"first".to_vec()), Say::On(channel, heard, data.to_vec())]
            }
            _ => vec![],
        }
    });
    let mut key = opened(&script);
    let began = Instant::now();
    assert_eq!(key.ping(b"first"), Err(silent()));
    assert!(began.elapsed() >= LIMITS.silence);
    key.ping(b"second").unwrap();
    assert_eq!(script.heard(), [command::INIT, command::PING, command::INIT, command::PING]);
}

#[test]
fn a_device_that_gives_no_channel_does_not_answer() {
    let script = Script::raw(|_, _, _| vec![]);
    assert_eq!(script.open().err(), Some(silent()));
}

#[test]
fn a_key_without_ctap2_is_said_to_be_one() {
    let script = Script::raw(|_, _, nonce| {
        let mut granted = grant(nonce, CHANNEL);
        granted[16] = 0x01;
        vec![Say::Answer(command::INIT, granted)]
    });
    assert_eq!(script.open().err(), Some(Error::NoCtap2));
}

#[test]
fn a_busy_key_is_asked_again_until_it_is_free() {
    let mut refusals = 3;
    let script = Script::raw(move |channel, asked, data| {
        if refusals > 0 {
            refusals -= 1;
            return vec![Say::On(channel, command::ERROR, vec![0x06])];
        }
        if channel == BROADCAST {
            refusals = 2; // for the first command, too
            return vec![Say::Answer(command::INIT, grant(data, CHANNEL))];
        }
        plain(channel, asked, data)
    });
    opened(&script).ping(b"at last").unwrap();
}

#[test]
fn a_key_that_stays_busy_is_said_to_be_busy() {
    let script = Script::new(|_, _, _| vec![Say::Answer(command::ERROR, vec![0x06])]);
    assert_eq!(opened(&script).ping(&[]), Err(Error::Busy));
}

#[test]
fn refused_frames_say_why() {
    let table = [
        (0x01, ChannelError::InvalidCommand),
        (0x02, ChannelError::InvalidParameter),
        (0x03, ChannelError::InvalidLength),
        (0x04, ChannelError::InvalidSequence),
        (0x05, ChannelError::MessageTimeout),
        (0x0A, ChannelError::LockRequired),
        (0x0B, ChannelError::InvalidChannel),
        (0x7F, ChannelError::Other(0x7F)),
    ];
    for (code, expected) in table {
        let script = Script::new(move |_, _, _| vec![Say::Answer(command::ERROR, vec![code])]);
        assert_eq!(opened(&script).ping(&[]), Err(Error::Channel(expected)));
    }
}

#[test]
fn the_person_is_told_once_to_touch() {
    let script = Script::new(|_, _, _| {
        vec![keepalive(1), keepalive(2), keepalive(2), keepalive(1), keepalive(2), cbor(0, &[])]
    });
    let mut told = 0;
    opened(&script).select(&mut || told += 1).unwrap();
    assert_eq!(told, 1);
}

/// Waits for a touch that never comes; answers CANCEL with this status.
fn untouched(status: u8) -> Script {
    let mut waiting = false;
    Script::new(move |channel, asked, data| match asked {
        command::CBOR if data == [0x0B] => {
            waiting = true;
            vec![Say::Forever(channel, command::KEEPALIVE, vec![2])]
        }
        command::CANCEL if waiting => {
            waiting = false;
            vec![Say::On(channel, command::CBOR, vec![status])]
        }
        _ => plain(channel, asked, data),
    })
}

#[test]
fn a_touch_that_never_comes_is_cancelled_and_the_key_left_usable() {
    let script = untouched(0x2D);
    let mut key = opened(&script);
    assert_eq!(key.select(&mut || ()), Err(Error::TouchTimedOut));
    key.ping(b"still there").unwrap();
    assert_eq!(script.heard(), [command::INIT, command::CBOR, command::CANCEL, command::PING]);
}

#[test]
fn an_interrupt_cancels_and_leaves_the_key_usable() {
    let script = untouched(0x2D);
    let interrupt = Interrupt::new().unwrap();
    let mut key = script.open_with(&interrupt).unwrap();
    assert_eq!(key.select(&mut || interrupt.raise()), Err(Error::Cancelled));
    interrupt.clear();
    key.ping(b"still there").unwrap();
    assert_eq!(script.heard(), [command::INIT, command::CBOR, command::CANCEL, command::PING]);
}

#[test]
fn a_touch_that_comes_with_the_interrupt_counts() {
    let interrupt = Interrupt::new().unwrap();
    let mut key = untouched(0x00).open_with(&interrupt).unwrap();
    key.select(&mut || interrupt.raise()).unwrap();
}

#[test]
fn an_interrupt_ends_the_wait_for_a_busy_key() {
    let interrupt = Interrupt::new().unwrap();
    let theirs = interrupt.clone();
    let script = Script::new(move |_, _, _| {
        theirs.raise();
        vec![Say::Answer(command::ERROR, vec![0x06])]
    });
    assert_eq!(script.open_with(&interrupt).unwrap().ping(&[]), Err(Error::Cancelled));
}

#[test]
fn a_key_that_ignores_cancel_is_left_all_the_same() {
    let script = Script::new(|channel, asked, _| match asked {
        command::CBOR | command::CANCEL => vec![Say::Forever(channel, command::KEEPALIVE, vec![2])],
        _ => vec![],
    });
    // It still waits: a touch may yet come.
    assert!(matches!(opened(&script).select(&mut || ()), Err(Error::NoAnswer { .. })));
    let interrupt = Interrupt::new().unwrap();
    let mut key = script.open_with(&interrupt).unwrap();
    assert_eq!(key.select(&mut || interrupt.raise()), Err(Error::CancelUnanswered));
}

#[test]
fn a_key_that_only_computes_is_given_up() {
    let script = Script::new(|channel, asked, _| match asked {
        command::CBOR => vec![Say::Forever(channel, command::KEEPALIVE, vec![1])],
        _ => vec![],
    });
    let given_up = Err(Error::NoAnswer { after: LIMITS.person });
    assert_eq!(opened(&script).select(&mut || panic!("no touch is needed")), given_up);
}

#[test]
fn a_key_pulled_at_any_message_is_gone() {
    for pulled_at in 1..=3 {
        let heard = Arc::new(AtomicUsize::new(0));
        let script = Script::raw(move |channel, asked, data| {
            let nth = heard.fetch_add(1, Ordering::SeqCst) + 1;
            match (nth == pulled_at, asked) {
                (true, _) => vec![keepalive(2), Say::Pull],
                (false, command::INIT) => vec![Say::Answer(asked, grant(data, CHANNEL))],
                _ => plain(channel, asked, data),
            }
        });
        let outcome = script.open().and_then(|mut key| key.ping(b"one").and_then(|()| key.select(&mut || ())));
        assert_eq!(outcome, Err(Error::Transport(transport::Error::Removed)), "at {pulled_at}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    // 300 bytes are six reports.
    for missing in 1..=6 {
        let script = Script::new(move |_, asked, _| vec![Say::Truncated(asked, vec![1; 300], missing)]);
        assert_eq!(opened(&script).ping(&[1; 300]), Err(silent()), "without the last {missing}");
    }
}

#[test]
fn an_answer_to_another_command_is_malformed() {
    let script = Script::new(|_, _, _| vec![Say::Answer(command::WINK, vec![])]);
    assert_eq!(opened(&script).ping(&[]), Err(Error::Malformed { what: "frame" }));
}

#[test]
fn a_channel_tells_what_the_device_is() {
    let channel = Channel::open(Script::new(plain).hid(), Interrupt::new().unwrap(), LIMITS).unwrap();
    assert_eq!(channel.device().version, (5, 7, 4));
    assert!(channel.device().wink && channel.device().ctap2);
}
