//! Levels of an organization that allow only some things. A table of what each does, at each level, through the binary:
//! the simulator, which has an evaluation of its own, says by refusing whether it is right. Then random policies,
//! against an evaluation that tries every request there is.

use super::office::{finding, organization, verdicts};
use crate::support::blows::side_by_side;
use glasskey::aws::RootTask;
use glasskey::aws::posture::{Allowed, Effect, Place, Stops, Tasks, calls};
use glasskey::sim::aws::Organization;
use glasskey::sim::aws::organization::Kind;
use proptest::prelude::*;
use std::collections::BTreeMap;

const FULL: &str = "p-FullAWSAccess";
const AUDIT: &str = "IAMAuditRootUserCredentials";
const DELETE: &str = "IAMDeleteRootUserCredentials";
const CREATE: &str = "IAMCreateRootUserPassword";
const BUCKET: &str = "S3UnlockBucketPolicy";
const QUEUE: &str = "SQSUnlockQueuePolicy";
const EVERY: &[&str] = &[AUDIT, DELETE, CREATE, BUCKET, QUEUE];

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn allow(rest: &str) -> String {
    document(&format!(r#"{{"Effect":"Allow",{rest}}}"#))
}

/// The policies that are alone at a level, and the tasks that they leave out.
fn lists() -> Vec<(Vec<String>, &'static [&'static str])> {
    let one = |rest: &str, stops: &'static [&'static str]| (vec![allow(rest)], stops);
    vec![
        one(r#""Action":"*","Resource":"*""#, &[]),
        one(r#""Action":["iam:*","s3:*","sqs:*"],"Resource":"*""#, &[]),
        one(r#""NotAction":"ec2:*","Resource":"*""#, &[]),
        one(r#""NotAction":["iam:Delete*","iam:Deactivate*"],"Resource":"*""#, &[DELETE]),
        one(r#""Action":["ec2:*","s3:*"],"Resource":"*""#, &[AUDIT, DELETE, CREATE, QUEUE]),
        one(r#""Action":["iam:Get*","iam:List*","s3:*","sqs:*"],"Resource":"*""#, &[DELETE, CREATE]),
        one(r#""Action":["*:Get*","*:List*"],"Resource":"*""#, &[DELETE, CREATE, BUCKET, QUEUE]),
        // One call of the audit is missing.
        one(r#""NotAction":["iam:ListSigningCertificates","iam:ListMFADevices"],"Resource":"*""#, &[AUDIT]),
        one(r#""Action":"sts:*","Resource":"*""#, EVERY),
        // Root's own ARN does not match a call about the account.
        one(r#""Action":"*","Resource":"arn:aws:iam::*:root""#, &[AUDIT, BUCKET, QUEUE]),
        one(r#""Action":"*","NotResource":"arn:aws:iam::*:root""#, &[AUDIT, DELETE, CREATE]),
        one(r#""Action":"*","NotResource":"arn:aws:iam::*:user/*""#, &[]),
        one(r#""Action":"*","Resource":["*"],"Condition":{"Bool":{"aws:AssumedRoot":"true"}}"#, &[]),
        one(r#""Action":"*","Resource":"*","Condition":{"Null":{"aws:AssumedRoot":"true"}}"#, EVERY),
        one(
            r#""Action":"*","Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:*:iam::*:root"}}"#,
            EVERY,
        ),
        one(r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-another"}}"#, EVERY),
        // IAM is in one region; buckets and queues may be in the region that is open.
        one(
            r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#,
            &[AUDIT, DELETE, CREATE],
        ),
        one(r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:RequestedRegion":["us-*","eu-*"]}}"#, &[]),
        // What denies allows nothing, and something must allow.
        (vec![document(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#)], EVERY),
        // Two policies, of which each allows a part; and one whose Deny is another matter.
        (
            vec![
                allow(r#""Action":["iam:Get*","iam:List*"],"Resource":"*""#),
                allow(r#""Action":["iam:*Profile","s3:*"],"Resource":"*""#),
            ],
            &[DELETE, QUEUE],
        ),
        (
            vec![document(
                r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Allow","Action":["s3:*","sqs:*"],"Resource":"*"}"#,
            )],
            &[],
        ),
    ]
}

/// Puts policies at a level, in the place of AWS's own.
fn replace(organization: &Organization, policies: &[String], level: &str) -> Vec<String> {
    let add = |(nth, text): (usize, &String)| organization.add_policy(&format!("list-{nth}"), text).unwrap();
    let ids: Vec<String> = policies.iter().enumerate().map(add).collect();
    ids.iter().for_each(|id| organization.attach(id, level));
    organization.detach(FULL, level);
    ids
}

/// The tasks that evidence names as stopped.
fn named(evidence: &str) -> Vec<&'static str> {
    EVERY.iter().copied().filter(|task| evidence.contains(task)).collect()
}

#[test]
fn each_at_each_level_as_the_simulator_has_it() {
    let wrong = side_by_side(4, lists().into_iter().enumerate().collect(), |(nth, (policies, stops))| {
        let (organization, office, members) = organization(&[Kind::Sound, Kind::Sound]);
        let unit = organization.add_unit("workloads", None);
        let below = organization.add_unit("sandbox", Some(&unit));
        organization.move_to(&members[0], &below);
        // Each level has its turn.
        let levels = [
            (organization.root_id(), format!("the organization's root ({})", organization.root_id())),
            (unit.clone(), format!("the unit \"workloads\" ({unit})")),
            (below.clone(), format!("the unit \"sandbox\" ({below})")),
            (members[0].clone(), format!("the account {} (sound-1)", members[0])),
        ];
        let (level, says) = &levels[nth % levels.len()];
        let ids = replace(&organization, &policies, level);
        let (lines, _) = office.lines(&["--org"]);
        let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
        let rule = finding(of("111122223333"), "scp-stops-tasks");
        let evidence: Vec<&str> =
            rule["evidence"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let about = evidence.iter().find(|one| one.starts_with(says)).copied().unwrap_or_default();
        let refused = |member: &str| verdicts(of(member)).values().any(|verdict| verdict == "unknown");
        let audit = stops.contains(&AUDIT);
        let seen = (
            rule["verdict"] == "fail",
            named(about),
            refused(&members[0]),
            refused(&members[1]),
            ids.iter().all(|id| about.contains(id)) || about.is_empty(),
        );
        let elsewhere = audit && *level == organization.root_id();
        (seen != (!stops.is_empty(), stops.to_vec(), audit, elsewhere, true))
            .then(|| format!("{policies:?} at {says}: {seen:?} {evidence:?}"))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is said, for people: the level, its policies, the tasks with the call that each lacks; and how to open it.
#[test]
fn the_level_its_policies_the_tasks_and_the_way_out() {
    let (organization, office, members) = organization(&[Kind::NoCredentials]);
    let unit = organization.add_unit("sandbox", None);
    organization.move_to(&members[0], &unit);
    let id = replace(&organization, &[allow(r#""Action":["iam:*","sqs:*"],"Resource":"*""#)], &unit).remove(0);
    let said = || finding(&office.lines(&[]).0[0], "scp-stops-tasks").clone();
    let rule = said();
    assert_eq!(
        rule["evidence"].as_array().unwrap(),
        &[format!(
            "the unit \"sandbox\" ({unit}) allows only what list-0 ({id}) does: that leaves out what AssumeRoot's tasks need: S3UnlockBucketPolicy (s3:DeleteBucketPolicy)"
        )]
    );
    assert_eq!(
        rule["fix"]["aws"].as_array().unwrap(),
        &[
            format!("aws organizations describe-policy --policy-id {id} --query Policy.Content --output text >policy.json"),
            r#"in policy.json, add to Statement: {"Effect": "Allow", "Action": ["s3:DeleteBucketPolicy"], "Resource": "*", "Condition": {"Bool": {"aws:AssumedRoot": "true"}}}"#.to_owned(),
            format!("aws organizations update-policy --policy-id {id} --content file://policy.json"),
        ]
    );
    assert_eq!(
        (&rule["severity"], &rule["title"]),
        (&"high".into(), &"service control policies stop AssumeRoot tasks".into())
    );

    // The way out, taken.
    let opened = document(
        r#"{"Effect":"Allow","Action":["iam:*","sqs:*"],"Resource":"*"},{"Effect":"Allow","Action":["s3:DeleteBucketPolicy"],"Resource":"*","Condition":{"Bool":{"aws:AssumedRoot":"true"}}}"#,
    );
    organization.detach(&id, &unit);
    let id = replace(&organization, &[opened], &unit).remove(0);
    let rule = said();
    assert_eq!(
        (rule["verdict"].as_str(), rule["evidence"].as_array().unwrap().as_slice()),
        (
            Some("pass"),
            [
                format!(
                    "the unit \"sandbox\" ({unit}) allows only what list-0 ({id}) does: that limits root and stops no task"
                )
                .into(),
                "no policy that is attached stops them".into(),
            ]
            .as_slice()
        )
    );
    assert!(rule["fix"].is_null());
    // Nothing at all is attached, which AWS does not let happen.
    organization.detach(&id, &unit);
    let evidence = said()["evidence"].to_string();
    assert!(!evidence.contains("unit"), "no policy is attached to it, so it is not seen: {evidence}");
}

/// No policy reaches the management account, whatever is attached to it.
#[test]
fn what_is_attached_to_the_management_account_alone_is_in_force_for_nobody() {
    let (organization, office, _) = organization(&[Kind::NoCredentials]);
    let deny = document(
        r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"}}}"#,
    );
    let id = replace(&organization, &[deny], "111122223333").remove(0);
    let (lines, code) = office.lines(&["--org"]);
    let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
    let rule = finding(of("111122223333"), "scp-stops-tasks");
    assert_eq!((rule["verdict"].as_str(), code), (Some("pass"), 0));
    let evidence = rule["evidence"][0].as_str().unwrap();
    let starts = format!(
        "list-0 ({id}), attached to the account 111122223333 (management), which no policy reaches: denies AssumeRoot's sessions"
    );
    assert!(evidence.starts_with(&starts), "{evidence}");
    assert_eq!(rule["evidence"].as_array().unwrap().len(), 2, "and its level is not weighed: {rule}");
}

/// What cannot be told is unknown: a key that the request decides, or accounts that differ.
#[test]
fn what_depends_is_unknown() {
    let place = Place { partition: "aws", region: "us-east-1", organization: Some("o-example1234"), accounts: &[] };
    let one = ["111122223333".to_owned()];
    let here = Place { accounts: &one, ..place };
    let of = |rest: &str, place: &Place<'_>| Allowed::of(&[&allow(rest)], place).unwrap().stops.worst();
    let depends = |key: &str| Stops::DependsOn(key.to_owned());
    let address = r#""Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#;
    assert_eq!(of(address, &place), depends("aws:SourceIp"));
    let certain =
        r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#;
    assert_eq!(of(certain, &place), depends("aws:PrincipalAccount"), "it depends on who is in the unit");
    assert_eq!(of(certain, &here), Stops::No);
    let others =
        r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}"#;
    assert_eq!(of(others, &here), Stops::Yes("iam:GetAccountSummary"));
    assert_eq!(of(r#""Action":"*","Resource":"arn:aws:s3:::team-*""#, &place), Stops::Yes("iam:GetAccountSummary"));
    assert_eq!(Allowed::of(&["no policy"], &place), None);
    assert_eq!(Allowed::of(&["{}"], &place), None);
    // In the audit: a person must look.
    let (organization, office, _) = organization(&[]);
    let age = allow(r#""Action":"*","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}"#);
    let _ = replace(&organization, &[age], &organization.root_id());
    let (lines, code) = office.lines(&[]);
    let rule = finding(&lines[0], "scp-stops-tasks");
    assert_eq!((rule["verdict"].as_str(), code), (Some("unknown"), 5), "{rule}");
    assert!(
        rule["evidence"][0]
            .as_str()
            .unwrap()
            .ends_with(&format!("({}) depends on aws:MultiFactorAuthAge", EVERY.join(", "))),
        "{rule}"
    );
}

// Random policies. Each part is written as it stands in a policy, and beside it is what it means.

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "eu-south-1", "ap-south-1"];

/// A request, every part of it known.
#[derive(Clone, Copy, Debug)]
struct Request {
    action: &'static str,
    account: &'static str,
    region: &'static str,
    /// The caller's address is in the network.
    near: bool,
}

impl Request {
    fn about(&self) -> &'static str {
        match self.action {
            "iam:GetAccountSummary" => "nothing",
            "s3:DeleteBucketPolicy" => "bucket",
            "sqs:SetQueueAttributes" => "queue",
            _ => "root",
        }
    }
}

type Part = (&'static str, fn(&Request) -> bool);

const ACTIONS: [Part; 9] = [
    ("*", |_| true),
    ("iam:*", |request| request.action.starts_with("iam:")),
    ("IAM:get*", |request| request.action.starts_with("iam:Get")),
    ("iam:List*", |request| request.action.starts_with("iam:List")),
    ("*:De*", |request| request.action.split(':').nth(1).is_some_and(|name| name.starts_with("De"))),
    ("iam:?reateLoginProfile", |request| request.action == "iam:CreateLoginProfile"),
    ("s3:*", |request| request.action.starts_with("s3:")),
    ("sqs:*", |request| request.action.starts_with("sqs:")),
    ("ec2:*", |_| false),
];

const RESOURCES: [Part; 7] = [
    ("*", |_| true),
    ("arn:aws:iam::*:root", |request| request.about() == "root"),
    ("arn:aws:iam::111122223333:root", |request| request.about() == "root" && request.account == ACCOUNTS[0]),
    ("arn:aws:iam::${aws:PrincipalAccount}:root", |request| request.about() == "root"),
    ("arn:aws:s3:::*", |request| request.about() == "bucket"),
    ("arn:aws:s3:::team-*", |_| false),
    ("arn:aws:sqs:eu-*:*:*", |request| request.about() == "queue" && request.region.starts_with("eu-")),
];

const CONDITIONS: [Part; 11] = [
    ("", |_| true),
    ("", |_| true),
    ("", |_| true),
    (r#""StringEquals":{"aws:PrincipalAccount":"111122223333"}"#, |request| request.account == ACCOUNTS[0]),
    (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:*"}"#, |request| request.account != ACCOUNTS[0]),
    (r#""Bool":{"aws:AssumedRoot":"true"}"#, |_| true),
    (r#""BoolIfExists":{"aws:AssumedRoot":"false"}"#, |_| false),
    (r#""StringNotLike":{"aws:username":"admin-*"}"#, |_| true),
    (r#""StringEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}"#, |request| {
        ["eu-west-1", "us-east-1"].contains(&request.region)
    }),
    (r#""StringNotLike":{"aws:RequestedRegion":"eu-*"}"#, |request| !request.region.starts_with("eu-")),
    (r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#, |request| request.near),
];

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    not_action: bool,
    actions: Vec<usize>,
    not_resource: bool,
    resources: Vec<usize>,
    condition: usize,
}

impl Statement {
    fn text(&self) -> String {
        let list = |parts: &[Part], chosen: &[usize]| {
            chosen.iter().map(|nth| format!("\"{}\"", parts[*nth].0)).collect::<Vec<_>>().join(",")
        };
        format!(
            r#"{{"Effect":"{}","{}Action":[{}],"{}Resource":[{}],"Condition":{{{}}}}}"#,
            if self.allow { "Allow" } else { "Deny" },
            if self.not_action { "Not" } else { "" },
            list(&ACTIONS, &self.actions),
            if self.not_resource { "Not" } else { "" },
            list(&RESOURCES, &self.resources),
            CONDITIONS[self.condition].0,
        )
    }

    fn applies(&self, request: &Request) -> bool {
        let any = |parts: &[Part], chosen: &[usize]| chosen.iter().any(|nth| parts[*nth].1(request));
        any(&ACTIONS, &self.actions) != self.not_action
            && any(&RESOURCES, &self.resources) != self.not_resource
            && CONDITIONS[self.condition].1(request)
    }

    fn asks_for_the_address(&self) -> bool {
        CONDITIONS[self.condition].0.contains("SourceIp")
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    let some = |of: usize| proptest::collection::vec(0..of, 1..4);
    (
        any::<bool>(),
        any::<bool>(),
        some(ACTIONS.len()),
        proptest::bool::weighted(0.2),
        some(RESOURCES.len()),
        0..CONDITIONS.len(),
    )
        .prop_map(|(allow, not_action, actions, not_resource, resources, condition)| Statement {
            allow,
            not_action,
            actions,
            not_resource,
            resources,
            condition,
        })
}

fn policy() -> impl Strategy<Value = Vec<Statement>> {
    proptest::collection::vec(statement(), 1..5)
}

fn text(policy: &[Statement]) -> String {
    document(&policy.iter().map(Statement::text).collect::<Vec<_>>().join(","))
}

const TASKS: [RootTask; 5] =
    [RootTask::Audit, RootTask::Delete, RootTask::CreatePassword, RootTask::UnlockBucket, RootTask::UnlockQueue];

/// Whether a task is stopped in an account: a call of it cannot be made in any region where it may be.
fn stopped(task: RootTask, account: &'static str, near: bool, open: impl Fn(&Request) -> bool) -> bool {
    calls(task).any(|action| {
        let regions = if action.starts_with("iam:") { &REGIONS[..1] } else { &REGIONS };
        !regions.iter().any(|region| open(&Request { action, account, region, near }))
    })
}

/// Holds what was said of a task against every request. `certain`: nothing in the policy depends on the request.
fn agrees(
    said: &Tasks,
    certain: bool,
    accounts: &[&'static str],
    open: impl Fn(&Request) -> bool,
) -> Result<(), String> {
    let stopped_tasks: BTreeMap<RootTask, &str> = said.stopped().collect();
    let unclear: BTreeMap<RootTask, &str> = said.unclear().collect();
    for task in TASKS {
        let mut ways = Vec::new();
        for account in accounts {
            ways.extend([true, false].map(|near| stopped(task, account, near, &open)));
        }
        let (all, none) = (ways.iter().all(|way| *way), !ways.contains(&true));
        let right = match (stopped_tasks.contains_key(&task), unclear.contains_key(&task)) {
            (true, _) => all,
            (_, true) => !certain || accounts.len() > 1,
            _ => none,
        };
        if !right {
            return Err(format!("{}: said {said:?}, in truth {ways:?}", task.name()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Of one account all is told but what the address decides; of several, what they have in common. Never is a task
    /// said to be free that is stopped for somebody, nor the other way round.
    #[test]
    fn what_a_level_allows_is_what_its_requests_get(level in proptest::collection::vec(policy(), 1..3)) {
        let texts: Vec<String> = level.iter().map(|policy| text(policy)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let open = |request: &Request| level.iter().flatten().any(|one| one.allow && one.applies(request));
        let certain = !level.iter().flatten().any(|one| one.allow && one.asks_for_the_address());
        let place = Place { partition: "aws", region: "us-east-1", organization: None, accounts: &[] };
        for account in ACCOUNTS {
            let accounts = [account.to_owned()];
            let said = Allowed::of(&texts, &Place { accounts: &accounts, ..place }).unwrap();
            prop_assert_eq!(agrees(&said.stops, certain, &[account], open), Ok(()));
            prop_assert!(!said.everything || said.stops == Tasks::default());
        }
        let said = Allowed::of(&texts, &place).unwrap();
        prop_assert_eq!(agrees(&said.stops, certain, &ACCOUNTS, open), Ok(()));
    }

    /// Any text is a policy or is refused; and what allows everything outweighs what another leaves out.
    #[test]
    fn any_text_is_weighed_or_refused(text in prop_oneof![any::<String>(), r#"\{"Statement":[\[\{][ -~]{0,60}"#, policy().prop_map(|policy| text(&policy))]) {
        let place = Place { partition: "aws", region: "us-east-1", organization: None, accounts: &[] };
        let full = allow(r#""Action":"*","Resource":"*""#);
        let allowed = Allowed::of(&[&text, &full], &place);
        prop_assert_eq!(allowed.is_some(), Effect::of(&text, &place).is_some());
        prop_assert!(allowed.is_none_or(|allowed| allowed.everything && allowed.stops == Tasks::default()));
    }

    /// The same of what a policy denies, account by account.
    #[test]
    fn what_a_policy_denies_is_what_its_requests_are_denied(policy in policy()) {
        let open = |request: &Request| !policy.iter().any(|one| !one.allow && one.applies(request));
        let certain = !policy.iter().any(|one| !one.allow && one.asks_for_the_address());
        for account in ACCOUNTS {
            let accounts = [account.to_owned()];
            let place = Place { partition: "aws", region: "us-east-1", organization: None, accounts: &accounts };
            let said = Effect::of(&text(&policy), &place).unwrap();
            prop_assert_eq!(agrees(&said.stops, certain, &[account], open), Ok(()));
        }
    }

    /// A root, a unit and an account, each with policies of its own: a task on root's credentials can be done exactly
    /// where no level leaves it out and no policy denies it.
    #[test]
    fn level_by_level_and_policy_by_policy_is_the_whole(levels in proptest::collection::vec(proptest::collection::vec(policy(), 1..3), 3..4)) {
        let account = ACCOUNTS[0];
        let accounts = [account.to_owned()];
        let place = Place { partition: "aws", region: "us-east-1", organization: None, accounts: &accounts };
        let mut said: Vec<Tasks> = Vec::new();
        for level in &levels {
            let texts: Vec<String> = level.iter().map(|policy| text(policy)).collect();
            said.push(Allowed::of(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &place).unwrap().stops);
            said.extend(texts.iter().map(|text| Effect::of(text, &place).unwrap().stops));
        }
        let certain = !levels.iter().flatten().flatten().any(Statement::asks_for_the_address);
        let open = |request: &Request| {
            levels.iter().all(|level| {
                level.iter().flatten().any(|one| one.allow && one.applies(request))
                    && !level.iter().flatten().any(|one| !one.allow && one.applies(request))
            })
        };
        for task in &TASKS[..3] {
            let stops = said.iter().any(|tasks| tasks.stopped().any(|(one, _)| one == *task));
            let unclear = said.iter().any(|tasks| tasks.unclear().any(|(one, _)| one == *task));
            let ways = [true, false].map(|near| stopped(*task, account, near, open));
            match (stops, unclear) {
                (true, _) => prop_assert_eq!(ways, [true, true]),
                (false, false) => prop_assert_eq!(ways, [false, false]),
                (false, true) => prop_assert!(!certain),
            }
        }
    }
}
