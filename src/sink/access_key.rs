//! Places for a new access key's secret: a command's standard input, or a pipe that a program reads. Neither a file nor
//! a terminal.
//!
//! What is proved: a command read all of it and ended with status 0; from a pipe all of it was read. What becomes of it
//! there is not looked at.

use super::Error;
use super::command::ChildCommand;
use super::told::is_told;
use crate::platform::Interrupt;
use crate::platform::processes::{self, has_no_reader, has_unread, is_pipe};
use crate::secret::{SecretText, on_wiped_stack};
use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How the secret is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretFormat {
    /// What a `credential_process` prints.
    #[default]
    Json,
    /// What `aws configure import` reads.
    Csv,
    Env,
}

pub enum AccessKeySink<'a> {
    Command(ChildCommand),
    Pipe(&'a Pipe, &'a Interrupt),
}

pub struct Pipe {
    fd: u32,
    file: File,
    /// How long it may take to be read.
    pub timeout: Duration,
}

/// Why a pipe did not take a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PipeTrouble {
    #[error("it cannot be written to: {why}")]
    NotOpen { why: String },
    #[error("it is not a pipe")]
    NotAPipe,
    #[error("its reader has closed it without reading the secret")]
    Closed,
    #[error("nobody read the secret within {seconds} s")]
    TimedOut { seconds: u64 },
    #[error("interrupted")]
    Interrupted,
}

impl SecretFormat {
    fn text(self, user: &str, id: &str, secret: &str) -> Zeroizing<String> {
        let quoted = |text: &str| Zeroizing::new(serde_json::Value::from(text).to_string());
        let shell = |text: &str| Zeroizing::new(text.replace('\'', r"'\''"));
        Zeroizing::new(match self {
            Self::Json => {
                format!("{{\"Version\":1,\"AccessKeyId\":{},\"SecretAccessKey\":{}}}\n", *quoted(id), *quoted(secret))
            }
            Self::Csv => format!("User Name,Access key ID,Secret access key\n\"{user}\",{id},{secret}\n"),
            Self::Env => format!(
                "export AWS_ACCESS_KEY_ID='{}'\nexport AWS_SECRET_ACCESS_KEY='{}'\n",
                *shell(id),
                *shell(secret)
            ),
        })
    }
}

impl AccessKeySink<'_> {
    /// Hands the secret over. When this fails, somebody may have it or not.
    pub fn put(&self, format: SecretFormat, user: &str, id: &str, secret: &SecretText) -> Result<(), Error> {
        on_wiped_stack(|| {
            secret.expose(|secret| {
                let text = format.text(user, id, secret);
                match self {
                    Self::Command(child) => {
                        child.run(&text, &|heard| is_told(heard, &[secret.as_bytes()], text.as_bytes()))
                    }
                    Self::Pipe(pipe, interrupt) => {
                        pipe.put(&text, interrupt).map_err(|why| Error::Pipe { fd: pipe.fd, why })
                    }
                }
            })
        })
    }
}

impl Pipe {
    /// An inherited file descriptor. Opened anew by its name, which needs no unsafe code, and never waits: a pipe that
    /// nobody reads cannot be opened.
    pub fn inherited(fd: u32, timeout: Duration) -> Result<Self, Error> {
        let trouble = |why| Error::Pipe { fd, why };
        match processes::open_inherited_pipe(fd) {
            Ok(Some(file)) => Self::over(fd, file, timeout),
            Ok(None) => Err(trouble(PipeTrouble::NotAPipe)),
            Err(cause) => Err(trouble(PipeTrouble::NotOpen { why: cause.to_string() })),
        }
    }

    pub fn over(fd: u32, file: File, timeout: Duration) -> Result<Self, Error> {
        let trouble = |why| Error::Pipe { fd, why };
        match file.metadata() {
            Ok(there) if is_pipe(&there) && has_no_reader(&file) => Err(trouble(PipeTrouble::Closed)),
            Ok(there) if is_pipe(&there) => Ok(Self { fd, file, timeout }),
            Ok(_) => Err(trouble(PipeTrouble::NotAPipe)),
            Err(cause) => Err(trouble(PipeTrouble::NotOpen { why: cause.to_string() })),
        }
    }

    /// Its file descriptor, as it was named.
    #[must_use]
    pub fn fd(&self) -> u32 {
        self.fd
    }

    fn put(&self, text: &str, interrupt: &Interrupt) -> Result<(), PipeTrouble> {
        let deadline = Instant::now() + self.timeout;
        // Less than is written in one piece (PIPE_BUF): all of it or nothing.
        while let Err(cause) = (&self.file).write_all(text.as_bytes()) {
            match cause.kind() {
                io::ErrorKind::WouldBlock => self.pause(deadline, interrupt)?,
                io::ErrorKind::BrokenPipe => return Err(PipeTrouble::Closed),
                _ => return Err(PipeTrouble::NotOpen { why: cause.to_string() }),
            }
        }
        while has_unread(&self.file) {
            if has_no_reader(&self.file) {
                return Err(PipeTrouble::Closed);
            }
            self.pause(deadline, interrupt)?;
        }
        Ok(())
    }

    fn pause(&self, deadline: Instant, interrupt: &Interrupt) -> Result<(), PipeTrouble> {
        if interrupt.wait(Duration::from_millis(10)) {
            return Err(PipeTrouble::Interrupted);
        }
        let late = Instant::now() >= deadline;
        if late { Err(PipeTrouble::TimedOut { seconds: self.timeout.as_secs() }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format() {
        let text = |format: SecretFormat| format.text("a,b", "AKIA1", "x+/\"y").to_string();
        assert_eq!(
            text(SecretFormat::Json),
            "{\"Version\":1,\"AccessKeyId\":\"AKIA1\",\"SecretAccessKey\":\"x+/\\\"y\"}\n"
        );
        assert_eq!(
            SecretFormat::Csv.text("a,b", "AKIA1", "x+/y").as_str(),
            "User Name,Access key ID,Secret access key\n\"a,b\",AKIA1,x+/y\n"
        );
        assert_eq!(
            SecretFormat::Env.text("a", "AKIA1", "x'y").as_str(),
            "export AWS_ACCESS_KEY_ID='AKIA1'\nexport AWS_SECRET_ACCESS_KEY='x'\\''y'\n"
        );
    }
}
