//! The AWS CLI in a process of its own, which is started once: `aws` in bash is a function that asks it.

use crate::interop_aws::venv;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

pub(crate) struct AwsCli {
    child: Child,
    port: u16,
}

/// As `aws_cli.py` has it.
const AWS: &str = r#"
aws() {
    local LC_ALL=C cli code out err text
    exec {cli}<>"/dev/tcp/127.0.0.1/$port" || return
    printf '%s\0' "${#variables[@]}" "${variables[@]}" "$#" "$@" >&"$cli"
    read -r code out err <&"$cli"
    IFS= read -r -N "$out" text <&"$cli"
    printf %s "$text"
    IFS= read -r -N "$err" text <&"$cli"
    printf %s "$text" >&2
    exec {cli}>&-
    return "$code"
}
"#;

impl AwsCli {
    pub(crate) fn start() -> Self {
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit/aws_cli.py");
        let mut command = Command::new(venv().join("bin/python"));
        command.arg(server).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.env_clear().env("PATH", "/usr/bin:/bin").spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().parse().expect("the port of the AWS CLI") }
    }

    /// Runs a script of bash, with these variables for the AWS CLI.
    pub(crate) fn run(&self, script: &Path, variables: &[(&str, String)]) -> Output {
        let quoted = variables.iter().map(|(name, value)| format!("'{name}={value}'"));
        let quoted = quoted.collect::<Vec<_>>().join(" ");
        let before = script.with_extension("env");
        std::fs::write(&before, format!("port={}\nvariables=({quoted}){AWS}", self.port)).unwrap();
        let mut command = Command::new("bash");
        command.arg(script).env_clear().env("PATH", std::env::var("PATH").unwrap()).env("BASH_ENV", before);
        command.output().unwrap()
    }
}

impl Drop for AwsCli {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
