//! The policy that leaves root of members nothing but AssumeRoot's tasks: when it is attached, when not, and taken back.

use super::world::{Kind, SCP, World, organization};
use crate::enroll::api;
use crate::support::blows::is_call;
use glasskey::sim::aws::organization::{Kind as MemberKind, Status};
use glasskey::sim::aws::{Fault, Organization, RootState, Wrong};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

const FIRST: &str = "000000000001";
const SECOND: &str = "000000000002";
const NAME: &str = "glasskey-deny-root";
const APPLY: [&str; 3] = ["--apply", "--yes", "--no-input"];

fn of(kinds: &[MemberKind]) -> World {
    let outside = organization(kinds);
    let caller = outside.aws.admin();
    World { outside, caller, kind: Kind::Organization, _reader: None }
}

/// Two members whose root users have MFA.
fn protected() -> World {
    of(&[MemberKind::Sound, MemberKind::NoCredentials])
}

fn register(world: &World) -> Organization {
    Organization::of(&world.outside.aws).unwrap()
}

fn apply(world: &World, more: &[&str]) -> crate::support::Run {
    world.run(&[&APPLY[..], &SCP, more].concat())
}

/// The policies of the organization: each with its name and what it is attached to.
fn policies(world: &World) -> Vec<(String, Vec<String>)> {
    register(world).policies()
}

fn attached(world: &World) -> Vec<String> {
    policies(world).into_iter().filter(|(name, _)| name == NAME).flat_map(|(_, targets)| targets).collect()
}

fn root_can_act(world: &World, member: &str) -> bool {
    let account = register(world).account(member).unwrap();
    let session = account.root_session();
    !api::answered(&account, &session, "ListAccountAliases", &[]).contains("AccessDenied")
        || !api::answered(&account, &session, "GetAccountSummary", &[]).contains("AccessDenied")
}

#[test]
fn it_is_attached_to_the_root_and_stops_root_of_members_and_no_task() {
    let world = protected();
    let before = policies(&world);
    assert!(root_can_act(&world, FIRST));
    let plan = world.run(&SCP);
    assert_eq!(plan.code, 1, "{plan:?}");
    let root = register(&world).root_id();
    for line in [
        "deny-root-scp".to_owned(),
        format!("  policy {NAME}  none → attached to {root}"),
        "  calls   organizations:CreatePolicy, organizations:AttachPolicy".to_owned(),
        format!("  Members below {root} that were looked at: 2."),
        "  undo    the policy is detached, and deleted where this run made it".to_owned(),
    ] {
        assert!(plan.stdout.lines().any(|it| it.starts_with(&line)), "{line}: {plan:?}");
    }
    let done = apply(&world, &["--json"]);
    assert_eq!((done.code, attached(&world)), (0, vec![root]), "{done:?}");
    assert!(!root_can_act(&world, FIRST), "{done:?}");
    let audit = world.outside.glasskey_as(&world.caller, ["root", "audit", "--org", "--json"]).output().unwrap();
    let rows: Vec<Value> =
        String::from_utf8(audit.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let management = rows.iter().find(|row| row["standing"] == "management").unwrap();
    let stops = management["findings"].as_array().unwrap().iter().find(|one| one["id"] == "scp-stops-tasks").unwrap();
    assert_eq!(stops["verdict"], "pass", "{stops}");
    let again = apply(&world, &[]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    let run = done.json()["run"].as_str().unwrap().to_owned();
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, policies(&world) == before), (0, true), "{undone:?}");
    assert!(root_can_act(&world, FIRST));
}

/// The own policy, made by hand or left by another run, is used; undoing detaches it and deletes nothing.
#[test]
fn a_policy_that_is_there_is_attached_and_not_made_again() {
    let world = protected();
    let text = glasskey::aws::hardening::deny_root_document("aws");
    let _ = register(&world).add_policy(NAME, &text).unwrap();
    let before = policies(&world);
    let (done, run) = world.apply(&SCP);
    assert!(!world.outside.actions().contains(&"CreatePolicy".to_owned()), "{done:?}");
    assert_eq!(attached(&world), [register(&world).root_id()]);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, policies(&world) == before), (0, true), "{undone:?}");
}

#[test]
fn a_policy_of_somebody_elses_that_does_the_same_is_enough() {
    let world = protected();
    let text = glasskey::aws::hardening::deny_root_document("aws");
    let policy = register(&world).add_policy("theirs", &text).unwrap();
    register(&world).attach(&policy, &register(&world).root_id());
    let done = apply(&world, &[]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
    assert_eq!(attached(&world), [""; 0]);
}

#[test]
fn a_policy_of_that_name_with_another_text_is_left_alone() {
    let world = protected();
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
    let _ = register(&world).add_policy(NAME, text).unwrap();
    let before = policies(&world);
    let done = apply(&world, &[]);
    assert_eq!((done.code, policies(&world) == before), (1, true), "{done:?}");
    assert!(done.stdout.contains("with another text: rename it, or delete it"), "{done:?}");
}

/// Root of a member that still has to be given MFA could not be given any.
#[test]
fn a_member_that_waits_for_mfa_is_named_and_nothing_is_attached() {
    let world = of(&[MemberKind::Sound, MemberKind::NoMfa]);
    let done = apply(&world, &[]);
    assert_eq!((done.code, attached(&world)), (1, vec![]), "{done:?}");
    let why =
        format!("root of {SECOND} (no-mfa-2) can sign in and has no MFA, and could not be given any afterwards");
    assert!(done.stdout.contains(&why), "{done:?}");
    // Where its password goes in the same plan, it does not wait.
    let both = ["--org", "--members-password", "--only", "member-root-credentials", "--only", "deny-root-scp"];
    let done = world.run(&[&APPLY[..], &["--accept-irreversible"], &both].concat());
    assert_eq!((done.code, attached(&world)), (0, vec![register(&world).root_id()]), "{done:?}");
}

/// A member comes to need MFA between the last look and the change.
#[test]
fn nothing_is_attached_while_a_member_waits_after_all() {
    let world = of(&[MemberKind::NoCredentials, MemberKind::NoCredentials]);
    let (late, seen) = (register(&world).account(SECOND).unwrap(), AtomicUsize::new(0));
    world.outside.tap.listen(move |passing| {
        // The third time it is asked who the administrators are is the step's own.
        if is_call(passing, "GetAccountAuthorizationDetails")
            && passing.done
            && seen.fetch_add(1, Ordering::SeqCst) == 2
        {
            late.set_root_password(true);
        }
    });
    let done = apply(&world, &[]);
    world.outside.tap.silence();
    assert_eq!((done.code, policies(&world), world.outside.unfinished()), (3, vec![], 0), "{done:?}");
    assert!(done.stderr.contains(&format!("root of {SECOND} can sign in and has no MFA yet")), "{done:?}");
}

/// Whatever signs requests as root of a member would be refused at once.
#[test]
fn nothing_is_attached_while_root_of_a_member_signs_requests() {
    let world = of(&[MemberKind::Sound, MemberKind::ActiveKey]);
    let key = register(&world).account(SECOND).unwrap().access_keys("root").remove(0).id;
    let why = format!("whatever uses access key {key} of root of {SECOND} would be refused from then on");
    let both = ["--org", "--only", "member-root-credentials", "--only", "deny-root-scp"];
    for args in [&SCP[..], &both] {
        let done = world.run(&[&APPLY[..], &["--accept-irreversible"], args].concat());
        assert_eq!((done.code, attached(&world)), (1, vec![]), "{done:?}");
        assert!(done.stdout.contains(&why), "{done:?}");
    }
    // One that goes by the same plan is in nobody's way.
    let done = world.run(&[&APPLY[..], &["--accept-irreversible", "--override", &key], &both].concat());
    assert_eq!((done.code, attached(&world)), (0, vec![register(&world).root_id()]), "{done:?}");
}

/// A key is made after the plan.
#[test]
fn nothing_is_attached_over_a_key_that_came_since() {
    let world = protected();
    let (path, _) = world.plan("plan.json", &SCP);
    let late = RootState { keys: Some(vec![true]), ..RootState::default() };
    register(&world).account(SECOND).unwrap().set_root(&late).unwrap();
    let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
    assert_eq!((&done.json()["code"], done.code), (&json!("members_sign"), 3), "{done:?}");
    assert_eq!((policies(&world), world.outside.unfinished()), (vec![], 0), "{done:?}");
}

#[test]
fn a_policy_that_stops_a_task_is_named_and_nothing_is_attached() {
    let stops = [
        (
            "stops",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:DeleteLoginProfile","Resource":"*"}]}"#,
        ),
        (
            "root",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}]}"#,
        ),
    ];
    for (nth, (name, text)) in stops.into_iter().enumerate() {
        let world = protected();
        let policy = register(&world).add_policy(name, text).unwrap();
        register(&world).attach(&policy, SECOND);
        let done = apply(&world, &[]);
        assert_eq!((done.code, attached(&world)), (1, vec![]), "{done:?}");
        let why = match nth {
            0 => format!("policy {name} ({policy}) may stop them: exempt them there first (finding scp-stops-tasks)"),
            // It stops the very call that would tell.
            _ => format!("policy {name} ({policy}) may stop them"),
        };
        assert!(done.stdout.contains(&why), "{done:?}");
    }
}

#[test]
fn what_aws_limits_is_counted_before_anything_is_made() {
    let world = protected();
    let root = register(&world).root_id();
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
    for nth in 0..4 {
        let policy = register(&world).add_policy(&format!("other-{nth}"), text).unwrap();
        register(&world).attach(&policy, &root);
    }
    let before = policies(&world);
    let done = apply(&world, &[]);
    assert_eq!((done.code, policies(&world) == before), (1, true), "{done:?}");
    assert!(done.stdout.contains(&format!("{root} has 5 policies, which is the most AWS takes")), "{done:?}");
}

/// Enabling takes AWS a moment. It is not undone: what others have attached since would go with it.
#[test]
fn service_control_policies_are_enabled_first_and_stay_enabled() {
    let world = protected();
    register(&world).set_scps(false);
    let plan = world.run(&SCP);
    assert!(
        plan.stdout.contains("  undo    NOT ALL: the policy is detached and deleted; service control policies"),
        "{plan:?}"
    );
    let (done, run) = world.apply(&[&SCP[..], &["--accept-irreversible"]].concat());
    assert!(done.stderr.contains("service control policies are enabled"), "{done:?}");
    assert_eq!(attached(&world), [register(&world).root_id()]);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, attached(&world)), (1, vec![]), "{undone:?}");
    assert!(
        undone.stdout.contains("not brought back: deny-root-scp: service control policies stay enabled"),
        "{undone:?}"
    );
    assert!(!policies(&world).iter().any(|(name, _)| name == NAME));
}

/// Below one unit: the members elsewhere are not looked at, and not stopped.
#[test]
fn a_unit_can_be_the_target() {
    let world = of(&[MemberKind::Sound, MemberKind::NoMfa]);
    let unit = register(&world).add_unit("workloads", None);
    register(&world).move_to(FIRST, &unit);
    let done = apply(&world, &["--scp-target", &unit]);
    assert_eq!((done.code, attached(&world)), (0, vec![unit.clone()]), "{done:?}");
    assert!(!root_can_act(&world, FIRST) && root_can_act(&world, SECOND));
    for wrong in ["111122223333", "workloads", "ou-"] {
        assert_eq!(apply(&world, &["--scp-target", wrong]).code, 2, "{wrong}");
    }
    let nowhere = apply(&world, &["--scp-target", "ou-abcd-11111111"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
}

#[test]
fn each_fact_that_changes_after_the_plan_refuses_it() {
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
    let changes: [fn(&World, &str); 5] = [
        |world, deny| {
            let policy = register(world).add_policy("new", deny).unwrap();
            register(world).attach(&policy, SECOND);
        },
        |world, _| register(world).account(SECOND).unwrap().set_root_password(true),
        |world, _| register(world).set_status(SECOND, Status::Suspended),
        |world, _| register(world).set_scps(false),
        |world, _| {
            let text = glasskey::aws::hardening::deny_root_document("aws");
            let _ = register(world).add_policy(NAME, &text).unwrap();
        },
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        let world = protected();
        let (path, _) = world.plan("plan.json", &SCP);
        change(&world, deny);
        let before = policies(&world);
        let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
        assert_eq!((&done.json()["code"], done.code), (&json!("facts_changed"), 3), "{nth}: {done:?}");
        assert!(policies(&world) == before && world.outside.unfinished() == 0, "{nth}: {done:?}");
    }
}

/// Somebody has attached it to something else since: undoing detaches it where the run attached it, and says that it stays.
#[test]
fn a_policy_that_is_attached_elsewhere_since_is_not_deleted() {
    let world = protected();
    let unit = register(&world).add_unit("workloads", None);
    let (_, run) = world.apply(&SCP);
    let id = register(&world).policy_named(NAME).unwrap();
    register(&world).attach(&id, &unit);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, attached(&world)), (1, vec![unit]), "{undone:?}");
    assert!(undone.stdout.contains("stays: somebody has attached it elsewhere too"), "{undone:?}");
}

/// Whatever has become of the members since, what was attached is taken back.
#[test]
fn it_is_taken_back_whatever_came_since() {
    let world = protected();
    let (_, run) = world.apply(&SCP);
    register(&world).account(SECOND).unwrap().set_root_password(true);
    let _ = register(&world).add(MemberKind::NoMfa);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, policies(&world)), (0, vec![]), "{undone:?}");
}

#[test]
fn another_account_than_the_managing_one_is_told_so() {
    let world = protected();
    let delegate = register(&world).account(FIRST).unwrap();
    register(&world).delegate(FIRST, "iam.amazonaws.com");
    let admin = delegate.admin();
    let done = crate::support::run(&mut world.outside.glasskey_as(&admin, [&["root", "harden"], &SCP[..]].concat()));
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("service control policies are the management account's"), "{done:?}");
}

/// Every call of the step denied, in turn: nothing is left half-done that a second run does not finish.
#[test]
fn each_call_refused_and_applied_again() {
    for action in
        ["ListRoots", "ListPolicies", "DescribePolicy", "ListTargetsForPolicy", "CreatePolicy", "AttachPolicy"]
    {
        for wrong in [Wrong::Deny, Wrong::LoseReply, Wrong::NeverArrive, Wrong::Throttle] {
            let world = protected();
            world.fail(&Fault::next(action, wrong.clone()));
            let done = apply(&world, &[]);
            world.heal();
            assert!(matches!(done.code, 0 | 1 | 3 | 4), "{action} {wrong:?}: {done:?}");
            let again = apply(&world, &[]);
            assert_eq!((again.code, attached(&world)), (0, vec![register(&world).root_id()]), "{action}: {again:?}");
            assert_eq!(world.outside.unfinished(), 0, "{action}: {again:?}");
        }
    }
}

/// The same policy on a unit between the root and the target holds at the target.
#[test]
fn a_policy_above_the_target_is_enough() {
    let world = protected();
    let above = register(&world).add_unit("workloads", None);
    let unit = register(&world).add_unit("payments", Some(&above));
    let beside = register(&world).add_unit("beside", Some(&above));
    register(&world).move_to(FIRST, &unit);
    let text = glasskey::aws::hardening::deny_root_document("aws");
    let policy = register(&world).add_policy("theirs", &text).unwrap();
    register(&world).attach(&policy, &above);
    let done = apply(&world, &["--scp-target", &unit]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
    register(&world).attach(&policy, &beside);
    register(&world).detach(&policy, &above);
    let done = apply(&world, &["--scp-target", &unit]);
    assert_eq!((done.code, attached(&world)), (0, vec![unit]), "{done:?}");
}

/// Members cannot be looked at any more; the policy can, and is taken back.
#[test]
fn it_is_taken_back_while_central_root_access_is_off() {
    let world = protected();
    let before = policies(&world);
    let (_, run) = world.apply(&SCP);
    register(&world).set_features(&[]);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, policies(&world) == before), (0, true), "{undone:?}");
}

/// Root of a member that comes to have a password under the policy cannot enroll MFA: it is named, and none is given one.
#[test]
fn a_member_that_waits_for_mfa_under_the_policy_is_named() {
    let world = protected();
    let (_, _) = world.apply(&SCP);
    let allowed = world.run(&["--allow-recovery", SECOND, "--yes", "--no-input", "--json"]);
    assert_eq!((allowed.code, &allowed.json()["code"]), (3, &json!("recovery_stopped")), "{allowed:?}");
    assert!(allowed.stderr.contains(&format!("because of policy {NAME} (p-")), "{allowed:?}");
    register(&world).account(SECOND).unwrap().set_root_password(true);
    for args in [&SCP[..], &[&APPLY[..], &SCP].concat()] {
        let done = world.run(args);
        assert_eq!(done.code, 1, "{done:?}");
        let why =
            format!("root of {SECOND} (no-credentials-2) can sign in and has no MFA, and policy {NAME} keeps it");
        assert!(done.stdout.contains(&why), "{done:?}");
    }
}

/// Root of a closed account cannot be looked at; one that is to be in use holds the policy back.
#[test]
fn members_that_are_not_in_use_are_named() {
    let world = of(&[MemberKind::Sound, MemberKind::NoMfa]);
    register(&world).set_status(SECOND, Status::Suspended);
    let plan = world.run(&SCP);
    assert_eq!(plan.code, 1, "{plan:?}");
    assert!(plan.stdout.contains(&format!("  Not looked at: {SECOND} (no-mfa-2), SUSPENDED.")), "{plan:?}");
    register(&world).set_status(SECOND, Status::PendingActivation);
    let plan = world.run(&SCP);
    let why = format!("whether root needs MFA is not to be seen yet in {SECOND} (no-mfa-2), PENDING_ACTIVATION");
    assert!(plan.code == 1 && plan.stdout.contains(&why), "{plan:?}");
}

/// What makes the policy safe is not in the file: so it is not either.
#[test]
fn the_policy_is_not_emitted_before_what_makes_it_safe_is_done() {
    let world = of(&[MemberKind::Sound, MemberKind::NoMfa]);
    for language in ["cloudformation", "terraform"] {
        let done = world.run(&["--org", "--members-password", "--emit", language, "--skip", "trail"]);
        assert!(!done.stdout.contains(r#"aws:AssumedRoot"#), "{done:?}");
        assert!(
            done.stderr.contains("the policy may be attached only once the passwords of members are gone"),
            "{done:?}"
        );
    }
    let alone = world.run(&["--emit", "terraform", "--org", "--only", "deny-root-scp"]);
    assert_eq!((alone.code, alone.stdout.as_str()), (1, ""), "{alone:?}");
    assert!(alone.stderr.contains("no step can be planned of what was asked for"), "{alone:?}");
    assert!(alone.stderr.contains("(no-mfa-2) can sign in and has no MFA"), "{alone:?}");
}
