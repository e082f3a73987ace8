//! A `credential_process` that comes back to itself is refused, by whatever way it comes.

use super::Home;
use crate::support::run;

const ERROR: &str = "profile \"loop\" gets its credentials from the very command that asks for them, without end";
const HINT: &str = "name the profile that holds the access key: `glasskey session --profile base --format \
                    credential-process`";

/// A home whose profile `loop` has this process, and `base` the access key. Every start of the binary is counted.
fn with(process: &str) -> Home {
    let home = Home::new();
    let binary = env!("CARGO_BIN_EXE_glasskey");
    let path = home.path("counted");
    home.write(
        "config",
        format!(
            "[profile loop]\ncredential_process = {}\n",
            process.replace("GLASSKEY", &path.display().to_string())
        ),
    );
    home.write("credentials", format!("[base]\n{}", home.key()));
    let script = format!("#!/bin/sh\necho start >> {}\nexec {binary} \"$@\"\n", home.path("starts").display());
    home.write("counted", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    home
}

fn starts(home: &Home) -> usize {
    std::fs::read_to_string(home.path("starts")).map_or(0, |text| text.lines().count())
}

#[test]
fn a_process_that_asks_for_its_own_profile_is_started_once() {
    let processes = [
        "GLASSKEY session --profile loop",
        "GLASSKEY session",
        "AWS_PROFILE=loop GLASSKEY session --format credential-process",
        "sh -c 'GLASSKEY session --profile loop'",
        "env GLASSKEY devices --profile=loop",
    ];
    for process in processes {
        let home = with(process);
        for command in [&["session", "--no-cache"][..], &["devices"]] {
            let _ = std::fs::remove_file(home.path("starts"));
            let done = run(home.command(command).env("AWS_PROFILE", "loop"));
            assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{process}: {done:?}");
            assert!(done.stderr.contains(&format!("glasskey: error: {ERROR}\n")), "{process}: {done:?}");
            assert!(!done.stderr.contains("exit status"), "{process}: {done:?}");
            assert!(starts(&home) <= 1, "{process}: {} starts", starts(&home));
        }
    }
}

/// `env -i` takes the mark away; the processes above are there all the same.
#[test]
fn a_process_that_cleans_the_environment_is_refused_all_the_same() {
    for (what, named) in [("session --profile loop", " --profile loop"), ("session", "")] {
        let clean = "env -i PATH=/usr/bin:/bin HOME=/nowhere AWS_CONFIG_FILE=@1 AWS_SHARED_CREDENTIALS_FILE=@2";
        let variable = if named.is_empty() { " AWS_PROFILE=loop" } else { "" };
        let home = with(&format!("sh -c '{clean}{variable} GLASSKEY {what} --format credential-process; exit $?'"));
        let config = std::fs::read_to_string(home.path("config")).unwrap();
        let path = |name| home.path(name).display().to_string();
        home.write("config", config.replace("@1", &path("config")).replace("@2", &path("credentials")));
        for command in [&["session", "--no-cache"][..], &["devices"]] {
            let _ = std::fs::remove_file(home.path("starts"));
            let done = run(home.command(command).env("AWS_PROFILE", "loop"));
            assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{what}: {done:?}");
            assert!(done.stderr.contains(ERROR), "{what}: {done:?}");
            assert!(starts(&home) <= 6, "{what}: {} starts", starts(&home));
        }
    }
}

#[test]
fn two_profiles_that_ask_for_each_other_are_refused() {
    let home = with("GLASSKEY session --profile other");
    let config = std::fs::read_to_string(home.path("config")).unwrap();
    let back = config.replace("[profile loop]", "[profile other]").replace("--profile other", "--profile loop");
    home.write("config", format!("{config}{back}"));
    let done = run(&mut home.command(&["devices", "--profile", "loop"]));
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains(ERROR), "{done:?}");
    assert_eq!(starts(&home), 2);
}

#[test]
fn the_refusal_names_the_profile_to_use() {
    let home = with("glasskey session --profile loop");
    home.refuses(&mut home.command(&["session", "--profile", "loop"]), ERROR, HINT);
}

/// A process that asks for another profile goes through, also where it is glasskey's own.
#[test]
fn a_process_that_asks_for_another_profile_goes_through() {
    let home = with("GLASSKEY doctor --offline --profile base >/dev/null; cat KEYS");
    let admin = home.world.aws.admin();
    let keys = serde_json::json!({
        "Version": 1, "AccessKeyId": admin.access_key_id, "SecretAccessKey": admin.secret_access_key,
    });
    home.write("keys", keys.to_string());
    let config = std::fs::read_to_string(home.path("config")).unwrap();
    home.write("config", config.replace("KEYS", &home.path("keys").display().to_string()));
    assert_eq!(home.identity(&["--profile", "loop"]), home.admin());
}
