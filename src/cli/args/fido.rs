//! `fido`.

use crate::keys::{KeyId, Serial};
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey fido list                                what is plugged in, and its PIN's state
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

fn key_id(text: &str) -> Result<KeyId, String> {
    match text.parse() {
        Ok(serial) => Ok(KeyId::Serial(Serial(serial))),
        Err(_) if text.contains(['/', '\\', ':']) => Ok(KeyId::Device(text.to_owned())),
        Err(_) => {
            Err("a serial number is digits only, as printed on the key; a device is a path, like /dev/hidraw3"
                .to_owned())
        }
    }
}
