//! What is wrong with a configuration, as facts.

use std::path::PathBuf;

/// A configuration that cannot be used as it is written. Found before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// No profile is called so.
    #[error("there is no AWS profile \"{name}\"")]
    NoSuchProfile {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
        /// A section that was meant to be its own.
        near: Option<NearMiss>,
    },
    /// A profile's access key id has no secret beside it in its file.
    #[error("profile \"{profile}\" has an aws_access_key_id in {path}, and no aws_secret_access_key beside it")]
    HalfAProfile {
        /// The profile.
        profile: String,
        /// The file that has the id.
        path: PathBuf,
    },
    /// A file of the configuration is there and says nothing that can be relied on.
    #[error("{}{path} cannot be used", line.map_or_else(String::new, |line| format!("line {line} of ")))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Counted from 1, where one line is at fault.
        line: Option<usize>,
        /// What is wrong.
        #[source]
        why: Unreadable,
    },
    /// A profile's role is assumed with the credentials of a profile that does not exist.
    #[error(
        "profile \"{profile}\" assumes its role with the credentials of profile \"{source}\", and there is no such profile"
    )]
    NoSourceProfile {
        /// The profile.
        profile: String,
        /// What its `source_profile` says.
        r#source: String,
        /// As of [`Trouble::NoSuchProfile`].
        near: Option<NearMiss>,
    },
    /// A profile's `sso_session` does not exist.
    #[error("profile \"{profile}\" signs in with sso-session \"{session}\", and there is none of that name")]
    NoSsoSession {
        /// The profile.
        profile: String,
        /// What its `sso_session` says.
        session: String,
    },
    /// A profile signs in with SSO, and does not say all that takes.
    #[error("profile \"{profile}\" signs in with IAM Identity Center, and its {lacks} is missing")]
    SsoLacks {
        /// The profile.
        profile: String,
        /// The setting that is missing.
        lacks: &'static str,
    },
    /// A profile's role is assumed with a one-time code, for which nobody is asked here.
    #[error("profile \"{profile}\" assumes its role with a one-time code (mfa_serial)")]
    WantsMfa {
        /// The profile.
        profile: String,
        /// The role.
        role: String,
        /// The profile whose credentials assume it, where one is named.
        r#source: Option<String>,
        /// The device.
        device: String,
    },
    /// A profile's `credential_process` asks glasskey for that same profile's credentials.
    #[error("profile \"{profile}\" gets its credentials from the very command that asks for them, without end")]
    Endless {
        /// The profile.
        profile: String,
        /// Profiles with an access key.
        bases: Vec<String>,
    },
    /// A file that the SDK reads by itself, and cannot.
    #[error("{setting}: {} {}", path.display(), match why {
        Unreadable::NotAFile => "is not a regular file".to_owned(),
        why => format!("cannot be used: {why}"),
    })]
    File {
        /// The variable, or the setting of a profile.
        setting: String,
        /// The file it names.
        path: PathBuf,
        /// What is wrong.
        why: Unreadable,
    },
    /// A profile's `credential_process` gives no credentials that can be used.
    #[error("the credential_process of profile \"{profile}\" (`{program}`) {why}")]
    Process {
        /// The profile.
        profile: String,
        /// The program, without its arguments.
        program: String,
        /// What is wrong.
        #[source]
        why: ProcessFault,
    },
    /// An endpoint that is no `http://` or `https://` address.
    #[error("{setting} is \"{}\", which is no http:// or https:// address", value.rsplit('@').next().unwrap_or_default())]
    BadEndpoint {
        /// The variable, or the setting of the profile.
        setting: String,
        /// What it says.
        value: String,
    },
    /// A switch that is neither `true` nor `false`.
    #[error("{setting} is \"{value}\", neither true nor false")]
    NotASwitch {
        /// The variable, or the setting of the profile.
        setting: String,
        /// What it says.
        value: String,
    },
    /// A region whose name cannot be one.
    #[error("\"{value}\" is not the name of a region")]
    BadRegion {
        /// The name.
        value: String,
    },
    /// A variable that is not text.
    #[error("the variable {variable} is not text (UTF-8)")]
    NotText {
        /// The variable.
        variable: String,
    },
    /// An access key id is in the environment, and its secret is not.
    #[error("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")]
    HalfAKey,
    /// A part of the credentials has a character that cannot be sent.
    #[error("the {part} of the AWS credentials has {character} in it, which cannot be sent")]
    CannotBeSent {
        /// Which part: `access key id`, `session token`.
        part: &'static str,
        /// The character, by its name.
        character: String,
    },
    /// The certificates to trust cannot be read.
    #[error("{setting} names {path}, which gives no certificates to trust: {why}")]
    Bundle {
        /// The variable, or the setting of the profile.
        setting: &'static str,
        /// The file it names.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The system gives no more: files, threads.
    #[error("the system lets no connection be made: {why}")]
    System {
        /// Its words.
        why: String,
    },
}

/// A section that is not the profile's whose it was meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The file.
    pub path: PathBuf,
    /// What stands between its brackets.
    pub section: String,
    /// What is wrong with that.
    pub why: Misnamed,
    /// It is the config file, where all sections but `default` begin with the word `profile`.
    pub in_config: bool,
}

/// What is wrong with the name of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misnamed {
    /// The word `profile` is missing.
    Bare,
    /// The word `profile` is one too many: in the credentials file a name stands alone.
    Superfluous,
    /// A space stands beside a bracket.
    Spaced,
}

/// What is wrong with a `credential_process`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessFault {
    /// The system does not run it.
    #[error("could not be run: {why}")]
    NotStarted {
        /// The system's words.
        why: String,
    },
    /// It failed by its own account.
    #[error("{}", status.map_or_else(|| "was ended by a signal".to_owned(), |status| format!("ended with exit status {status}")))]
    Status {
        /// `None`: a signal ended it.
        status: Option<i32>,
        /// The last lines of its standard error.
        said: Vec<String>,
    },
    /// It printed more than any credentials take, and was stopped.
    #[error("printed more than {most} MiB, and was stopped")]
    TooLong {
        /// How much is read, in MiB.
        most: usize,
    },
    /// What it printed is no JSON object of credentials.
    #[error("printed no JSON of credentials")]
    NotJson,
    /// Its `Version` is not 1.
    #[error("printed JSON whose Version is not 1")]
    Version,
    /// A part is missing.
    #[error("printed no {name}")]
    Lacks {
        /// Which.
        name: &'static str,
    },
    /// Its `Expiration` is no time.
    #[error("printed an Expiration that is no time (RFC 3339)")]
    NotATime,
    /// The credentials are of no use any more.
    #[error("gave credentials that expired at {at}")]
    Expired {
        /// When.
        at: String,
    },
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The system does not give it.
    #[error("it cannot be read: {why}")]
    System {
        /// Its words.
        why: String,
    },
    /// A directory, a pipe, a device.
    #[error("it is not a file")]
    NotAFile,
    /// Longer than any configuration.
    #[error("it is too long for a configuration")]
    TooLong,
    /// It begins with a byte order mark.
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    /// UTF-16.
    #[error("it is UTF-16")]
    Utf16,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Something stands before the first section.
    #[error("it stands before the first section")]
    NoSection,
    /// A carriage return stands between two lines, where others end with a line feed.
    #[error("it has a carriage return between two lines")]
    ReturnWithin,
    /// A section's line has no end.
    #[error("it begins a section without an end: \"]\" is missing")]
    OpenSection,
    /// A line is neither a section nor a setting.
    #[error("it is neither a section nor a setting: \"=\" is missing")]
    NotASetting,
    /// A section, or a setting in one, is there twice.
    #[error("it has {name} a second time")]
    Twice {
        /// Its name.
        name: String,
    },
}
