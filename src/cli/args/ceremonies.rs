//! `fido attest`, `enroll`, `assert`, `verify` and `prepare`.

use super::fido::{FidoKeyAndPin, key_id};
use crate::keys::KeyId;
use clap::Args;
use std::path::PathBuf;

/// What attestations are held against.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Attestation")]
pub(in crate::cli) struct Trusting {
    /// use this newer issue of the FIDO Alliance's metadata (https://mds3.fidoalliance.org/), once its signature holds
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) mds: Option<PathBuf>,
    /// trust the roots in this PEM file too, and go over its intermediates
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) attestation_roots: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
The key makes a credential that nobody keeps, and its attestation is checked in full. Exit code 1:
not shown to be genuine, with the reason.

Examples:
  glasskey fido attest --key 12345678
  glasskey fido attest --key 12345678 --mds blob.jwt
")]
pub(in crate::cli) struct FidoAttest {
    #[command(flatten)]
    pub(in crate::cli) key: FidoKeyAndPin,
    #[command(flatten)]
    pub(in crate::cli) trusting: Trusting,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
With --origin: PublicKeyCredentialCreationOptionsJSON in, from standard input or --options, and
RegistrationResponseJSON out. Without: for glasskey's own relying party, so that `glasskey fido
verify` can prove the key later.

Examples:
  glasskey fido enroll --key 12345678
  glasskey fido enroll --key 12345678 --origin https://example.com --options creation.json
")]
pub(in crate::cli) struct FidoEnroll {
    #[command(flatten)]
    pub(in crate::cli) key: FidoKeyAndPin,
    /// the relying party's origin, as a browser would show it
    #[arg(long, value_name = "ORIGIN")]
    pub(in crate::cli) origin: Option<String>,
    /// read the relying party's options from this file; - is standard input
    #[arg(long, value_name = "FILE", requires = "origin")]
    pub(in crate::cli) options: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
PublicKeyCredentialRequestOptionsJSON in, from standard input or --options, and
AuthenticationResponseJSON out.

Examples:
  glasskey fido assert --key 12345678 --origin https://example.com --options request.json
")]
pub(in crate::cli) struct FidoAssert {
    #[command(flatten)]
    pub(in crate::cli) key: FidoKeyAndPin,
    /// the relying party's origin, as a browser would show it
    #[arg(long, value_name = "ORIGIN")]
    pub(in crate::cli) origin: String,
    /// read the relying party's options from this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) options: Option<PathBuf>,
    /// sign in as this user, where several are on the key
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) user: Option<String>,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Advisories, attestation, PIN, minimum PIN length, always-UV: each step says what it found or did.
Whatever is done already stays, so a run that was cut short is completed by the same command.

Examples:
  glasskey fido prepare --key 12345678
  glasskey fido prepare --key 12345678 --min-pin-length 8
  glasskey fido prepare --pair --key 12345678 --key 23456789 --always-uv
")]
pub(in crate::cli) struct FidoPrepare {
    /// the key, by serial number or device; twice for two keys
    #[arg(long = "key", value_name = "SERIAL|PATH", value_parser = key_id)]
    pub(in crate::cli) keys: Vec<KeyId>,
    /// two keys, one after the other; they must not be the same one
    #[arg(long)]
    pub(in crate::cli) pair: bool,
    /// change the PIN, where one is set
    #[arg(long)]
    pub(in crate::cli) change_pin: bool,
    /// the fewest characters a PIN must have from now on; only a reset lowers it again
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(4..=63))]
    pub(in crate::cli) min_pin_length: Option<u8>,
    /// have the key ask for its PIN or a fingerprint whatever it is used for
    #[arg(long)]
    pub(in crate::cli) always_uv: bool,
    /// read new PINs from this file descriptor, one line per key
    #[arg(long, value_name = "FD")]
    pub(in crate::cli) new_pin_fd: Option<u32>,
    /// try the PIN even if only one try is left; a wrong one then blocks the key until it is reset
    #[arg(long)]
    pub(in crate::cli) last_try: bool,
    #[command(flatten)]
    pub(in crate::cli) trusting: Trusting,
}
