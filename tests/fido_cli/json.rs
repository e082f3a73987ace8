//! docs/json.md describes what the fido commands print.

use crate::cli::json::is_documented;
use crate::support::FidoKeys;
use crate::support::fido::PIN;
use std::os::unix::fs::PermissionsExt;

#[test]
fn every_output_is_as_documented() {
    let keys = FidoKeys::with_pin();
    is_documented(&keys.run("fido blink --json").json());
    is_documented(&keys.run_with_pin("fido pin verify --json").never_says(&[PIN]).json());
}

#[test]
fn a_list_with_a_key_that_may_not_be_opened_is_as_documented() {
    let keys = FidoKeys::serve(2);
    // A socket of which nobody is at the other end, for whoever runs this may open everything.
    std::fs::remove_file(keys.socket(1)).unwrap();
    std::fs::write(keys.socket(1), "").unwrap();
    std::fs::set_permissions(keys.socket(1), std::fs::Permissions::from_mode(0o000)).unwrap();
    let json = keys.run("fido list --json").json();
    assert_eq!((json["keys"].as_array().unwrap().len(), json["unreadable"].as_array().unwrap().len()), (1, 1));
    is_documented(&json);
}
