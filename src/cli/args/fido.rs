//! `fido`.

use super::ceremonies::{FidoAssert, FidoAttest, FidoEnroll, FidoPrepare};
use crate::keys::{KeyId, Serial};
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey fido list                                what is plugged in, and its PIN's state
  glasskey fido info --key 12345678                 the model, its options and advisories about it
  glasskey fido pin set --key 12345678              the first PIN; typed unseen, or --new-pin-fd
  glasskey fido credentials list --key 12345678     what is kept on it
  glasskey fido reset --key 12345678                wipe it: the way out of a blocked PIN
")]
pub(in crate::cli) struct Fido {
    #[command(subcommand)]
    pub(in crate::cli) command: FidoCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FidoCommand {
    /// list the FIDO2 keys that are plugged in
    List,
    /// set, change or try the PIN
    Pin {
        #[command(subcommand)]
        command: FidoPinCommand,
    },
    /// show what a key says of itself, and what is known of its model; asks for no PIN
    Info(FidoKey),
    /// change how a key behaves
    Config {
        #[command(subcommand)]
        command: FidoConfigCommand,
    },
    /// list, delete or rename the discoverable credentials on a key
    Credentials {
        #[command(subcommand)]
        command: FidoCredentialsCommand,
    },
    /// list, add, rename or delete fingerprints on a key with a sensor
    Fingerprints {
        #[command(subcommand)]
        command: FidoFingerprintsCommand,
    },
    /// wipe every FIDO credential and the PIN; the key must be unplugged and plugged in again
    Reset(FidoReset),
    /// have a key prove that it is genuine
    Attest(FidoAttest),
    /// register a key, with a relying party or for glasskey's own checks
    Enroll(FidoEnroll),
    /// sign in to a relying party
    Assert(FidoAssert),
    /// check that an enrolled key works and is the same one
    Verify(FidoKeyAndPin),
    /// make a key ready to be put away: genuine, with a PIN, and with rules
    Prepare(FidoPrepare),
    /// have a key blink until it is touched
    Blink(FidoKey),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FidoPinCommand {
    /// set the first PIN
    Set {
        #[command(flatten)]
        key: FidoKey,
        /// read the new PIN from this file descriptor
        #[arg(long, value_name = "FD")]
        new_pin_fd: Option<u32>,
    },
    /// change the PIN
    Change {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// read the new PIN from this file descriptor
        #[arg(long, value_name = "FD")]
        new_pin_fd: Option<u32>,
    },
    /// find out whether a PIN is the right one; one try
    Verify(FidoKeyAndPin),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FidoConfigCommand {
    /// have the key verify its user (PIN or fingerprint) always, or leave that to the relying party
    AlwaysUv {
        #[command(flatten)]
        key: FidoKeyAndPin,
        state: Switch,
    },
    /// set the shortest new PIN; it can only grow, until the key is reset
    MinPinLength {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// characters: 4 to 63
        #[arg(value_parser = clap::value_parser!(u8).range(4..=63))]
        length: u8,
    },
    /// have the key take its PIN only to change it
    ForcePinChange(FidoKeyAndPin),
    /// have the key attest itself, with its serial number, to its enterprise's relying parties
    EnterpriseAttestation(FidoKeyAndPin),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Switch {
    On,
    Off,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FidoCredentialsCommand {
    /// list them
    List(FidoKeyAndPin),
    /// remove one for good
    Delete {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// the credential's id (in hexadecimal or base64url), or a beginning of it that only one has
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// give the account of one another name (firmware 5.7 and later)
    Rename {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// the credential's id (in hexadecimal or base64url), or a beginning of it that only one has
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// the account's new name
        name: String,
        /// its new display name
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FidoFingerprintsCommand {
    /// list them
    List(FidoKeyAndPin),
    /// take a new one
    Add {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// what to call it
        #[arg(long)]
        name: Option<String>,
    },
    /// give one another name
    Rename {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// its id, or its name
        id: String,
        /// its new name
        name: String,
    },
    /// remove one for good
    Delete {
        #[command(flatten)]
        key: FidoKeyAndPin,
        /// its id, or its name
        id: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FidoReset {
    #[command(flatten)]
    pub(in crate::cli) key: FidoKey,
    /// how long to wait for the key to be unplugged, and to be plugged in again
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(in crate::cli) wait: u16,
}

/// Which FIDO2 key.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FidoKey {
    /// the key, by serial number or device; the only one that is plugged in when not given
    #[arg(long, value_name = "SERIAL|PATH", value_parser = key_id)]
    pub(in crate::cli) key: Option<KeyId>,
}

/// Which FIDO2 key, for a command that spends its PIN.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FidoKeyAndPin {
    #[command(flatten)]
    pub(in crate::cli) key: FidoKey,
    /// try the PIN even if only one try is left; a wrong one then blocks the key until it is reset
    #[arg(long)]
    pub(in crate::cli) last_try: bool,
}

pub(super) fn key_id(text: &str) -> Result<KeyId, String> {
    match text.parse() {
        Ok(serial) => Ok(KeyId::Serial(Serial(serial))),
        Err(_) if text.contains(['/', '\\', ':']) => Ok(KeyId::Device(text.to_owned())),
        Err(_) => {
            Err("a serial number is digits only, as printed on the key; a device is a path, like /dev/hidraw3"
                .to_owned())
        }
    }
}
