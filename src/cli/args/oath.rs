//! `oath`.

use super::OneKey;
use crate::totp::Algorithm;
use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Oath {
    #[command(subcommand)]
    pub(in crate::cli) command: OathCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum OathCommand {
    /// list the credentials on a key
    List(OneKey),
    /// show codes, and the seconds they have left
    #[command(before_long_help = "\
Examples:
  glasskey oath code --key 12345678 alice            the credential whose name holds \"alice\"
  glasskey oath code --key 12345678 --all
  glasskey oath code --key 12345678 alice --at 2026-11-23T14:03:00Z
")]
    Code {
        #[command(flatten)]
        key: OneKey,
        /// the credential: its name, or a part that only one has
        #[arg(required_unless_present = "all")]
        name: Option<String>,
        /// every credential
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// for this moment: RFC 3339, or seconds since the Unix epoch
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// write a credential; the secret is asked for, or read from stdin
    Add(Add),
    /// write many credentials at once: an export of Google Authenticator, otpauth URIs, or pictures of QR codes
    Import(Import),
    /// remove a credential for good
    Delete {
        #[command(flatten)]
        key: OneKey,
        /// the credential's whole name
        #[arg(required_unless_present = "id")]
        name: Option<String>,
        /// its name's bytes in hex, where the name is no text
        #[arg(long, value_name = "HEX", conflicts_with = "name")]
        id: Option<String>,
    },
    /// give a credential another name (firmware 5.3.1 and later)
    Rename {
        #[command(flatten)]
        key: OneKey,
        /// its whole name now
        from: String,
        /// its new name, as issuer:account
        to: String,
    },
    /// set or clear the applet's password
    Password {
        #[command(subcommand)]
        command: PasswordCommand,
    },
    /// wipe every credential and the password
    Reset(OneKey),
    /// show the applet's version, slots and password state
    Info(OneKey),
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
The secret is base32 or an otpauth:// URI. It is asked for without echo, or read from stdin;
it is never an argument, since arguments can be seen by everybody on the machine.

Examples:
  glasskey oath add --key 12345678 --issuer Example alice
  glasskey oath add --key 12345678 --qr-image code.png
  some-password-manager show otp | glasskey oath add --key 12345678
")]
pub(in crate::cli) struct Add {
    #[command(flatten)]
    pub(in crate::cli) key: OneKey,
    /// the account, or issuer:account; a URI or QR code may name it instead
    pub(in crate::cli) account: Option<String>,
    /// A secret given here, as other tools take it: refused in words, and never repeated on the screen.
    #[arg(hide = true, trailing_var_arg = false)]
    pub(in crate::cli) misplaced: Vec<OsString>,
    /// the issuer
    #[arg(long)]
    pub(in crate::cli) issuer: Option<String>,
    /// read the otpauth URI from a QR code in this PNG or JPEG picture
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) qr_image: Option<PathBuf>,
    /// have the key ask for a touch before every code
    #[arg(long)]
    pub(in crate::cli) touch: bool,
    /// the hash: SHA1, SHA256 or SHA512
    #[arg(long, value_name = "HASH", value_parser = algorithm)]
    pub(in crate::cli) algorithm: Option<Algorithm>,
    /// digits of a code: 6, 7 or 8
    #[arg(long, value_parser = clap::value_parser!(u8).range(6..=8))]
    pub(in crate::cli) digits: Option<u8>,
    /// seconds a code lasts
    #[arg(long, value_name = "SECONDS", conflicts_with = "hotp", value_parser = clap::value_parser!(u32).range(1..=86400))]
    pub(in crate::cli) period: Option<u32>,
    /// count events instead of time (HOTP), from this counter
    #[arg(long, value_name = "COUNTER")]
    pub(in crate::cli) hotp: Option<u32>,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Takes otpauth:// URIs and the parts of a Google Authenticator export (otpauth-migration://), one a
line on standard input, or the QR codes in PNG or JPEG pictures. A plan says what fits, what does
not and why, and what is on the key already; nothing is written before it is approved. Each
credential is proved by a code; nothing is kept.

Examples:
  glasskey oath import --key 12345678 --qr-image part1.png --qr-image part2.png
  glasskey oath import --key 12345678 --qr-image part1.png --skip 3 --rename 7=Example:bob
  some-password-manager export | glasskey oath import --key 12345678 --yes
")]
pub(in crate::cli) struct Import {
    #[command(flatten)]
    pub(in crate::cli) key: OneKey,
    /// read the QR codes in this PNG or JPEG picture; give it again for more
    #[arg(long = "qr-image", value_name = "FILE")]
    pub(in crate::cli) qr_images: Vec<PathBuf>,
    /// leave this entry out: its number in the plan, or its name; `missing`: the parts of an export that are not here
    #[arg(long, value_name = "ENTRY")]
    pub(in crate::cli) skip: Vec<String>,
    /// give this entry another name: its number or name, then = and issuer:account
    #[arg(long, value_name = "ENTRY=NAME")]
    pub(in crate::cli) rename: Vec<String>,
    /// have the key ask for a touch before every code
    #[arg(long)]
    pub(in crate::cli) touch: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PasswordCommand {
    /// set or change it
    Set {
        #[command(flatten)]
        key: OneKey,
        /// read the new password from this file descriptor
        #[arg(long, value_name = "FD")]
        new_password_fd: Option<u32>,
    },
    /// remove it
    Clear(OneKey),
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::spelled(text).ok_or_else(|| "a hash is SHA1, SHA256 or SHA512".to_owned())
}
