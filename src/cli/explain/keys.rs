//! Finding, opening and reaching a key.

use super::{Exit, Explanation, nobody, oath};
use crate::cli::fixes::{no_service, start_service};
use crate::keys::{self, Serial};
use crate::{transport, unlock};

/// A key that could not be used.
pub(in crate::cli) fn unlock(error: &unlock::Error) -> Explanation {
    match error {
        unlock::Error::Keys(error) => keys(error),
        unlock::Error::Oath { key, cause } => oath(Some(*key), cause),
        unlock::Error::NobodyToAsk { .. } => {
            nobody(error).hint("--password-stdin reads it from standard input, --password-fd FD from a file descriptor: one line per key")
        }
    }
}

fn list(serials: &[Serial]) -> String {
    serials.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Every key, also those without a name.
fn all(keys: &[Option<Serial>]) -> String {
    let named = keys.iter().flatten().map(ToString::to_string);
    let hidden = match keys.iter().filter(|key| key.is_none()).count() {
        0 => None,
        1 => Some("one that hides its serial number".to_owned()),
        several => Some(format!("{several} that hide their serial numbers")),
    };
    named.chain(hidden).collect::<Vec<_>>().join(", ")
}

/// How a key is made to tell its serial number. The setting is an OTP slot's, and setting it resets that slot's others.
pub(in crate::cli) const TELL_SERIAL: &str = "`ykman otp settings --serial-usb-visible SLOT` makes it tell, where SLOT (1 or 2) is programmed; \
    it resets the other settings of that slot";

/// A key that could not be found or read.
pub(in crate::cli) fn keys(error: &keys::Error) -> Explanation {
    match error {
        keys::Error::Transport(error) => transport(error),
        keys::Error::Oath(error) => oath(None, error),
        keys::Error::NotAYubiKey => Explanation::of("not_a_yubikey", error),
        keys::Error::NoSerial => Explanation::of("no_serial", error),
        keys::Error::NoKey => Explanation::of("no_key", error)
            .hint("plug one in; `glasskey keys` shows what is seen, and `glasskey simulate` makes software keys to try with"),
        keys::Error::Foreign { readers } => {
            let readers = readers.iter().map(|reader| format!("\"{reader}\"")).collect::<Vec<_>>().join(", ");
            Explanation::new("not_a_yubikey", format!("no YubiKey is plugged in; another maker's card is in {readers}"))
                .hint("glasskey keeps TOTP seeds on YubiKeys; `glasskey fido list` shows FIDO2 keys, those of every maker")
        }
        keys::Error::Several(present) => {
            Explanation::new("several_keys", format!("more than one key is plugged in: {}", all(present)))
                .hint("name one with --key SERIAL")
                .exit(Exit::Usage)
        }
        keys::Error::Missing { wanted, present } if present.is_empty() => {
            Explanation::new("key_not_found", format!("YubiKey {wanted} is not plugged in; no key is"))
                .hint("the serial number is printed on the key")
        }
        keys::Error::Missing { wanted, present } => {
            Explanation::new("key_not_found", format!("YubiKey {wanted} is not plugged in; here are: {}", list(present)))
                .hint("the serial number is printed on the key; `glasskey keys` lists what is plugged in")
        }
    }
}

/// What stands between a program and a card.
pub(in crate::cli) fn transport(error: &transport::Error) -> Explanation {
    use transport::Error as E;
    let text = |code| Explanation::of(code, error);
    match error {
        E::NoService => Explanation::new("no_pcscd", format!("the PC/SC service (pcscd) {}", no_service()))
            .hint(start_service().join(", or ")),
        E::Denied => text("pcscd_denied")
            .note("polkit lets only users who sit at the machine reach readers; a remote or service session is refused")
            .hint("allow org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card for this user in /etc/polkit-1/rules.d"),
        E::NoReader { .. } => text("no_reader").hint("plug the key in again"),
        E::Busy { holder: Some(holder), .. } => text("reader_busy").hint(if holder.name == "scdaemon" {
            "gpgconf --kill scdaemon lets go of it"
        } else {
            "end that program, or unplug the key and plug it in again"
        }),
        E::Busy { reader, holder: None } => {
            Explanation::new("reader_busy", format!("another program holds \"{reader}\" exclusively"))
                .hint("close it (scdaemon, yubikey-agent and Yubico Authenticator are the usual ones), or unplug the key and plug it in again")
        }
        E::NoCard { .. } => text("no_card"),
        E::Mute { .. } => text("card_mute").hint("unplug the key and plug it in again"),
        E::Removed => text("key_removed"),
        E::Reset => text("key_reset").hint("close other programs that use the key"),
        E::Malformed => text("malformed_answer"),
        E::Pcsc { .. } => text("pcsc"),
    }
}
