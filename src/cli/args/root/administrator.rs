//! `root harden`: the administrator that is made, and the places for their password.

use crate::aws;
use crate::cli::args::serial;
use crate::keys::Serial;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "Administrator")]
pub(in crate::cli) struct Administrator {
    /// make this IAM user, with AdministratorAccess, a password and MFA
    #[arg(long, value_name = "NAME", value_parser = user_name, requires = "admin_keys", conflicts_with = "undo")]
    pub(in crate::cli) admin_user: Option<String>,
    /// the group that gives the user AdministratorAccess; it is made where there is none
    #[arg(long, value_name = "GROUP", value_parser = group_name, default_value = "Administrators", requires = "admin_user")]
    pub(in crate::cli) admin_group: String,
    /// a key for the user's MFA device, by serial number; give it again for more keys
    #[arg(long = "admin-key", value_name = "SERIAL", value_parser = serial, requires = "admin_user")]
    pub(in crate::cli) admin_keys: Vec<Serial>,
    /// hand the user's first password, as a line on standard input, to this command (run by sh -c, with GLASSKEY_USER and GLASSKEY_ACCOUNT set)
    #[arg(long, value_name = "COMMAND", requires = "apply")]
    pub(in crate::cli) password_to_command: Option<String>,
    /// put the user's first password into this new age file
    #[arg(long, value_name = "FILE", requires_all = ["apply", "recipients"])]
    pub(in crate::cli) password_escrow: Option<PathBuf>,
    /// who can open that file: age1…, age1PLUGIN1…, "ssh-ed25519 …"; give it again for more
    #[arg(long = "recipient", value_name = "RECIPIENT", requires = "password_escrow")]
    pub(in crate::cli) recipients: Vec<String>,
    /// show the user's first password on the terminal until you have taken it down
    #[arg(long, requires = "apply")]
    pub(in crate::cli) show_password: bool,
}

fn name(text: &str, longest: usize) -> Result<String, String> {
    match aws::check_name(text) && text.len() <= longest {
        true => Ok(text.to_owned()),
        false => Err(format!("a name has 1 to {longest} letters, digits and _+=,.@-")),
    }
}

/// IAM's bounds (IAM quotas, "Character limits").
fn user_name(text: &str) -> Result<String, String> {
    name(text, 64)
}

fn group_name(text: &str) -> Result<String, String> {
    name(text, 128)
}
