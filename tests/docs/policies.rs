//! Each policy of docs/policies, attached to a user of the simulated account, allows what the table beside it says and
//! refuses the rest.

use super::{files_in, read, root};
use crate::harden::alarm_world::Reader;
use crate::harden::world::{ADDRESS, CONTACT, Kind, MEMBERS, SCP, TOLD, VIA_RULES, World};
use crate::sim_aws::client::json_call;
use crate::support::{FIRST, Run, Simulated, run};
use glasskey::flow::enroll::{Request, permissions};
use glasskey::sim::aws::organization::Kind as MemberKind;
use glasskey::sim::aws::posture::Key;
use glasskey::sim::aws::{Aws, Fault, Keys, Organization, Wrong};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn policy(name: &str) -> String {
    read(&root().join("docs/policies").join(name))
}

/// The actions of a policy, all of them allowed ones.
fn actions(name: &str) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(&policy(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let statements = policy["Statement"].as_array().unwrap();
    let text = |action: &Value| action.as_str().unwrap().to_owned();
    let of = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.iter().map(text).collect(),
        one => vec![text(one)],
    };
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"), "{name}");
    statements.iter().flat_map(of).collect()
}

fn set(actions: &[&str]) -> BTreeSet<String> {
    actions.iter().map(|&action| action.to_owned()).collect()
}

#[test]
fn the_actions_are_those_the_flows_need() {
    let tags = vec![glasskey::aws::Tag { key: "team".to_owned(), value: "blue".to_owned() }];
    let tagged = permissions(&Request { tags, ..Request::default() });
    let plain = set(&permissions(&Request::default()));
    assert_eq!(actions("administrator.json"), set(&tagged));
    assert_eq!(actions("self-service.json"), plain);
    assert_eq!(actions("self-service-several-devices.json"), plain);
    let mut without = plain.clone();
    without.remove("iam:DeleteVirtualMFADevice");
    assert_eq!(actions("self-service-no-delete.json"), without);
    let mut recover = plain;
    recover.remove("iam:CreateVirtualMFADevice");
    recover.extend(set(&["iam:DeactivateMFADevice", "iam:TagUser", "iam:UntagUser", "iam:ListUserTags"]));
    assert_eq!(actions("recover.json"), recover);
}

#[test]
fn each_is_in_the_table_and_each_in_the_table_is_here() {
    let files = files_in(&root().join("docs/policies"), "json");
    let readme = read(&root().join("docs/policies/README.md"));
    assert_eq!(files.len(), readme.lines().filter(|line| line.starts_with("| [")).count());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("| [{name}]({name}) |")), "{name}");
    }
}

/// A world of `keys` keys, and the access key of a user who has this policy and nothing else.
fn with_policy(keys: u32, user: &str, name: &str) -> (Simulated, Keys) {
    let world = Simulated::with_keys(keys);
    let caller = world.aws.add_user(user);
    world.aws.allow(user, &policy(name)).unwrap();
    (world, caller)
}

fn as_caller(world: &Simulated, caller: &Keys, args: &[&str]) -> Run {
    run(&mut world.glasskey_as(caller, args.iter().chain(&["--yes", "--no-input"])))
}

#[track_caller]
fn refuses(done: &Run, action: &str) {
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains(&format!("the caller needs the permission {action} for this")), "{done:?}");
}

const KEY: &str = "12345678";
const NEVER_ENABLED: &str = "EnableMFADevice";

#[test]
fn an_administrator_enrolls_others_and_undoes() {
    assert_eq!(KEY, FIRST.to_string());
    let (world, admin) = with_policy(1, "operator", "administrator.json");
    let args = ["enroll", "alice", "--key", KEY, "--tag", "team=blue"];
    world.aws.fail(Fault::next(NEVER_ENABLED, Wrong::Expire));
    assert_eq!(as_caller(&world, &admin, &args).code, 3);
    world.nothing_is_left().unwrap();
    let done = as_caller(&world, &admin, &args);
    assert_eq!(done.code, 0, "{done:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn self_service_is_for_oneself_and_the_name_of_oneself() {
    let (world, alice) = with_policy(1, "alice", "self-service.json");
    let _ = world.aws.add_user("bob");
    let enroll = |more: &[&str]| as_caller(&world, &alice, &[&["enroll", "--key", KEY], more].concat());
    refuses(&enroll(&["--device-name", "alice-2"]), "iam:CreateVirtualMFADevice");
    refuses(&enroll(&["bob"]), "iam:ListMFADevices");
    world.aws.fail(Fault::next(NEVER_ENABLED, Wrong::Expire));
    assert_eq!(enroll(&[]).code, 3);
    world.nothing_is_left().unwrap();
    let done = enroll(&[]);
    assert_eq!(done.code, 0, "{done:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn self_service_with_several_devices() {
    let (world, alice) = with_policy(1, "alice", "self-service-several-devices.json");
    let enroll = |name: &str| as_caller(&world, &alice, &["enroll", "--key", KEY, "--device-name", name]);
    refuses(&enroll("spare"), "iam:CreateVirtualMFADevice");
    refuses(&enroll("alice2"), "iam:CreateVirtualMFADevice");
    let done = enroll("alice-2");
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn who_may_not_delete_finishes_from_the_key() {
    let (world, alice) = with_policy(1, "alice", "self-service-no-delete.json");
    world.aws.fail(Fault::next(NEVER_ENABLED, Wrong::Expire));
    let broken = as_caller(&world, &alice, &["enroll", "--key", KEY]);
    assert_eq!(broken.code, 4, "{broken:?}");
    assert!(broken.stderr.contains("which can still finish the device"), "{broken:?}");
    world.a_minute_passes_for_codes();
    let done = as_caller(&world, &alice, &["recover", "--finish"]);
    assert_eq!(done.code, 0, "{done:?}");
    world.alice_is_enrolled().unwrap();
}

/// An enrollment by the administrator that was left unfinished: the device exists, the key holds its seed.
fn unfinished(world: &Simulated) {
    world.aws.fail(Fault::next(NEVER_ENABLED, Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 4);
    assert_eq!(world.unfinished(), 1);
    world.a_minute_passes_for_codes();
}

#[test]
fn recovering_for_others() {
    let (world, operator) = with_policy(1, "operator", "recover.json");
    refuses(&as_caller(&world, &operator, &["enroll", "alice", "--key", KEY]), "iam:CreateVirtualMFADevice");
    unfinished(&world);
    assert_eq!(as_caller(&world, &operator, &["recover", "--undo"]).code, 0);
    world.nothing_is_left().unwrap();
    unfinished(&world);
    assert_eq!(as_caller(&world, &operator, &["recover", "--finish"]).code, 0);
    world.alice_is_enrolled().unwrap();
}

#[test]
fn looking_at_devices() {
    let (world, auditor) = with_policy(1, "auditor", "devices.json");
    let _ = world.aws.add_fido_for("alice", "desk");
    let roots = "glasskey: not seen: FIDO devices of the root user, which AWS shows to root only\n";
    let done = as_caller(&world, &auditor, &["devices", "--all"]);
    assert_eq!((done.code, &*done.stderr), (0, roots), "{done:?}");
    assert!(done.stdout.ends_with("  FIDO L1\n"), "{done:?}");
    let done = as_caller(&world, &auditor, &["devices", "alice"]);
    assert_eq!((done.code, &*done.stderr), (0, ""), "{done:?}");
    refuses(&as_caller(&world, &auditor, &["enroll", "alice", "--key", KEY]), "iam:CreateVirtualMFADevice");
}

#[test]
fn taking_devices_away() {
    assert_eq!(actions("retire.json"), set(&glasskey::flow::retire::retire_permissions()));
    let (world, operator) = with_policy(1, "operator", "retire.json");
    let _ = world.aws.add_device_for("alice", 3);
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    assert_eq!(as_caller(&world, &operator, &["retire", "alice", "--device", "alice-1"]).code, 4);
    assert_eq!(as_caller(&world, &operator, &["recover"]).code, 0);
    let done = as_caller(&world, &operator, &["retire", "alice", "--device", "alice-2"]);
    assert_eq!((done.code, world.aws.devices().len()), (0, 1), "{done:?}");
    refuses(&as_caller(&world, &operator, &["enroll", "alice", "--key", KEY]), "iam:CreateVirtualMFADevice");
}

#[test]
fn replacing_devices() {
    let mut needed =
        set(&glasskey::flow::rotate::rotate_permissions(&glasskey::flow::rotate::RotateRequest::default()));
    needed.extend(set(&glasskey::flow::resync::resync_permissions()));
    needed.extend(set(&glasskey::flow::access_key::access_key_permissions()));
    assert_eq!((&actions("rotate.json"), &actions("self-service-rotate.json")), (&needed, &needed));
    let (world, operator) = with_policy(2, "operator", "rotate.json");
    assert_eq!(world.run(["enroll", "alice", "--key", KEY, "--yes", "--no-input"]).code, 0);
    world.aws.fail(Fault::next("DeactivateMFADevice", Wrong::Deny));
    let rotate = ["rotate", "alice", "--from", "alice", "--key", "12345679"];
    assert_eq!(as_caller(&world, &operator, &rotate).code, 4);
    let done = as_caller(&world, &operator, &["recover", "--undo"]);
    assert_eq!((done.code, world.aws.devices().len()), (0, 1), "{done:?}");
    let done = as_caller(&world, &operator, &rotate);
    assert_eq!((done.code, world.aws.devices().len()), (0, 1), "{done:?}");
    let done =
        as_caller(&world, &operator, &["rotate", "alice", "--access-key", "--secret-to-command", "cat >taken"]);
    assert_eq!(done.code, 0, "{done:?}");
    // IAM takes newer codes only.
    world.aws.clock().advance(std::time::Duration::from_secs(120));
    let done = as_caller(&world, &operator, &["resync", "alice", "--key", "12345679"]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn watching_root() {
    assert_eq!(actions("root-enroll.json"), set(&["iam:GetAccountSummary", "iam:ListVirtualMFADevices"]));
    let (world, operator) = with_policy(1, "operator", "root-enroll.json");
    let fido = crate::support::FidoKeys::with_pin();
    let roots = crate::fido_cli::roots_of(&fido, 0);
    let line =
        format!("root enroll --one-key --key {KEY} --pin-fd 3 --attestation-roots {roots} --every 1 --no-input");
    let tap = glasskey::sim::tap::Tap::default();
    world.aws.tap(&tap);
    let (aws, seen) = (world.aws.clone(), std::sync::atomic::AtomicUsize::new(0));
    tap.listen(move |passing| {
        let summary =
            matches!(&passing.wire, glasskey::sim::tap::Wire::Aws { action } if action == "GetAccountSummary");
        if summary && passing.done && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            let _ = aws.add_fido_for("root", "yubikey-12345678");
        }
    });
    let mut command = fido.glasskey(line.split(' '));
    command.envs(world.environment(&operator));
    let done = run(&mut crate::support::with_fd(&command, 3, &format!("{}\n", crate::support::fido::PIN)));
    assert_eq!(done.code, 0, "{done:?}");
}

/// A user who has these policies and nothing else.
fn operator(aws: &Aws, name: &str, policies: &[&str]) -> Keys {
    let keys = aws.add_user(name);
    policies.iter().for_each(|file| aws.allow(name, &policy(file)).unwrap());
    keys
}

/// The permissions that a user's calls have taken so far, with that of giving the trail its role.
fn taken(aws: &Aws, user: &str) -> BTreeSet<String> {
    let caller = format!("arn:aws:iam::{}:user/{user}", aws.account());
    let of_user = aws.calls().into_iter().filter(|call| call.caller.as_deref() == Some(&*caller));
    let named = |call: glasskey::sim::aws::Call| match (call.service, call.action.as_str()) {
        ("s3", "GetPublicAccessBlock") => "s3:GetBucketPublicAccessBlock".to_owned(),
        ("s3", "PutPublicAccessBlock") => "s3:PutBucketPublicAccessBlock".to_owned(),
        ("s3", "GetBucketEncryption") => "s3:GetEncryptionConfiguration".to_owned(),
        ("s3", "PutBucketEncryption") => "s3:PutEncryptionConfiguration".to_owned(),
        ("s3", "ListObjectVersions") => "s3:ListBucketVersions".to_owned(),
        (service, action) => format!("{service}:{action}"),
    };
    let mut taken: BTreeSet<String> = of_user.map(named).collect();
    for (with, permission) in [
        ("cloudtrail:CreateTrail", "iam:PassRole"),
        ("events:PutTargets", "iam:PassRole"),
        ("kms:CreateKey", "kms:TagResource"),
        ("iam:CreateUser", "iam:TagUser"),
        // AWS makes the role of an organization's trail.
        ("organizations:ListAWSServiceAccessForOrganization", "iam:CreateServiceLinkedRole"),
    ] {
        if taken.contains(with) {
            taken.insert(permission.to_owned());
        }
    }
    taken
}

/// Each action of the policy is taken, and no other but those of the policies that go with it.
#[track_caller]
fn is_least(name: &str, with: &[&str], taken: &BTreeSet<String>) {
    let own = actions(name);
    let idle: Vec<_> = own.difference(taken).collect();
    assert!(idle.is_empty(), "{name}: nothing needs {idle:?}");
    let mut all = own;
    with.iter().for_each(|other| all.extend(actions(other)));
    all.insert("sts:GetCallerIdentity".to_owned());
    let lacks: Vec<_> = taken.difference(&all).collect();
    assert!(lacks.is_empty(), "{name} lacks {lacks:?}");
}

fn as_user(world: &World, keys: &Keys, args: &[&str]) -> Run {
    run(&mut world.outside.glasskey_as(keys, args))
}

const APPLY: [&str; 5] = ["root", "harden", "--apply", "--yes", "--no-input"];
const PLAN: &str = "root-harden-plan.json";

/// The name of a run, as its result says it.
fn run_of(done: &Run) -> String {
    let (_, rest) = done.stdout.split_once("--undo ").unwrap_or_else(|| panic!("{done:?}"));
    rest.split('`').next().unwrap().to_owned()
}

#[test]
fn hardening_an_account() {
    let world = World::of(Kind::Watched);
    let aws = &world.outside.aws;
    aws.arrange(|posture| (posture.trails, posture.password_policy) = (Vec::new(), None));
    let planner = operator(aws, "planner", &[PLAN]);
    let keys = operator(aws, "operator", &["root-harden.json", PLAN, "root-audit.json"]);
    let chosen = [&CONTACT[..], &["--alarm-email", ADDRESS]].concat();
    let plan = [&["root", "harden"], &chosen[..]].concat();
    assert_eq!(as_user(&world, &planner, &plan).code, 1);
    refuses(
        &as_user(&world, &planner, &[&APPLY[..], &["--only", "password-policy"]].concat()),
        "iam:UpdateAccountPasswordPolicy",
    );
    // One that cannot make the trail takes back what it made.
    aws.fail(Fault::next("CreateTrail", Wrong::Deny));
    let done = as_user(&world, &keys, &[&APPLY[..], &["--only", "trail"]].concat());
    assert_ne!(done.code, 0, "{done:?}");
    let done = as_user(&world, &keys, &["recover", "--undo", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    let done = as_user(&world, &keys, &[&APPLY[..], &chosen].concat());
    assert_eq!(done.code, 0, "{done:?}");
    let again = as_user(&world, &planner, &plan);
    assert_eq!((again.code, again.stdout.contains("nothing to do")), (0, true), "{again:?}");
    let named = ["--only", "administrator", "--admin-user", "boss", "--admin-key", KEY];
    assert_eq!(as_user(&world, &planner, &[&["root", "harden"], &named[..]].concat()).code, 1);
    // Of a user who is there, the password and the devices are looked at.
    let _ = aws.add_user("boss");
    aws.add_group("Administrators", &["boss"]);
    aws.attach("group/Administrators", "AdministratorAccess");
    let there = as_user(&world, &planner, &[&["root", "harden"], &named[..]].concat());
    assert!(matches!(there.code, 0 | 1), "{there:?}");
    let all = as_user(&world, &planner, &plan);
    assert!(matches!(all.code, 0 | 1), "{all:?}");
    let alarm = operator(aws, "tester", &["root-alarm.json"]);
    let tested = as_user(&world, &alarm, &["root", "alarm", "test", "--yes", "--no-input"]);
    assert_eq!(tested.code, 0, "{tested:?}");
    let link = aws.mailbox().into_iter().find_map(|mail| mail.link.filter(|link| link.contains("onfirm"))).unwrap();
    let confirmed = as_user(&world, &alarm, &["root", "alarm", "confirm", &link]);
    assert!(matches!(confirmed.code, 0 | 1 | 3), "{confirmed:?}");
    let undone = as_user(&world, &keys, &["root", "harden", "--undo", &run_of(&done), "--yes", "--no-input"]);
    assert_eq!(undone.code, 1, "the bucket holds records: {undone:?}");
    let by_rules = by_rules_with_a_key();
    let all = |user: &str| taken(aws, user).union(&taken(&by_rules.outside.aws, user)).cloned().collect();
    let planned: BTreeSet<String> = all("planner");
    is_least(PLAN, &[], &planned.into_iter().filter(|one| !one.contains("Update")).collect());
    is_least("root-harden.json", &[PLAN, "root-audit.json"], &all("operator"));
    is_least("root-alarm.json", &[], &all("tester"));
}

/// The alarm by rules of EventBridge, whose topic has a key: planned, applied, proved and undone. A first run has
/// stopped, and its key has lost its policy.
fn by_rules_with_a_key() -> World {
    let world = World::of(Kind::KeyedRules);
    let aws = &world.outside.aws;
    let planner = operator(aws, "planner", &[PLAN]);
    let keys = operator(aws, "operator", &["root-harden.json", PLAN, "root-audit.json"]);
    let tester = operator(aws, "tester", &["root-alarm.json"]);
    let chosen = [&TOLD[..], &VIA_RULES, &["--kms"]].concat();
    let plan = [&["root", "harden"], &chosen[..]].concat();
    let apply = [&APPLY[..], &chosen].concat();
    aws.fail(Fault::next("CreateAlias", Wrong::Deny));
    assert_eq!(as_user(&world, &keys, &apply).code, 4);
    aws.heal();
    aws.arrange(|posture| posture.keys[0].policy = None);
    let planned = as_user(&world, &planner, &plan);
    assert_eq!((planned.code, planned.stdout.contains("could not be read")), (1, false), "{planned:?}");
    let done = as_user(&world, &keys, &apply);
    assert_eq!(done.code, 0, "{done:?}");
    let again = as_user(&world, &planner, &plan);
    assert_eq!((again.code, again.stdout.contains("nothing to do")), (0, true), "{again:?}");
    let tested = as_user(&world, &tester, &["root", "alarm", "test", "--yes", "--no-input", "--wait", "5"]);
    assert_eq!(tested.code, 0, "{tested:?}");
    let undone = as_user(&world, &keys, &["root", "harden", "--undo", &run_of(&done), "--yes", "--no-input"]);
    assert!(matches!(undone.code, 0 | 1), "{undone:?}");
    assert_eq!(world.outside.unfinished(), 0, "{undone:?}");
    world
}

/// Rules send from region to region with a role that EventBridge is given, and only that.
#[test]
fn the_rules_role_must_be_passed() {
    let world = World::of(Kind::Ruled);
    let keys = world.outside.aws.add_user("operator");
    let without = policy("root-harden.json").replace("\"events.amazonaws.com\"", "\"lambda.amazonaws.com\"");
    for text in [&without, &policy(PLAN), &policy("root-audit.json")] {
        world.outside.aws.allow("operator", text).unwrap();
    }
    let done = as_user(&world, &keys, &[&APPLY[..], &TOLD, &VIA_RULES].concat());
    assert!(done.code != 0 && done.stderr.contains("iam:PassRole"), "{done:?}");
}

/// The policies are for a key that glasskey has made: another one is neither changed nor deleted.
#[test]
fn only_glasskeys_key_may_be_mended_and_deleted() {
    let world = World::of(Kind::Watched);
    let aws = &world.outside.aws;
    let keys = operator(aws, "operator", &["root-harden.json"]);
    let theirs = Key::default();
    aws.arrange(|posture| posture.keys = vec![theirs.clone()]);
    for (action, body) in [
        ("kms.ScheduleKeyDeletion", json!({ "KeyId": theirs.id, "PendingWindowInDays": 30 })),
        ("kms.PutKeyPolicy", json!({ "KeyId": theirs.id, "PolicyName": "default", "Policy": "{}" })),
        ("kms.CreateKey", json!({})),
    ] {
        let (status, answer) = json_call(aws, &keys, "us-east-1", action, &body);
        assert!(status == 400 && answer.to_string().contains("AccessDenied"), "{action}: {answer}");
    }
}

/// Without the permission to pass it, the trail gets no role.
#[test]
fn a_trails_role_must_be_passed() {
    let world = World::of(Kind::Untrailed);
    let keys = world.outside.aws.add_user("operator");
    let without = policy("root-harden.json").replace("iam:PassRole", "iam:TagRole");
    for text in [&without, &policy(PLAN), &policy("root-audit.json")] {
        world.outside.aws.allow("operator", text).unwrap();
    }
    let done = as_user(&world, &keys, &[&APPLY[..], &["--only", "trail"]].concat());
    assert_ne!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("iam:PassRole"), "{done:?}");
}

#[test]
fn making_an_administrator() {
    const NAME: &str = "root-harden-administrator.json";
    let world = Simulated::with_keys(1);
    let keys = operator(&world.aws, "operator", &[NAME, PLAN, "root-audit.json"]);
    let named = ["--only", "administrator", "--admin-user", "boss", "--admin-key", KEY];
    let apply = [&APPLY[..], &named, &["--password-to-command", "cat >/dev/null"]].concat();
    let done = run(&mut world.glasskey_as(&keys, &apply));
    assert_eq!(done.code, 0, "{done:?}");
    let undone =
        run(&mut world.glasskey_as(&keys, ["root", "harden", "--undo", &run_of(&done), "--yes", "--no-input"]));
    assert_eq!(undone.code, 0, "{undone:?}");
    // A password that a run has set and that was never used is replaced by the next run.
    world.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::Deny));
    let stopped = run(&mut world.glasskey_as(&keys, &apply));
    assert_eq!(stopped.code, 4, "{stopped:?}");
    let done = run(&mut world.glasskey_as(&keys, &apply));
    assert_eq!(done.code, 0, "{done:?}");
    is_least(NAME, &[PLAN, "root-audit.json"], &taken(&world.aws, "operator"));
}

#[test]
fn hardening_an_organization() {
    const NAME: &str = ORGANIZATION;
    let world = World::of(Kind::Organization);
    let aws = &world.outside.aws;
    let organization = Organization::of(aws).unwrap();
    organization.trust("iam.amazonaws.com", false);
    organization.set_features(&[]);
    organization.set_scps(false);
    let keys = operator(aws, "operator", &[NAME, PLAN, "root-audit.json"]);
    let apply = [&APPLY[..], &["--accept-irreversible"]].concat();
    let delegate = organization.members().remove(1);
    let central = ["--org", "--only", "central-root-access", "--delegate", &delegate];
    let central = as_user(&world, &keys, &[&apply[..], &central].concat());
    assert_eq!(central.code, 0, "{central:?}");
    let members = as_user(&world, &keys, &[&apply[..], &MEMBERS].concat());
    assert_eq!(members.code, 0, "{members:?}");
    let policy = as_user(&world, &keys, &[&apply[..], &SCP].concat());
    assert_eq!(policy.code, 0, "{policy:?}");
    let undo = |done: &Run| {
        let undone = as_user(&world, &keys, &["root", "harden", "--undo", &run_of(done), "--yes", "--no-input"]);
        assert!(matches!(undone.code, 0 | 1), "{undone:?}");
    };
    undo(&policy);
    let member = organization.members().remove(0);
    let allowed = as_user(&world, &keys, &["root", "harden", "--allow-recovery", &member, "--yes"]);
    assert_eq!(allowed.code, 0, "{allowed:?}");
    undo(&central);
    let trail = the_trail_of_an_organization();
    let all = taken(aws, "operator").union(&taken(&trail.outside.aws, "operator")).cloned().collect();
    is_least(NAME, &["root-harden.json", PLAN, "root-audit.json"], &all);
}

/// The trail of all accounts, made and undone.
fn the_trail_of_an_organization() -> World {
    let world = World::of(Kind::OrganizationTrail);
    let keys = operator(&world.outside.aws, "operator", &[ORGANIZATION, "root-harden.json", PLAN, "root-audit.json"]);
    let done = as_user(&world, &keys, &[&APPLY[..], &["--org", "--only", "trail"]].concat());
    assert_eq!(done.code, 0, "{done:?}");
    let undone = as_user(&world, &keys, &["root", "harden", "--undo", &run_of(&done), "--yes", "--no-input"]);
    assert!(matches!(undone.code, 0 | 1), "{undone:?}");
    world
}

/// Everything at once, with a new administrator, by one who has all these policies. Applied twice: of members nothing is
/// seen before central root access is on.
#[test]
fn hardening_all_of_an_organization() {
    let mut world = World::of(Kind::OrganizationTrail);
    world.outside.keys = crate::support::Keys::serve(1);
    let aws = &world.outside.aws;
    let organization = Organization::of(aws).unwrap();
    organization.trust("iam.amazonaws.com", false);
    organization.set_features(&[]);
    organization.set_scps(false);
    let member = organization.add(MemberKind::Certificate);
    let _reader = Reader::of(aws);
    let keys = operator(aws, "operator", &ALL);
    let values = ["--accept-irreversible", "--delegate", &member, "--alarm-email", ADDRESS, "--kms"];
    let boss = ["--admin-user", "boss", "--admin-key", KEY, "--password-to-command", "cat >/dev/null"];
    let whole = ["--org", "--members-password", "--members-mfa"];
    let apply = [&APPLY[..], &values, &boss, &CONTACT, &whole].concat();
    for (denied, code) in [("PutMetricAlarm", 4), ("nothing", 1), ("AttachPolicy", 4), ("nothing", 0)] {
        aws.fail(Fault::next(denied, Wrong::Deny));
        let done = as_user(&world, &keys, &apply);
        assert_eq!(done.code, code, "{denied}: {done:?}");
        aws.heal();
    }
    let calls = aws.calls().into_iter();
    let refused = calls.filter(|call| call.code.as_deref().is_some_and(|code| code.contains("AccessDenied")));
    let refused: BTreeSet<String> = refused.map(|call| call.action).collect();
    assert_eq!(refused, set(&["AssumeRoot", "AttachPolicy", "PutMetricAlarm"]));
    let mut all: BTreeSet<String> = ALL.iter().flat_map(|name| actions(name)).collect();
    all.insert("sts:GetCallerIdentity".to_owned());
    let taken = taken(aws, "operator");
    let lacks: Vec<_> = taken.difference(&all).collect();
    assert!(lacks.is_empty(), "{lacks:?}");
}

/// What goes with `root harden --org`.
const ORGANIZATION: &str = "root-harden-org.json";
const ALL: [&str; 5] = [ORGANIZATION, "root-harden-administrator.json", "root-harden.json", PLAN, "root-audit.json"];
