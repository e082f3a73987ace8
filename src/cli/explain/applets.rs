//! What a key's applets said, and secrets for them.

use super::{Exit, Explanation};
use crate::cli::shell::by_name;
use crate::keys::Serial;
use crate::secret::BadSeed;
use crate::totp::BadUri;
use crate::{oath, piv, transport};

/// What the OATH applet said.
pub(in crate::cli) fn oath(key: Option<Serial>, error: &oath::Error) -> Explanation {
    use oath::Error as E;
    let on = key.map_or_else(|| "the key".to_owned(), |key| format!("YubiKey {key}"));
    let name_key = key.map_or_else(String::new, |key| format!(" --key {key}"));
    match error {
        E::Transport(transport::Error::Removed) => {
            Explanation::new("key_removed", format!("{on} was pulled while it was in use")).hint("plug it in again")
        }
        E::Transport(error) => super::transport(error),
        E::NoApplet => Explanation::new("no_oath", format!("{on} has no OATH applet, or it is disabled over this interface"))
            .hint("`glasskey keys` shows what is enabled; `ykman config usb --enable OATH` enables it"),
        E::Locked => Explanation::new("oath_locked", format!("the OATH applet of {on} has a password"))
            .hint("run the command on a terminal, or give it with --password-stdin or --password-fd FD"),
        E::WrongPassword => Explanation::new("wrong_password", format!("that is not the OATH password of {on}"))
            .note("wrong tries are not counted; nothing is locked"),
        E::Impostor => Explanation::new("impostor", format!("{on} does not prove that it knows its own password"))
            .hint("something between this program and the key is not to be trusted; do not go on"),
        E::NotFound(name) => Explanation::new("no_credential", format!("there is no credential \"{}\" on {on}", name.id()))
            .hint(format!("`glasskey oath list{name_key}` shows what is on it")),
        E::NameTaken(name) => Explanation::new("name_taken", format!("a credential \"{}\" is on {on} already; it was not overwritten", name.id()))
            .hint("give the new one another name")
            .hint(format!("where nobody signs in with the one that is there, `glasskey oath delete{name_key} {}` removes it", by_name(name))),
        E::Full => Explanation::new("key_full", format!("no free slot on {on}"))
            .hint(format!("`glasskey oath list{name_key}` shows what is on it")),
        E::TouchTimedOut => Explanation::new("no_touch", format!("nobody touched {on} in time")).exit(Exit::Person),
        E::Unsupported { what, since: oath::Version(a, b, c) } => {
            Explanation::new("unsupported", format!("the firmware of {on} cannot do {what}; {a}.{b}.{c} and later can"))
        }
        E::SeedTooShort => Explanation::new("seed_too_short", "the secret is too short: the applet takes 2 bytes or more")
            .exit(Exit::Usage),
        E::BadName { bytes: 0 } => Explanation::new("bad_name", "the credential's name is empty").exit(Exit::Usage),
        E::BadName { bytes: ..=oath::MAX_NAME } => {
            Explanation::new("bad_name", "a key would read the credential's name back differently")
                .hint("the account must not be empty, the issuer must not hold a colon, and the name must not begin with a number and a slash")
                .exit(Exit::Usage)
        }
        E::BadName { bytes } => Explanation::new("name_too_long", format!("the credential's name has {bytes} bytes; 64 fit"))
            .hint("shorten the issuer or the account")
            .exit(Exit::Usage),
        E::Refused(sw) => Explanation::new("key_refused", format!("{on} refused with status word {sw}")),
        E::Malformed => Explanation::new("malformed_answer", format!("the answer of {on} makes no sense")),
    }
}

/// What the PIV applet said.
pub(in crate::cli) fn piv(key: Option<Serial>, error: &piv::Error) -> Explanation {
    use piv::Error as E;
    let on = key.map_or_else(|| "the key".to_owned(), |key| format!("YubiKey {key}"));
    match error {
        E::Transport(transport::Error::Removed) => {
            Explanation::new("key_removed", format!("{on} was pulled while it was in use")).hint("plug it in again")
        }
        E::Transport(error) => super::transport(error),
        E::NoApplet => {
            Explanation::new("no_piv", format!("{on} has no PIV applet, or it is disabled over this interface"))
                .hint("`glasskey keys --json` shows what is enabled; `ykman config usb --enable PIV` enables it")
        }
        E::NoSerial => Explanation::new(
            "no_serial",
            format!("{on} tells its serial number in the OTP applet, which is disabled"),
        )
        .hint("`ykman config mode OTP+FIDO+CCID` enables it"),
        E::TooOld => Explanation::new(
            "unsupported",
            format!("the PIV applet of {on} cannot be read: glasskey reads that of YubiKeys 4 and 5"),
        )
        .hint("`ykman piv info` may"),
        E::OtherKey { found } => {
            Explanation::new("other_key", format!("{on} has made room for YubiKey {found} in its reader"))
                .hint("leave one key plugged in and run the same command again")
        }
        E::Disturbed => Explanation::new(
            "key_disturbed",
            format!("another program used {on} between two commands, again and again"),
        )
        .hint("close other programs that use the key"),
        E::Refused => Explanation::new("key_refused", format!("the PIV applet of {on} refused to be read"))
            .hint("if another program uses the key, close it; else unplug the key and plug it in again"),
        E::Malformed => Explanation::new("malformed_answer", format!("the answer of {on} makes no sense")),
        E::NotBuiltIn => Explanation::new("no_piv", "this glasskey was built without the feature piv"),
    }
}

/// What is wrong with an otpauth URI or a secret.
pub(in crate::cli) fn bad_uri(error: &BadUri) -> Explanation {
    let text = Explanation::of("bad_secret", error).exit(Exit::Usage);
    match error {
        BadUri::Lines | BadUri::Seed(BadSeed::Lines) => text.hint(
            "give the secret or the URI alone, on one line: `pass show NAME | grep ^otpauth:` takes it out of an entry",
        ),
        BadUri::Value { name: "algorithm", .. } => {
            text.hint("where the service says which hash it means, --algorithm says it instead of the URI")
        }
        BadUri::Value { name: "digits", .. } => {
            text.hint("keys compute 6, 7 or 8 digits; --digits says which are meant instead of the URI")
        }
        BadUri::Value { name: "period", .. } => text.hint("--period says the seconds instead of the URI"),
        BadUri::Value { name: "issuer", .. } => text.hint("--issuer says it instead of the URI"),
        BadUri::Fragment => text.hint("a # in a name is written %23 in a URI"),
        BadUri::Counted => text.hint("where the service says that it counts, --hotp COUNTER says it instead of the URI"),
        BadUri::Steam => text.hint("if an issuer is only called so, --digits 6 says that digits are meant"),
        _ => text,
    }
}
