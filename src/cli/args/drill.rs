//! `drill`.

use super::{Aws, Trusting, serial};
use crate::keys::Serial;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(before_long_help = "\
Each key in turn: it is here; it is genuine, by its attestation; the credential that `glasskey
fido enroll` made signs; its code opens a 15-minute MFA session, and that is the caller's. Each is
written to the file as one line that the key signs. Exit code 1: something failed, and is written
down.

Examples:
  glasskey drill --key 12345678 --log drills.jsonl
  glasskey drill --key 12345678 --key 23456789 --log drills.jsonl --profile break-glass
  glasskey drill verify drills.jsonl
")]
pub(in crate::cli) struct Drill {
    /// a key to drill, by serial number; give it again for more keys
    #[arg(long = "key", value_name = "SERIAL", value_parser = serial, required = true)]
    pub(in crate::cli) keys: Vec<Serial>,
    /// the file to add to; made where there is none
    #[arg(long, value_name = "FILE", required = true)]
    pub(in crate::cli) log: Option<PathBuf>,
    /// try the PIN even if only one try is left; a wrong one then blocks the key until it is reset
    #[arg(long)]
    pub(in crate::cli) last_try: bool,
    #[command(flatten)]
    pub(in crate::cli) trusting: Trusting,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<DrillCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DrillCommand {
    /// prove a file of drills: the chain and every signature, without a key and without AWS
    Verify {
        /// the file
        file: PathBuf,
        /// the last line's SHA-256, as the last drill printed it: shows that no line has been cut off since
        #[arg(long, value_name = "SHA256")]
        head: Option<String>,
    },
}
