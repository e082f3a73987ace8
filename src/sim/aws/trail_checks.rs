//! What CloudTrail checks before it takes a trail: its name, its bucket's policy, its log group and role, and the
//! organization.

use super::Ctx;
use super::cloudtrail::arn;
use super::policy::{self, Asking, Context, Policy, Verdict};
use super::posture::{Bucket, Trail};
use super::state::Role;
use super::wire::Refusal;
use std::time::Duration;

/// CloudTrail, as policies name it.
const PRINCIPAL: &str = "cloudtrail.amazonaws.com";

pub(super) fn name(name: &str) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::new(400, "InvalidTrailNameException", message));
    let plain = |c: char| c.is_ascii_alphanumeric();
    match name.chars().count() {
        length @ ..3 => invalid(format!(
            "Trail name too short. Minimum allowed length: 3 characters. Specified name length: {length} characters."
        )),
        length @ 129.. => invalid(format!(
            "Trail name too long. Maximum allowed length: 128 characters. Specified name length: {length} characters."
        )),
        _ if !name.starts_with(plain) => invalid("Trail name must starts with a letter or number.".to_owned()),
        _ if !name.ends_with(plain) => invalid("Trail name must ends with a letter or number.".to_owned()),
        _ if !name.chars().all(|c| plain(c) || "._-".contains(c)) => invalid(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens \
             (-), and underscores (_)."
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// Everything but the name.
pub(super) fn all(ctx: &Ctx<'_>, trail: &Trail) -> Result<(), Refusal> {
    if trail.multi_region && !trail.global_events {
        return Err(Refusal::new(
            400,
            "InvalidParameterCombinationException",
            "Multi-Region trail must include global service events.",
        ));
    }
    organization(ctx, trail)?;
    bucket(ctx, trail)?;
    log_group_and_role(ctx, trail)
}

fn organization(ctx: &Ctx<'_>, trail: &Trail) -> Result<(), Refusal> {
    if !trail.organization {
        return Ok(());
    }
    let refused = |code: &str, message: &str| Err(Refusal::new(400, code, message));
    let organization = ctx.world.organization();
    let member = organization.as_ref().filter(|register| register.members.contains_key(&ctx.state.account));
    match member {
        None => refused("OrganizationsNotInUseException", "The account is not a member of an organization."),
        Some(register) if register.management != ctx.state.account => refused(
            "NotOrganizationMasterAccountException",
            "Only the management account can create an organization trail.",
        ),
        Some(register) if !register.all_features => refused(
            "OrganizationNotInAllFeaturesModeException",
            "The organization does not have all features enabled.",
        ),
        Some(register) if !register.trusts(PRINCIPAL) => refused(
            "CloudTrailAccessNotEnabledException",
            "Trusted access for CloudTrail is not enabled in the organization.",
        ),
        Some(_) => Ok(()),
    }
}

/// Whether the bucket is there, and its policy lets CloudTrail write to it for this trail.
fn bucket(ctx: &Ctx<'_>, trail: &Trail) -> Result<(), Refusal> {
    let name = &trail.bucket;
    let posture = &ctx.state.posture;
    let foreign = posture.foreign_buckets.contains(name);
    if !foreign && posture.bucket(name).is_none() {
        let message = format!("S3 bucket {name} does not exist!");
        return Err(Refusal::new(400, "S3BucketDoesNotExistException", message));
    }
    if posture.bucket(name).is_some_and(|bucket| takes(ctx, trail, bucket)) {
        return Ok(());
    }
    Err(policy_unseen(name))
}

pub(super) fn policy_unseen(bucket: &str) -> Refusal {
    let message = format!("Incorrect S3 bucket policy is detected for bucket: {bucket}");
    Refusal::new(400, "InsufficientS3BucketPolicyException", message)
}

pub(super) fn role_unseen() -> Refusal {
    let message = "Access denied. Check the trust relationships for your role.";
    Refusal::new(400, "InvalidCloudWatchLogsRoleArnException", message)
}

/// Whether a bucket takes what a trail delivers.
pub(super) fn takes(ctx: &Ctx<'_>, trail: &Trail, bucket: &Bucket) -> bool {
    let policy = bucket.policy.as_ref().and_then(|text| Policy::parse_of_resource(text).ok());
    policy.is_some_and(|policy| lets_in(ctx, trail, &policy))
}

fn lets_in(ctx: &Ctx<'_>, trail: &Trail, policy: &Policy) -> bool {
    let bucket = format!("arn:{}:s3:::{}", ctx.state.partition.as_str(), trail.bucket);
    let prefix = trail.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let mut facts = Context::new();
    facts.insert("aws:sourcearn".to_owned(), arn(ctx.state, trail));
    facts.insert("aws:sourceaccount".to_owned(), ctx.state.account.clone());
    facts.insert("aws:securetransport".to_owned(), "true".to_owned());
    let look = allows(policy, "s3:GetBucketAcl", Some(&bucket), &facts);
    facts.insert("s3:x-amz-acl".to_owned(), "bucket-owner-full-control".to_owned());
    let organization = ctx.world.organization_of(&ctx.state.account).filter(|_| trail.organization);
    let mut places = std::iter::once(ctx.state.account.clone()).chain(organization);
    look && places.all(|place| {
        let object = format!("{bucket}/{prefix}AWSLogs/{place}/CloudTrail/{}/log", trail.region);
        allows(policy, "s3:PutObject", Some(&object), &facts)
    })
}

fn allows(policy: &Policy, action: &str, resource: Option<&str>, context: &Context) -> bool {
    let principals = [policy::service(PRINCIPAL)];
    let asking = Asking { action, resource, principals: &principals, context };
    policy::evaluate([policy], &asking) == Verdict::Allowed
}

fn log_group_and_role(ctx: &Ctx<'_>, trail: &Trail) -> Result<(), Refusal> {
    let (group, role) = match (&trail.log_group, &trail.role) {
        (None, None) => return Ok(()),
        // A trail that was arranged has a role that nobody can look at.
        (Some(_), None) if trail.life.is_none() => return Ok(()),
        (Some(group), Some(role)) => (group, role),
        _ => {
            return Err(Refusal::new(
                400,
                "InvalidParameterCombinationException",
                "A CloudWatch Logs log group and a role must be given together.",
            ));
        }
    };
    let in_group = |message: &str| Err(Refusal::new(400, "InvalidCloudWatchLogsLogGroupArnException", message));
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    let begin = format!("arn:{partition}:logs:{}:{account}:log-group:", ctx.region);
    if !group.starts_with(&begin) || !group.ends_with(":*") {
        return in_group("CloudTrail cannot validate the specified log group ARN.");
    }
    let role = ctx.state.roles.values().find(|one| ctx.state.role_arn(one) == *role);
    let role = role.filter(|role| trusts(ctx, role)).ok_or_else(role_unseen)?;
    let exists = trail.group_name().is_some_and(|name| ctx.state.posture.has_log_group(ctx.region, name));
    if !exists || !may_write(ctx, role, group, trail) {
        return in_group("Access denied. Check the permissions for your role.");
    }
    Ok(())
}

/// Whether CloudTrail may assume a role: IAM has had its time, and the role trusts it without naming a source.
fn trusts(ctx: &Ctx<'_>, role: &Role) -> bool {
    let wait = Duration::from_secs(ctx.state.posture.delays.role);
    let known = role.created.checked_add(wait).is_some_and(|from| from <= ctx.now);
    known && allows(&role.trust.1, "sts:AssumeRole", None, &Context::new())
}

/// Whether a role may write to a trail's streams, for an organization trail those of the other accounts too.
fn may_write(ctx: &Ctx<'_>, role: &Role, group: &str, trail: &Trail) -> bool {
    let group = group.strip_suffix(":*").unwrap_or(group);
    let account = &ctx.state.account;
    let organization = ctx.world.organization_of(account).filter(|_| trail.organization);
    let of_all = organization.map(|id| format!("{id}_{account}"));
    let streams = std::iter::once(account.clone()).chain(of_all);
    let streams: Vec<String> =
        streams.map(|begin| format!("{group}:log-stream:{begin}_CloudTrail_{}", ctx.region)).collect();
    let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
    actions.into_iter().flat_map(|action| streams.iter().map(move |stream| (action, stream))).all(
        |(action, stream)| {
            let context = Context::new();
            let asking = Asking { action, resource: Some(stream), principals: &[], context: &context };
            policy::evaluate(ctx.state.policies_of_role(&role.name), &asking) == Verdict::Allowed
        },
    )
}
