//! The faults of an enrollment that are no message's, in each of the other flows: clocks, keys, streams.

use super::faults::scene::{Flow, Scene};
use crate::support::{Run, protect, run, with_fd};
use glasskey::sim::oath_card::SoftKey;
use std::process::{Command, Stdio};

const ALL: [Flow; 4] = [Flow::Rotate, Flow::ReplaceFirst, Flow::Retire, Flow::Resync];

#[test]
fn the_host_is_74_seconds_fast_and_ten_minutes_slow() {
    for flow in ALL {
        for ahead in [-74, 600] {
            let scene = Scene::new(flow);
            scene.world.aws.clock().set_offset_seconds(ahead);
            let done = scene.run();
            assert_eq!(done.code, 0, "{flow:?}, AWS {ahead} s ahead: {done:?}");
            let way = if ahead > 0 { " s behind AWS" } else { " s ahead of AWS" };
            assert!(done.stderr.contains(way), "{flow:?}: {done:?}");
            assert_eq!(scene.settle(&done, "a wrong clock"), "done");
        }
    }
}

/// The command with this shell line around it.
fn through_a_shell(line: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap());
    shell
}

#[test]
fn nobody_reads_anything() {
    for flow in ALL {
        let scene = Scene::new(flow);
        let shut = through_a_shell(r#"exec "$0" "$@" <&- >&- 2>&-"#, &scene.command()).status().unwrap();
        assert_eq!(shut.code(), Some(3), "{flow:?}: the result could not be written");
        assert_eq!(scene.settle(&calm(), "closed streams"), "done");
        let scene = Scene::new(flow);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status =
            scene.command().stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(0), "{flow:?}");
        assert_eq!(scene.settle(&calm(), "broken pipes"), "done");
    }
}

/// What a run says that goes well, where nobody could read it: the old credential goes too.
fn calm() -> Run {
    Run { stdout: String::new(), stderr: Scene::PROMISE.to_owned(), code: 0 }
}

#[test]
fn the_new_key_is_locked() {
    let scene = Scene::new(Flow::Rotate);
    protect(scene.world.keys.key(1), "open sesame");
    let asked = scene.run();
    assert_eq!(asked.code, 5, "{asked:?}");
    assert_eq!(scene.actions(), 0, "the keys come first");
    let with = |password: &str| {
        let mut command = scene.command();
        command.args(["--password-fd", "7"]);
        run(&mut with_fd(&command, 7, password))
    };
    let wrong = with("wrong\n");
    assert_eq!((wrong.code, scene.actions()), (3, 0), "{wrong:?}");
    assert!(
        wrong.stderr.contains("glasskey: error: that is not the OATH password of YubiKey 12345679\n"),
        "{wrong:?}"
    );
    assert_eq!(with("open sesame\n").code, 0);
}

/// The old key cannot be read: the device goes, and it is said that the key keeps what it may have.
#[test]
fn the_old_key_is_locked() {
    for flow in [Flow::Rotate, Flow::Retire] {
        let scene = Scene::new(flow);
        protect(scene.world.keys.key(0), "open sesame");
        let done = scene.run();
        let warning = "glasskey: warning: YubiKey 12345678 could not be read: if it holds a credential of the device, \
                       that stays on it\n";
        assert!(done.code == 0 && done.stderr.contains(warning), "{flow:?}: {done:?}");
        assert_eq!(scene.world.keys.key(0).credentials(), [scene.world.credential("alice-1")]);
        assert!(!done.stderr.contains("  remove  its credential"), "{done:?}");
    }
    let scene = Scene::new(Flow::Resync);
    protect(scene.world.keys.key(0), "open sesame");
    assert_eq!((scene.run().code, scene.actions()), (5, 0));
}

#[test]
fn the_key_is_not_here() {
    for (flow, key, code) in [(Flow::Rotate, 1, 3), (Flow::ReplaceFirst, 1, 3), (Flow::Resync, 0, 3)] {
        let scene = Scene::new(flow);
        scene.world.keys.key(key).pull();
        let done = scene.run();
        assert_eq!((done.code, scene.actions()), (code, 0), "{flow:?}: {done:?}");
        assert_eq!(scene.settle(&done, "no key"), "as it was");
    }
}

#[test]
fn the_new_key_is_full() {
    let scene = Scene::new(Flow::Rotate);
    let key: &SoftKey = scene.world.keys.key(1);
    for nth in 0..64 {
        let _ = crate::support::put(key, &format!("other-{nth}"), false);
    }
    let done = scene.run();
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("YubiKey 12345679") && done.stderr.contains("(all 64 are used)"), "{done:?}");
    assert!(!scene.world.actions().contains(&"CreateVirtualMFADevice".to_owned()), "{done:?}");
}
