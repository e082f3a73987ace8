//! AWS: what the configuration says, who the credentials are, and how far this machine's clock is off.

use super::Check;
use crate::aws::{Account, Difference, Error, Identity, Origin, Settings, Way};
use crate::cli::explain::{self, Explanation};
use crate::cli::fixes;
use crate::world::World;

pub(super) fn checks(world: &mut World, offline: bool) -> Result<Vec<Check>, Box<Explanation>> {
    let mut checks = vec![settings(world)];
    if offline {
        checks.push(Check::cannot_tell("aws_identity", IDENTITY, "not asked (--offline)"));
    } else {
        checks.extend(identity(world)?);
    }
    checks.push(clock(world));
    Ok(checks)
}

const SETTINGS: &str = "AWS configuration";
const IDENTITY: &str = "AWS identity";
const IAM: &str = "AWS IAM";
const CLOCK: &str = "clock";

/// Where requests go instead of to AWS, and through what.
const ENVIRONMENT: [&str; 9] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
];

fn settings(world: &World) -> Check {
    let settings = match world.aws.settings() {
        Ok(settings) => settings,
        Err(error) => return Check::error("aws_configuration", SETTINGS, explain::aws(&error)),
    };
    let profile = match &settings.profile {
        Some(name) => format!("profile {name}"),
        None => "the default profile".to_owned(),
    };
    let region = if settings.region_is_named { "" } else { ", which serves for IAM: none is named" };
    let mut check =
        Check::ok("aws_configuration", SETTINGS, format!("{profile}, region {}{region}", settings.region));
    for detail in details(&settings) {
        check = check.detail(detail);
    }
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
            check = check.detail(format!("{name} is {}", without_password(&value)));
        }
    }
    check
}

/// Where the credentials come from, where that is not what the line says already; and what is trusted.
fn details(settings: &Settings) -> Vec<String> {
    let mut details: Vec<String> = match &settings.origin {
        Origin::Environment if settings.profile.is_some() => {
            vec!["the access key in the environment goes before the profile, as with the AWS CLI".to_owned()]
        }
        Origin::Profile { name, way } => match way_of(*way) {
            Some(what) => vec![format!("the credentials come from {what} profile {name}")],
            None => vec![format!("profile {name} holds no credentials")],
        },
        _ => Vec::new(),
    };
    if settings.older_token {
        details.push("AWS_SECURITY_TOKEN is taken for the session token, as with the AWS CLI".to_owned());
    }
    if let Some((setting, path)) = &settings.bundle {
        details.push(format!("{setting} is {}: its certificates are trusted, and no others", path.display()));
    }
    details.extend(settings.differences.iter().map(|one| format!("other than the AWS CLI: {}", difference(one))));
    details
}

/// What glasskey does where the AWS CLI does something else.
fn difference(difference: &Difference) -> String {
    match difference {
        Difference::NoRegion => {
            "no region is named, which it refuses for most services; here one serves all the same".to_owned()
        }
        Difference::RegionVariable { ours, theirs: Some(theirs) } => {
            format!("AWS_REGION names {ours}; version 1 of the AWS CLI does not read it, and takes {theirs}")
        }
        Difference::RegionVariable { ours, theirs: None } => {
            format!("AWS_REGION names {ours}; version 1 of the AWS CLI does not read it, and has no region")
        }
        Difference::EmptyProfile { variable } => {
            format!("{variable} is empty, which it takes for the name of a profile; here the default profile is used")
        }
        Difference::Comment { profile, setting } => {
            format!(
                "the value of {setting} of profile {profile} ends before its comment; it takes the comment for a part of it"
            )
        }
        Difference::Duration { profile, value } => {
            format!("duration_seconds of profile {profile} ({value}) is not used; the role's session lasts an hour")
        }
        Difference::GlobalSts { setting } => {
            format!("{setting} is legacy, which is not used; STS is asked in the region")
        }
        Difference::Retries { settings } => {
            let verb = if settings.len() == 1 { "is" } else { "are" };
            format!("{} {verb} not used; calls are repeated by rules of glasskey's own", settings.join(" and "))
        }
    }
}

fn way_of(way: Way) -> Option<&'static str> {
    match way {
        Way::AccessKey => Some("the access key of"),
        Way::Process => Some("the credential_process of"),
        Way::Sso => Some("the IAM Identity Center login of"),
        Way::Login => Some("the `aws login` of"),
        Way::WebIdentity => Some("the web identity token of"),
        Way::Source => Some("the credential_source of"),
        _ => None,
    }
}

/// A proxy's address may hold a password.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        (_, None) => url.to_owned(),
    }
}

/// Who the credentials are, by STS; and whether IAM answers, to which every change goes.
fn identity(world: &World) -> Result<Vec<Check>, Box<Explanation>> {
    let account = match world.aws.connect() {
        Ok(account) => account,
        Err(error @ Error::Interrupted) => return Err(Box::new(explain::aws(&error))),
        Err(error @ Error::NoCredentials { .. }) => {
            let text = explain::aws(&error);
            let check = Check::cannot_tell("aws_identity", IDENTITY, text.what).fixes(text.hints);
            return Ok(vec![text.notes.into_iter().fold(check, Check::detail)]);
        }
        Err(error) => return Ok(vec![Check::error("aws_identity", IDENTITY, explain::aws(&error))]),
    };
    let caller = account.caller();
    let check = Check::ok("aws_identity", IDENTITY, caller.arn.clone());
    let check = match caller.identity {
        Identity::Root => check.detail("this is the root user: its MFA is enabled in the console only"),
        _ if account.uses_long_term_key() => check
            .detail("a long-term access key: a user who has MFA manages their own devices through an MFA session"),
        _ => check,
    };
    Ok(vec![check, iam(&account)?])
}

fn iam(account: &Account) -> Result<Check, Box<Explanation>> {
    match account.own_mfa_devices() {
        // Whatever it allows: a role has no devices of its own, and not everybody may list them.
        Ok(_) | Err(Error::Denied { .. } | Error::Invalid { .. } | Error::NotFound { .. }) => {
            Ok(Check::ok("aws_iam", IAM, "it answers"))
        }
        Err(error @ Error::Interrupted) => Err(Box::new(explain::aws(&error))),
        Err(error) => Ok(Check::error("aws_iam", IAM, explain::aws(&error))),
    }
}

/// Known when AWS has been heard, whatever it said.
fn clock(world: &World) -> Check {
    match world.clock.ahead_seconds() {
        None if let Some(ahead) = world.clock.disbelieved_seconds() => misdated(ahead),
        None => Check::cannot_tell("clock", CLOCK, "AWS has not been heard, so there is nothing to compare with"),
        Some(ahead) if ahead.unsigned_abs() <= 5 => Check::ok("clock", CLOCK, "as AWS's, within 5 s"),
        Some(ahead) => Check::problem("clock", CLOCK, crate::cli::moments::off_by(ahead))
            .detail(
                "glasskey computes codes by AWS's time; other programs, and `glasskey oath code NAME`, go by this clock",
            )
            .fixes(fixes::set_clock()),
    }
}

/// AWS accepted what was signed by this clock, in a reply of another time.
fn misdated(ahead: i64) -> Check {
    let what = format!(
        "AWS accepts this clock, but its reply is dated as if this clock were {}",
        crate::cli::moments::off_by(ahead)
    );
    Check::cannot_tell("clock", CLOCK, what)
        .detail("a proxy or the endpoint writes a wrong Date header; glasskey does not go by it")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_proxys_password_is_not_shown() {
        assert_eq!(without_password("http://me:secret@proxy:3128"), "http://…@proxy:3128");
        assert_eq!(without_password("me:secret@proxy:3128"), "…@proxy:3128");
        assert_eq!(without_password("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
    }
}
