//! Runs that were made by hand, damaged or planted: nothing goes that no run of ours has made.

use super::*;
use crate::support::put;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

const NAME: &str = "000000000001-1-000001-0000abcd.jsonl";

/// An account and a key with what must stay.
struct Precious {
    world: Simulated,
    /// Alice's only device was enabled then.
    enabled: u64,
    /// Her access key.
    access_key: String,
}

impl Precious {
    /// Alice's live device and its credential, somebody's credential for another service, carol's two devices, a
    /// device that somebody is about to enable, and files.
    fn new() -> Self {
        let world = Simulated::with_keys(1);
        assert_eq!(world.run(world.enroll_args()).code, 0);
        put(world.keys.key(0), "GitHub:me", false);
        let _ = world.aws.add_user("carol");
        world.aws.add_device_for("carol", 2);
        unassigned(&world, "free");
        let home = world.keys.home.path();
        fs::write(home.join("notes.txt"), "what I must not forget\n").unwrap();
        fs::write(home.join("empty"), "").unwrap();
        set_mode(&home.join("empty"), 0o644);
        fs::write(home.join("other.age"), header('B') + "and what follows").unwrap();
        symlink("notes.txt", home.join("link.age")).unwrap();
        assert!(Command::new("mkfifo").arg(home.join("pipe.age")).status().unwrap().success());
        let (enabled, access_key) = (enabled(&world, "alice"), world.aws.access_keys("alice")[0].id.clone());
        Self { world, enabled, access_key }
    }

    fn file(&self, name: &str) -> String {
        self.world.keys.home.path().join(name).display().to_string()
    }

    /// All of it, as it is.
    fn all(&self) -> String {
        let devices: Vec<_> = self.world.aws.devices().into_iter().map(|device| (device.arn, device.user)).collect();
        let home = self.world.keys.home.path();
        let files = ["notes.txt", "empty", "other.age", "link.age"].map(|name| fs::read(home.join(name)).unwrap());
        let pipe = fs::symlink_metadata(home.join("pipe.age")).is_ok();
        let access_keys = self.world.aws.access_keys("alice");
        let access_keys: Vec<_> = access_keys.into_iter().map(|key| (key.id, key.active)).collect();
        format!("{devices:?} {:?} {files:?} {pipe} {access_keys:?}", self.world.keys.key(0).credentials())
    }

    /// Recovers with this in the journal, and holds all that is precious to what it was.
    fn keeps(&self, what: &str, text: &[u8], choice: &str) -> Run {
        let before = self.all();
        fs::write(runs(&self.world).join(NAME), text).unwrap();
        let done = recover(&self.world, choice);
        assert_eq!(self.all(), before, "{what}, {choice}: {done:?}");
        done
    }

    /// It is not believed: said so, kept, and nothing is asked of AWS about it, whatever was chosen.
    #[track_caller]
    fn refuses(&self, what: &str, text: &[u8], says: &str) {
        for choice in ["--yes", "--undo", "--finish"] {
            let calls = self.world.aws.calls().len();
            let done = self.keeps(what, text, choice);
            let path = runs(&self.world).join(NAME);
            assert_eq!(done.code, 3, "{what}, {choice}: {done:?}");
            assert!(done.stderr.contains(says) && done.stderr.contains(NAME), "{what}, {choice}: {says}: {done:?}");
            assert_eq!(fs::read(&path).unwrap(), text, "{what}: it is kept");
            assert_eq!(self.world.aws.calls().len(), calls, "{what}");
        }
        fs::remove_file(runs(&self.world).join(NAME)).unwrap();
    }

    /// It can be a run of ours, and what it names is not of its making.
    #[track_caller]
    fn leaves(&self, what: &str, text: &[u8], codes: &[i32]) {
        let done = self.keeps(what, text, "--yes");
        assert!(codes.contains(&done.code), "{what}: {done:?}");
        let _ = fs::remove_file(runs(&self.world).join(NAME));
    }
}

/// The beginning of an age file, 96 bytes long.
fn header(share: char) -> String {
    let (share, body) = (share.to_string().repeat(43), "c".repeat(20));
    format!("age-encryption.org/v1\n-> X25519 {share}\n{body}")
}

fn escrow(path: &str, begins: &str) -> Value {
    intend(&json!({ "undo": "remove_escrow", "path": path, "begins": begins, "bytes": 999 }))
}

#[test]
fn an_enrollment_that_names_what_is_not_its_own() {
    let precious = Precious::new();
    let world = &precious.world;
    assert_eq!(header('A').len(), 96);
    let started = |name: &str, changes: Value, more: &[Value]| {
        let first = [begin(world, name, &changes), delete_device(), json!({ "record": "created" })];
        lines(&[&first[..], more].concat())
    };
    let with = |more: Value| started("ghost", json!({}), &[more]);
    let named = |credential: &str| started("ghost", json!({ "credential": credential }), &[remove_credential()]);
    let is_not = |credential: &str| {
        format!("line 1 of {}: the credential \"{credential}\" is not the one of", {
            format!("{} is not believed", runs(world).join(NAME).display())
        })
    };
    for credential in ["GitHub:me", &world.credential("alice"), "", "AWS:1/ghost"] {
        precious.refuses("a credential", &named(credential), &is_not(credential));
    }
    let notes = precious.file("notes.txt");
    let with_file = |path: &str, begins: &str| {
        let changes = json!({ "escrow": path });
        started("ghost", changes, &[escrow(path, begins)])
    };
    let line = "line 4 of";
    precious.refuses("a file known by nothing", &with_file(&notes, ""), line);
    precious.refuses("a file known by its first letter", &with_file(&notes, "w"), line);
    precious.refuses("a file known by other bytes", &with_file(&notes, &"w".repeat(96)), line);
    precious.refuses("a short header", &with_file(&notes, "age-encryption.org/v1\n"), line);
    precious.refuses("a relative file", &with_file("notes.txt", &header('A')), line);
    precious.refuses("a file that was not asked for", &with(escrow(&notes, &header('A'))), line);
    let other_key = intend(&json!({ "undo": "remove_credential", "key": 12_345_679 }));
    precious.refuses("a key that was not asked for", &with(other_key), "does not write to YubiKey 12345679");
    precious.refuses("a phone that was not asked for", &with(intend(&json!({ "undo": "remove_from_phone" }))), line);
    let take_back = intend(&json!({ "undo": "take_back", "program": "rm" }));
    precious.refuses("a command that was not asked for", &with(take_back), line);
    precious.refuses("another kind's step", &with(intend(&json!({ "undo": "enable_again" }))), line);
    precious.refuses("an access key", &with(intend(&json!({ "undo": "activate_key", "id": "AKIA" }))), line);
    let voided = json!({ "record": "void", "undo": "delete_device" });
    let live = lines(&[begin(world, "alice", &json!({})), delete_device(), remove_credential(), voided]);
    precious.refuses("a live credential, and a device that was refused", &live, "line 4 of");
    precious.refuses("no place", &started("ghost", json!({ "keys": [] }), &[]), "no place for its seed");
    let early = lines(&[begin(world, "alice", &json!({})), remove_credential()]);
    precious.refuses("a live credential, and no device", &early, "line 2 of");
    let old = |serial: String, held: Value| json!({ "serial": serial, "enabled": precious.enabled, "held": held });
    let replaces = |old: Value| started("ghost", json!({ "replaces": old }), &[]);
    precious.refuses("itself", &replaces(old(world.arn("ghost"), json!([]))), "line 1 of");
    let held = json!([{ "key": 12_345_678, "credential": "GitHub:me" }]);
    precious.refuses(
        "an old credential",
        &replaces(old(world.arn("alice"), held)),
        "\"GitHub:me\" is not the one of",
    );
    precious.refuses(
        "another's command",
        &started("ghost", json!({ "command": "evil" }), &[]),
        "`evil` begins no such run",
    );
    let after = "no clock shows when it began (second 9223372036854775808 since 1970)";
    precious.refuses("a start beyond all clocks", &started("ghost", json!({ "started": 1_u64 << 63 }), &[]), after);
    let twice = json!({ "keys": [12_345_678, 12_345_679, 12_345_678] });
    precious.refuses("a key twice", &started("ghost", twice, &[]), "names YubiKey 12345678 twice");
    let elsewhere = "arn:aws:iam::999999999999:mfa/alice".to_owned();
    precious.refuses("another account's device", &replaces(old(elsewhere, json!([]))), "line 1 of");
    let root = json!({ "root": true, "user": "root" });
    precious.refuses("root's device", &started("alice", root, &[remove_credential()]), "line 2 of");
}

#[test]
fn a_run_that_may_be_ours_and_names_what_was_there_before_it() {
    let precious = Precious::new();
    let world = &precious.world;
    let created = json!({ "record": "created" });
    let enabling = json!({ "record": "enabling" });
    let full = |name: &str, changes: Value| {
        let first = begin(world, name, &changes);
        lines(&[first, delete_device(), created.clone(), remove_credential(), enabling.clone()])
    };
    // Enabled before it began, and after.
    precious.leaves("alice's live device", &full("alice", json!({ "started": now() + 3600 })), &[4]);
    precious.leaves("alice's live device, complete", &full("alice", json!({})), &[0]);
    // The request that was to enable it was sent an hour before it was enabled: with another seed, for all that is known.
    let sent = json!({ "record": "enabling", "at": now() - 3600 });
    let early = begin(world, "alice", &json!({ "started": now() - 7200 }));
    let text = lines(&[early, delete_device(), created.clone(), remove_credential(), sent]);
    for (choice, code) in [("--yes", 4), ("--undo", 4), ("--finish", 4)] {
        let done = precious.keeps("alice's device, enabled long after the request", &text, choice);
        assert!(done.code == code && !done.stdout.contains("can sign in"), "{choice}: {done:?}");
    }
    fs::remove_file(runs(world).join(NAME)).unwrap();
    let china = format!("arn:aws-cn:iam::{}:mfa/alice", world.aws.account());
    precious.leaves("the same number in another partition", &full("alice", json!({ "arn": china })), &[3, 4]);
    let other = json!({ "arn": "arn:aws:iam::999999999999:mfa/alice", "credential": "AWS:999999999999/alice" });
    precious.leaves("another account", &full("alice", other), &[3, 4]);
    let uncertain = lines(&[begin(world, "free", &json!({})), delete_device()]);
    precious.leaves("a device that somebody is about to enable", &uncertain, &[4]);

    for name in ["notes.txt", "empty", "other.age", "link.age", "pipe.age"] {
        let path = precious.file(name);
        let first = begin(world, "ghost", &json!({ "escrow": path }));
        let text = lines(&[first, delete_device(), escrow(&path, &header('A'))]);
        precious.leaves(name, &text, &[0]);
    }

    // Root's enrollments make no device of a user's.
    let root = json!({ "command": "root enroll", "user": "root", "root": true, "started": now() - 60 });
    let text = lines(&[begin(world, "alice", &root), remove_credential()]);
    precious.leaves("alice's live device as one of root's", &text, &[4]);
    let undone = precious.keeps("alice's live device as one of root's", &text, "--undo");
    assert!(undone.code == 4 && undone.stderr.contains("is enabled for alice, and not by this run"), "{undone:?}");

    // A rotation whose new device is one that was there.
    let old = json!({ "serial": world.arn("old"), "enabled": 1, "held": [] });
    let changes = json!({ "started": now() + 3600, "replaces": old });
    precious.leaves("a rotation to a live device", &full("alice", changes), &[4]);
}

/// The record's user is not the one the device is enabled for, or that one was enabled before the run began: the credential
/// of its name is somebody's, whatever is asked for.
#[test]
fn a_device_that_somebody_has_keeps_its_credential_even_under_undo() {
    let precious = Precious::new();
    let world = &precious.world;
    let records = ["created", "enabling", "enabled"].map(|record| json!({ "record": record }));
    let [created, enabling, enabled] = records;
    let alices = |changes: Value, more: &[Value]| {
        let first = begin(world, "alice", &changes);
        let steps = [first, delete_device(), created.clone(), remove_credential(), enabling.clone(), enabled.clone()];
        lines(&[&steps[..], more].concat())
    };
    let again = intend(&json!({ "undo": "enable_again" }));
    let old = |name: &str| json!({ "serial": world.arn(name), "enabled": 1, "held": [] });
    for (what, text) in [
        ("another user's run", alices(json!({ "user": "carol" }), &[])),
        ("a user who is gone", alices(json!({ "user": "nobody" }), &[])),
        ("enabled before it began", alices(json!({ "started": now() + 3600 }), &[])),
        ("a rotation of another user", alices(json!({ "user": "carol", "replaces": old("carol") }), &[again])),
    ] {
        for (choice, codes) in [("--yes", &[0, 4][..]), ("--undo", &[3, 4])] {
            let done = precious.keeps(what, &text, choice);
            assert!(codes.contains(&done.code), "{what}, {choice}: {done:?}");
            assert!(!done.stdout.contains("undone"), "{what}, {choice}: {done:?}");
            let says = "--forget` strikes the run";
            assert!(choice == "--yes" || done.code == 3 || done.stderr.contains(says), "{what}: {done:?}");
        }
        let forgotten = precious.keeps(what, &text, "--forget");
        assert_eq!(forgotten.code, 0, "{what}: {forgotten:?}");
    }
}

/// A rotation that is complete but for an old device which is somebody else's: that is not said to be gone.
#[test]
fn a_device_of_somebody_elses_is_never_said_to_be_gone() {
    let precious = Precious::new();
    let world = &precious.world;
    let carols = world.aws.devices().into_iter().find(|device| device.user.as_deref() == Some("carol")).unwrap().arn;
    let old = json!({ "serial": carols, "enabled": 1, "held": [] });
    let records = ["created", "enabling", "enabled"].map(|record| json!({ "record": record }));
    let [created, enabling, enabled] = records;
    let first = begin(world, "alice", &json!({ "replaces": old }));
    let text = lines(&[first, delete_device(), created, remove_credential(), enabling, enabled]);
    let done = precious.keeps("carol's device as alice's old one", &text, "--yes");
    assert!(!done.stdout.contains("is gone"), "{done:?}");
    assert!(done.stdout.contains(&format!("{carols} is enabled for ")), "{done:?}");
    assert!(done.stdout.contains("carol, and was not touched"), "{done:?}");
}

#[test]
fn a_retirement_that_nobody_has_begun() {
    let precious = Precious::new();
    let world = &precious.world;
    let account = world.aws.account();
    let retire = |serial: &str, changes: Value| {
        let old = json!({ "serial": serial, "enabled": precious.enabled, "held": [] });
        let mut first = json!({
            "record": "retire", "version": 1, "command": "retire", "started": now(), "caller": "arn:of:somebody",
            "account": account, "user": "alice", "old": old, "last": true,
        });
        change(&mut first, &changes);
        first
    };
    let alice = world.arn("alice");
    precious.leaves("the user's only device", &lines(&[retire(&alice, json!({}))]), &[0]);
    precious.leaves("a device that is nobody's", &lines(&[retire(&world.arn("free"), json!({}))]), &[0]);
    precious.leaves("the only one, as one of several", &lines(&[retire(&alice, json!({ "last": false }))]), &[3, 4]);
    let held = |credential: &str| {
        let held = json!([{ "key": 12_345_678, "credential": credential }]);
        json!({ "old": { "serial": world.arn("ghost"), "enabled": 1, "held": held } })
    };
    for credential in ["GitHub:me", &world.credential("alice")] {
        let text = lines(&[retire("", held(credential))]);
        precious.refuses("another's credential", &text, "is not the one of");
    }
    let token = json!({ "old": { "serial": "GAHT12345678", "enabled": 1, "held": [
        { "key": 12_345_678, "credential": world.credential("alice") }
    ] } });
    precious.refuses("a credential of a hardware token", &lines(&[retire("", token)]), "is not the one of");
    let other = json!({ "command": "enroll" });
    precious.refuses("another kind's command", &lines(&[retire(&alice, other)]), "`enroll` begins no such run");
    let elsewhere = json!({ "account": "999999999999" });
    precious.refuses("another account's device", &lines(&[retire(&alice, elsewhere)]), "line 1 of");
    let early = retire(&alice, json!({ "started": now() - 7200 }));
    precious.refuses("a device enabled since it began", &lines(&[early]), "is no device that this run could");
    let text = lines(&[retire(&alice, json!({})), remove_credential()]);
    precious.refuses("another kind's step", &text, "line 2 of");

    let key = |changes: Value| {
        let mut first = json!({
            "record": "key", "version": 1, "command": "rotate", "started": now() + 3600, "caller": "arn:of:somebody",
            "account": account, "user": "alice", "before": [], "first": null, "old": null, "keep": false, "to": "vault",
        });
        change(&mut first, &changes);
        first
    };
    let new_key = json!({ "record": "new_key", "id": precious.access_key });
    let make = intend(&json!({ "undo": "delete_key" }));
    let text = lines(&[key(json!({})), make.clone(), new_key.clone()]);
    precious.leaves("a key that was there as the new one", &text, &[0]);
    let before = key(json!({ "before": [precious.access_key] }));
    precious.refuses("a key of before as the new one", &lines(&[before.clone(), make, new_key]), "line 3 of");
    let activate = intend(&json!({ "undo": "activate_key", "id": precious.access_key }));
    precious.refuses("a key that does not go", &lines(&[before, activate]), "line 2 of");
    precious.refuses("a key from nowhere", &lines(&[key(json!({ "old": "AKIA" }))]), "line 1 of");
}

#[test]
fn a_file_that_is_no_whole_run() {
    let precious = Precious::new();
    let world = &precious.world;
    let good = begin(world, "ghost", &json!({}));
    precious.refuses("headless", &lines(&[delete_device(), remove_credential()]), "line 1 of");
    precious.refuses("two in one", &lines(&[good.clone(), good.clone()]), "line 2 of");
    let later = begin(world, "ghost", &json!({ "version": 2 }));
    precious.refuses("a later version", &lines(&[later]), "a later glasskey wrote ");
    let strange = json!({ "record": "begin", "version": 7, "what": "nobody knows yet" });
    precious.refuses("a much later version", &lines(&[strange]), "(format 7; this one knows 1)");
    let zero = begin(world, "ghost", &json!({ "version": 0 }));
    precious.refuses("version 0", &lines(&[zero]), "line 1 of");
    precious.refuses("an unknown record", &lines(&[good.clone(), json!({ "record": "future" })]), "line 2 of");
    let latin = [&lines(std::slice::from_ref(&good))[..], b"{\"record\":\"\xe9\"}\n"].concat();
    precious.refuses("bytes that are no text", &latin, "line 2 of");
    precious.refuses("an empty line", &[&lines(std::slice::from_ref(&good))[..], b"\n"].concat(), "line 2 of");
    precious.refuses("somebody's notes", b"remember the milk", "line 1 of");
    precious.refuses("zeros", &[0; 4096], "line 1 of");
    let mut long = lines(std::slice::from_ref(&good));
    long.extend(std::iter::repeat_n(&b"{\"record\":\"created\"}\n"[..], 60_000).flatten());
    precious.refuses("a megabyte", &long, "it is longer than 1048576 bytes");
}

/// In the journal's place for runs: what is no file, and what is not called as a run.
#[test]
fn what_is_planted_beside_the_runs() {
    let precious = Precious::new();
    let (world, before) = (&precious.world, precious.all());
    let place = runs(world);
    let bad = lines(&[begin(world, "ghost", &json!({ "credential": "GitHub:me" })), delete_device()]);
    let outside = world.keys.home.path().join("outside.jsonl");
    fs::write(&outside, &bad).unwrap();
    let says = |what: &str| {
        for choice in ["--yes", "--undo"] {
            let done = recover(world, choice);
            assert_eq!(done.code, 3, "{done:?}");
            assert!(done.stderr.contains(what), "{what}: {done:?}");
            assert_eq!((precious.all(), fs::read(&outside).unwrap()), (before.clone(), bad.clone()), "{done:?}");
        }
    };
    let path = place.join(NAME);
    fs::create_dir(&path).unwrap();
    says("it is not a regular file");
    fs::remove_dir(&path).unwrap();
    symlink(&outside, &path).unwrap();
    says("it is a symbolic link");
    fs::remove_file(&path).unwrap();
    symlink("/nowhere/at/all", &path).unwrap();
    says("it is a symbolic link");
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    says("it is not a regular file");
    fs::remove_file(&path).unwrap();
    let socket = UnixListener::bind(&path).unwrap();
    says("it is not a regular file");
    drop(socket);
    fs::remove_file(&path).unwrap();
    let odd = place.join(OsStr::from_bytes(b"\xff.jsonl"));
    fs::write(&odd, lines(&[begin(world, "ghost", &json!({})), delete_device()])).unwrap();
    says("line 1 of");
    fs::remove_file(&odd).unwrap();

    fs::write(&path, "").unwrap();
    fs::write(place.join("mine.jsonl"), "").unwrap();
    fs::write(place.join("000000000002-1-000001-0000abcd.jsonl"), "{\"record\":\"beg").unwrap();
    let done = recover(world, "--yes");
    assert_eq!((done.code, &*done.stdout), (0, "nothing to recover\n"), "{done:?}");
    let removed = format!("{} was empty and is removed: its run had not begun anything\n", path.display());
    assert!(done.stderr.contains(&removed) && done.stderr.matches("is removed").count() == 2, "{done:?}");
    assert!(done.stderr.contains("mine.jsonl is empty and is not called as a run's file is"), "{done:?}");
    let left: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!((left, precious.all()), (vec!["mine.jsonl".into()], before));
}

/// Each file that cannot be read or is not believed is named, by every command that needs the journal.
#[test]
fn every_bad_run_is_named() {
    let world = Simulated::with_keys(1);
    let place = runs(&world);
    let name = |nth: usize| format!("00000000000{nth}-1-000001-0000abc{nth}.jsonl");
    let later = lines(&[begin(&world, "ghost", &json!({ "version": 9 }))]);
    let texts = [&b"not a record\n"[..], &later, b"{\"record\":\"odd\"}\n"];
    for (nth, text) in texts.iter().enumerate() {
        fs::write(place.join(name(nth + 1)), text).unwrap();
    }
    let commands = [
        &["recover", "--yes", "--no-input"][..],
        &["enroll", "alice", "--key", "12345678", "--yes", "--no-input"],
        &["doctor", "--offline"],
    ];
    for args in commands {
        let done = world.run(args);
        let told = format!("{}{}", done.stdout, done.stderr);
        assert!((1..=3).all(|nth| told.contains(&name(nth))), "{args:?}: {done:?}");
    }
}

/// A bad run is in nobody's way: the good ones are recovered, and then it is said.
#[test]
fn good_runs_are_recovered_beside_a_bad_one() {
    let world = Simulated::with_keys(1);
    let place = runs(&world);
    fs::write(place.join(NAME), lines(&[begin(&world, "ghost", &json!({ "credential": "GitHub:me" }))])).unwrap();
    unassigned(&world, "carol");
    let good = lines(&[begin(&world, "carol", &json!({})), delete_device(), json!({ "record": "created" })]);
    fs::write(place.join("000000000002-1-000001-0000abcd.jsonl"), good).unwrap();
    let done = recover(&world, "--yes");
    assert_eq!(done.code, 3, "{done:?}");
    assert!(
        done.stderr.contains("has the device, not enabled") && done.stderr.contains("is not believed"),
        "{done:?}"
    );
    assert!(world.aws.devices().is_empty());
    assert_eq!(world.unfinished(), 1);
}

/// As version 0.1.0 has written it, modes and all: in a directory of its owner's the umask's file is believed.
#[test]
fn a_run_of_an_earlier_version_is_recovered() {
    for (mode, torn) in [(0o644, &b""[..]), (0o664, b"{\"record\":\"enab"), (0o600, b"{\"record\":\"\xc3")] {
        let world = Simulated::with_keys(1);
        let serial = unassigned(&world, "alice");
        let account = world.aws.account();
        let text = format!(
            "{{\"record\":\"begin\",\"version\":1,\"command\":\"enroll\",\"started\":{},\"caller\":\"arn:aws:iam::{account}:user/admin\",\"user\":\"alice\",\"arn\":\"{serial}\",\"credential\":\"AWS:{account}/alice\",\"keys\":[12345678,38758138],\"touch\":false,\"phone\":false}}\n\
             {{\"record\":\"intend\",\"undo\":\"delete_device\"}}\n\
             {{\"record\":\"created\"}}\n\
             {{\"record\":\"intend\",\"undo\":\"remove_credential\",\"key\":12345678}}\n\
             {{\"record\":\"intend\",\"undo\":\"remove_credential\",\"key\":38758138}}\n\
             {{\"record\":\"enabling\"}}\n",
            now()
        );
        let path = runs(&world).join("001795432576-4711-000000-1a2b3c4d.jsonl");
        fs::write(&path, [text.as_bytes(), torn].concat()).unwrap();
        set_mode(&path, mode);
        put(world.keys.key(0), &world.credential("alice"), false);
        let done = recover(&world, "--yes");
        // The other key is not here: its credential is not known to be gone.
        assert_eq!(done.code, 4, "{done:?}");
        assert!(done.stderr.contains(&format!("holds the credential \"AWS:{account}/alice\"\n")), "{done:?}");
        assert!(world.aws.devices().is_empty() && world.keys.key(0).credentials().is_empty(), "{done:?}");
        assert_eq!(recover(&world, "--forget").code, 0);
        assert_eq!(world.unfinished(), 0);
    }
}
