//! What a FIDO2 key said, and why it could not be used.

use super::{Exit, Explanation, nobody};
use crate::cli::shell::key_option;
use crate::fido::{BadPin, Error, status_name};
use crate::keys::KeyId;
use crate::platform::files;
use crate::transport;
use crate::unlock::fido as unlock;
use std::path::Path;

/// A FIDO2 key that could not be found, chosen or used.
pub(in crate::cli) fn fido_unlock(error: &unlock::Error) -> Explanation {
    match error {
        unlock::Error::Fido { key, cause } => fido(key.as_ref(), cause),
        unlock::Error::NoKey => Explanation::of("no_key", error)
            .hint("plug one in; `glasskey fido list` shows what is seen, and `glasskey simulate` makes software keys to try with"),
        unlock::Error::Several(present) => {
            Explanation::new("several_keys", format!("more than one FIDO2 key is plugged in: {}", list(present)))
                .hint("name one with --key SERIAL, or with --key PATH where it tells no serial number")
                .exit(Exit::Usage)
        }
        unlock::Error::Missing { wanted, present } => missing(wanted, present),
        unlock::Error::NobodyToAsk { .. } => nobody(error)
            .hint("--pin-stdin reads it from standard input, --pin-fd FD from a file descriptor: one line per key"),
        unlock::Error::Declined => Explanation::of("declined", error),
    }
}

fn list(keys: &[KeyId]) -> String {
    keys.iter().map(KeyId::argument).collect::<Vec<_>>().join(", ")
}

fn missing(wanted: &KeyId, present: &[KeyId]) -> Explanation {
    let here = if present.is_empty() { "no FIDO2 key is".to_owned() } else { format!("here are: {}", list(present)) };
    match wanted {
        KeyId::Serial(_) => {
            Explanation::new("key_not_found", format!("{wanted} is not plugged in, or not as a FIDO2 key; {here}"))
                .hint("the serial number is printed on the key; `glasskey fido list` shows what is plugged in")
        }
        KeyId::Device(path) => Explanation::new("key_not_found", format!("there is no FIDO2 key at {path}; {here}"))
            .hint("`glasskey fido list` shows what is plugged in"),
    }
}

/// What a FIDO2 key said, or what is between it and this program.
pub(in crate::cli) fn fido(key: Option<&KeyId>, error: &Error) -> Explanation {
    let on = key.map_or_else(|| "the key".to_owned(), ToString::to_string);
    let on = on.as_str();
    reaching(on, error)
        .or_else(|| pins(on, key, error))
        .or_else(|| touches(on, error))
        .unwrap_or_else(|| refused(on, key, error))
}

/// Between this program and the key.
fn reaching(on: &str, error: &Error) -> Option<Explanation> {
    Some(match error {
        Error::Transport(transport::Error::Removed) => {
            Explanation::new("key_removed", format!("{on} was pulled while it was in use")).hint("plug it in again")
        }
        Error::Transport(error) => super::transport(error),
        Error::NoPermission { path } => no_permission(Explanation::of("no_permission", error), path),
        Error::NoDevice { .. } => Explanation::of("key_removed", error)
            .hint("plug the key in again; `glasskey fido list` shows what is plugged in"),
        Error::System { .. } => Explanation::of("hid", error).hint("unplug the key and plug it in again"),
        Error::LibraryPanicked => Explanation::of("hid", error).hint("unplug the keys and plug them in again"),
        Error::NoAnswer { after } => {
            Explanation::new("no_answer", format!("{on} has not answered for {} s", after.as_secs()))
                .hint("unplug the key and plug it in again; a virtual machine must be given the key as a whole")
        }
        Error::Busy => Explanation::new("key_busy", format!("{on} serves another program")).hint(
            "a browser that waits for a touch is the usual one; cancel there, or unplug the key and plug it in again",
        ),
        Error::Channel(error) => Explanation::new("key_refused", format!("{on} refused the message: {error}"))
            .hint("unplug the key and plug it in again"),
        Error::Malformed { what } => {
            Explanation::new("malformed_answer", format!("the answer of {on} makes no sense ({what})"))
                .hint("unplug the key and plug it in again")
        }
        Error::NoCtap2 => Explanation::new("no_fido2", format!("{on} speaks U2F only, not FIDO2"))
            .hint("`glasskey keys` shows its model and firmware; YubiKeys of the 5 series and later have FIDO2"),
        _ => return None,
    })
}

/// Which rule gives the device node to whom, and how to get it.
fn no_permission(text: Explanation, path: &Path) -> Explanation {
    if cfg!(windows) {
        return text
            .note("Windows lets administrators alone talk to FIDO2 keys")
            .hint("run it in an elevated console (Windows Terminal: \"Run as administrator\"), or in WSL 2 with the key attached by usbipd");
    }
    if cfg!(target_os = "macos") {
        return text.hint(
            "allow the terminal in System Settings, Privacy & Security, Input Monitoring; then start it again",
        );
    }
    if !cfg!(target_os = "linux") {
        return text.hint("run it as a user who may use the key");
    }
    let rule = ["/usr/lib/udev/rules.d", "/lib/udev/rules.d"]
        .into_iter()
        .map(|directory| Path::new(directory).join("60-fido-id.rules"))
        .find(|rule| rule.exists());
    let text = match rule {
        Some(rule) => text
            .note(format!(
                "{} and 70-uaccess.rules give it to whoever is logged in at this machine; not over SSH, and not to services",
                rule.display()
            ))
            .hint("log in at the machine itself"),
        None => text
            .note("no udev rule gives it to anybody: 60-fido-id.rules of systemd is not installed")
            .hint("install udev/69-glasskey.rules: `sudo install -m 644 69-glasskey.rules /etc/udev/rules.d/ && sudo udevadm control --reload`, then plug the key in again"),
    };
    let text = match files::group_of(path) {
        Some(group) => {
            text.hint(format!("or join the group that may: `sudo usermod -aG {group} \"$USER\"`, then log in again"))
        }
        None => text,
    };
    text.hint(format!("or, until the key is unplugged: `sudo setfacl -m \"u:$USER:rw\" {}`", path.display()))
}

fn pins(on: &str, key: Option<&KeyId>, error: &Error) -> Option<Explanation> {
    let name = key_option(key);
    let reset = format!("only `glasskey fido reset{name}` makes it usable again; that wipes its FIDO2 credentials");
    Some(match error {
        Error::BadPin(bad) => {
            Explanation::new("bad_pin", bad_pin(on, *bad)).note("nothing was sent to the key").exit(Exit::Usage)
        }
        Error::PinWrong { left } => {
            tries_left(Explanation::new("pin_wrong", format!("that is not the PIN of {on}")), *left, "")
        }
        Error::LastTry => Explanation::new("last_pin_try", format!("one PIN try is left on {on}; it was not used"))
            .note("a wrong PIN now would block the PIN until the key is reset, which wipes its FIDO2 credentials")
            .hint("if the PIN is certain, --last-try uses it")
            .exit(Exit::Person),
        Error::PinBlocked => Explanation::new("pin_blocked", format!("the PIN of {on} is blocked")).hint(reset),
        Error::PinAuthBlocked { left } => {
            let what = format!("{on} takes no PIN until it was unplugged: three in a row were wrong");
            let text = Explanation::new("pin_auth_blocked", what).hint("unplug the key and plug it in again");
            tries_left(text, *left, " then")
        }
        Error::PinAuthInvalid => Explanation::new("pin_proof_refused", format!("{on} refused the proof of the PIN"))
            .hint("run the command again; unplug the key and plug it in again if that does not help"),
        Error::PinNotSet => Explanation::new("pin_not_set", format!("no PIN is set on {on}"))
            .hint(format!("`glasskey fido pin set{name}` sets one")),
        Error::PinAlreadySet => Explanation::new("pin_set", format!("a PIN is set on {on} already"))
            .hint(format!("`glasskey fido pin change{name}` changes it")),
        Error::PinMustChange => {
            Explanation::new("pin_must_change", format!("the PIN of {on} must be changed before it is taken"))
                .hint(format!("`glasskey fido pin change{name}` changes it"))
        }
        Error::PinRequired => {
            Explanation::new("pin_required", format!("{on} wants its PIN or a fingerprint for this"))
                .hint(format!("`glasskey fido info{name}` shows whether a PIN is set"))
        }
        Error::PinPolicy => {
            Explanation::new("pin_policy", format!("{on} does not take that: too short, too simple, or as before"))
                .hint(format!("`glasskey fido info{name}` shows its rule for PINs"))
        }
        Error::Unauthorized => {
            Explanation::new("pin_proof_refused", format!("{on} does not take the PIN's proof for this command"))
        }
        Error::UvWrong { left } => {
            let text = Explanation::new("fingerprint_wrong", format!("{on} did not recognise the fingerprint"));
            match left {
                Some(left) => text.note(format!("{left} more before only the PIN is taken")),
                None => text,
            }
        }
        Error::UvBlocked => {
            Explanation::new("fingerprint_blocked", format!("{on} takes no fingerprint until its PIN is given"))
                .hint(format!("`glasskey fido pin verify{name}` gives it"))
        }
        _ => return None,
    })
}

fn tries_left(text: Explanation, left: Option<u8>, when: &str) -> Explanation {
    match left {
        Some(1) => text.note(format!("1 try is left{when}; after a wrong one the key must be reset")),
        Some(left) => text.note(format!("{left} tries are left{when}")),
        None => text,
    }
}

fn bad_pin(on: &str, bad: BadPin) -> String {
    match bad {
        BadPin::TooShort { least } => format!("the PIN is too short: {on} takes {least} characters or more"),
        BadPin::TooLong { most } => format!("the PIN is too long: {on} takes {most} characters at most"),
        BadPin::TooManyBytes { most } => format!(
            "the PIN is too long: a key takes {most} bytes at most, and a character outside English takes 2 to 4"
        ),
        BadPin::Control => "the PIN has a control character in it".to_owned(),
        BadPin::Ambiguous => {
            "the PIN has a character in it that systems write in more than one way; other programs might send another PIN".to_owned()
        }
    }
}

/// The person in front of the key.
fn touches(on: &str, error: &Error) -> Option<Explanation> {
    Some(match error {
        Error::TouchTimedOut | Error::UserActionTimeout => {
            Explanation::new("no_touch", format!("nobody touched {on} in time"))
                .hint("run the command again, and touch the key when it blinks")
                .exit(Exit::Person)
        }
        Error::TouchRequired => {
            Explanation::new("no_touch", format!("{on} wants to be touched first")).exit(Exit::Person)
        }
        Error::Denied => Explanation::new("denied", format!("it was refused on {on}, or nobody touched it in time"))
            .note("some keys give the same answer for both")
            .hint("run the command again, and touch the key when it blinks"),
        Error::Cancelled => Explanation::interrupted(),
        Error::CancelUnanswered => {
            Explanation::new("interrupted", format!("interrupted, and {on} did not say that it stopped"))
                .hint("unplug the key and plug it in again")
                .exit(Exit::Interrupted)
        }
        _ => return None,
    })
}

/// Everything else the key says no to.
fn refused(on: &str, key: Option<&KeyId>, error: &Error) -> Explanation {
    let of = |code, what: &str| Explanation::new(code, format!("{on} {what}"));
    match error {
        Error::NotSupported { what } => Explanation::new("unsupported", format!("{on} cannot do {what}")),
        Error::NotAllowed => of("not_allowed", "does not allow that now"),
        Error::NoCredentials => of("no_credential", "holds no credential that fits"),
        Error::Excluded => of("excluded", "holds one of the excluded credentials: it is registered already"),
        Error::KeyFull => of("key_full", "has no room for another discoverable credential")
            .hint(format!("`glasskey fido credentials list{}` shows what is on it", key_option(key))),
        Error::FingerprintsFull => of("key_full", "has no room for another fingerprint"),
        Error::LargeBlobFull => of("key_full", "has no room for that large blob"),
        Error::LargeBlobDamaged => of("large_blob_damaged", "says that its large blobs are damaged"),
        Error::UnsupportedAlgorithm => of("unsupported", "knows none of the algorithms asked for"),
        Error::UnsupportedOption | Error::InvalidOption => {
            of("unsupported", "does not know an option of the request")
        }
        Error::TooLarge | Error::LimitExceeded => of("too_large", "does not take a request of this size"),
        Error::Other { status, .. } => {
            let name = status_name(*status).map_or_else(String::new, |name| format!(" ({name})"));
            of("key_refused", &format!("refused with status {status:02X}{name}"))
        }
        _ => of("key_refused", "refused"),
    }
}
