//! What can be told to be wrong with a configuration before anybody is asked. Each is a thing that the SDK passes over
//! in silence, panics at, or finds only when a request is on its way.

use super::files::{Files, home};
use super::origin::{Origin, Way};
use super::trouble::{Trouble, Unreadable};
use aws_credential_types::Credentials;
use data_encoding::HEXLOWER;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// The session token's name in the first SDKs, which the AWS CLI reads before `AWS_SESSION_TOKEN`.
pub(super) const OLDER_TOKEN: &str = "AWS_SECURITY_TOKEN";

/// A variable; an empty one is not set.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that is not text is none to the SDK.
pub(super) fn variables() -> Result<(), Trouble> {
    let bad = std::env::vars_os().find_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("AWS_"))?;
        value.into_string().is_err().then_some(name)
    });
    bad.map_or(Ok(()), |variable| Err(Trouble::NotText { variable }))
}

pub(super) fn key_in_environment() -> Result<bool, Trouble> {
    let has = |name| variable(name).is_some_and(|value| !value.trim().is_empty());
    match (has("AWS_ACCESS_KEY_ID"), has("AWS_SECRET_ACCESS_KEY")) {
        (true, false) => Err(Trouble::HalfAKey),
        (id, _) => Ok(id),
    }
}

/// A setting of a profile, as it is named to a person.
fn of_profile(name: &str, profile: &str) -> String {
    format!("{name} of profile \"{profile}\"")
}

pub(super) fn switches(files: &Files, profile: &str) -> Result<(), Trouble> {
    let all = [
        ("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"),
    ];
    for (name, setting) in all {
        let of_profile =
            || files.setting(profile, setting).map(|value| (of_profile(setting, profile), value.to_owned()));
        let Some((setting, value)) = variable(name).map(|value| (name.to_owned(), value)).or_else(of_profile) else {
            continue;
        };
        if !["true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)) {
            return Err(Trouble::NotASwitch { setting, value });
        }
    }
    Ok(())
}

/// Every endpoint that is named, whether it will be used or not.
pub(super) fn endpoints(files: &Files, profile: &str) -> Result<(), Trouble> {
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let of_environment = variables
        .filter(|(name, _)| name == "AWS_ENDPOINT_URL" || name.starts_with("AWS_ENDPOINT_URL_"))
        .filter_map(|(name, value)| Some((name, value.into_string().ok()?)));
    let own = files.setting(profile, "endpoint_url");
    let own = own.map(|value| (of_profile("endpoint_url", profile), value.to_owned()));
    let services = files.setting(profile, "services").and_then(|name| Some((name, files.services(name)?)));
    let of_services = services.into_iter().flat_map(|(name, services)| {
        services.iter().filter_map(move |(service, settings)| {
            let lines = settings.lines().filter_map(|line| line.split_once('='));
            let (_, url) = lines.into_iter().find(|(setting, _)| setting.trim() == "endpoint_url")?;
            Some((format!("endpoint_url of {service} in [services {name}]"), url.trim().to_owned()))
        })
    });
    let bad = of_environment.chain(own).chain(of_services).find(|(_, url)| !url.is_empty() && !is_address(url));
    bad.map_or(Ok(()), |(setting, value)| Err(Trouble::BadEndpoint { setting, value }))
}

fn is_address(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// As the AWS CLI has it: what a host's name may have between its dots.
pub(super) fn region(name: &str) -> Result<(), Trouble> {
    let plain = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let edges = name.starts_with('-') || name.ends_with('-');
    if plain && !edges && (1..64).contains(&name.len()) {
        return Ok(());
    }
    Err(Trouble::BadRegion { value: name.to_owned() })
}

/// The files that the SDK and the TLS library open by themselves: at a pipe in a file's place they would wait without end.
/// `trusted`: a bundle of certificates is named, and the system's are not read.
pub(super) fn opened(files: &Files, origin: &Origin, trusted: bool) -> Result<(), Trouble> {
    let set = |name: &str| variable(name).map(|path| (name.to_owned(), PathBuf::from(path)));
    let certificates = set("SSL_CERT_FILE").filter(|(_, path)| !trusted && path.exists());
    let container = || set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    let mut all: Vec<_> = certificates.into_iter().collect();
    match origin {
        Origin::Machine => all.extend(set("AWS_WEB_IDENTITY_TOKEN_FILE").or_else(container)),
        Origin::Profile { name, way } => {
            let setting = |setting| files.setting(name, setting);
            let kept = |path: Option<PathBuf>| {
                let path = path.filter(|path| path.exists())?;
                Some((format!("the sign-in of profile \"{name}\""), path))
            };
            match way {
                Way::WebIdentity => all.extend(
                    setting("web_identity_token_file")
                        .map(|path| (of_profile("web_identity_token_file", name), PathBuf::from(path))),
                ),
                Way::Source if setting("credential_source") == Some("EcsContainer") => all.extend(container()),
                Way::Sso => all.extend(kept(setting("sso_session").or(setting("sso_start_url")).map(of_sso))),
                Way::Login => all.extend(kept(setting("login_session").map(of_login))),
                _ => {}
            }
        }
        Origin::Environment => {}
    }
    let odd = all.into_iter().find_map(|(setting, path)| {
        let why = match std::fs::metadata(&path) {
            Ok(there) if there.is_file() => return None,
            Ok(_) => Unreadable::NotAFile,
            Err(cause) => Unreadable::System { why: cause.to_string() },
        };
        Some(Trouble::File { setting, path, why })
    });
    odd.map_or(Ok(()), Err)
}

/// Where the SDK keeps what a sign-in gave.
fn of_sso(session: &str) -> PathBuf {
    home().join(".aws/sso/cache").join(HEXLOWER.encode(&Sha1::digest(session)) + ".json")
}

/// As [`of_sso`], for `aws login`.
fn of_login(session: &str) -> PathBuf {
    let cache = variable("AWS_LOGIN_CACHE_DIRECTORY").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| home().join(".aws/login/cache"));
    cache.join(HEXLOWER.encode(&Sha256::digest(session.trim())) + ".json")
}

/// What goes into a header must be visible: the SDK panics at other characters, and one that ends a line would begin
/// another header.
pub(super) fn credentials(credentials: &Credentials) -> Result<(), Trouble> {
    let parts = [
        ("access key id", credentials.access_key_id()),
        ("session token", credentials.session_token().unwrap_or_default()),
    ];
    let bad = parts.into_iter().find_map(|(part, value)| {
        let character = value.chars().find(|c| !c.is_ascii_graphic())?;
        Some(Trouble::CannotBeSent { part, character: called(character) })
    });
    bad.map_or(Ok(()), Err)
}

/// A character that cannot be shown, by its name.
fn called(character: char) -> String {
    match character {
        '\r' => "a carriage return".to_owned(),
        '\n' => "a line end".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        '\u{1b}' => "an escape character".to_owned(),
        other => format!("U+{:04X}", u32::from(other)),
    }
}
