//! Which codes have been sent, whoever asks.

use glasskey::totp::Step;
use glasskey::used_codes::{Doubt, Taken, UsedCodes};
use std::fs;

const NOW: Step = Step(59_000_000);

fn claim(used_codes: &mut UsedCodes, step: Step) -> Result<(), Taken> {
    used_codes.claim("alice", step, step, NOW)
}

#[test]
fn a_step_is_given_once_whoever_asks() {
    let dir = tempfile::tempdir().unwrap();
    let (mut one, mut other) = (UsedCodes::in_dir(dir.path()), UsedCodes::in_dir(dir.path()));
    assert_eq!(one.last("alice", NOW), None);
    assert_eq!(claim(&mut one, NOW), Ok(()));
    assert_eq!(claim(&mut other, NOW), Err(Taken { last: NOW }));
    assert_eq!(claim(&mut other, NOW.previous()), Err(Taken { last: NOW }));
    assert_eq!(other.claim("bob", NOW.previous(), NOW, NOW), Ok(()));
    // A pair whose first code has been sent is no pair.
    assert_eq!(other.claim("alice", NOW, NOW.next(), NOW.next()), Err(Taken { last: NOW }));
    assert_eq!(other.claim("alice", NOW.next(), NOW.next(), NOW.next()), Ok(()));
    other.forget("alice", NOW.next());
    other.forget("dave", NOW.next());
    assert_eq!(UsedCodes::in_dir(dir.path()).last("alice", NOW.next()), None);
    assert_eq!(UsedCodes::in_dir(dir.path()).last("bob", NOW.next()), Some(NOW));
    assert!(one.take_doubt().is_none() && other.take_doubt().is_none());
}

#[test]
fn many_at_once_and_one_gets_it() {
    let dir = tempfile::tempdir().unwrap();
    let ask = || claim(&mut UsedCodes::in_dir(dir.path()), NOW).is_ok();
    let got: Vec<bool> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(got.into_iter().filter(|got| *got).count(), 1);
}

#[test]
fn an_unreadable_file_spends_the_present_step_of_everybody_and_no_more() {
    for text in
        ["", "{", "[]", "{\"version\":0,\"devices\":{}}", "{\"version\":1,\"devices\":{\"alice\":-1}}", "\u{0}"]
    {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("spent.json"), text).unwrap();
        let mut used_codes = UsedCodes::in_dir(dir.path());
        assert_eq!(used_codes.last("alice", NOW), Some(NOW), "{text}");
        assert!(matches!(used_codes.take_doubt(), Some(Doubt::Unreadable { .. })), "{text}");
        assert_eq!(claim(&mut used_codes, NOW), Err(Taken { last: NOW }));
        assert_eq!(used_codes.claim("alice", NOW.next(), NOW.next(), NOW.next()), Ok(()));
        // The new file is whole, and remembers the doubt about this step.
        assert!(used_codes.take_doubt().is_none());
        assert_eq!(UsedCodes::in_dir(dir.path()).last("bob", NOW), Some(NOW));
        // But of a device that is new nothing can have been sent.
        used_codes.forget("carol", NOW);
        assert_eq!(UsedCodes::in_dir(dir.path()).last("carol", NOW), None);
    }
}

#[test]
fn a_later_versions_file_is_left_as_it_is_and_costs_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let (path, text) = (dir.path().join("spent.json"), "{\"version\":2,\"codes\":[]}");
    fs::write(&path, text).unwrap();
    let mut used_codes = UsedCodes::in_dir(dir.path());
    assert_eq!(used_codes.last("alice", NOW), Some(NOW));
    assert_eq!(used_codes.claim("alice", NOW.next(), NOW.next(), NOW.next()), Ok(()));
    assert_eq!(claim(&mut used_codes, NOW.next()), Err(Taken { last: NOW.next() }));
    let Some(Doubt::Unwritable { cause, .. }) = used_codes.take_doubt() else { unreachable!() };
    assert_eq!(cause.to_string(), "a later version of glasskey wrote it (format 2; this one knows 1)");
    assert_eq!(fs::read_to_string(path).unwrap(), text);
}

#[test]
fn a_record_from_the_future_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let future = Step(NOW.0 + 100_000);
    UsedCodes::in_dir(dir.path()).claim("alice", future, future, future).unwrap();
    let mut used_codes = UsedCodes::in_dir(dir.path());
    assert_eq!(used_codes.last("alice", NOW), Some(NOW));
    assert_eq!(used_codes.claim("alice", NOW.next(), NOW.next(), NOW.next()), Ok(()));
}

#[test]
fn nor_is_one_of_this_process_from_before_its_clock_was_put_right() {
    let dir = tempfile::tempdir().unwrap();
    let mut used_codes = UsedCodes::in_dir(dir.path());
    for future in [Step(NOW.0 + 100_000), Step(u64::MAX - 1)] {
        used_codes.claim("alice", future, future, future).unwrap();
        assert_eq!(used_codes.last("alice", NOW), Some(NOW));
    }
    assert_eq!(used_codes.claim("alice", NOW.next(), NOW.next(), NOW.next()), Ok(()));
}

#[test]
fn a_file_that_can_be_neither_read_nor_replaced_costs_one_step() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("spent.json")).unwrap();
    let mut used_codes = UsedCodes::in_dir(dir.path());
    assert_eq!(used_codes.last("alice", NOW), Some(NOW));
    assert_eq!(used_codes.claim("alice", NOW.next(), NOW.next(), NOW.next()), Ok(()));
    assert!(matches!(used_codes.take_doubt(), Some(Doubt::Unwritable { .. })));
}

#[test]
fn a_directory_that_cannot_be_written_is_told_and_this_process_remembers() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("spent.json.new")).unwrap();
    let mut used_codes = UsedCodes::in_dir(dir.path());
    assert_eq!(claim(&mut used_codes, NOW), Ok(()));
    assert!(matches!(used_codes.take_doubt(), Some(Doubt::Unwritable { .. })));
    assert_eq!(claim(&mut used_codes, NOW), Err(Taken { last: NOW }));
}
