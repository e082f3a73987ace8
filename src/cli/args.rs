//! Arguments as they are written, and nothing else: no I/O, no defaults that need any.

use crate::aws::Tag;
use crate::keys::Serial;
use crate::totp::Algorithm;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// glasskey puts hardware MFA on AWS accounts and keeps it working.
#[derive(Debug, Parser)]
#[command(name = "glasskey", version, about, max_term_width = 100, propagate_version = true)]
#[command(before_long_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

const EXAMPLES: &str = "\
Examples:
  glasskey keys                                     what is plugged in
  glasskey enroll alice --key 12345678              an MFA device for alice, its seed on that key
  glasskey enroll --key 12345678 --key 23456789     for yourself, one seed on two keys
  glasskey enroll alice --key 12345678 --dry-run    the plan, and the permissions it needs
  glasskey recover                                  finish or undo what was interrupted
  glasskey oath code --key 12345678 AWS             the code, and the seconds it has left
  glasskey demo                                     all of it, with no key and no account
";

#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Global {
    /// print the result as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// say yes to every question
    #[arg(long, short, global = true)]
    pub(super) yes: bool,
    /// never ask; fail with exit code 5 where a person is needed
    #[arg(long, global = true)]
    pub(super) no_input: bool,
    /// read OATH passwords from this file descriptor, one line per key in the order they are needed
    #[arg(long, global = true, value_name = "FD")]
    pub(super) password_fd: Option<u32>,
    /// when to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub(super) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// list the keys that are plugged in
    Keys(Keys),
    /// make an MFA device for an IAM user, with its seed on hardware keys
    Enroll(Enroll),
    /// finish or undo interrupted runs
    Recover(Recover),
    /// read and write the OATH credentials on a key
    Oath(Oath),
    /// read the PIV applet of a key
    Piv(Piv),
    /// serve a simulated AWS and software keys on this machine
    Simulate(Simulate),
    /// show the whole story with software keys and a simulated AWS
    Demo,
    /// print a completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// print a manual page
    #[command(hide = true)]
    Man { command: Vec<String> },
}

#[derive(Debug, Args)]
pub(super) struct Keys {}

#[derive(Debug, Args)]
#[command(next_help_heading = "AWS")]
pub(super) struct Aws {
    /// the profile in the AWS configuration
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// the region to sign for; names the partition, since IAM is global
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey enroll alice --key 12345678
  glasskey enroll alice --key 12345678 --key 23456789            one seed on both keys
  glasskey enroll alice --key 12345678 --key 23456789 --separate one device per key
  glasskey enroll --key 12345678 --qr                            yourself, and a phone too
  glasskey enroll alice --key 12345678 --yes --json              from a script
")]
pub(super) struct Enroll {
    /// the IAM user; the caller when not named
    pub(super) user: Option<String>,
    /// a key to write, by serial number; give it again for more keys
    #[arg(long = "key", value_name = "SERIAL", value_parser = serial)]
    pub(super) keys: Vec<Serial>,
    /// show a QR code on the terminal, so that a phone can hold the seed too
    #[arg(long)]
    pub(super) qr: bool,
    /// one device per key instead of one seed on all
    #[arg(long)]
    pub(super) separate: bool,
    /// have the keys ask for a touch before every code
    #[arg(long)]
    pub(super) touch: bool,
    /// the device's name; the user's when not given
    #[arg(long, value_name = "NAME")]
    pub(super) device_name: Option<String>,
    /// the device's path
    #[arg(long, value_name = "/PATH/")]
    pub(super) path: Option<String>,
    /// a tag for the device; give it again for more
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub(super) tags: Vec<Tag>,
    /// print the plan and the permissions it needs, and stop
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) aws: Aws,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey recover                   explain each unfinished run, and ask
  glasskey recover --yes             do what is recommended for each
  glasskey recover --undo --yes      remove what they left
")]
pub(super) struct Recover {
    /// enable the device with codes from the key
    #[arg(long, group = "choice")]
    pub(super) finish: bool,
    /// remove the device and its credentials
    #[arg(long, group = "choice")]
    pub(super) undo: bool,
    /// change nothing and strike the runs from the journal, for a key that is lost
    #[arg(long, group = "choice")]
    pub(super) forget: bool,
    #[command(flatten)]
    pub(super) aws: Aws,
}

/// Which key.
#[derive(Debug, Args)]
pub(super) struct OneKey {
    /// the key, by serial number; the only one that is plugged in when not given
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub(super) key: Option<Serial>,
}

#[derive(Debug, Args)]
pub(super) struct Oath {
    #[command(subcommand)]
    pub(super) command: OathCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum OathCommand {
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
    /// remove a credential for good
    Delete {
        #[command(flatten)]
        key: OneKey,
        /// the credential's whole name
        name: String,
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
pub(super) struct Add {
    #[command(flatten)]
    pub(super) key: OneKey,
    /// the account, or issuer:account; a URI or QR code may name it instead
    pub(super) account: Option<String>,
    /// A secret given here, as other tools take it: refused in words, and never repeated on the screen.
    #[arg(hide = true, trailing_var_arg = false)]
    pub(super) misplaced: Vec<OsString>,
    /// the issuer
    #[arg(long)]
    pub(super) issuer: Option<String>,
    /// read the otpauth URI from a QR code in this PNG
    #[arg(long, value_name = "FILE")]
    pub(super) qr_image: Option<PathBuf>,
    /// have the key ask for a touch before every code
    #[arg(long)]
    pub(super) touch: bool,
    /// the hash: SHA1, SHA256 or SHA512
    #[arg(long, value_name = "HASH", value_parser = algorithm)]
    pub(super) algorithm: Option<Algorithm>,
    /// digits of a code: 6, 7 or 8
    #[arg(long, value_parser = clap::value_parser!(u8).range(6..=8))]
    pub(super) digits: Option<u8>,
    /// seconds a code lasts
    #[arg(long, value_name = "SECONDS", conflicts_with = "hotp", value_parser = clap::value_parser!(u32).range(1..=86400))]
    pub(super) period: Option<u32>,
    /// count events instead of time (HOTP), from this counter
    #[arg(long, value_name = "COUNTER")]
    pub(super) hotp: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PasswordCommand {
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

#[derive(Debug, Args)]
pub(super) struct Piv {
    #[command(subcommand)]
    pub(super) command: PivCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum PivCommand {
    /// show tries left, the management key's algorithm, and what is in the slots; changes nothing, asks for no PIN
    Info(OneKey),
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Serves until interrupted. Prints `export` lines that point any AWS client, and glasskey itself, at it.

Examples:
  glasskey simulate                                 then paste the export lines elsewhere
  glasskey simulate --card-socket /tmp/card         a software key for a real pcscd
")]
pub(super) struct Simulate {
    /// the port to listen on; a free one when not given
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(super) port: u16,
    /// how many software keys
    #[arg(long, default_value_t = 2)]
    pub(super) keys: u8,
    /// serve one software key as a card on this Unix socket, for a virtual reader of pcscd
    #[arg(long, value_name = "PATH")]
    pub(super) card_socket: Option<PathBuf>,
}

fn serial(text: &str) -> Result<Serial, String> {
    text.parse().map(Serial).map_err(|_| "a serial number is digits only, as printed on the key".to_owned())
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    let plain = text.replace('-', "").to_ascii_uppercase();
    [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
        .into_iter()
        .find(|algorithm| algorithm.as_str() == plain)
        .ok_or_else(|| "a hash is SHA1, SHA256 or SHA512".to_owned())
}

fn tag(text: &str) -> Result<Tag, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && key.chars().count() <= 128 && value.chars().count() <= 256 => {
            Ok(Tag { key: key.to_owned(), value: value.to_owned() })
        }
        Some(_) => Err("a tag's key has 1 to 128 characters, its value at most 256".to_owned()),
        None => Err("a tag is written KEY=VALUE".to_owned()),
    }
}
