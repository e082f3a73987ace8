//! The whole story on stand-ins.

use crate::support::{glasskey, run};

#[test]
fn every_scene_is_shown_and_ends_as_it_says() {
    let home = tempfile::tempdir().unwrap();
    let shown = run(glasskey(home.path()).arg("demo"));
    assert_eq!((shown.code, &*shown.stdout), (0, ""), "{shown:?}");
    for told in [
        "six calls in all, and no time step was waited for\n",
        "an STS session with MFA is open, and IAM answers it\n",
        "refused: InvalidAuthenticationCode\n",
        "accepted once, then refused: AWS never takes a code twice\n",
        "IAM was asked and said that it is enabled; nothing was sent twice\n",
        "finished from the key alone; bob can sign in\n",
        "genuine by its maker's root, a PIN of at least 8 set, registered, and its signature verified\n",
        "root has two security keys, each seen in IAM under the name of its key\n",
        "the console's secret is on both keys, the console took two codes, and IAM lists the device\n",
    ] {
        let is_told = |line: &str| line.starts_with("  => ") && line.ends_with(told.trim_end());
        assert!(shown.stderr.lines().any(is_told), "{told}: {}", shown.stderr);
    }
    // Each of root's keys, and the device with codes, once.
    assert_eq!(shown.stderr.matches(":u2f/root/yubikey-").count(), 2, "{}", shown.stderr);
    assert_eq!(shown.stderr.matches("…done, in the simulated console\n").count(), 3, "{}", shown.stderr);
}
