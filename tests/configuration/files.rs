//! A file that cannot be read ends the run, with its name and line: what it says may decide whose credentials are used.

use super::{Home, check};
use crate::support::run;
use std::process::Command;

const NOT_USED: &str = "nothing of it is used: what it says may decide whose credentials are";

/// The administrator's key is in the default profile: whoever passed over the file would act as somebody.
fn with(name: &str, content: &[u8], line: &str) {
    let home = Home::new();
    home.write("credentials", format!("[default]\n{}", home.key())).write(name, content);
    let path = home.path(name).display().to_string();
    let error = line.replace("FILE", &path);
    home.refuses(&mut home.command(&["devices"]), &error, NOT_USED);
    let offline = home.doctor(&["--offline"]);
    let said = check(&offline, "aws_configuration");
    assert_eq!((&said["verdict"], &said["message"]), (&"problem".into(), &error.into()));
}

#[test]
fn a_byte_that_is_not_utf8_is_said_with_its_line() {
    let latin = b"[default]\nregion = us-east-1\n# Andr\xe9's\n[profile x]\nrole_arn = y\n";
    with("config", latin, "line 3 of FILE is not UTF-8");
    with("credentials", b"[default]\naws_access_key_id = \xff\n", "line 2 of FILE is not UTF-8");
}

#[test]
fn byte_order_marks_are_named() {
    with("config", "\u{feff}[default]\nregion = us-east-1\n".as_bytes(), "FILE begins with a byte order mark");
    with("config", b"\xff\xfe[\0d\0", "FILE is UTF-16");
}

#[test]
fn a_line_that_is_no_setting_is_named() {
    with(
        "config",
        b"[default]\nregion us-east-1\n",
        "line 2 of FILE is neither a section nor a setting: \"=\" is missing",
    );
    with("config", b"region = x\n[default]\n", "line 1 of FILE stands before the first section");
    with("config", b"[default]\n[profile x\n", "line 2 of FILE begins a section without an end: \"]\" is missing");
    with("credentials", b"[a]\nx = 1\n[a]\n", "line 3 of FILE has [a] a second time");
    with("credentials", b"[a]\nx = 1\nx = 2\n", "line 3 of FILE has x a second time");
}

#[test]
fn what_is_not_a_file_is_neither_read_nor_waited_for() {
    for make in [&["mkdir"][..], &["mkfifo"]] {
        let home = Home::new();
        home.write("credentials", format!("[default]\n{}", home.key()));
        let path = home.path("config");
        assert!(Command::new(make[0]).arg(&path).status().unwrap().success());
        home.refuses(&mut home.command(&["devices"]), &format!("{} is not a file", path.display()), NOT_USED);
    }
}

/// The AWS CLI goes on without it, with what the other file says.
#[test]
fn what_is_said_of_a_directory_in_a_files_place_is_so() {
    let home = Home::new();
    home.write("config", format!("[default]\n{}", home.key()));
    let directory = home.path("").display().to_string();
    let (theirs, _) = home.both(&[("AWS_SHARED_CREDENTIALS_FILE", &directory)], None);
    assert_eq!(theirs, home.admin());
    let mut command = home.command(&["devices"]);
    command.env("AWS_SHARED_CREDENTIALS_FILE", &directory);
    let done = run(&mut command);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("the AWS CLI passes over this one, and goes on without it"), "{done:?}");
}

#[test]
fn a_file_that_is_not_there_is_an_empty_one() {
    let home = Home::new();
    home.write("credentials", format!("[default]\n{}", home.key()));
    let done = run(home.command(&["devices"]).env("AWS_CONFIG_FILE", "/nowhere/config"));
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn a_line_behind_a_carriage_return_is_not_lost() {
    with("config", b"[default]\rregion = us-east-1\n", "line 1 of FILE has another line behind a carriage return");
    with("config", b"[default]\n# home\r[profile b]\n", "line 2 of FILE has another line behind a carriage return");
}
