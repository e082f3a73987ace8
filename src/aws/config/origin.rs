//! Where credentials come from: a profile is followed to its end before the SDK is asked, so that what is wrong with it
//! is said in its own words.

use super::files::{Files, Half};
use super::trouble::Trouble;
use super::within::is_within;

/// Where credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An access key in the environment.
    Environment,
    /// A profile: not the one that is named, where that one names another to assume its role with.
    Profile {
        /// Its name.
        name: String,
        /// What it holds.
        way: Way,
    },
    /// Neither: what the machine gives, if it gives any.
    Machine,
}

/// What a profile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// An access key.
    AccessKey,
    /// The command of a `credential_process`.
    Process,
    /// A sign-in with IAM Identity Center.
    Sso,
    /// A sign-in with `aws login`.
    Login,
    /// A web identity token.
    WebIdentity,
    /// A `credential_source`.
    Source,
    /// Nothing.
    Nothing,
}

/// Follows a profile, as the SDK will, to whatever holds credentials.
pub(super) fn follow(files: &Files, profile: &str) -> Result<Origin, Trouble> {
    let mut name = profile.to_owned();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let setting = |setting| files.setting(&name, setting);
        let role = setting("role_arn").filter(|_| setting("web_identity_token_file").is_none());
        let (Some(role), false) = (role, !seen.is_empty() && setting("aws_access_key_id").is_some()) else {
            return base(files, &name);
        };
        let source = setting("source_profile");
        if let Some(device) = setting("mfa_serial") {
            let (role, source, device) = (role.to_owned(), source.map(str::to_owned), device.to_owned());
            return Err(Trouble::WantsMfa { profile: name, role, source, device });
        }
        match source {
            Some(source) if source != name && !seen.iter().any(|there| there == source) => {
                if files.profile(source).is_none() {
                    let near = files.near(source);
                    return Err(Trouble::NoSourceProfile { source: source.to_owned(), profile: name, near });
                }
                let source = source.to_owned();
                seen.push(std::mem::replace(&mut name, source));
            }
            _ => return base(files, &name),
        }
    }
}

fn base(files: &Files, name: &str) -> Result<Origin, Trouble> {
    let way = way(files, name)?;
    if way == Way::Process && is_within(name) {
        return Err(Trouble::Endless { profile: name.to_owned(), bases: files.with_keys() });
    }
    Ok(Origin::Profile { name: name.to_owned(), way })
}

/// The order is the AWS CLI's.
fn way(files: &Files, name: &str) -> Result<Way, Trouble> {
    let has = |setting| files.setting(name, setting).is_some();
    let half = files.profile(name).and_then(|profile| profile.half);
    let refused = |half: Half| Err(Trouble::HalfAProfile { profile: name.to_owned(), path: half.path() });
    let sso = ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region"];
    if has("credential_source") {
        Ok(Way::Source)
    } else if has("web_identity_token_file") {
        Ok(Way::WebIdentity)
    } else if sso.into_iter().any(has) {
        check_sso(files, name).map(|()| Way::Sso)
    } else if let Some(half @ Half::Credentials) = half {
        refused(half)
    } else if files.profile(name).is_some_and(|profile| profile.has_key) {
        Ok(Way::AccessKey)
    } else if has("login_session") {
        Ok(Way::Login)
    } else if has("credential_process") {
        Ok(Way::Process)
    } else if let Some(half) = half {
        refused(half)
    } else if has("aws_access_key_id") {
        Ok(Way::AccessKey)
    } else {
        Ok(Way::Nothing)
    }
}

fn check_sso(files: &Files, name: &str) -> Result<(), Trouble> {
    let profile = name.to_owned();
    if let Some(session) = files.setting(name, "sso_session")
        && files.sso_session(session).is_none()
    {
        return Err(Trouble::NoSsoSession { profile, session: session.to_owned() });
    }
    let lacks =
        ["sso_account_id", "sso_role_name"].into_iter().find(|setting| files.setting(name, setting).is_none());
    lacks.map_or(Ok(()), |lacks| Err(Trouble::SsoLacks { profile, lacks }))
}
