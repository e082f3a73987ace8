//! What is wrong with a configuration, as facts.

use std::path::PathBuf;

/// A configuration that cannot be used as it is written. Found before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// No profile is called so.
    NoSuchProfile {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
        /// The file with a section of this name that is no profile's, for want of the word `profile`.
        bare: Option<PathBuf>,
    },
    /// A profile's access key id has no secret beside it in its file.
    HalfAProfile {
        /// The profile.
        profile: String,
        /// The file that has the id.
        path: PathBuf,
    },
    /// A file of the configuration is there and says nothing that can be relied on.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Counted from 1, where one line is at fault.
        line: Option<usize>,
        /// What is wrong.
        why: Unreadable,
    },
    /// A profile's role is assumed with the credentials of a profile that does not exist.
    NoSourceProfile {
        /// The profile.
        profile: String,
        /// What its `source_profile` says.
        source: String,
        /// As of [`Trouble::NoSuchProfile`].
        bare: Option<PathBuf>,
    },
    /// A profile's `sso_session` does not exist.
    NoSsoSession {
        /// The profile.
        profile: String,
        /// What its `sso_session` says.
        session: String,
    },
    /// A profile signs in with SSO, and does not say all that takes.
    SsoLacks {
        /// The profile.
        profile: String,
        /// The setting that is missing.
        lacks: &'static str,
    },
    /// A profile's role is assumed with a one-time code, for which nobody is asked here.
    WantsMfa {
        /// The profile.
        profile: String,
        /// The role.
        role: String,
        /// The profile whose credentials assume it, where one is named.
        source: Option<String>,
        /// The device.
        device: String,
    },
    /// A profile's `credential_process` asks glasskey for that same profile's credentials.
    Endless {
        /// The profile.
        profile: String,
        /// Profiles with an access key.
        bases: Vec<String>,
    },
    /// An endpoint that is no `http://` or `https://` address.
    BadEndpoint {
        /// The variable, or the setting of the profile.
        setting: String,
        /// What it says.
        value: String,
    },
    /// A switch that is neither `true` nor `false`.
    NotASwitch {
        /// The variable, or the setting of the profile.
        setting: String,
        /// What it says.
        value: String,
    },
    /// A region whose name cannot be one.
    BadRegion {
        /// The name.
        value: String,
    },
    /// A variable that is not text.
    NotText {
        /// The variable.
        variable: String,
    },
    /// An access key id is in the environment, and its secret is not.
    HalfAKey,
    /// A part of the credentials has a character that cannot be sent.
    CannotBeSent {
        /// Which part: `access key id`, `session token`.
        part: &'static str,
        /// The character, by its name.
        character: String,
    },
    /// The certificates to trust cannot be read.
    Bundle {
        /// The variable, or the setting of the profile.
        setting: &'static str,
        /// The file it names.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The system gives no more: files, threads.
    System {
        /// Its words.
        why: String,
    },
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// The system does not give it.
    System {
        /// Its words.
        why: String,
    },
    /// A directory, a pipe, a device.
    NotAFile,
    /// Longer than any configuration.
    TooLong,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// UTF-16.
    Utf16,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// Something stands before the first section.
    NoSection,
    /// A carriage return stands between two lines, where others end with a line feed.
    ReturnWithin,
    /// A section's line has no end.
    OpenSection,
    /// A line is neither a section nor a setting.
    NotASetting,
    /// A section, or a setting in one, is there twice.
    Twice {
        /// Its name.
        name: String,
    },
}
