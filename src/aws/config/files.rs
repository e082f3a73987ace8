//! The two files of a configuration, read whole or not at all, and merged as the AWS CLI merges them.
//!
//! The SDK drops a file that it cannot decode, and profiles whose names it does not like, and goes on as somebody else.
//! So it is given a text of our own: every profile that the AWS CLI finds, under a name that the SDK takes.

use super::ini::{self, Section};
use super::trouble::{Misnamed, NearMiss, Trouble, Unreadable};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

pub(super) type Settings = BTreeMap<String, String>;

#[derive(Debug, Default)]
pub(super) struct Profile {
    /// What both files say of it; the credentials file goes before.
    pub(super) settings: Settings,
    /// The credentials file holds an access key for it.
    pub(super) has_key: bool,
    /// An access key id without its secret beside it. The AWS CLI never takes the two from different files.
    pub(super) half: Option<Half>,
    /// Settings whose values end before a comment, which the AWS CLI takes for a part of them.
    pub(super) commented: BTreeSet<String>,
}

/// Which file holds an access key id, and not its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Config,
    Credentials,
}

/// What belongs together, and to one file.
const KEY: [&str; 4] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", OLDER_TOKEN];

/// The session token's name in the first SDKs.
const OLDER_TOKEN: &str = "aws_security_token";

#[derive(Debug, Default)]
pub(super) struct Files {
    profiles: BTreeMap<String, Profile>,
    sso_sessions: BTreeMap<String, Settings>,
    services: BTreeMap<String, Settings>,
    /// Sections that are no profile's for want of a right name, by the profile that they mean.
    near: BTreeMap<String, NearMiss>,
}

/// What the SDK is told where a role is assumed with what a `credential_process` gives.
pub(super) const PROCESS: &str = "GlasskeyProcess";

/// More than any configuration has.
const LONGEST: u64 = 16 << 20;

impl Files {
    /// Reads them from where the environment says. A file that is not there is an empty one, as everywhere.
    pub(super) fn read() -> Result<Self, Trouble> {
        let mut files = Self::default();
        files.take_config(sections(&config())?);
        files.take_credentials(sections(&credentials())?);
        Ok(files)
    }

    fn take_config(&mut self, sections: Vec<Section>) {
        for Section { header, settings, commented } in sections {
            let settings = settings.into_iter().collect();
            // Quotes are a shell's: `aws configure --profile "a b"` writes [profile 'a b'].
            let words = shlex::split(&header).unwrap_or_default();
            // A space is a part of the name: after the bracket always, before it in that of `default`.
            let spaced = header.starts_with(char::is_whitespace);
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["default"] if header == "default" => {
                    self.profiles.insert("default".to_owned(), Profile::of_config(settings, commented));
                }
                ["default"] => self.nearly("default", &header, Misnamed::Spaced, true),
                ["profile", name] if spaced => self.nearly(name, &header, Misnamed::Spaced, true),
                ["profile", name] => {
                    self.profiles.insert(name.to_owned(), Profile::of_config(settings, commented));
                }
                ["sso-session", name] => {
                    self.sso_sessions.insert(name.to_owned(), settings);
                }
                ["services", name] => {
                    self.services.insert(name.to_owned(), settings);
                }
                _ => self.nearly(header.trim(), &header, Misnamed::Bare, true),
            }
        }
    }

    fn take_credentials(&mut self, sections: Vec<Section>) {
        for Section { header, settings, commented } in sections {
            match header.trim().strip_prefix("profile ") {
                Some(name) => self.nearly(name.trim(), &header, Misnamed::Superfluous, false),
                None if header.trim() != header => self.nearly(header.trim(), &header, Misnamed::Spaced, false),
                None => {}
            }
            self.profiles.entry(header).or_default().take(settings.into_iter().collect(), commented);
        }
    }

    fn nearly(&mut self, profile: &str, section: &str, why: Misnamed, in_config: bool) {
        let path = if in_config { config() } else { credentials() };
        let near = NearMiss { path, section: section.to_owned(), why, in_config };
        self.near.entry(profile.to_owned()).or_insert(near);
    }

    /// The section that was meant to be this profile's, where one was.
    pub(super) fn near(&self, profile: &str) -> Option<NearMiss> {
        self.near.get(profile).cloned()
    }

    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// A profile's setting; an empty one is none.
    pub(super) fn setting(&self, profile: &str, name: &str) -> Option<&str> {
        self.profile(profile)?.settings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    pub(super) fn sso_session(&self, name: &str) -> Option<&Settings> {
        self.sso_sessions.get(name)
    }

    pub(super) fn services(&self, name: &str) -> Option<&Settings> {
        self.services.get(name)
    }

    /// Profiles that hold an access key themselves.
    pub(super) fn with_keys(&self) -> Vec<String> {
        let holds = |profile: &&String| self.setting(profile, "aws_access_key_id").is_some();
        self.profiles.keys().filter(holds).cloned().collect()
    }

    /// The name under which the SDK knows a profile.
    pub(super) fn alias(&self, name: &str) -> String {
        alias(&self.profiles, name)
    }

    /// For the SDK, which starts no `credential_process`: the one of this profile is a source of its own ([`PROCESS`]).
    pub(super) fn for_sdk(&self, process: Option<&str>) -> EnvConfigFiles {
        let mut text = String::new();
        for (name, profile) in &self.profiles {
            text += &format!("[profile {}]\n", self.alias(name));
            for (setting, value) in &profile.settings {
                let (mut setting, mut value) = (setting.as_str(), value.clone());
                match setting {
                    name if profile.half.is_some() && KEY.contains(&name) => continue,
                    // The AWS CLI's order: a key in the credentials file goes before a login and a process.
                    // The older name goes first, as with the AWS CLI.
                    "aws_session_token" if profile.settings.contains_key(OLDER_TOKEN) => continue,
                    OLDER_TOKEN => setting = "aws_session_token",
                    "login_session" if profile.has_key => continue,
                    "credential_process" => continue,
                    "source_profile" if process == Some(value.as_str()) && value != *name => {
                        (setting, value) = ("credential_source", PROCESS.to_owned());
                    }
                    "source_profile" => value = self.alias(&value),
                    "services" => value = alias(&self.services, &value),
                    _ => {}
                }
                write(&mut text, setting, &value);
            }
        }
        for (name, settings) in &self.sso_sessions {
            text += &format!("[sso-session {name}]\n");
            settings.iter().for_each(|(setting, value)| write(&mut text, setting, value));
        }
        for (name, settings) in &self.services {
            text += &format!("[services {}]\n", alias(&self.services, name));
            settings.iter().for_each(|(setting, value)| write(&mut text, setting, value));
        }
        EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, text).build()
    }
}

impl Profile {
    fn of_config(settings: Settings, commented: Vec<String>) -> Self {
        let half = is_half(&settings).then_some(Half::Config);
        Self { settings, has_key: false, half, commented: commented.into_iter().collect() }
    }

    fn take(&mut self, settings: Settings, commented: Vec<String>) {
        self.commented.retain(|name| !settings.contains_key(name));
        self.commented.extend(commented);
        if has(&settings, "aws_access_key_id") {
            KEY.iter().for_each(|name| drop(self.settings.remove(*name)));
            self.half = is_half(&settings).then_some(Half::Credentials);
            self.has_key = self.half.is_none();
        }
        // A secret without its id is nobody's.
        let of_nobody = |name: &str| !self.has_key && self.half != Some(Half::Credentials) && KEY.contains(&name);
        self.settings.extend(settings.into_iter().filter(|(name, _)| !of_nobody(name)));
    }
}

fn has(settings: &Settings, name: &str) -> bool {
    settings.get(name).is_some_and(|value| !value.is_empty())
}

fn is_half(settings: &Settings) -> bool {
    has(settings, "aws_access_key_id") && !has(settings, "aws_secret_access_key")
}

impl Half {
    pub(super) fn path(self) -> PathBuf {
        match self {
            Self::Config => config(),
            Self::Credentials => credentials(),
        }
    }
}

fn config() -> PathBuf {
    place("AWS_CONFIG_FILE", "config")
}

fn credentials() -> PathBuf {
    place("AWS_SHARED_CREDENTIALS_FILE", "credentials")
}

/// Nothing is written for an empty value: the SDK would take it for one.
fn write(text: &mut String, setting: &str, value: &str) {
    if !value.is_empty() {
        text.push_str(&format!("{setting} = {}\n", value.replace('\n', "\n  ")));
    }
}

/// The SDK takes `[A-Za-z0-9_\-/.%@:\+]+` only.
fn alias<T>(all: &BTreeMap<String, T>, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c);
    match all.keys().position(|there| there == name) {
        Some(place) if !name.chars().all(plain) => format!("glasskey:{place}"),
        _ => name.to_owned(),
    }
}

/// Where a file is: the variable says it, else it is in the home directory.
fn place(variable: &str, name: &str) -> PathBuf {
    match std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) {
        Some(path) => match path.strip_prefix("~") {
            Ok(rest) => home().join(rest),
            Err(_) => path,
        },
        None => home().join(".aws").join(name),
    }
}

/// The home directory; an empty path where there is none.
pub(super) fn home() -> PathBuf {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    home.or_else(std::env::home_dir).unwrap_or_default()
}

fn sections(path: &Path) -> Result<Vec<Section>, Trouble> {
    let unreadable = |line, why| Trouble::Unreadable { path: path.to_owned(), line, why };
    let bytes = bytes(path).map_err(|why| unreadable(None, why))?;
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(unreadable(Some(1), Unreadable::ByteOrderMark));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(unreadable(None, Unreadable::Utf16));
    }
    let text = std::str::from_utf8(&bytes).map_err(|cause| {
        let before = bytes.iter().take(cause.valid_up_to());
        unreadable(Some(before.filter(|byte| **byte == b'\n').count() + 1), Unreadable::NotUtf8)
    })?;
    ini::parse(text).map_err(|(line, why)| unreadable(Some(line), why))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Unreadable> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let system = |cause: std::io::Error| Unreadable::System { why: cause.to_string() };
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(cause) if matches!(cause.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        Err(cause) => return Err(system(cause)),
    };
    if path == Path::new("/dev/null") || path.as_os_str().eq_ignore_ascii_case("nul") {
        return Ok(Vec::new());
    }
    // A pipe may never end, and a device may never begin.
    if !about.is_file() {
        return Err(Unreadable::NotAFile);
    }
    let mut read = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut read)).map_err(system)?;
    if u64::try_from(read.len()).is_ok_and(|length| length > LONGEST) {
        return Err(Unreadable::TooLong);
    }
    Ok(read)
}
