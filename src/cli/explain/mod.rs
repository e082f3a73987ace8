//! Every error's sentence, hint and exit code, in one place; one file for each room they come from.
//!
//! A sentence says what happened, a hint what to do next, and the state what the world is in now. No capital first
//! letters after the prefix, no full stops at the end.

mod applets;
#[allow(unreachable_pub)]
pub(in crate::cli) mod audit;
mod aws;
mod ceremonies;
mod configuration;
mod fido;
mod flow;
mod keys;
mod places;
mod refusals;
mod root;
mod world;

pub(in crate::cli) use applets::{bad_uri, oath, piv};
pub(in crate::cli) use aws::aws;
pub(in crate::cli) use ceremonies::{attestation_code, attestation_hints, ceremony, finding, not_prepared, options};
pub(in crate::cli) use fido::{fido, fido_unlock};
pub(in crate::cli) use flow::{failed, journal};
pub(in crate::cli) use keys::{TELL_SERIAL, keys, transport, unlock};
pub(in crate::cli) use places::not_open;
pub(in crate::cli) use refusals::{delete_it, last_factors};
pub(in crate::cli) use root::A_PHONE;
pub(in crate::cli) use root::root_not_done;
pub(in crate::cli) use world::world;

use crate::platform::NoKeyring;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::Display;

/// What a script may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::cli) enum Exit {
    Done = 0,
    /// It worked, and the answer is no.
    No = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Failed; the world is as it was.
    Failed = 3,
    /// Failed, and something is left.
    Left = 4,
    /// A person, a touch or a password is needed, and nobody can be asked.
    Person = 5,
    /// Interrupted, and undone.
    Interrupted = 130,
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

impl JsonSchema for Exit {
    fn schema_name() -> Cow<'static, str> {
        "Exit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "integer", "enum": [0, 1, 2, 3, 4, 5, 130] })
    }
}

/// An error, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::cli) struct Explanation {
    /// Short and stable, such as `key_not_found`: what a script compares with.
    pub code: &'static str,
    /// What happened, for people; the wording may change.
    #[serde(rename = "message")]
    pub what: String,
    /// What else is worth knowing, for people.
    pub notes: Vec<String>,
    /// What to do next, for people.
    pub hints: Vec<String>,
    /// What was changed and is left, for people; empty where nothing was begun.
    pub state: Vec<String>,
    /// The exit code.
    pub exit: Exit,
}

impl Explanation {
    /// A failure that left the world as it was.
    pub(in crate::cli) fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), notes: Vec::new(), hints: Vec::new(), state: Vec::new(), exit: Exit::Failed }
    }

    /// As [`Explanation::new`], in the error's own words.
    pub(in crate::cli) fn of(code: &'static str, error: &impl Display) -> Self {
        Self::new(code, error.to_string())
    }

    /// The person asked to stop.
    pub(in crate::cli) fn interrupted() -> Self {
        Self::new("interrupted", "interrupted").exit(Exit::Interrupted)
    }

    /// With what to do next.
    pub(in crate::cli) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With something worth knowing.
    pub(in crate::cli) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With another exit code.
    pub(in crate::cli) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// What is wrong, in a report of what went well.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Reason {
    /// Short and stable: what a script compares with.
    pub code: &'static str,
    /// The same for people; the wording may change.
    pub message: String,
}

impl From<&Explanation> for Reason {
    fn from(text: &Explanation) -> Self {
        Self { code: text.code, message: text.what.clone() }
    }
}

/// Why the system keeps nothing in memory.
pub(in crate::cli) fn no_keyring(why: &NoKeyring) -> String {
    match why {
        NoKeyring::Full => "the kernel keyring is full".to_owned(),
        NoKeyring::Missing { why } => format!("the kernel keyring cannot be used ({why})"),
    }
}

/// The result could not be written. `spent`: what is spent all the same.
pub(in crate::cli) fn not_written(cause: &std::io::Error, spent: Option<&str>) -> Explanation {
    let mut text = Explanation::new("output", format!("standard output could not be written: {cause}"))
        .note("whatever the command was to do is done; only what it had to say is missing");
    text.state.extend(spent.map(ToOwned::to_owned));
    text
}

fn nobody(what: impl Display) -> Explanation {
    Explanation::of("nobody_to_ask", &what).exit(Exit::Person)
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_exit_codes_are_those_of_the_document() {
        let document = include_str!("../../../docs/json.md");
        let documented: Vec<u8> =
            document.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
        let all = [Exit::Done, Exit::No, Exit::Usage, Exit::Failed, Exit::Left, Exit::Person, Exit::Interrupted];
        assert_eq!(documented, all.map(|exit| exit as u8));
    }
}
