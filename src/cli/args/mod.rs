//! Arguments as they are written, and nothing else: no I/O, no defaults that need any. One file for each group of
//! commands.

mod ceremonies;
mod devices;
mod doctor;
mod drill;
mod enroll;
mod fido;
mod oath;
mod piv;
mod places;
mod retire;
mod root;
mod rotate;
mod session;
mod simulate;

pub(super) use ceremonies::{FidoAssert, FidoAttest, FidoEnroll, FidoPrepare, Trusting};
pub(super) use devices::Devices;
pub(super) use doctor::Doctor;
pub(super) use drill::{Drill, DrillCommand};
pub(super) use enroll::{Enroll, Recover};
pub(super) use fido::{Fido, FidoCommand, FidoKey, FidoKeyAndPin, FidoPinCommand};
pub(super) use fido::{FidoConfigCommand, FidoCredentialsCommand, FidoFingerprintsCommand, FidoReset, Switch};
pub(super) use oath::{Add, Import, Oath, OathCommand, PasswordCommand};
pub(super) use piv::{Piv, PivCommand};
pub(super) use places::SeedPlaces;
pub(super) use retire::Retire;
pub(super) use root::{
    Administrator, Audit, Format, Harden, Language, Pace, Root, RootAlarm, RootAlarmCommand, RootAlarmConfirm,
    RootAlarmTest, RootCommand, RootEnroll, RootLoginCheck, RootRemove, RootResyncCodes, account_id,
};
pub(super) use rotate::{Resync, Rotate, Written};
pub(super) use session::{Session, SessionFormat};
pub(super) use simulate::Simulate;

use crate::keys::Serial;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// glasskey puts hardware MFA on AWS accounts and keeps it working.
#[derive(Debug, Parser)]
#[command(name = "glasskey", version, about, max_term_width = 100, propagate_version = true)]
#[command(
    after_long_help = "`glasskey --version --verbose` shows the metadata, advisories and features that are built in."
)]
#[command(before_long_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

impl Cli {
    /// The file descriptor that a secret is to be written to.
    pub(super) fn secret_fd(&self) -> Option<u32> {
        match &self.command {
            Command::Rotate(args) => args.access_key.secret_fd,
            _ => None,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  glasskey keys                                     what is plugged in
  glasskey enroll alice --key 12345678              an MFA device for alice, its seed on that key
  glasskey enroll --key 12345678 --key 23456789     for yourself, one seed on two keys
  glasskey enroll alice --key 12345678 --dry-run    the plan, and the permissions it needs
  glasskey recover                                  finish or undo what was interrupted
  glasskey devices alice                            alice's MFA devices, and which key holds each
  glasskey session                                  an MFA session for this shell
  glasskey oath code --key 12345678 AWS             the code, and the seconds it has left
  glasskey root audit                               what is wrong with root, and how to fix it
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
    /// read OATH passwords from standard input, one line per key; works on every system
    #[arg(long, global = true)]
    pub(super) password_stdin: bool,
    /// read FIDO2 PINs from this file descriptor, one line per key in the order they are needed
    #[arg(long, global = true, value_name = "FD")]
    pub(super) pin_fd: Option<u32>,
    /// read FIDO2 PINs from standard input, one line per key; works on every system
    #[arg(long, global = true)]
    pub(super) pin_stdin: bool,
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
    /// list MFA devices, and which key here holds each
    Devices(Devices),
    /// open an MFA session with a code from a key: temporary AWS credentials
    Session(Session),
    /// prove that break-glass keys work, and write it down where it can be proved later
    Drill(Drill),
    /// replace an MFA device by a new one, proved before the old one goes
    Rotate(Rotate),
    /// tell AWS anew what time it is for a device
    Resync(Resync),
    /// take an MFA device away from a user, and its credential from its key
    Retire(Retire),
    /// read and write the OATH credentials on a key
    Oath(Oath),
    /// make FIDO2 keys ready, and look after what is on them
    Fido(Fido),
    /// read the PIV applet of a key
    Piv(Piv),
    /// give root users hardware factors, audit them
    Root(Root),
    /// find out what is wrong with this machine, its keys and its AWS configuration
    Doctor(Doctor),
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

/// Which key.
#[derive(Debug, Args)]
pub(super) struct OneKey {
    /// the key, by serial number; the only one that is plugged in when not given
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub(super) key: Option<Serial>,
}

fn serial(text: &str) -> Result<Serial, String> {
    text.parse().map(Serial).map_err(|_| "a serial number is digits only, as printed on the key".to_owned())
}
