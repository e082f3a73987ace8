//! What the AWS CLI does otherwise with the very configuration that is in use. Nothing is asked of anybody.

use super::check::variable;
use super::files::Files;
use crate::secret::was_empty;

/// A setting, as a person finds it, that the AWS CLI reads otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// No region is named: the AWS CLI asks for one wherever a service has one in each region.
    NoRegion,
    /// `AWS_REGION` names the region; version 1 of the AWS CLI knows `AWS_DEFAULT_REGION` and the profile alone.
    RegionVariable {
        /// What `AWS_REGION` says.
        ours: String,
        /// What version 1 takes.
        theirs: Option<String>,
    },
    /// A variable names the profile and is empty: the AWS CLI looks for a profile without a name.
    EmptyProfile {
        /// The variable.
        variable: &'static str,
    },
    /// A value ends before a comment, which the AWS CLI takes for a part of it.
    Comment {
        /// The profile.
        profile: String,
        /// The setting.
        setting: String,
    },
    /// How long a role's session lasts (`duration_seconds`): the SDK asks for AWS's default, an hour.
    Duration {
        /// The profile.
        profile: String,
        /// In seconds, as it is written.
        value: String,
    },
    /// STS's global endpoint is asked for; glasskey asks the one of the region.
    GlobalSts {
        /// The variable, or the setting of the profile.
        setting: String,
    },
    /// How often and in what way calls are repeated.
    Retries {
        /// The variables, and the settings of the profile.
        settings: Vec<String>,
    },
}

/// All that applies, in the order in which a command meets them. `named`: there is a region. `flags`: a profile was named
/// on the command line, and a region.
pub(super) fn differences(files: &Files, profile: &str, named: bool, flags: (bool, bool)) -> Vec<Difference> {
    let of_profile = |name: &str| files.setting(profile, name).map(str::to_owned);
    let mut found = Vec::new();
    // The AWS CLI takes the first of these that is there at all.
    let first = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"].into_iter().find(|it| variable(it).is_some() || was_empty(it));
    if let Some(variable) = first.filter(|it| !flags.0 && was_empty(it)) {
        found.push(Difference::EmptyProfile { variable });
    }
    let commented = files.profile(profile).into_iter().flat_map(|profile| &profile.commented);
    found.extend(
        commented.map(|setting| Difference::Comment { profile: profile.to_owned(), setting: setting.clone() }),
    );
    if !named {
        found.push(Difference::NoRegion);
    }
    if let Some(ours) = variable("AWS_REGION").filter(|_| !flags.1) {
        let theirs = variable("AWS_DEFAULT_REGION").or_else(|| of_profile("region"));
        if theirs.as_ref() != Some(&ours) {
            found.push(Difference::RegionVariable { ours, theirs });
        }
    }
    if let Some(value) = of_profile("duration_seconds").filter(|_| of_profile("role_arn").is_some()) {
        found.push(Difference::Duration { profile: profile.to_owned(), value });
    }
    let (of_environment, of_file) = ("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
    let sts = variable(of_environment).map(|value| (of_environment, value));
    let sts = sts.or_else(|| of_profile(of_file).map(|value| (of_file, value)));
    if let Some((name, _)) = sts.filter(|(_, value)| value == "legacy") {
        found.push(Difference::GlobalSts { setting: name.to_owned() });
    }
    let variables = ["AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"].into_iter().filter(|name| variable(name).is_some());
    let settings = ["max_attempts", "retry_mode"].into_iter().filter(|name| of_profile(name).is_some());
    let settings: Vec<String> = variables.chain(settings).map(str::to_owned).collect();
    if !settings.is_empty() {
        found.push(Difference::Retries { settings });
    }
    found
}
