//! The trail: made where there is none, used where a good one is there, mended where that is safe, and left alone where not.

use super::world::{Kind, World};
use crate::enroll::api;
use crate::support::{Keys, Run, Simulated};
use glasskey::aws::hardening::{Place, merged, trail_statements};
use glasskey::sim::aws::posture::{
    AdvancedSelector, BasicSelector, Bucket, Delays, FieldSelector, LogGroup, Logging, Posture, Selectors, Trail,
};
use glasskey::sim::aws::{Aws, Fault, Organization, Wrong};
use serde_json::{Value, json};

/// Breaks something.
type Breaks<T> = fn(&mut T);

/// Nothing takes time.
pub(crate) const AT_ONCE: Delays = Delays { role: 0, delivery: 0 };
const NAME: &str = "glasskey-management-events";
const ROLE: &str = "glasskey-cloudtrail-to-logs";
const ONLY: [&str; 2] = ["--only", "trail"];
const APPLY: [&str; 5] = ["--only", "trail", "--apply", "--yes", "--no-input"];

/// A trail with which nothing is wrong.
pub(crate) fn good(account: &str) -> Trail {
    let log_group = Some(format!("arn:aws:logs:us-east-1:{account}:log-group:trail:*"));
    Trail { log_group, ..Trail::default() }
}

/// What a trail is made of, without the account's number and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    trails: Vec<Trail>,
    buckets: Vec<Bucket>,
    groups: Vec<LogGroup>,
    role: String,
}

impl Recorded {
    pub(crate) fn of(aws: &Aws) -> Self {
        let account = aws.account();
        let organization = Organization::of(aws).map(|it| it.view()["id"].as_str().unwrap().to_owned());
        let plain = |text: &String| {
            let text = text.replace(&account, "ACCOUNT");
            organization.iter().fold(text, |text, id| text.replace(id, "ORGANIZATION"))
        };
        let Posture { mut trails, mut buckets, mut log_groups, .. } = aws.posture();
        for trail in &mut trails {
            trail.life = None;
            (trail.bucket, trail.owner) = (plain(&trail.bucket), trail.owner.as_ref().map(plain));
            (trail.log_group, trail.role) = (trail.log_group.as_ref().map(plain), trail.role.as_ref().map(plain));
        }
        for bucket in &mut buckets {
            bucket.name = plain(&bucket.name);
            bucket.policy = bucket.policy.as_ref().map(plain);
            bucket.objects = bucket.objects.min(1);
        }
        log_groups.iter_mut().for_each(|group| group.created = None);
        let of_role = [("RoleName", ROLE), ("PolicyName", ROLE)];
        let role = ["GetRole", "GetRolePolicy"].map(|action| {
            let text = api::answered(aws, &aws.admin(), action, &of_role);
            let lines = text.split('<').filter(|part| part.contains("Document") || part.contains("Code"));
            plain(&lines.collect::<String>())
        });
        Self { trails, buckets, groups: log_groups, role: role.concat() }
    }

    /// Without what is kept since it holds records.
    pub(crate) fn but_records(&self) -> Self {
        let mut rest = self.clone();
        rest.buckets.retain(|bucket| bucket.objects == 0);
        rest.groups.clear();
        rest
    }
}

fn world() -> World {
    World::of(Kind::Untrailed)
}

fn trails(world: &World) -> Vec<Trail> {
    world.posture().trails
}

fn bucket_name(world: &World) -> String {
    format!("glasskey-trail-{}-us-east-1", world.outside.aws.account())
}

fn writes(world: &World) -> Vec<String> {
    let reads = ["Get", "List", "Describe", "Generate", "Filter"];
    let is_write = |action: &String| !reads.iter().any(|verb| action.starts_with(verb));
    world.outside.actions().into_iter().filter(is_write).collect()
}

#[track_caller]
fn left_alone(world: &World, code: &str, says: &str) -> Run {
    let before = world.posture();
    let done = world.run(&[&ONLY[..], &["--json"]].concat());
    let open = &done.json()["open"][0];
    assert_eq!((done.code, &open["code"]), (1, &json!(code)), "{done:?}");
    assert!(open["message"].as_str().unwrap().contains(says), "{done:?}");
    let applied = world.run(&APPLY);
    assert_eq!((applied.code, world.posture() == before), (1, true), "{applied:?}");
    applied
}

#[test]
fn a_plan_names_what_is_made_what_it_costs_and_how_it_is_undone() {
    let world = world();
    let done = world.run(&ONLY);
    assert_eq!((done.code, writes(&world)), (1, vec![]), "{done:?}");
    let bucket = bucket_name(&world);
    for line in [
        "trail  closes trail, trail-validation".to_owned(),
        format!("  trail                 none → {NAME}, of all regions, with log file validation"),
        format!(
            "  bucket                none → {bucket}: public access blocked, owner enforced, encrypted, versioned"
        ),
        format!("  log group             none → {NAME}, events kept for 365 days"),
        "  The first copy of management events costs nothing in CloudTrail.".to_owned(),
        "  cost    $0.50 a month; waits 750 s at most".to_owned(),
        "  undo    the trail is stopped and deleted".to_owned(),
    ] {
        assert!(done.stdout.lines().any(|it| it.starts_with(&line)), "{line}: {done:?}");
    }
}

#[test]
fn where_there_is_none_one_is_made_and_seen_to_deliver() {
    let world = world();
    let done = world.run(&APPLY);
    assert_eq!(done.code, 0, "{done:?}");
    let (account, bucket) = (world.outside.aws.account(), bucket_name(&world));
    let posture = world.posture();
    let [trail] = &posture.trails[..] else { panic!("{done:?}") };
    assert!(trail.multi_region && trail.global_events && trail.validation && trail.logging && !trail.organization);
    assert_eq!((&trail.name[..], &trail.bucket), (NAME, &bucket));
    assert_eq!(trail.log_group, Some(format!("arn:aws:logs:us-east-1:{account}:log-group:{NAME}:*")));
    assert_eq!(trail.role, Some(format!("arn:aws:iam::{account}:role/{ROLE}")));
    let made = posture.buckets.iter().find(|it| it.name == bucket).unwrap();
    assert_eq!(
        (made.ownership.as_deref(), made.versioning.as_deref()),
        (Some("BucketOwnerEnforced"), Some("Enabled"))
    );
    assert!(made.policy.as_ref().unwrap().contains("aws:SourceArn"), "{made:?}");
    assert_eq!(posture.log_groups[0].retention_days, Some(365));
    let seen = format!("trail {NAME} delivers; an event of this command is in its log group\n");
    assert!(done.stderr.contains(&seen), "{done:?}");
    for finding in ["trail", "trail-validation"] {
        let row = format!("{finding:<20} ");
        assert!(done.stdout.lines().any(|line| line.starts_with(&row) && line.ends_with("pass")), "{done:?}");
    }
}

#[test]
fn applied_again_it_does_nothing() {
    let world = world();
    assert_eq!(world.run(&APPLY).code, 0);
    let before = (world.snapshot(), writes(&world).len());
    let again = world.run(&APPLY);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    assert_eq!((world.snapshot(), writes(&world).len()), before);
}

#[test]
fn delivery_that_is_not_seen_in_the_time_is_said() {
    let world = world();
    world.outside.aws.arrange(|posture| posture.delays.delivery = 300);
    let done = world.run(&[&APPLY[..], &["--delivery-wait", "2"]].concat());
    assert_eq!(done.code, 0, "{done:?}");
    let bucket = bucket_name(&world);
    let said = format!(
        "  not seen  trail {NAME} after 2 s: nothing was delivered to bucket {bucket}; nothing was delivered to log group \
         {NAME}; `glasskey root audit` looks again\n"
    );
    assert!(done.stderr.contains(&said), "{done:?}");
}

#[test]
fn a_good_trail_is_used_and_not_doubled() {
    let world = world();
    let account = world.outside.aws.account();
    world.outside.aws.arrange(|posture| posture.trails = vec![good(&account)]);
    let done = world.run(&APPLY);
    assert_eq!((done.code, done.stdout.as_str(), writes(&world)), (0, "nothing to do\n", vec![]), "{done:?}");
}

/// From the command's region a good trail of another one is seen as well.
#[test]
fn a_good_trail_of_another_region_is_used() {
    let world = world();
    let account = world.outside.aws.account();
    let trail = Trail {
        region: "eu-west-1".to_owned(),
        log_group: Some(format!("arn:aws:logs:eu-west-1:{account}:log-group:trail:*")),
        ..Trail::default()
    };
    world.outside.aws.arrange(|posture| posture.trails = vec![trail]);
    let done = world.run(&APPLY);
    assert_eq!((done.code, writes(&world)), (0, vec![]), "{done:?}");
}

/// An organization's trail, seen from a member: it delivers to another account.
fn of_organization() -> Trail {
    Trail { owner: Some("999988887777".to_owned()), organization: true, ..Trail::default() }
}

#[test]
fn an_organizations_trail_seen_from_a_member_is_used() {
    let world = world();
    world.outside.aws.arrange(|posture| posture.trails = vec![of_organization()]);
    let done = world.run(&APPLY);
    assert_eq!((done.code, writes(&world)), (0, vec![]), "{done:?}");
}

#[test]
fn an_organizations_trail_that_is_broken_is_named() {
    let broken: [(Breaks<Trail>, &str); 4] = [
        (|trail| trail.logging = false, "trail does not log"),
        (|trail| trail.multi_region = false, "trail records the region us-east-1 alone"),
        (|trail| trail.validation = false, "trail does not validate its log files"),
        (|trail| trail.delivery_error = Some("NoSuchBucket".to_owned()), "bucket trail-bucket (NoSuchBucket)"),
    ];
    for (breaks, says) in broken {
        let world = world();
        let mut trail = of_organization();
        breaks(&mut trail);
        world.outside.aws.arrange(|posture| posture.trails = vec![trail]);
        let done = left_alone(&world, "other_caller", says);
        assert!(done.stdout.contains("account 999988887777 has to mend it"), "{done:?}");
    }
}

/// A trail of the account's own, with the bucket's policy of the guide.
pub(crate) fn own(world: &World) -> Trail {
    let aws = &world.outside.aws;
    aws.protect();
    let account = aws.account();
    let trail = Trail { life: Some(Logging { started: Some(1), stopped: None }), ..good(&account) };
    aws.arrange(|posture| posture.delays = AT_ONCE);
    Trail { role: Some(format!("arn:aws:iam::{account}:role/trail-to-logs")), ..trail }
}

fn with(world: &World, trail: Trail) {
    world.outside.aws.arrange(|posture| posture.trails = vec![trail]);
}

/// Mended, used, and undone.
#[track_caller]
fn mended(breaks: impl Fn(&mut Trail), stays: bool, writes_wanted: &[&str]) {
    let world = world();
    let whole = own(&world);
    let mut broken = whole.clone();
    breaks(&mut broken);
    with(&world, broken.clone());
    let before = (trails(&world), world.posture().buckets);
    let (done, run) = world.apply(&ONLY);
    assert_eq!(writes(&world), writes_wanted, "{done:?}");
    let [trail] = &trails(&world)[..] else { panic!("{done:?}") };
    assert!(trail.multi_region && trail.global_events && trail.validation && trail.logging, "{trail:?}");
    assert!(trail.log_group.is_some() && trail.bucket == whole.bucket, "{trail:?}");
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, i32::from(stays), "{undone:?}");
    if !stays {
        let timeless = |trails: Vec<Trail>| trails.into_iter().map(|trail| Trail { life: None, ..trail });
        let now = world.posture().buckets;
        assert_eq!((timeless(trails(&world)).collect::<Vec<_>>(), now), (timeless(before.0).collect(), before.1));
    }
}

#[test]
fn a_trail_that_does_not_log_is_started() {
    mended(|trail| (trail.logging, trail.life) = (false, Some(Logging::default())), false, &["StartLogging"]);
}

#[test]
fn a_trail_of_one_region_is_made_one_of_all() {
    mended(|trail| (trail.multi_region, trail.global_events) = (false, false), false, &["UpdateTrail"]);
}

#[test]
fn a_trail_without_validation_validates() {
    mended(|trail| trail.validation = false, false, &["UpdateTrail"]);
}

#[test]
fn a_trail_without_a_log_group_gets_one() {
    let breaks = |trail: &mut Trail| (trail.log_group, trail.role) = (None, None);
    let calls = ["CreateLogGroup", "PutRetentionPolicy", "CreateRole", "PutRolePolicy", "UpdateTrail"];
    // What has come to the log group stays.
    mended(breaks, true, &calls);
}

#[test]
fn a_trail_that_is_broken_in_every_way_is_mended_at_once() {
    let breaks = |trail: &mut Trail| {
        (trail.logging, trail.multi_region, trail.validation) = (false, false, false);
        (trail.log_group, trail.role) = (None, None);
    };
    let calls =
        ["CreateLogGroup", "PutRetentionPolicy", "CreateRole", "PutRolePolicy", "UpdateTrail", "StartLogging"];
    mended(breaks, true, &calls);
}

/// Its role was deleted, or its policy: glasskey's takes its place. AWS would not take the old one again.
#[test]
fn a_trail_that_cannot_deliver_to_its_log_group_gets_a_role_that_may() {
    let world = world();
    let trail = own(&world);
    with(&world, Trail { logs_delivery_error: Some("AccessDenied".to_owned()), ..trail });
    let (aws, seen) = (world.outside.aws.clone(), "UpdateTrail");
    world.outside.tap.listen(move |passing| {
        if crate::support::blows::is_call(passing, seen) && passing.done {
            aws.arrange(|posture| posture.trails[0].logs_delivery_error = None);
        }
    });
    let (done, run) = world.apply(&ONLY);
    world.outside.tap.silence();
    assert_eq!(writes(&world), ["CreateRole", "PutRolePolicy", "UpdateTrail"], "{done:?}");
    assert!(trails(&world)[0].role.as_ref().unwrap().ends_with(ROLE), "{done:?}");
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, 1, "{undone:?}");
    assert!(undone.stdout.contains("AWS rejects the delivery that it had before"), "{undone:?}");
}

/// glasskey's role may already do what it should, and the log group is there: the reason is another one.
#[test]
fn a_log_group_that_gets_nothing_although_its_role_may_write_is_named() {
    let world = world();
    assert_eq!(world.run(&APPLY).code, 0);
    world.outside.aws.arrange(|posture| posture.trails[0].logs_delivery_error = Some("Throttled".to_owned()));
    let _ = left_alone(&world, "not_safe", "(Throttled), although its role lets it");
}

#[test]
fn a_log_group_that_was_deleted_is_made_again() {
    let world = world();
    let trail = own(&world);
    with(&world, trail);
    let gone =
        LogGroup { name: "trail".to_owned(), region: "us-east-1".to_owned(), deleted: true, ..LogGroup::default() };
    world.outside.aws.arrange(|posture| {
        posture.metric_filters.clear();
        posture.log_groups = vec![gone];
    });
    let (done, _) = world.apply(&ONLY);
    assert_eq!(writes(&world), ["CreateLogGroup", "PutRetentionPolicy"], "{done:?}");
}

/// The bucket's policy does not let the trail in: it does afterwards, and what else is in the policy stays.
#[test]
fn a_bucket_that_keeps_the_trail_out_lets_it_in_and_undone_no_longer() {
    let world = world();
    let trail = own(&world);
    with(&world, trail);
    let foreign = foreign_policy("trail-bucket");
    world.outside.aws.arrange(|posture| posture.buckets[0].policy = Some(foreign.clone()));
    let (done, run) = world.apply(&ONLY);
    assert_eq!(writes(&world), ["PutBucketPolicy"], "{done:?}");
    let policy = world.posture().buckets[0].policy.clone().unwrap();
    assert!(policy.contains("\"Theirs\"") && policy.contains("GlasskeyTrailWrite"), "{policy}");
    assert!(done.json()["findings"][0]["after"] == "pass", "{done:?}");
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, world.posture().buckets[0].policy.clone()), (0, Some(foreign)), "{undone:?}");
}

fn foreign_policy(bucket: &str) -> String {
    let statement = json!({
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*"),
    });
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

#[test]
fn a_bucket_that_is_gone_or_another_accounts_is_named() {
    let cases: [(Breaks<Posture>, &str); 3] = [
        (|posture| posture.buckets.clear(), "there is no such bucket"),
        (
            |posture| {
                posture.buckets.clear();
                posture.foreign_buckets = vec!["trail-bucket".to_owned()];
            },
            "it is another account's, or these credentials may not look at it",
        ),
        (|_| {}, "although its policy lets the trail in"),
    ];
    for (breaks, says) in cases {
        let world = world();
        let trail = own(&world);
        let account = world.outside.aws.account();
        let place = Place { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account };
        let statements = trail_statements(&place, "trail-bucket", None, &place.trail("trail"), None);
        let policy = merged(None, &statements).unwrap();
        world.outside.aws.arrange(|posture| {
            posture.buckets[0].policy = policy;
            posture.trails = vec![Trail { delivery_error: Some("AccessDenied".to_owned()), ..trail }];
            breaks(posture);
        });
        let _ = left_alone(&world, "not_safe", says);
    }
}

#[test]
fn a_trail_that_leaves_events_out_is_named_and_not_changed() {
    let field = |field: &str, values: &[&str]| FieldSelector {
        field: field.to_owned(),
        equals: values.iter().map(|it| (*it).to_owned()).collect(),
        ..FieldSelector::default()
    };
    let advanced = AdvancedSelector {
        name: String::new(),
        fields: vec![field("eventCategory", &["Management"]), field("readOnly", &["false"])],
    };
    let basic = BasicSelector { read_write: "WriteOnly".to_owned(), ..BasicSelector::default() };
    for selectors in [Selectors::Basic(vec![basic]), Selectors::Advanced(vec![advanced])] {
        let world = world();
        let trail = own(&world);
        with(&world, Trail { selectors, ..trail });
        let _ = left_alone(&world, "not_safe", "set its event selectors to all management events");
    }
}

/// A trail of data events alone is none that records the account: one is made beside it, and it stays.
#[test]
fn beside_a_trail_of_data_events_one_is_made() {
    let world = world();
    let data = BasicSelector { management: false, ..BasicSelector::default() };
    let trail = Trail { selectors: Selectors::Basic(vec![data]), name: "data".to_owned(), ..Trail::default() };
    with(&world, trail.clone());
    let (done, run) = world.apply(&ONLY);
    assert_eq!((trails(&world).len(), &trails(&world)[0]), (2, &trail), "{done:?}");
    assert_eq!(world.run(&["--undo", &run, "--yes", "--no-input"]).code, 1);
    assert_eq!(trails(&world), [trail]);
}

#[test]
fn five_trails_are_the_limit() {
    let world = world();
    let data = || Selectors::Basic(vec![BasicSelector { management: false, ..BasicSelector::default() }]);
    world.outside.aws.arrange(|posture| {
        let name = |n| format!("data-{n}");
        posture.trails = (0..5).map(|n| Trail { name: name(n), selectors: data(), ..Trail::default() }).collect();
    });
    let _ = left_alone(&world, "limit", "us-east-1 has 5 trails, which is the limit");
}

#[test]
fn a_bucket_name_that_a_stranger_has_is_not_planned() {
    let world = world();
    let name = bucket_name(&world);
    world.outside.aws.arrange(|posture| posture.foreign_buckets = vec![name.clone()]);
    let _ = left_alone(&world, "name_taken", "choose another name with --bucket NAME");
    let (done, _) = world.apply(&[&ONLY[..], &["--bucket", "our-trail-elsewhere"]].concat());
    assert_eq!(trails(&world)[0].bucket, "our-trail-elsewhere", "{done:?}");
}

/// A stranger takes the name while the plan is applied.
#[test]
fn a_bucket_name_that_a_stranger_takes_meanwhile_names_the_option() {
    let world = world();
    let before = world.snapshot();
    world.outside.aws.fail(Fault::next("CreateBucket", Wrong::StrangersBucket));
    let done = world.run(&[&APPLY[..], &["--json"]].concat());
    assert_eq!((done.code, &done.json()["code"]), (3, &json!("bucket_taken")), "{done:?}");
    assert!(done.stdout.contains("choose another name with --bucket, in a new plan"), "{done:?}");
    assert_eq!((world.snapshot(), world.outside.unfinished()), (before, 0), "{done:?}");
    let (done, _) = world.apply(&[&ONLY[..], &["--bucket", "our-trail-elsewhere"]].concat());
    assert_eq!(trails(&world)[0].bucket, "our-trail-elsewhere", "{done:?}");
}

#[test]
fn a_name_that_no_bucket_can_have_is_a_usage_error() {
    for name in ["Trail", "a", "our..trail", "-trail"] {
        let done = world().run(&[&ONLY[..], &[&format!("--bucket={name}")]].concat());
        assert_eq!(done.code, 2, "{name}: {done:?}");
    }
}

/// A bucket of the account's with a policy of its own: kept, added to, and as it was once that is undone.
#[test]
fn a_bucket_that_is_there_keeps_its_policy_and_gets_it_back() {
    let world = world();
    let (name, text) = ("our-own-bucket", foreign_policy("our-own-bucket"));
    let bucket = Bucket { name: name.to_owned(), policy: Some(text.clone()), objects: 7, ..Bucket::default() };
    let bucket = Bucket { public_access_block: None, ownership: None, ..bucket };
    world.outside.aws.arrange(|posture| posture.buckets = vec![bucket]);
    let (done, run) = world.apply(&[&ONLY[..], &["--bucket", name]].concat());
    let made = world.posture().buckets;
    assert_eq!(made.len(), 1, "{done:?}");
    let policy = made[0].policy.clone().unwrap();
    assert!(policy.contains("\"Theirs\"") && policy.contains("GlasskeyTrailWrite"), "{policy}");
    assert!(made[0].public_access_block.is_some() && made[0].versioning.is_some(), "{made:?}");
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, 1, "{undone:?}");
    let stays = format!("not brought back: trail: bucket {name} keeps the protections that were turned on\n");
    assert!(undone.stdout.contains(&stays), "{undone:?}");
    let now = world.posture().buckets;
    assert_eq!((now[0].policy.clone(), now[0].objects > 7), (Some(text), true), "{undone:?}");
    assert_eq!(trails(&world), []);
}

#[test]
fn what_cloudtrail_does_not_see_yet_is_waited_for() {
    for wrong in [Wrong::RoleUnseen, Wrong::PolicyUnseen] {
        let world = world();
        world.outside.aws.fail(Fault::next("CreateTrail", wrong));
        let done = world.run(&APPLY);
        assert_eq!((done.code, trails(&world).len()), (0, 1), "{done:?}");
    }
}

/// Everything that the run has made goes but what holds records, and that is named.
#[test]
fn undone_the_trail_and_its_role_are_gone_and_records_stay() {
    let world = world();
    let before = world.snapshot();
    let (_, run) = world.apply(&ONLY);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input", "--json"]);
    assert_eq!(undone.code, 1, "{undone:?}");
    let bucket = bucket_name(&world);
    let stays = [
        format!("trail: bucket {bucket} holds records, so it stays"),
        format!("trail: log group {NAME} holds events, so it stays"),
    ];
    assert_eq!(undone.json()["stays"], json!(stays), "{undone:?}");
    let now = world.snapshot();
    assert_eq!(now.recorded.but_records(), before.recorded, "{undone:?}");
    // Applied again, it uses what is there.
    let (done, _) = world.apply(&ONLY);
    assert_eq!((trails(&world).len(), world.posture().buckets.len()), (1, 1), "{done:?}");
}

/// A trail of this name that somebody else has made in the meantime is not the run's to delete.
#[test]
fn a_trail_that_somebody_else_makes_meanwhile_is_not_deleted() {
    let world = world();
    let message = format!("Trail {NAME} already exists for customer");
    let code = "TrailAlreadyExistsException".to_owned();
    world.outside.aws.fail(Fault::next("CreateTrail", Wrong::Code { status: 400, code, message }));
    let done = world.run(&APPLY);
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    let account = world.outside.aws.account();
    let theirs = Trail {
        name: NAME.to_owned(),
        bucket: bucket_name(&world),
        log_group: Some(format!("arn:aws:logs:us-east-1:{account}:log-group:{NAME}:*")),
        role: Some(format!("arn:aws:iam::{account}:role/{ROLE}")),
        ..Trail::default()
    };
    with(&world, theirs.clone());
    let undone = world.recover("--undo");
    assert_eq!((undone.code, trails(&world)), (0, vec![theirs]), "{undone:?}");
    assert!(undone.stderr.contains("nothing shows that this run made it"), "{undone:?}");
}

/// Each fact under the step is another when the plan is applied.
#[test]
fn a_fact_that_has_changed_refuses_the_plan() {
    let changes: [fn(&mut Posture, &str); 5] = [
        |posture, account| posture.trails.push(good(account)),
        |posture, account| {
            let name = format!("glasskey-trail-{account}-us-east-1");
            posture.buckets.push(Bucket { name, ..Bucket::default() });
        },
        |posture, account| posture.foreign_buckets.push(format!("glasskey-trail-{account}-us-east-1")),
        |posture, _| {
            let (name, region) = (NAME.to_owned(), "us-east-1".to_owned());
            posture.log_groups.push(LogGroup { name, region, ..LogGroup::default() });
        },
        |posture, _| posture.trails.push(Trail { logging: false, ..Trail::default() }),
    ];
    for change in changes {
        let world = world();
        let (path, _) = world.plan("plan.json", &ONLY);
        let account = world.outside.aws.account();
        world.outside.aws.arrange(|posture| change(posture, &account));
        let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
        assert_eq!((done.code, &done.json()["code"]), (3, &json!("facts_changed")), "{done:?}");
        assert_eq!(writes(&world), [""; 0], "{done:?}");
    }
}

#[test]
fn a_role_of_this_name_that_is_another_is_left_alone() {
    let world = world();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }],
    });
    let document = trust.to_string();
    let parameters = [("RoleName", ROLE), ("AssumeRolePolicyDocument", &document)];
    let _ = api::call(&world.outside.aws, &world.outside.aws.admin(), "CreateRole", &parameters);
    let _ = left_alone(&world, "not_safe", "is not one for CloudTrail alone");
}

/// The management account's own trail of the organization is mended with what the organization needs.
#[test]
fn the_management_account_mends_its_organizations_trail() {
    let world = World::of(Kind::Managing);
    let aws = &world.outside.aws;
    let organization = Organization::of(aws).unwrap();
    organization.trust("cloudtrail.amazonaws.com", true);
    let trail = own(&world);
    aws.arrange(|posture| {
        posture.trails = vec![Trail { organization: true, log_group: None, role: None, ..trail }];
        posture.buckets[0].policy = None;
    });
    let (done, _) = world.apply(&ONLY);
    let posture = world.posture();
    let policy = posture.buckets[0].policy.clone().unwrap();
    assert!(policy.contains("/AWSLogs/o-"), "{policy}");
    assert!(posture.trails[0].organization && posture.trails[0].log_group.is_some(), "{done:?}");
    let of_role = [("RoleName", ROLE), ("PolicyName", ROLE)];
    let role = api::call(aws, &aws.admin(), "GetRolePolicy", &of_role);
    assert!(role.contains("log-stream%3Ao-"), "{role}");
}

/// Names, regions and ARNs are the partition's.
#[test]
fn in_every_partition_a_trail_is_made_and_undone() {
    use glasskey::sim::aws::{Partition, Setup};
    use glasskey::sim::{clock::SimClock, serve::Server, tap::Tap};
    for partition in [Partition::AwsCn, Partition::AwsUsGov, Partition::AwsEusc] {
        let aws = Aws::with(SimClock::host(), Setup { partition, ..Setup::default() });
        aws.arrange(|posture| posture.delays = AT_ONCE);
        let (tap, server) = (Tap::default(), Server::start(aws.clone(), None).unwrap());
        aws.tap(&tap);
        let caller = aws.admin();
        let outside = Simulated { keys: Keys::serve(0), aws, server, tap };
        let world = World { outside, caller, kind: Kind::Untrailed, _reader: None };
        let (done, run) = world.apply(&ONLY);
        let [trail] = &trails(&world)[..] else { panic!("{done:?}") };
        let begin = format!("arn:{}:logs:{}:", partition.as_str(), partition.region());
        assert!(trail.log_group.as_ref().unwrap().starts_with(&begin), "{trail:?}");
        assert!(trail.bucket.ends_with(partition.region()), "{trail:?}");
        assert_eq!(world.run(&APPLY).stdout, "nothing to do\n");
        let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
        assert_eq!((undone.code, trails(&world)), (1, vec![]), "{undone:?}");
    }
}

/// What a plan holds of the trail is what the journal and the next run read.
#[test]
fn a_plan_holds_the_state_before_and_after() {
    let world = world();
    let (_, plan) = world.plan("plan.json", &ONLY);
    let step = &plan["steps"][0];
    let calls: Vec<&str> = step["calls"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        calls,
        [
            "s3:CreateBucket",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketOwnershipControls",
            "s3:PutEncryptionConfiguration",
            "s3:PutBucketVersioning",
            "s3:PutBucketPolicy",
            "logs:CreateLogGroup",
            "logs:PutRetentionPolicy",
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "cloudtrail:CreateTrail",
            "cloudtrail:StartLogging"
        ]
    );
    assert_eq!((&step["before"]["trails"], &step["after"]["trails"][0]["logging"]), (&json!([]), &json!(true)));
}

/// CloudTrail acknowledges the start, and the trail does not log: no delivery is waited for, and nothing is called done.
#[test]
fn a_trail_that_does_not_start_is_not_waited_for() {
    let world = world();
    world.outside.aws.fail(Fault { times: 99, ..Fault::next("StartLogging", Wrong::Pretend) });
    let apply = ["--apply", "--yes", "--no-input", "--only", "trail", "--delivery-wait", "3600"];
    let done = world.run(&apply);
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    assert!(done.stderr.contains("AWS acknowledged trail, and does not show it"), "{done:?}");
    assert!(!done.stderr.contains("AWS shows it"), "{done:?}");
}
