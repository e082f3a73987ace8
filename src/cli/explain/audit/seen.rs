//! What an audit saw, as sentences.

use super::super::aws as explained;
use super::policies;
use crate::aws::posture::{Example, LastUse, NotJudged, Seal, Unreadable, Unweighed};
use crate::aws::{self, DeviceKind};
use crate::cli::counts::count;
use crate::flow::{Break, Evidence, Link, Sees, TrailProblem};
use std::time::SystemTime;

/// Whether asking again may tell what could not be read. Otherwise a person must act first: grant a permission, sign in
/// again, trust a service.
#[must_use]
pub fn may_pass(why: &Unreadable) -> bool {
    use aws::Error::{Malformed, OutcomeUnknown, TooLong, TryLater, Unreachable};
    matches!(
        why.why,
        TryLater { .. } | OutcomeUnknown { .. } | Unreachable { .. } | Malformed { .. } | TooLong { .. }
    )
}

/// Why something could not be read.
#[must_use]
pub fn unreadable(why: &Unreadable) -> String {
    let text = explained(&why.why).what;
    match &why.why {
        aws::Error::Denied { .. } => format!("{text} (needs {})", why.call.permission()),
        _ => format!("{}: {text}", why.call),
    }
}

fn day(moment: SystemTime) -> String {
    jiff::Timestamp::try_from(moment).map_or_else(|_| "?".to_owned(), |time| time.strftime("%F").to_string())
}

fn kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Virtual => "virtual",
        DeviceKind::Fido | DeviceKind::RootFido => "FIDO",
        DeviceKind::HardwareTotp => "hardware TOTP",
        DeviceKind::Sms => "SMS",
    }
}

fn used(used: LastUse, days: Option<u64>) -> String {
    match (used, days) {
        (LastUse::At(moment), Some(1)) => format!("last used {} (1 day ago)", day(moment)),
        (LastUse::At(moment), Some(days)) => format!("last used {} ({days} days ago)", day(moment)),
        (LastUse::At(moment), None) => format!("last used {}", day(moment)),
        (LastUse::Never, _) => "never used".to_owned(),
        (LastUse::Untold, _) => "last use not told".to_owned(),
    }
}

fn bounds(at_least: usize, at_most: Option<usize>) -> String {
    match at_most {
        Some(at_most) if at_most == at_least => at_least.to_string(),
        Some(at_most) => format!("{at_least} to {at_most}"),
        None => format!("{at_least} or more"),
    }
}

/// One thing that was seen, as a sentence.
#[must_use]
pub fn evidence(one: &Evidence) -> String {
    let text = match one {
        Evidence::NoCredentials { managed } => return no_credentials(*managed),
        Evidence::NoPassword => "no password",
        Evidence::Password => "a password is set",
        Evidence::PasswordUntold => "IAM's account summary does not say whether root has a password",
        Evidence::MfaEnabled(true) => "IAM's account summary: MFA is enabled for root",
        Evidence::MfaEnabled(false) => "IAM's account summary: no MFA for root",
        Evidence::Factor { serial, kind, enabled } => return factor(serial, *kind, *enabled),
        Evidence::UnseenFactors { at_least, at_most } => return unseen_factors(*at_least, *at_most),
        Evidence::FactorCount { at_least, at_most } => return format!("factors: {}", bounds(*at_least, *at_most)),
        Evidence::NoSignIn { partition } => return no_sign_in(partition),
        Evidence::NoCentralRoot { partition } => {
            return format!("the partition {partition} has no central root access");
        }
        Evidence::AccessKey { id, active, used, days } => return access_key(id.as_deref(), *active, *used, *days),
        Evidence::SomeAccessKeys => "IAM's account summary: root has access keys",
        Evidence::SomeCertificates => "IAM's account summary: root has signing certificates",
        Evidence::Certificates { present: 0, .. } => "none",
        Evidence::Certificates { active, present } => {
            return format!("{present} present, {active} known to be active");
        }
        Evidence::PasswordUsed { used: when, days } => return format!("password {}", used(*when, *days)),
        Evidence::Central { all_features, trusted, credentials, sessions } => {
            return central(*all_features, *trusted, *credentials, *sessions);
        }
        Evidence::NotManagement => "this is not an organization's management account",
        Evidence::IsManagement => "this is the management account, which nobody manages",
        Evidence::Policy(deny) => return policies::denying(deny),
        Evidence::AllowList(list) => return policies::allow_list(list),
        Evidence::NoPolicyStopsTasks => "no policy that is attached stops them",
        Evidence::NoTrail => "there is no trail",
        Evidence::Trail { name, problems } => return trail(name, problems),
        Evidence::Chain { trail, links, broken } => return chain(trail, links, broken.as_ref()),
        Evidence::EventRule { name, sees, broken } => return event_rule(name, *sees, broken.as_ref()),
        Evidence::RegionsWithoutRule { .. }
        | Evidence::RegionsCut { .. }
        | Evidence::RuleGone { .. }
        | Evidence::RegionsWithoutTrail { .. }
        | Evidence::RegionsWithoutReads { .. } => return of_regions(one),
        Evidence::NothingWatches => "no metric filter on a trail's log group and no EventBridge rule is about root",
        Evidence::AlarmProved { at } => {
            return format!("`glasskey root alarm test` proved the chain on {}", day(*at));
        }
        Evidence::Admins { users, roles, unusable } => return admins(*users, *roles, *unusable),
        Evidence::AdminWithoutMfa { user } => return format!("user {user} can do everything and has no MFA"),
        Evidence::PerhapsAdminWithoutMfa { user } => {
            return format!("user {user} has no MFA, and can do everything on a condition of their policy");
        }
        Evidence::Contact { who } => who,
        Evidence::NoContact | Evidence::NoPasswordPolicy => "none is set",
        Evidence::PasswordPolicy { length, reuse } => {
            return format!("at least {length} characters, {reuse} old passwords remembered");
        }
    };
    text.to_owned()
}

fn no_credentials(managed: bool) -> String {
    let who = if managed { ": managed by the organization" } else { "" };
    format!("no password, no access key, no certificate{who}")
}

fn factor(serial: &str, of: DeviceKind, enabled: Option<SystemTime>) -> String {
    let since = enabled.map_or_else(String::new, |moment| format!(", enabled {}", day(moment)));
    format!("{serial} ({}){since}", kind(of))
}

fn unseen_factors(at_least: usize, at_most: Option<usize>) -> String {
    format!("hardware factors that only root itself sees (`aws login`): {}", bounds(at_least, at_most))
}

fn no_sign_in(partition: &str) -> String {
    format!("in the partition {partition} root cannot sign in to the console, and has no MFA")
}

fn access_key(id: Option<&str>, active: bool, when: LastUse, days: Option<u64>) -> String {
    let state = if active { "active" } else { "inactive" };
    format!("{}, {state}, {}", id.unwrap_or("an access key"), used(when, days))
}

fn central(all_features: bool, trusted: bool, credentials: bool, sessions: bool) -> String {
    let on = |on: bool| if on { "on" } else { "off" };
    match (all_features, trusted) {
        (false, _) => "the organization has consolidated billing alone, and not all features".to_owned(),
        (true, false) => "IAM has no trusted access in the organization".to_owned(),
        (true, true) => format!("RootCredentialsManagement {}, RootSessions {}", on(credentials), on(sessions)),
    }
}

fn admins(users: usize, roles: usize, unusable: usize) -> String {
    let more = match unusable {
        0 => String::new(),
        unusable => format!("; {} more could, and have nothing to sign in with", count(unusable, "user")),
    };
    format!("{} and {} can do everything{more}", count(users, "user"), count(roles, "role"))
}

fn trail(name: &str, problems: &[TrailProblem]) -> String {
    let problems: Vec<String> = problems.iter().map(problem).collect();
    let state = if problems.is_empty() { "well".to_owned() } else { problems.join(", ") };
    format!("trail \"{name}\": {state}")
}

fn chain(trail: &str, links: &[Link], broken: Option<&Break>) -> String {
    let mut parts = vec![format!("trail \"{trail}\"")];
    parts.extend(links.iter().map(link));
    parts.extend(broken.map(break_text));
    parts.join(" → ")
}

fn event_rule(name: &str, sees: Sees, broken: Option<&Break>) -> String {
    let what = match sees {
        Sees::SignIns => " (sign-ins only)",
        Sees::Changes if broken.is_none() => " (calls that only read are left out)",
        Sees::Changes | Sees::Everything => "",
    };
    let end = broken.map_or_else(String::new, |broken| format!(" → {}", break_text(broken)));
    format!("EventBridge rule \"{name}\"{what}{end}")
}

fn problem(problem: &TrailProblem) -> String {
    match problem {
        TrailProblem::OneRegion => "records one region only".to_owned(),
        TrailProblem::NotLogging => "is switched off".to_owned(),
        TrailProblem::HalfTheEvents => "records only some of the management events".to_owned(),
        TrailProblem::NoManagementEvents => "records no management events".to_owned(),
        TrailProblem::NotValidated => "files are not validated".to_owned(),
        TrailProblem::NotDelivered(error) => format!("cannot deliver ({error})"),
    }
}

fn link(link: &Link) -> String {
    match link {
        Link::LogGroup(group) => format!("log group \"{group}\""),
        Link::Filter { name, spares_assumed: false } => format!("filter \"{name}\""),
        Link::Filter { name, spares_assumed: true } => format!("filter \"{name}\" (AssumeRoot's sessions left out)"),
        Link::Alarm(alarm) => format!("alarm \"{alarm}\""),
        Link::Target(arn) => arn.clone(),
        Link::Subscription(endpoint) => endpoint.clone(),
    }
}

fn displayed(event: &Example) -> String {
    event.iter().map(|(field, value)| format!("{field}={value}")).collect::<Vec<_>>().join(", ")
}

fn break_text(broken: &Break) -> String {
    match broken {
        Break::TrailDoesNotRecord => "does not record everything".to_owned(),
        Break::NoLogGroup => "does not deliver to a log group".to_owned(),
        Break::LogGroupGone => "there is no such log group".to_owned(),
        Break::LogGroupElsewhere(account) => {
            format!("it is account {account}'s, and what is behind it cannot be seen from here")
        }
        Break::LogsNotDelivered(error) => format!("cannot deliver to the log group ({error})"),
        Break::NoFilter => "no metric filter is about root".to_owned(),
        Break::FilterMisses { filter, event } => {
            format!("filter \"{filter}\" misses root events such as {}", displayed(event))
        }
        Break::FilterNoisy { filter, event } => {
            format!("but filter \"{filter}\" counts events of others too, such as {}", displayed(event))
        }
        Break::FilterNotJudged { filter, why } => format!("filter \"{filter}\" is not judged: {}", not_judged(why)),
        Break::NoAlarm { filter } => format!("filter \"{filter}\" has no alarm on its metric"),
        Break::AlarmDisabled { alarm } => format!("the actions of alarm \"{alarm}\" are switched off"),
        Break::AlarmNeedsMore { alarm }
        | Break::AlarmNotBySeveral { alarm }
        | Break::AlarmAlwaysOn { alarm }
        | Break::AlarmWithoutData { alarm }
        | Break::AlarmNotJudged { alarm, .. } => format!("alarm \"{alarm}\" {}", not_raised(broken)),
        Break::NoAction { alarm } => format!("alarm \"{alarm}\" tells nobody"),
        Break::TellsNobody { .. } => "which tells nobody".to_owned(),
        Break::TargetNotJudged { .. } => "whether that tells anybody is not known".to_owned(),
        Break::TopicElsewhere { account } => {
            format!("it is account {account}'s, and who subscribes to it cannot be seen from here")
        }
        Break::TopicGone { .. } => "there is no such topic".to_owned(),
        Break::NobodySubscribed { topic } => format!("{topic} has no subscription"),
        Break::Unconfirmed { topic, endpoints } => {
            format!("{topic} has only an unconfirmed subscription ({})", endpoints.join(", "))
        }
        Break::SubscriptionDeleted { topic, endpoints } => {
            format!("{topic} has only a subscription that was deleted ({})", endpoints.join(", "))
        }
        Break::FilteredOut { endpoints, .. } => {
            format!("nothing of this reaches a person: filtered out, or stored only ({})", endpoints.join(", "))
        }
        Break::MayNotPublish { publisher, .. } => format!("its policy does not let {publisher} publish"),
        Break::KeyRefuses { publisher, seal, .. } => key(publisher, seal),
        Break::TopicNotJudged { on, .. } => format!("whether anything arrives depends on {on}, which is not judged"),
        Break::RuleDisabled => "it is switched off (its state is DISABLED)".to_owned(),
        Break::RuleMisses => "its pattern takes other events than root's".to_owned(),
        Break::RoleGone | Break::RoleNotAssumed | Break::RoleMayNotSend | Break::NotTaken { .. } => {
            not_sent_on(broken)
        }
        Break::RulePart => "it does not catch every sign-in of root".to_owned(),
        Break::RuleNoisy => "it lets events of others through too".to_owned(),
        Break::RuleNotJudged => "its pattern is not understood".to_owned(),
        Break::NoTrailForRules => {
            "no trail records there what changes something, and without one EventBridge sees nothing of root"
                .to_owned()
        }
        Break::NoTarget => "it has no target".to_owned(),
        Break::Unreadable => "what is behind it could not be read".to_owned(),
    }
}

/// What becomes of root's calls in regions in which it does not sign in.
fn of_regions(evidence: &Evidence) -> String {
    match evidence {
        Evidence::RegionsWithoutRule { regions } => format!(
            "no rule tells of root's calls in {}: `glasskey root harden --only root-alarm --via eventbridge` plans one for \
             each",
            regions.join(", ")
        ),
        Evidence::RegionsCut { regions, rule, broken } => {
            format!("EventBridge rule \"{rule}\" in {} → {}", regions.join(", "), break_text(broken))
        }
        Evidence::RuleGone { rule, region } => {
            format!("EventBridge rule \"{rule}\" in {region} is gone: rules of other regions send root's calls there")
        }
        Evidence::RegionsWithoutTrail { regions } => format!(
            "no trail records what changes something in {}, and EventBridge sees root's calls only where one does",
            regions.join(", ")
        ),
        Evidence::RegionsWithoutReads { regions } => {
            format!("calls that only read are left out in {}", regions.join(", "))
        }
        _ => String::new(),
    }
}

/// Why what a rule sends to another region tells nobody.
fn not_sent_on(broken: &Break) -> String {
    match broken {
        Break::RoleGone => "the role with which it sends to another region is gone".to_owned(),
        Break::RoleNotAssumed => {
            "EventBridge may not assume the role with which it sends to another region".to_owned()
        }
        Break::RoleMayNotSend => "its role may not put events on the bus of the other region".to_owned(),
        Break::NotTaken { region } => format!("it sends to {region}, where no rule takes that and tells somebody"),
        _ => String::new(),
    }
}

/// Why an alarm tells nobody of root's use.
fn not_raised(broken: &Break) -> String {
    match broken {
        Break::AlarmNotBySeveral { .. } => "is raised by one event, and not by several in one period".to_owned(),
        Break::AlarmAlwaysOn { .. } => "is on without any event, and tells nobody of one".to_owned(),
        Break::AlarmWithoutData { .. } => "looks at a unit or at dimensions that the filter does not give".to_owned(),
        Break::AlarmNotJudged { why, .. } => format!("is not judged: {}", unweighed(*why)),
        _ => "is not raised by a single event".to_owned(),
    }
}

fn not_judged(why: &NotJudged) -> String {
    match why {
        NotJudged::Syntax(at) => format!("its pattern cannot be read from character {at} on"),
        NotJudged::Unmodelled => {
            "its pattern uses regular expressions, or names with a dot or a bracket in them".to_owned()
        }
        NotJudged::Selection => "it takes only events that its selection criteria choose".to_owned(),
        NotJudged::Transformed => "it looks at what a transformer has made of the events".to_owned(),
        NotJudged::TooManyFields => "its pattern compares too many fields".to_owned(),
    }
}

fn unweighed(why: Unweighed) -> &'static str {
    match why {
        Unweighed::MetricMath => "it is on an expression, or on a band",
        Unweighed::Composite => "it is on other alarms",
        Unweighed::Statistic => "it is on a percentile or the like",
        Unweighed::Value => "the filter counts with a field of the event",
        Unweighed::MissingData => "what it makes of periods without data decides",
        Unweighed::Dimensions => "it is on one value of the filter's dimensions",
    }
}

/// Why a topic's key lets nothing through.
fn key(publisher: &str, seal: &Seal) -> String {
    match seal {
        Seal::AwsManaged => format!("its key is AWS's own (alias/aws/sns), with which {publisher} cannot publish"),
        Seal::Gone => "its key does not exist".to_owned(),
        Seal::Unusable(state) => format!("its key cannot be used ({state})"),
        Seal::Refuses | Seal::Open | Seal::DependsOn(_) => {
            format!("its key's policy does not let {publisher} use it")
        }
    }
}
