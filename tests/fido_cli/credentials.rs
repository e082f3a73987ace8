//! Discoverable credentials, listed, renamed and deleted.

use crate::support::fido::{PIN, open};
use crate::support::{FidoKeys, Typist};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use glasskey::fido::{Attempt, ES256, NewCredential, NewExtensions, Permissions, RelyingParty, User};
use glasskey::secret::Password;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};

/// Registers a discoverable credential; gives its id in hexadecimal.
pub(crate) fn register(key: &SoftAuthenticator, rp_id: &str, name: &str) -> String {
    let mut opened = open(key);
    let pin = Password::new(PIN.to_owned());
    let token = opened.token(Attempt::new(&pin), Permissions::MAKE_CREDENTIAL, Some(rp_id)).unwrap();
    let rp = RelyingParty { id: rp_id.to_owned(), name: None };
    let user =
        User { id: name.as_bytes().to_vec(), name: Some(name.to_owned()), display_name: Some("A person".to_owned()) };
    let request = NewCredential {
        client_data_hash: &[0xC1; 32],
        rp: &rp,
        user: &user,
        algorithms: &[ES256],
        exclude: &[],
        resident: true,
        built_in_uv: false,
        enterprise: None,
        extensions: NewExtensions::default(),
        token: Some(&token),
        timeout: None,
    };
    let made = opened.make_credential(&request, &mut || ()).unwrap();
    HEXLOWER.encode(&made.auth_data.credential.unwrap().id)
}

const LIST: &str = "fido credentials list --key 12345678";

#[test]
fn they_are_listed_by_relying_party() {
    let keys = FidoKeys::with_pin();
    keys.run_with_pin(LIST).is(
        0,
        "",
        "glasskey: 0 discoverable credentials on YubiKey 12345678; at most 100 more fit\n",
    );
    let one = register(keys.key(0), "example.com", "alice");
    let two = register(keys.key(0), "example.com", "bob\u{1b}[2J");
    let (one, two) = (&one[..16], &two[..16]);
    keys.run_with_pin(LIST).is(
        0,
        &format!(
            "RELYING PARTY  USER          ALGORITHM  ID\n\
             example.com    alice         ES256      {one}\n\
             example.com    bob\\u{{1b}}[2J  ES256      {two}\n"
        ),
        "glasskey: 2 discoverable credentials on YubiKey 12345678; at most 98 more fit\n",
    );
}

#[test]
fn one_is_deleted_after_its_name_was_read_back() {
    let keys = FidoKeys::with_pin();
    let kept = register(keys.key(0), "example.com", "alice");
    let id = register(keys.key(0), "signin.aws.amazon.com", "root");
    let part: String = id.chars().take(20).collect();
    let delete = format!("fido credentials delete {part} --key 12345678");
    keys.run_with_pin(&format!("{delete} --yes")).is(
        2,
        "",
        &format!(
            "glasskey: error: with --yes, a credential is deleted by its whole id\nglasskey: hint: that is {id}\n"
        ),
    );
    let warning = "glasskey: warning: signin.aws.amazon.com is AWS; without this credential the key can no longer sign in there\n";
    keys.run_with_pin(&delete).is(
        5,
        "",
        &format!(
            "{warning}glasskey: error: a confirmation is needed, and nobody can be asked\nglasskey: hint: --yes says yes\n"
        ),
    );
    for (answer, code) in [("n", 3), ("y", 0)] {
        let mut person = Typist::start(&keys.bare(delete.split(' ')));
        person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
        person.sees("Remove \"root\" at signin.aws.amazon.com from YubiKey 12345678 for good? [y/N] ").types(answer);
        let (_, run) = person.end();
        assert_eq!(run.code, code, "{run:?}");
    }
    let left: Vec<_> = keys.key(0).credentials().iter().map(|one| HEXLOWER.encode(&one.id)).collect();
    assert_eq!(left, [kept]);
    let run = keys.run_with_pin(&format!("{delete} --yes"));
    run.is(
        3,
        "",
        "glasskey: error: no credential on YubiKey 12345678 has that id\n\
         glasskey: hint: `glasskey fido credentials list --key 12345678` shows what is on it\n",
    );
    // As in WebAuthn's JSON, where an id may begin like a flag.
    let json = keys.run_with_pin(&format!("{LIST} --json")).json();
    let id = json["credentials"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(keys.run_with_pin(&format!("fido credentials delete {id} --key 12345678 --yes")).code, 0);
    assert_eq!(keys.run_with_pin("fido credentials delete -abcdef --key 12345678 --yes").code, 3);
    assert_eq!(keys.run_with_pin("fido credentials delete abc --key 12345678 --yes").code, 2, "too little of an id");
}

#[test]
fn a_user_is_renamed_and_the_rest_of_the_account_stays() {
    let keys = FidoKeys::with_pin();
    let id = register(keys.key(0), "example.com", "alice");
    keys.run_with_pin(&format!("fido credentials rename {id} carol --key 12345678")).is(
        0,
        "",
        "  12345678  \"alice\" at example.com is now \"carol\"\n",
    );
    let listed = keys.run_with_pin(&format!("{LIST} --json")).json();
    let one = &listed["credentials"][0];
    assert_eq!((one["user_name"].as_str(), one["display_name"].as_str()), (Some("carol"), Some("A person")));
    assert_eq!(one["user_id"].as_str(), Some(&*BASE64URL_NOPAD.encode(b"alice")));
}

#[test]
fn keys_without_the_command_say_so() {
    let old = FidoKeys::with_pins([Options::old(12_345_678)]);
    old.run_with_pin(LIST).is(3, "", "glasskey: error: YubiKey 12345678 cannot do credential management\n");
    let preview = FidoKeys::with_pins([Options::preview(12_345_678)]);
    let id = register(preview.key(0), "example.com", "alice");
    preview.run_with_pin(&format!("fido credentials rename {id} carol --key 12345678")).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 cannot do renaming credentials\n",
    );
    assert_eq!(preview.run_with_pin(LIST).code, 0, "the preview's command lists");
    let none = FidoKeys::serve(1);
    assert_eq!(none.run(LIST).code, 3, "no PIN is set");
}
