//! Places for a seed beside keys and phones.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct SeedPlaces {
    /// put the seed into an age file that RECIPIENT can open: age1…, age1PLUGIN1…, "ssh-ed25519 …"; give it again for more
    #[arg(long, value_name = "RECIPIENT")]
    pub(in crate::cli) escrow: Vec<String>,
    /// the age file; DEVICE.age in the current directory when not given
    #[arg(long, value_name = "FILE", requires = "escrow", conflicts_with = "escrow_dir")]
    pub(in crate::cli) escrow_file: Option<PathBuf>,
    /// the directory for DEVICE.age
    #[arg(long, value_name = "DIR", requires = "escrow")]
    pub(in crate::cli) escrow_dir: Option<PathBuf>,
    /// seconds after which an age plugin that does not answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 60, hide_default_value = true, requires = "escrow", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(in crate::cli) escrow_timeout: u64,
    /// hand the seed, as an otpauth URI on standard input, to this command (run by sh -c, with GLASSKEY_USER, GLASSKEY_DEVICE, GLASSKEY_ACCOUNT and GLASSKEY_ARN set)
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) to_command: Option<String>,
    /// have this command print the current code of what --to-command stored, and check it (run as that one is)
    #[arg(long, value_name = "COMMAND", requires = "to_command")]
    pub(in crate::cli) code_from_command: Option<String>,
    /// enable a device though no place proves its seed by a code: keys, phones and --code-from-command do
    #[arg(long)]
    pub(in crate::cli) accept_unproved: bool,
    /// seconds after which a command is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 60, hide_default_value = true, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(in crate::cli) command_timeout: u64,
}
