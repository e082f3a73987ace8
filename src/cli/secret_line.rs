//! Secrets on standard input or on file descriptors, a line each.

use super::args::Global;
use super::invocation::{Failed, usage};
use super::unanswered::{self, Encoding, Why};
use crate::platform::descriptors;
use crate::secret::Password;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// Where secrets come from, other than from the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Stdin,
    Fd(u32),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::Fd(fd) => write!(f, "file descriptor {fd}"),
        }
    }
}

impl Source {
    fn of(stdin: bool, fd: Option<u32>) -> Option<Self> {
        if stdin { Some(Self::Stdin) } else { fd.map(Self::Fd) }
    }

    pub(super) fn of_passwords(global: &Global) -> Option<Self> {
        Self::of(global.password_stdin, global.password_fd)
    }

    pub(super) fn of_pins(global: &Global) -> Option<Self> {
        Self::of(global.pin_stdin, global.pin_fd)
    }

    pub(super) fn open(self) -> Option<File> {
        match self {
            Self::Stdin => descriptors::stdin().ok(),
            Self::Fd(fd) if !descriptors::ARE_INHERITED => {
                unanswered::because(Why::NotInherited { fd });
                None
            }
            Self::Fd(fd) => descriptors::open_to_read(fd).ok(),
        }
    }

    /// Reads one line, byte by byte so that the next reader finds the next line. Text that is not UTF-8 is no answer,
    /// and what it is instead is remembered: a PIN must reach the key as the bytes that its owner means.
    pub(super) fn read_password(self, file: &mut File) -> Option<Password> {
        let mut line = Zeroizing::new(Vec::with_capacity(4096));
        let mut byte = Zeroizing::new([0]);
        while file.read(&mut *byte).ok()? == 1 && *byte != [b'\n'] && line.len() < 4096 {
            line.extend_from_slice(&*byte);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if let Some(encoding) = Encoding::of_other_than_utf8(&line) {
            unanswered::because(Why::SecretNotUtf8 { from: self, encoding });
            return None;
        }
        let text = std::str::from_utf8(&line).ok().filter(|text| !text.is_empty())?;
        Some(Password::new(text.to_owned()))
    }
}

/// The option that takes secrets from standard input, and what they are.
static STDIN_IS_FOR: OnceLock<(&'static str, &'static str)> = OnceLock::new();

/// A kind of secrets, and the options that say where they come from.
struct Secrets {
    what: &'static str,
    from_stdin: &'static str,
    stdin: bool,
    from_fd: &'static str,
    fd: Option<u32>,
}

/// Looks whether the sources of secrets can be what the options say, before anything is opened.
///
/// # Errors
/// Two ask for the same standard input, or for two sources of one secret; it is a terminal, which would show what is
/// typed; or this system has no file descriptors to inherit.
pub(super) fn check_sources(global: &Global) -> Result<(), Failed> {
    let passwords = Secrets {
        what: "OATH passwords",
        from_stdin: "--password-stdin",
        stdin: global.password_stdin,
        from_fd: "--password-fd",
        fd: global.password_fd,
    };
    let pins = Secrets {
        what: "PINs",
        from_stdin: "--pin-stdin",
        stdin: global.pin_stdin,
        from_fd: "--pin-fd",
        fd: global.pin_fd,
    };
    if passwords.stdin && pins.stdin {
        let text = usage("--password-stdin and --pin-stdin cannot both read standard input");
        return Err(Box::new(text.hint(if descriptors::ARE_INHERITED {
            "give one of them on a file descriptor: --password-fd FD or --pin-fd FD"
        } else {
            "leave one of them out, and type what it is for at the console"
        })));
    }
    passwords.check(descriptors::ARE_INHERITED)?;
    pins.check(descriptors::ARE_INHERITED)
}

impl Secrets {
    /// `inherited`: whether a program gets file descriptors from the one that starts it.
    fn check(&self, inherited: bool) -> Result<(), Failed> {
        let Self { what, from_stdin, from_fd, .. } = self;
        match (self.stdin, self.fd) {
            (true, Some(_)) => {
                let text = usage(format!("{from_stdin} and {from_fd} name two sources of the same {what}"));
                Err(Box::new(text.hint("leave one of them out")))
            }
            (false, Some(fd)) if !inherited => {
                let text = usage(format!("{from_fd} {fd}: a program gets no file descriptors on Windows"));
                Err(Box::new(text.hint(format!("{from_stdin} reads {what} from standard input, one line per key"))))
            }
            (true, None) if io::stdin().is_terminal() => {
                let text =
                    usage(format!("{from_stdin} reads standard input, which is a terminal: it would show them"));
                Err(Box::new(
                    text.hint(format!("leave {from_stdin} out to be asked without echo, or pipe the {what} in")),
                ))
            }
            (true, None) => {
                STDIN_IS_FOR.get_or_init(|| (from_stdin, what));
                Ok(())
            }
            (false, _) => Ok(()),
        }
    }
}

/// Whether text may be read from standard input: something is piped in, and it is not for secrets.
pub(super) fn stdin_has_text() -> bool {
    STDIN_IS_FOR.get().is_none() && !io::stdin().is_terminal()
}

/// Looks whether `what` can come from standard input.
///
/// # Errors
/// Secrets come from it.
pub(super) fn check_stdin_is_free(what: &str) -> Result<(), Failed> {
    match STDIN_IS_FOR.get() {
        None => Ok(()),
        Some((option, secrets)) => {
            let text = usage(format!("standard input holds {secrets} ({option}), so {what} cannot come from it"));
            Err(Box::new(text.hint("name a file instead")))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn where_no_file_descriptor_is_inherited_standard_input_is_named() {
        let pins = |stdin, fd| Secrets { what: "PINs", from_stdin: "--pin-stdin", stdin, from_fd: "--pin-fd", fd };
        let text = pins(false, Some(3)).check(false).unwrap_err();
        assert_eq!(text.what, "--pin-fd 3: a program gets no file descriptors on Windows");
        assert_eq!(text.hints, ["--pin-stdin reads PINs from standard input, one line per key"]);
        assert!(pins(false, Some(3)).check(true).is_ok() && pins(false, None).check(false).is_ok());
    }
}
