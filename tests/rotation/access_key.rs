//! `glasskey rotate --access-key` through the binary: who gets the secret, which key goes, and what is refused.

use crate::support::blows::is_call;
use crate::support::{Run, Simulated, Typist, run};
use glasskey::sim::aws::{Fault, Keys, Wrong};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// As if a vault took it.
const VAULT: [&str; 2] = ["--secret-to-command", "cat >taken"];

fn args(more: &[&str]) -> Vec<String> {
    let args = ["rotate", "alice", "--access-key", "--yes", "--no-input"];
    args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
}

fn rotate(world: &Simulated, more: &[&str]) -> Run {
    world.run(args(&[&VAULT, more].concat()))
}

/// Alice's access keys: ids, and whether they are active.
fn keys(world: &Simulated) -> Vec<(String, bool)> {
    world.aws.access_keys("alice").into_iter().map(|key| (key.id, key.active)).collect()
}

fn only_key(world: &Simulated) -> String {
    let keys = keys(world);
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].0.clone()
}

/// The binary, signed with the access key of this id.
fn signed(world: &Simulated, id: &str, args: &[String]) -> Command {
    let secret_access_key = world.aws.secret_of(id).unwrap().to_string();
    let keys = Keys { access_key_id: id.to_owned(), secret_access_key, session_token: None };
    world.glasskey_as(&keys, args)
}

/// What the vault took is the secret of this key.
#[track_caller]
fn holds(world: &Simulated, taken: &str, id: &str) {
    let text = std::fs::read_to_string(world.keys.home.path().join(taken)).unwrap();
    let right = format!(
        "{{\"Version\":1,\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"{}\"}}\n",
        *world.aws.secret_of(id).unwrap()
    );
    assert_eq!(text, right);
}

/// The secret is in no file but what the vault wrote.
#[track_caller]
fn on_no_disk(world: &Simulated, secret: &str, but: &str) {
    let mut directories = vec![world.keys.home.path().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else if entry.file_type().unwrap().is_file() && entry.file_name() != *but {
                let text = std::fs::read(entry.path()).unwrap();
                assert!(!String::from_utf8_lossy(&text).contains(secret), "{:?}", entry.path());
            }
        }
    }
}

#[test]
fn by_an_administrator() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    let done = rotate(&world, &[]);
    let new = only_key(&world);
    assert!(new != old && world.aws.access_keys("alice")[0].used, "it has called AWS");
    let account = world.aws.account();
    let told = format!(
        "glasskey will, in account {account} as arn:aws:iam::{account}:user/admin:\n\
         \x20 create  access key          for user alice\n\
         \x20 hand    its secret to       `cat`, on its standard input\n\
         \x20 disable access key          {old}\n\
         \x20 delete  access key          {old}\n\
         \x20 created   access key {new} for alice\n\
         \x20 proved    {new} has asked AWS who it is: arn:aws:iam::{account}:user/alice\n\
         \x20 secret    of {new} read by cat; what it did with it was not looked at\n\
         \x20 inactive  {old}: AWS takes it no more\n\
         \x20 deleted   {old}\n"
    );
    done.is(0, &format!("{new}\n"), &told);
    holds(&world, "taken", &new);
    assert_eq!(world.unfinished(), 0);
    let secret = world.aws.secret_of(&new).unwrap();
    done.never_says(&[&secret]);
    on_no_disk(&world, &secret, "taken");
    let made = ["GetCallerIdentity", "ListAccessKeys", "ListAccessKeys", "CreateAccessKey", "GetCallerIdentity"];
    let gone = ["ListAccessKeys", "UpdateAccessKey", "ListAccessKeys", "DeleteAccessKey", "ListAccessKeys"];
    assert_eq!(world.actions(), [&made[..], &gone].concat());
}

/// Somebody else makes a key while the question stands, and the request for ours never arrives.
#[test]
fn a_key_that_was_made_while_the_question_stood_is_not_taken_for_the_lost_one() {
    let world = Simulated::with_keys(0);
    let mut command = world.keys.bare(["rotate", "alice", "--access-key"].iter().chain(&VAULT));
    command.envs(world.environment(&world.aws.admin()));
    let mut person = Typist::start(&command);
    person.sees("[y/N] ");
    crate::enroll::api::call(&world.aws, &world.aws.admin(), "CreateAccessKey", &[("UserName", "alice")]);
    let there = keys(&world);
    world.aws.fail(Fault::next("CreateAccessKey", Wrong::NeverArrive));
    person.types("y");
    let (_, done) = person.end();
    assert_eq!((done.code, keys(&world)), (3, there), "{done:?}");
}

#[test]
fn json_says_what_was_done_and_no_secret() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    let plan = rotate(&world, &["--dry-run", "--json"]).json();
    assert_eq!((&plan["type"], &plan["access_key"]["old"]["id"]), (&json!("access_key_plan"), &json!(old)));
    let permissions = ["iam:ListAccessKeys", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"];
    assert_eq!((&plan["permissions"], only_key(&world)), (&json!(permissions), old.clone()));
    let done = rotate(&world, &["--json", "--keep-old"]);
    let all = keys(&world);
    let (new, _) = all.iter().find(|(id, _)| *id != old).unwrap();
    assert!(!all.iter().find(|(id, _)| *id == old).unwrap().1);
    let right = json!({ "id": new, "to": "cat", "old": { "id": old, "state": "inactive" }, "made_room": null });
    let answer = done.json();
    assert_eq!((&answer["type"], &answer["user"]), (&json!("access_key_rotated"), &json!("alice")));
    assert_eq!(answer["access_key"], right);
    done.never_says(&[&world.aws.secret_of(new).unwrap()]);
    holds(&world, "taken", new);
}

#[test]
fn the_device_first_and_then_the_access_key() {
    let world = Simulated::with_keys(2);
    assert_eq!(world.run(["enroll", "alice", "--key", "12345678", "--yes", "--no-input"]).code, 0);
    let old = only_key(&world);
    let both = ["--from", "alice", "--key", "12345679", "--json"];
    let done = rotate(&world, &both);
    let (new, answer) = (only_key(&world), done.json());
    assert_eq!((done.code, &answer["type"]), (0, &json!("rotated")), "{done:?}");
    assert_eq!(answer["device"]["arn"], json!(world.arn("alice-2")));
    assert_eq!(answer["access_key"]["id"], json!(new));
    assert_eq!(answer["access_key"]["old"], json!({ "id": old, "state": "deleted" }));
    let actions = world.actions();
    let at = |name: &str| actions.iter().rposition(|action| action == name).unwrap();
    assert!(at("DeleteVirtualMFADevice") < at("CreateAccessKey"), "{actions:?}");
    // The device is done, and then the access key is refused: what is done is said.
    world.aws.fail(Fault::next("CreateAccessKey", Wrong::Deny));
    world.aws.clock().advance(Duration::from_secs(120));
    let done = rotate(&world, &["--from", "alice-2", "--key", "12345678"]);
    assert_eq!((done.code, world.unfinished()), (4, 0), "{done:?}");
    let end = format!(
        "glasskey: hint: the device is done; run the command again without --from and --key for the access key\n\
         glasskey: done before this: {} is enabled and works; the old device is gone\n",
        world.arn("alice")
    );
    assert!(done.stderr.ends_with(&end), "{done:?}");
    assert_eq!(only_key(&world), new);
}

/// The last calls would be refused if they were signed with the key that is gone.
#[test]
fn ones_own_key_that_signs_the_command() {
    let world = Simulated::with_keys(0);
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policies/self-service-rotate.json");
    world.aws.allow("alice", &std::fs::read_to_string(policy).unwrap()).unwrap();
    let old = only_key(&world);
    let done = run(&mut signed(&world, &old, &args(&VAULT)));
    let new = only_key(&world);
    assert_eq!((done.code, new == old), (0, false), "{done:?}");
    let plan = "This command is signed with the key that goes. Once the new one is handed over, it is signed with \
                that.\n";
    assert!(done.stderr.contains(plan), "{done:?}");
    assert!(done.stderr.contains(&format!("  signing   with {new} from here on\n")), "{done:?}");
    holds(&world, "taken", &new);
    let again = run(&mut signed(&world, &new, &args(&VAULT)));
    assert_eq!(again.code, 0, "{again:?}");
}

#[test]
fn a_key_that_aws_knows_only_later_is_waited_for() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    world.aws.set_key_propagation(Duration::from_millis(1500));
    let done = rotate(&world, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  waiting   for AWS to know the new access key: 1 s\n"), "{done:?}");
    assert_ne!(only_key(&world), old);
}

#[test]
fn two_keys_and_it_must_be_said_which_goes() {
    let world = Simulated::with_keys(0);
    let one = only_key(&world);
    let other = world.aws.add_user("alice").access_key_id;
    let refused = rotate(&world, &[]);
    assert_eq!((refused.code, keys(&world).len()), (2, 2), "{refused:?}");
    assert!(
        refused.stderr.starts_with("glasskey: error: alice has two access keys, and AWS allows no third\n"),
        "{refused:?}"
    );
    for id in [&one, &other] {
        assert!(refused.stderr.contains(&format!("glasskey: {id}: active, made ")), "{refused:?}");
        let hint = format!("--replace {id} deletes this one before the new one is made, and leaves the other\n");
        assert!(refused.stderr.contains(&hint), "{refused:?}");
    }
    let signs = run(&mut signed(&world, &one, &args(&[&VAULT[..], &["--replace", &one]].concat())));
    // Alice may not list her keys here; as an administrator's command it is another's key.
    assert_eq!(signs.code, 3, "{signs:?}");
    let unknown = rotate(&world, &["--replace", "AKIAUNKNOWN"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert_eq!(rotate(&world, &["--make-room", &one]).code, 2);
    // Two active ones: the other one stays, whatever happens.
    let done = rotate(&world, &["--replace", &one]);
    assert_eq!(done.code, 0, "{done:?}");
    let plan = format!(
        "  delete  first, to make room {one}, active until then\n  create  access key          for user alice\n"
    );
    assert!(done.stderr.contains(&plan), "{done:?}");
    let now = keys(&world);
    assert!(now.contains(&(other.clone(), true)) && !now.contains(&(one, true)) && now.len() == 2, "{now:?}");
}

/// Somebody deletes the one that was to stay while the first is deactivated: it is activated again.
#[test]
fn the_last_key_does_not_make_room() {
    let world = Simulated::with_keys(0);
    let one = only_key(&world);
    let other = world.aws.add_user("alice").access_key_id;
    let aws = world.aws.clone();
    world.tap.listen(move |passing| {
        if is_call(passing, "UpdateAccessKey") && !passing.done && aws.access_keys("alice").len() == 2 {
            let key = [("UserName", "alice"), ("AccessKeyId", &*other)];
            crate::enroll::api::call(&aws, &aws.admin(), "DeleteAccessKey", &key);
        }
    });
    let done = rotate(&world, &["--replace", &one]);
    assert_eq!((done.code, keys(&world)), (3, vec![(one, true)]), "{done:?}");
}

#[test]
fn an_inactive_key_makes_room() {
    for choice in ["--make-room", "--replace"] {
        let world = Simulated::with_keys(0);
        let active = only_key(&world);
        let inactive = world.aws.add_user("alice").access_key_id;
        crate::enroll::api::call(
            &world.aws,
            &world.aws.admin(),
            "UpdateAccessKey",
            &[("UserName", "alice"), ("AccessKeyId", &inactive), ("Status", "Inactive")],
        );
        let hint = format!("glasskey: hint: --make-room {inactive} deletes the inactive one first");
        let last = rotate(&world, &["--replace", &active]);
        assert!(last.code == 3 && last.stderr.contains(&hint), "{last:?}");
        let done = rotate(&world, &[choice, &inactive]);
        assert_eq!(done.code, 0, "{choice}: {done:?}");
        let now = keys(&world);
        assert!(now.iter().all(|(id, is)| *id != inactive && *is), "{now:?}");
        // The active one is rotated, or left as it is.
        let right = if choice == "--make-room" { (1, false) } else { (2, true) };
        assert_eq!((now.len(), now.contains(&(active, true))), right, "{choice}: {now:?}");
    }
}

/// What was deleted to make room cannot be brought back, and that is said.
#[test]
fn room_was_made_and_nothing_came_into_it() {
    let world = Simulated::with_keys(0);
    let one = only_key(&world);
    let other = world.aws.add_user("alice").access_key_id;
    world.aws.fail(Fault::next("CreateAccessKey", Wrong::Deny));
    let done = rotate(&world, &["--replace", &one]);
    assert_eq!((done.code, keys(&world), world.unfinished()), (4, vec![(other, true)], 0), "{done:?}");
    let end = format!("glasskey: access key {one} was deleted before this, and cannot be brought back\n");
    assert!(done.stderr.ends_with(&end), "{done:?}");
    // The other one went in the same moment: that none is left is said.
    let world = Simulated::with_keys(0);
    let one = only_key(&world);
    let other = world.aws.add_user("alice").access_key_id;
    world.aws.fail(Fault::next("CreateAccessKey", Wrong::Deny));
    let (aws, admin) = (world.aws.clone(), world.aws.admin());
    let first = AtomicBool::new(true);
    world.tap.listen(move |passing| {
        if is_call(passing, "DeleteAccessKey") && !passing.done && first.swap(false, Ordering::SeqCst) {
            let key = [("UserName", "alice"), ("AccessKeyId", &*other)];
            crate::enroll::api::call(&aws, &admin, "DeleteAccessKey", &key);
        }
    });
    let done = rotate(&world, &["--replace", &one]);
    assert_eq!((done.code, keys(&world)), (4, vec![]), "{done:?}");
    let end =
        "glasskey: alice has no active access key left; `aws iam create-access-key --user-name alice` makes one\n";
    assert!(done.stderr.ends_with(end), "{done:?}");
    // Refused before it was deleted: it is active again.
    let world = Simulated::with_keys(0);
    let one = only_key(&world);
    let _ = world.aws.add_user("alice");
    world.aws.fail(Fault::next("DeleteAccessKey", Wrong::Deny));
    let done = rotate(&world, &["--replace", &one]);
    assert_eq!((done.code, world.unfinished()), (3, 0), "{done:?}");
    assert!(keys(&world).iter().all(|(_, active)| *active), "{done:?}");
}

#[test]
fn the_command_does_not_take_it() {
    for (line, error) in [
        ("cat >/dev/null; exit 3", "`cat` did not take the secret: exit status 3"),
        ("true", "`true` ended without reading the secret from its standard input"),
        ("cat >&2; exit 1", "`cat` did not take the secret: exit status 1"),
        ("base64 >&2; exit 1", "`base64` did not take the secret: exit status 1"),
    ] {
        let world = Simulated::with_keys(0);
        let old = only_key(&world);
        let done = world.run(args(&["--secret-to-command", line]));
        assert_eq!((done.code, only_key(&world), world.unfinished()), (3, old, 0), "{line}: {done:?}");
        assert!(done.stderr.contains(&format!("glasskey: error: {error}\n")), "{line}: {done:?}");
        assert!(done.stderr.contains("may have stored the secret of AKIA"), "{line}: {done:?}");
        let printed = done.stderr.contains("said: it printed the secret; its words are not shown");
        assert_eq!(printed, line.contains(">&2"), "{line}: {done:?}");
        assert!(!done.stderr.contains("SecretAccessKey"), "{line}: {done:?}");
    }
}

/// The binary with a pipe or something else as file descriptor 3.
fn with_fd(world: &Simulated, script: &str, more: &[&str]) -> Run {
    let command = world.glasskey(args(&[&["--secret-fd", "3"], more].concat()));
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap());
    let mut done = run(&mut shell);
    let code = std::fs::read_to_string(world.keys.home.path().join("code"));
    done.code = code.map_or(done.code, |code| code.trim().parse().unwrap());
    done
}

#[test]
fn into_a_pipe() {
    let world = Simulated::with_keys(0);
    let done = with_fd(&world, r#"{ "$0" "$@" 3>&1 >result; echo $? >code; } | cat >got"#, &[]);
    let new = only_key(&world);
    assert_eq!(done.code, 0, "{done:?}");
    holds(&world, "got", &new);
    assert_eq!(std::fs::read_to_string(world.keys.home.path().join("result")).unwrap(), format!("{new}\n"));
    for (format, right) in [
        ("csv", "User Name,Access key ID,Secret access key\n\"alice\",ID,SECRET\n"),
        ("env", "export AWS_ACCESS_KEY_ID='ID'\nexport AWS_SECRET_ACCESS_KEY='SECRET'\n"),
    ] {
        let written = ["--secret-format", format];
        let done = with_fd(&world, r#"{ "$0" "$@" 3>&1 >result; echo $? >code; } | cat >got"#, &written);
        assert_eq!(done.code, 0, "{done:?}");
        let new = only_key(&world);
        let right = right.replace("ID'", &format!("{new}'")).replace(",ID,", &format!(",{new},"));
        let right = right.replace("SECRET\n", &format!("{}\n", *world.aws.secret_of(&new).unwrap()));
        let right = right.replace("='SECRET'", &format!("='{}'", *world.aws.secret_of(&new).unwrap()));
        assert_eq!(std::fs::read_to_string(world.keys.home.path().join("got")).unwrap(), right);
    }
}

#[test]
fn standard_output_only_where_it_is_named_and_a_pipe() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    let done = world.run(args(&["--secret-fd", "1", "--json"]));
    assert_eq!((done.code, only_key(&world)), (2, old), "{done:?}");
    let done = world.run(args(&["--secret-fd", "1"]));
    let (new, taken) = (only_key(&world), done.json());
    assert_eq!((&taken["AccessKeyId"], taken.as_object().unwrap().len()), (&json!(new), 3));
    assert_eq!(taken["SecretAccessKey"], json!(*world.aws.secret_of(&new).unwrap()));
    assert!(done.stderr.ends_with(&format!("\n{new}\n")), "{done:?}");
    done.json().as_object().iter().for_each(|_| assert!(!done.stderr.contains("SecretAccessKey")));
}

#[test]
fn neither_a_file_nor_a_terminal() {
    for target in ["3>file", "3>/dev/null", "3>&-"] {
        let world = Simulated::with_keys(0);
        let old = only_key(&world);
        let done = with_fd(&world, &format!(r#""$0" "$@" {target}"#), &[]);
        assert_eq!((done.code, only_key(&world)), (2, old), "{target}: {done:?}");
        assert!(done.stderr.starts_with("glasskey: error: file descriptor 3 "), "{target}: {done:?}");
        assert!(world.actions().is_empty());
    }
    let world = Simulated::with_keys(0);
    let mut command = world.keys.bare(args(&["--secret-fd", "1"]));
    command.envs(world.environment(&world.aws.admin()));
    // On a terminal its standard output is a file here: that is refused as well.
    let (_, done) = Typist::start(&command).end();
    assert_eq!((done.code, world.actions().len()), (2, 0), "{done:?}");
}

#[test]
fn a_pipe_that_nobody_reads() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    let reader = r#"{ "$0" "$@" 3>&1 >result; echo $? >code; } | sleep 4"#;
    let done = with_fd(&world, reader, &["--command-timeout", "1"]);
    assert_eq!((done.code, only_key(&world), world.unfinished()), (3, old.clone(), 0), "{done:?}");
    let error = "glasskey: error: nobody read the secret from file descriptor 3 within 1 s\n";
    assert!(done.stderr.contains(error), "{done:?}");
    let asked = world.actions().len();
    let done = with_fd(&world, r#"{ sleep 0.5; "$0" "$@" 3>&1 >result; echo $? >code; } | exec true"#, &[]);
    assert_eq!((done.code, only_key(&world), world.actions().len()), (3, old, asked), "{done:?}");
    let error = "glasskey: error: whoever read file descriptor 3 has closed it without reading the secret\n";
    assert!(done.stderr.starts_with(error), "{done:?}");
}

/// At the terminal: the plan, and then the old key, which is inactive meanwhile.
#[test]
fn deleting_is_asked_for_at_the_end() {
    for (answer, state, code) in [("y", None, 0), ("n", Some(false), 0), ("", Some(false), 0)] {
        let world = Simulated::with_keys(0);
        let old = only_key(&world);
        let mut command = world.keys.bare(["rotate", "alice", "--access-key"].iter().chain(&VAULT));
        command.envs(world.environment(&world.aws.admin()));
        let mut typist = Typist::start(&command);
        typist.sees("Continue? [y/N] ").types("y");
        typist.sees(&format!(
            "{old} of alice is inactive, and can be activated again until it is deleted. Delete it for good? [y/N] "
        ));
        assert!(keys(&world).contains(&(old.clone(), false)));
        typist.types(answer);
        let (_, done) = typist.end();
        assert_eq!((done.code, world.unfinished()), (code, 0), "{answer}: {done:?}");
        let now = keys(&world).into_iter().find(|(id, _)| *id == old).map(|(_, active)| active);
        assert_eq!(now, state, "{answer}: {done:?}");
    }
}

#[test]
fn interrupted_at_the_last_question() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    let mut command = world.keys.bare(["rotate", "alice", "--access-key"].iter().chain(&VAULT));
    command.envs(world.environment(&world.aws.admin()));
    let mut typist = Typist::start(&command);
    typist.sees("Continue? [y/N] ").types("y").sees("Delete it for good? [y/N] ").interrupts();
    let (_, done) = typist.end();
    assert_eq!((done.code, world.unfinished()), (4, 1), "{done:?}");
    let left = format!("glasskey: access key {old} is not active any more, and is not deleted yet\n");
    assert!(done.stderr.contains(&left), "{done:?}");
    let recovered = world.run(["recover", "--yes", "--no-input"]);
    let new = only_key(&world);
    assert_eq!(recovered.stdout, format!("complete: alice has {new}; {old} is gone\n"), "{recovered:?}");
}

#[test]
fn nobody_says_yes_and_mistakes_in_the_command_line() {
    let world = Simulated::with_keys(0);
    let old = only_key(&world);
    let nobody = world.run(["rotate", "alice", "--access-key", "--no-input"].iter().chain(&VAULT));
    assert_eq!(nobody.code, 5, "{nobody:?}");
    for line in [
        "rotate alice --yes",
        "rotate alice --access-key --yes",
        "rotate alice --access-key --secret-fd 3 --secret-to-command cat --yes",
        "rotate alice --access-key --secret-fd 2 --yes",
        "rotate alice --from alice --secret-to-command cat --yes",
        "rotate alice --access-key --key 12345678 --secret-to-command cat --yes",
    ] {
        assert_eq!(world.run(line.split(' ')).code, 2, "{line}");
    }
    let done = world.run("rotate nobody --access-key --secret-to-command cat --yes".split(' '));
    assert_eq!(done.code, 3, "{done:?}");
    assert_eq!(only_key(&world), old);
    let gone = [("UserName", "alice"), ("AccessKeyId", &*old)];
    crate::enroll::api::call(&world.aws, &world.aws.admin(), "DeleteAccessKey", &gone);
    let none = rotate(&world, &[]);
    let error = "glasskey: error: alice has no access key to rotate\n\
                 glasskey: hint: `aws iam create-access-key --user-name alice` makes the first one\n";
    none.is(3, "", error);
}

#[test]
fn another_run_for_the_user_is_unfinished() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("DeleteAccessKey", Wrong::Deny));
    assert_eq!(rotate(&world, &[]).code, 4);
    for command in ["rotate alice --access-key --secret-to-command cat --yes", "enroll alice --key 12345678 --yes"] {
        let again = world.run(command.split(' ').chain(["--json"]));
        let answer: Value = again.json();
        assert_eq!((again.code, &answer["code"]), (3, &json!("unfinished_run")), "{again:?}");
    }
    let recovered = world.run(["recover", "--undo", "--json"]);
    let run = &recovered.json()["runs"][0];
    assert_eq!((&run["command"], &run["outcome"]), (&json!("rotate_access_key"), &json!("undone")), "{recovered:?}");
    assert_eq!(keys(&world).len(), 1);
}
