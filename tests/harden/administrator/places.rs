//! Where the first password goes: a command, an age file, the terminal; and what where none takes it.

use super::scene::{NAME, Scene};
use crate::support::Typist;
use glasskey::sim::aws::posture::PasswordPolicy;

fn without_places(scene: &Scene) -> Vec<String> {
    [scene.named(), ["--apply", "--yes", "--no-input"].map(str::to_owned).to_vec()].concat()
}

fn with(scene: &Scene, more: &[&str]) -> Vec<String> {
    [without_places(scene), more.iter().map(|arg| (*arg).to_owned()).collect()].concat()
}

#[test]
fn without_a_place_nothing_is_made() {
    let scene = Scene::new();
    let before = scene.snapshot();
    let done = scene.run(&without_places(&scene));
    assert_eq!((done.code, scene.snapshot() == before), (2, true), "{done:?}");
    assert!(done.stderr.contains("boss needs a password, and no place for it was named"), "{done:?}");
    assert!(done.stderr.contains("--password-to-command, --password-escrow or --show-password"), "{done:?}");
}

/// Each way in which a command may not take it.
#[test]
fn where_the_command_does_not_take_it_nothing_is_made() {
    for command in ["exit 1", "cat >/dev/null; exit 3", "true", "no-such-program-is-here", "cat; cat >&2; exit 1"] {
        let scene = Scene::new();
        let before = scene.snapshot();
        let done = scene.run(&with(&scene, &["--password-to-command", command]));
        assert_eq!((done.code, scene.snapshot() == before), (3, true), "{command}: {done:?}");
        assert_eq!(scene.outside.unfinished(), 0, "{command}: {done:?}");
        assert!(done.stderr.contains("glasskey: error: `"), "{command}: {done:?}");
        assert!(done.stderr.contains("is of no use: it is not boss's"), "{command}: {done:?}");
    }
}

#[test]
fn a_command_that_repeats_the_password_is_not_quoted() {
    let scene = Scene::new();
    let taking = format!("tee '{}' >&2; exit 1", scene.taken().display());
    let done = scene.run(&with(&scene, &["--password-to-command", &taking]));
    assert_eq!(done.code, 3, "{done:?}");
    let _ = done.never_says(&[&scene.password().unwrap()]);
    assert!(done.stderr.contains("it printed the password; its words are not shown"), "{done:?}");
}

#[test]
fn the_command_is_told_whose_password_it_is() {
    let scene = Scene::new();
    let told = scene.outside.keys.home.path().join("told");
    let taking = format!(
        "cat >'{}'; echo \"$GLASSKEY_USER $GLASSKEY_ACCOUNT\" >'{}'",
        scene.taken().display(),
        told.display()
    );
    let done = scene.run(&with(&scene, &["--password-to-command", &taking]));
    assert_eq!(done.code, 0, "{done:?}");
    scene.is_made("told");
    let right = format!("{NAME} {}\n", scene.outside.aws.account());
    assert_eq!(std::fs::read_to_string(told).unwrap(), right);
}

/// The identity's file is opened with the age crate, as its owner would.
#[test]
fn an_age_file_holds_the_password_and_nothing_else() {
    let scene = Scene::new();
    let identity = age::x25519::Identity::generate();
    let path = scene.outside.keys.home.path().join("boss.age");
    let recipient = identity.to_public().to_string();
    let args = ["--password-escrow", path.to_str().unwrap(), "--recipient", &recipient];
    let done = scene.run(&with(&scene, &args));
    assert_eq!(done.code, 0, "{done:?}");
    let text = age::decrypt(&identity, &std::fs::read(&path).unwrap()).unwrap();
    let password = String::from_utf8(text).unwrap();
    assert_eq!(scene.outside.aws.password_is(NAME, &password), Some(true));
    let _ = done.never_says(&[&password]);
}

#[test]
fn a_file_that_is_there_and_a_bad_recipient_stop_it_before_anything() {
    let scene = Scene::new();
    let before = scene.snapshot();
    let path = scene.outside.keys.home.path().join("boss.age");
    std::fs::write(&path, "somebody's").unwrap();
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let nowhere = scene.outside.keys.home.path().join("no/boss.age");
    for (path, recipient, hint) in [
        (&path, &*recipient, "move it away, or name another place with --password-escrow\n"),
        (&nowhere, &*recipient, "--password-escrow names another place\n"),
        (&nowhere, "age1nonsense", "a recipient is age1"),
    ] {
        let args = ["--password-escrow", path.to_str().unwrap(), "--recipient", recipient];
        let done = scene.run(&with(&scene, &args));
        assert!(matches!(done.code, 2 | 3) && scene.snapshot() == before, "{done:?}");
        assert!(done.stderr.contains(&format!("glasskey: hint: {hint}")), "{done:?}");
        assert!(!scene.outside.actions().contains(&"CreateUser".to_owned()), "{done:?}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's");
}

/// The file is taken back where the password does not come into force.
#[test]
fn a_file_whose_password_is_refused_is_removed_again() {
    use glasskey::sim::aws::{Fault, Wrong};
    let scene = Scene::new();
    let path = scene.outside.keys.home.path().join("boss.age");
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    scene.outside.aws.fail(Fault::next("CreateLoginProfile", Wrong::Deny));
    let args = with(&scene, &["--password-escrow", path.to_str().unwrap(), "--recipient", &recipient]);
    let done = scene.run(&args);
    assert_eq!((done.code, path.exists()), (4, false), "{done:?}");
    scene.outside.aws.heal();
    let again = scene.run(&args);
    assert_eq!((again.code, path.exists()), (0, true), "{again:?}");
}

#[test]
fn on_a_terminal_the_password_is_shown_where_that_is_asked_for_and_erased() {
    for (answer, code) in [("done", 0), ("", 5)] {
        let scene = Scene::new();
        let args = with(&scene, &["--show-password"]);
        let args: Vec<&String> = args.iter().filter(|arg| *arg != "--no-input").collect();
        let mut command = scene
            .outside
            .keys
            .bare(["root", "harden"].iter().map(|arg| (*arg).to_owned()).chain(args.into_iter().cloned()));
        command.envs(scene.outside.environment(&scene.caller));
        let mut typist = Typist::start(&command);
        typist.sees("The first password of boss:").sees("Type \"done\" once you have it: ").types(answer);
        let (seen, done) = typist.end();
        assert_eq!(done.code, code, "{done:?}");
        let password = seen.lines().map(str::trim).find(|line| line.len() == 40 && !line.contains(' ')).unwrap();
        assert_eq!(scene.outside.aws.password_is(NAME, password), (code == 0).then_some(true));
        let _ = done.never_says(&[password]);
        assert!(seen.contains("\u{1b}[?1049h") && seen.contains("\u{1b}[?1049l"), "on a screen of its own");
    }
    let scene = Scene::new();
    let before = scene.snapshot();
    let done = scene.run(&with(&scene, &["--show-password"]));
    assert_eq!((done.code, scene.snapshot() == before), (5, true), "{done:?}");
}

/// The password keeps to any policy that the account may have, and to the one that the same plan sets.
#[test]
fn the_password_keeps_to_the_policy_of_the_account() {
    let weak = PasswordPolicy { minimum_length: 6, symbols: false, numbers: false, ..Default::default() };
    let strict = PasswordPolicy { minimum_length: 128, ..Default::default() };
    for (policy, length) in [(None, 40), (Some(weak), 40), (Some(strict), 128)] {
        let scene = Scene::new();
        scene.outside.aws.arrange(|posture| posture.password_policy = policy.clone());
        let args: Vec<String> = [scene.all(), ["--only", "password-policy"].map(str::to_owned).to_vec()].concat();
        let done = scene.run(&args);
        assert_eq!(done.code, 0, "{done:?}");
        scene.is_made("within the policy");
        assert_eq!(scene.password().unwrap().len(), length);
    }
}

/// However the line is written: nothing else of it is shown.
#[test]
fn the_program_that_took_the_password_is_named() {
    for (line, name) in [
        ("cat>'TAKEN'", "cat"),
        ("TOKEN=abc>'TAKEN' tee", "tee"),
        ("SECRET=\"a b\" \"TOOL/my tool/keep\" --token=abc", "keep"),
    ] {
        let scene = Scene::new();
        let tool = scene.outside.keys.home.path().join("my tool/keep");
        std::fs::create_dir(tool.parent().unwrap()).unwrap();
        std::fs::write(&tool, format!("#!/bin/sh\ncat >'{}'\n", scene.taken().display())).unwrap();
        std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let line = line.replace("TAKEN", scene.taken().to_str().unwrap());
        let line = line.replace("TOOL", scene.outside.keys.home.path().to_str().unwrap());
        let done = scene.run(&with(&scene, &["--password-to-command", &line]));
        assert_eq!(done.code, 0, "{line}: {done:?}");
        assert!(done.stderr.contains(&format!("`{name}` took the password")), "{line}: {done:?}");
        scene.is_made(&line);
    }
}

/// What `glasskey enroll` would suggest is no option of this command.
#[test]
fn a_device_that_is_in_the_way_is_told_with_this_commands_options() {
    let scene = Scene::new();
    let device = [("VirtualMFADeviceName", NAME)];
    crate::enroll::api::call(&scene.outside.aws, &scene.caller, "CreateVirtualMFADevice", &device);
    let done = scene.run(&scene.all());
    assert_ne!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("--admin-user makes an administrator of another name instead"), "{done:?}");
    assert!(!done.stderr.contains("--device-name"), "{done:?}");
}
