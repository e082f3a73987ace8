//! The binary, frozen in the middle of a rotation of an access key: where the new secret access key is in its memory.

use super::binary::{Form, Places, control, scan};
use crate::support::Simulated;
use glasskey::sim::tap::Wire;
use std::process::Stdio;
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use zeroize::Zeroizing;

/// Once the secret is handed over nothing of it is there, neither in the calls that follow nor in any other form.
#[test]
fn no_piece_of_the_secret_is_left_after_the_hand_over() {
    let world = Simulated::with_keys(0);
    let old = world.aws.access_keys("alice")[0].id.clone();
    let (arrived, arrival) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let gate = Mutex::new((arrived, released));
    world.tap.listen(move |passing| {
        let Wire::Aws { action } = &passing.wire else { return };
        if !passing.done && (action == "UpdateAccessKey" || action == "DeleteAccessKey") {
            let gate = gate.lock().unwrap();
            gate.0.send(action.clone()).unwrap();
            gate.1.recv().unwrap();
        }
    });
    let args = ["rotate", "alice", "--access-key", "--secret-to-command", "cat >taken", "--yes", "--no-input"];
    let mut child = world.glasskey(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for expected in ["UpdateAccessKey", "DeleteAccessKey"] {
        assert_eq!(arrival.recv_timeout(Duration::from_secs(30)).unwrap(), expected);
        let new = world.aws.access_keys("alice").into_iter().find(|key| key.id != old).unwrap().id;
        let secret = world.aws.secret_of(&new).unwrap();
        let form = |name, whole: Vec<u8>| Form { name, whole: Zeroizing::new(whole) };
        let forms = [
            form("text", secret.as_bytes().to_vec()),
            form("base64", data_encoding::BASE64.encode(secret.as_bytes()).into_bytes()),
            form("hex", data_encoding::HEXLOWER.encode(secret.as_bytes()).into_bytes()),
            form("inner HMAC pad", format!("AWS4{}", &**secret).bytes().map(|byte| byte ^ 0x36).collect()),
            form("outer HMAC pad", format!("AWS4{}", &**secret).bytes().map(|byte| byte ^ 0x5c).collect()),
        ];
        match scan(child.id(), &forms) {
            // Not permitted to look.
            Err(why) => assert_eq!(why.kind(), std::io::ErrorKind::PermissionDenied, "{why}"),
            Ok(places) => {
                assert!(!scan(child.id(), &control(&new)).unwrap().is_empty(), "the scan sees what is there");
                assert_eq!(places, Places::new(), "{expected}");
            }
        }
        release.send(()).unwrap();
    }
    assert!(child.wait().unwrap().success());
}
