//! `enroll`, `recover`.

use super::{Aws, SeedPlaces, serial};
use crate::aws::Tag;
use crate::keys::Serial;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey enroll alice --key 12345678
  glasskey enroll alice --key 12345678 --key 23456789            one seed on both keys
  glasskey enroll alice --key 12345678 --key 23456789 --separate one device per key
  glasskey enroll --key 12345678 --qr                            yourself, and a phone too
  glasskey enroll alice --key 12345678 --escrow age1…            and an age file, alice.age
  glasskey enroll alice --to-command 'pass otp insert aws/$GLASSKEY_USER' \
      --code-from-command 'pass otp aws/$GLASSKEY_USER'          a store, proved by its code
  glasskey enroll alice --key 12345678 --yes --json              from a script
  glasskey enroll --roster team.csv                              key after key, where it stopped
  glasskey enroll --roster bots.csv --escrow age1… --accept-unproved --yes
                                                                 unattended, several users at once
")]
pub(in crate::cli) struct Enroll {
    /// the IAM user; the caller when not named
    pub(in crate::cli) user: Option<String>,
    /// a key to write, by serial number; give it again for more keys
    #[arg(long = "key", value_name = "SERIAL", value_parser = serial)]
    pub(in crate::cli) keys: Vec<Serial>,
    /// show a QR code on the terminal, so that a phone can hold the seed too
    #[arg(long, visible_alias = "phone")]
    pub(in crate::cli) qr: bool,
    #[command(flatten)]
    pub(in crate::cli) places: SeedPlaces,
    /// one device per key instead of one seed on all
    #[arg(long, conflicts_with = "escrow_file")]
    pub(in crate::cli) separate: bool,
    /// have the keys ask for a touch before every code
    #[arg(long)]
    pub(in crate::cli) touch: bool,
    /// the device's name; the user's when not given
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) device_name: Option<String>,
    /// the device's path
    #[arg(long, value_name = "/PATH/")]
    pub(in crate::cli) path: Option<String>,
    /// a tag for the device; give it again for more
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub(in crate::cli) tags: Vec<Tag>,
    /// enroll every user of this CSV file: user,device-name,key-serial,touch
    #[arg(long, value_name = "FILE", conflicts_with_all = ["user", "keys", "qr", "separate", "device_name", "escrow_file"])]
    pub(in crate::cli) roster: Option<PathBuf>,
    /// where it is written down who of the roster is done; FILE.ledger.jsonl beside it when not given
    #[arg(long, value_name = "FILE", requires = "roster")]
    pub(in crate::cli) ledger: Option<PathBuf>,
    /// print the plan and the permissions it needs, and stop
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey recover                   explain each unfinished run, and ask
  glasskey recover --yes             do what is recommended for each
  glasskey recover --undo --yes      remove what they left
  glasskey recover alice --forget    give up on alice's run, and change nothing
")]
pub(in crate::cli) struct Recover {
    /// only runs of this user; `root` is the root user, `user/root` an IAM user of that name
    #[arg(value_name = "USER")]
    pub(in crate::cli) user: Option<String>,
    /// enable the device with codes from the key
    #[arg(long, group = "choice")]
    pub(in crate::cli) finish: bool,
    /// remove the device and its credentials
    #[arg(long, group = "choice")]
    pub(in crate::cli) undo: bool,
    /// change nothing and strike the runs from the journal, for a key that is lost
    #[arg(long, group = "choice")]
    pub(in crate::cli) forget: bool,
    /// take your word: a device that no key here can prove (you have signed in with it), or an access key that the run
    /// made or deactivated
    #[arg(long, conflicts_with = "forget")]
    pub(in crate::cli) accept_unproved: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
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
