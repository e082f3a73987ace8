//! What is wrong with a configuration, as facts.

use std::path::PathBuf;

/// A configuration that cannot be used as it is written. Found before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Trouble {
    #[error("there is no AWS profile \"{name}\"")]
    NoSuchProfile {
        name: String,
        /// Those there are.
        known: Vec<String>,
        /// A section that was meant to be its own.
        near: Option<NearMiss>,
    },
    #[error("profile \"{profile}\" has an aws_access_key_id in {path}, and no aws_secret_access_key beside it")]
    HalfAProfile {
        profile: String,
        /// The file that has the id.
        path: PathBuf,
    },
    #[error("{}{path} cannot be used", line.map_or_else(String::new, |line| format!("line {line} of ")))]
    Unreadable {
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
        profile: String,
        /// What its `source_profile` says.
        r#source: String,
        /// As of [`Trouble::NoSuchProfile`].
        near: Option<NearMiss>,
    },
    /// A profile's `sso_session` does not exist.
    #[error("profile \"{profile}\" signs in with sso-session \"{session}\", and there is none of that name")]
    NoSsoSession {
        profile: String,
        /// What its `sso_session` says.
        session: String,
    },
    #[error("profile \"{profile}\" signs in with IAM Identity Center, and its {lacks} is missing")]
    SsoLacks {
        profile: String,
        /// The setting that is missing.
        lacks: &'static str,
    },
    #[error("profile \"{profile}\" assumes its role with a one-time code (mfa_serial)")]
    WantsMfa {
        profile: String,
        role: String,
        /// The profile whose credentials assume it, where one is named.
        r#source: Option<String>,
        device: String,
    },
    /// A profile's `credential_process` asks glasskey for that same profile's credentials.
    #[error("profile \"{profile}\" gets its credentials from the very command that asks for them, without end")]
    Endless {
        profile: String,
        /// Profiles with an access key.
        bases: Vec<String>,
    },
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
    #[error("\"{value}\" is not the name of a region")]
    BadRegion { value: String },
    #[error("the variable {variable} is not text (UTF-8)")]
    NotText { variable: String },
    #[error("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")]
    HalfAKey,
    #[error("the {part} of the AWS credentials has {character} in it, which cannot be sent")]
    CannotBeSent {
        /// Which part: `access key id`, `session token`.
        part: &'static str,
        /// The character, by its name.
        character: String,
    },
    #[error("{setting} names {path}, which gives no certificates to trust: {why}")]
    Bundle {
        /// The variable, or the setting of the profile.
        setting: &'static str,
        /// The file it names.
        path: PathBuf,
        why: String,
    },
    /// The system gives no more: files, threads.
    #[error("the system lets no connection be made: {why}")]
    System { why: String },
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
#[allow(missing_docs)]
pub enum ProcessFault {
    #[error("could not be run: {why}")]
    NotStarted {
        /// The system's words.
        why: String,
    },
    #[error("{}", status.map_or_else(|| "was ended by a signal".to_owned(), |status| format!("ended with exit status {status}")))]
    Status {
        /// `None`: a signal ended it.
        status: Option<i32>,
        /// The last lines of its standard error.
        said: Vec<String>,
    },
    #[error("printed more than {most} MiB, and was stopped")]
    TooLong {
        /// How much is read, in MiB.
        most: usize,
    },
    #[error("printed no JSON of credentials")]
    NotJson,
    /// Its `Version` is not 1.
    #[error("printed JSON whose Version is not 1")]
    Version,
    #[error("printed no {name}")]
    Lacks { name: &'static str },
    /// Its `Expiration` is no time.
    #[error("printed an Expiration that is no time (RFC 3339)")]
    NotATime,
    #[error("gave credentials that expired at {at}")]
    Expired {
        /// When.
        at: String,
    },
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Unreadable {
    #[error("it cannot be read: {why}")]
    System { why: String },
    #[error("it is not a file")]
    NotAFile,
    #[error("it is too long for a configuration")]
    TooLong,
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    /// UTF-16.
    #[error("it is UTF-16")]
    Utf16,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it stands before the first section")]
    NoSection,
    #[error("it has a carriage return between two lines")]
    ReturnWithin,
    #[error("it begins a section without an end: \"]\" is missing")]
    OpenSection,
    #[error("it is neither a section nor a setting: \"=\" is missing")]
    NotASetting,
    #[error("it has {name} a second time")]
    Twice { name: String },
}
