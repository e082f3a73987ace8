//! A whole organization: who may harden it, which plans are for it, and what becomes of root of its members.

use super::world::{Kind, MEMBERS, World, members, organization};
use crate::support::blows::side_by_side;
use crate::support::{Typist, run};
use glasskey::sim::aws::organization::{Kind as MemberKind, Status};
use glasskey::sim::aws::{Fault, Organization, Wrong};
use serde_json::{Value, json};
use std::time::Duration;

const FIRST: &str = "000000000001";
const SECOND: &str = "000000000002";
const KEYS: [&str; 3] = ["--org", "--only", "member-root-credentials"];
const APPLY: [&str; 4] = ["--apply", "--yes", "--no-input", "--accept-irreversible"];

fn of(kinds: &[MemberKind]) -> World {
    let outside = organization(kinds);
    let caller = outside.aws.admin();
    World { outside, caller, kind: Kind::Organization, _reader: None }
}

fn register(world: &World) -> Organization {
    Organization::of(&world.outside.aws).unwrap()
}

fn id(world: &World) -> String {
    register(world).view()["id"].as_str().unwrap().to_owned()
}

#[test]
fn without_org_nothing_in_members_is_read_or_touched() {
    let world = World::of(Kind::Organization);
    let before = world.snapshot();
    let done = world.run(&[&APPLY[..], &["--skip", "security-contact"]].concat());
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(world.snapshot().members_only(), before.members_only());
    assert!(!world.outside.actions().contains(&"AssumeRoot".to_owned()), "{:?}", world.outside.actions());
    for named in ["member-root-credentials", "deny-root-scp", "root-credentials"] {
        let asked = world.run(&["--only", named, "--json"]);
        assert_eq!((asked.code, &asked.json()["code"]), (2, &json!("needs_organization")), "{asked:?}");
    }
    let none = world.run(&["--only", "trail", "--skip", "trail"]);
    assert_eq!(none.code, 2, "{none:?}");
    assert!(none.stderr.contains("--skip leaves out all that --only names"), "{none:?}");
}

/// AWS acknowledges the deletion of a password, and it is there still: root would be left with a password alone.
#[test]
fn a_member_whose_password_is_still_shown_keeps_its_mfa() {
    let gone = || Wrong::Code { status: 404, code: "NoSuchEntity".to_owned(), message: "none".to_owned() };
    side_by_side(2, vec![Wrong::Pretend, gone()], |wrong| {
        let world = of(&[MemberKind::InactiveKey]);
        world.fail(&Fault { times: 9, ..Fault::next("DeleteLoginProfile", wrong.clone()) });
        let done = world.run(&[&APPLY[..], &MEMBERS].concat());
        let right = vec![vec![true, false, false, true]];
        assert_eq!((done.code, members(&register(&world))), (4, right), "{wrong:?}: {done:?}");
        assert!(done.stderr.contains(&format!("{FIRST}: AWS shows a password of root of {FIRST}")), "{done:?}");
        assert!(!done.stderr.contains("the password of root of"), "it is not called deleted: {done:?}");
    });
}

#[test]
fn recovery_is_allowed_to_members_in_use_by_an_administrator() {
    let world = of(&[MemberKind::NoCredentials, MemberKind::NoCredentials]);
    register(&world).set_status(SECOND, Status::Suspended);
    let allow = |account: &str| ["--allow-recovery", account, "--yes", "--no-input", "--json"].map(str::to_owned);
    let args = |account: &str| [vec!["root".to_owned(), "harden".to_owned()], allow(account).to_vec()].concat();
    for (account, says) in [(SECOND, "is SUSPENDED: root of it can do nothing"), ("111122223333", "is no member")] {
        let done = run(&mut world.outside.glasskey_as(&world.caller, args(account)));
        assert_eq!((done.code, &done.json()["code"]), (2, &json!("not_a_member")), "{done:?}");
        assert!(done.stderr.contains(says), "{done:?}");
    }
    let root = world.outside.aws.root_session();
    let done = run(&mut world.outside.glasskey_as(&root, args(FIRST)));
    assert_eq!((done.code, &done.json()["code"]), (3, &json!("called_by_root")), "{done:?}");
}

#[test]
fn each_key_certificate_and_password_is_named_and_goes() {
    let world = World::of(Kind::Organization);
    let register = register(&world);
    let key = register.account(FIRST).unwrap().access_keys("root").remove(0).id;
    let plan = world.run(&MEMBERS);
    assert_eq!(plan.code, 1, "{plan:?}");
    for line in [
        format!(
            "Plan for organization {} of 3 accounts, from account {}, as ",
            id(&world),
            world.outside.aws.account()
        ),
        format!("  {FIRST} (inactive-key-1) {key}"),
        format!("  {SECOND} (certificate-2) certificate "),
        format!("  {SECOND} (certificate-2) password"),
        "  calls   sts:AssumeRoot, iam:DeleteAccessKey, iam:DeleteSigningCertificate, iam:DeleteLoginProfile, \
         iam:DeactivateMFADevice"
            .to_owned(),
        "  undo    NOT ALL: what is deleted does not come back".to_owned(),
        "  A member's key cannot be deactivated first: AWS's task can only delete.".to_owned(),
    ] {
        assert!(plan.stdout.lines().any(|it| it.starts_with(&line)), "{line}: {plan:?}");
    }
    let done = world.run(&[&APPLY[..], &MEMBERS, &["--json"]].concat());
    assert_eq!((done.code, members(&register)), (0, vec![vec![false; 4]; 2]), "{done:?}");
    let report = done.json();
    assert_eq!((&report["organization"], &report["findings"]), (&json!(id(&world)), &json!([])));
    let rows = report["members"].as_array().unwrap();
    let of: Vec<&Value> = rows.iter().map(|row| &row["account"]).collect();
    assert_eq!(of, [FIRST, SECOND]);
    assert_eq!(
        rows[0]["findings"],
        json!([
            { "id": "root-access-keys", "before": "fail", "after": "pass" },
            { "id": "root-certificates", "before": "pass", "after": "pass" },
            { "id": "root-credentials", "before": "fail", "after": "pass" },
        ])
    );
    let again = world.run(&[&APPLY[..], &MEMBERS].concat());
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
}

/// Passwords and factors of members go where that is asked for, and not otherwise.
#[test]
fn a_password_stays_unless_it_is_named() {
    let world = World::of(Kind::Organization);
    let done = world.run(&[&APPLY[..], &KEYS].concat());
    let right = vec![vec![true, false, false, true]; 2];
    assert_eq!((done.code, members(&register(&world))), (0, right), "{done:?}");
    let done = world.run(&[&APPLY[..], &KEYS, &["--members-password"]].concat());
    let right = vec![vec![false, false, false, true]; 2];
    assert_eq!((done.code, members(&register(&world))), (0, right), "{done:?}");
    for alone in [&["--members-password"][..], &["--org", "--members-mfa"]] {
        assert_eq!(world.run(alone).code, 2, "{alone:?}");
    }
}

#[test]
fn the_organization_and_its_number_of_accounts_are_typed() {
    for (right, code) in [(true, 0), (false, 3)] {
        let world = World::of(Kind::Organization);
        let before = world.snapshot();
        let mut command = world.outside.keys.bare([&["root", "harden", "--apply"], &MEMBERS[..]].concat());
        command.envs(world.outside.environment(&world.caller));
        let mut typist = Typist::start(&command);
        let prompt = typist.sees("Type the organization's id and its number of accounts");
        let answer = format!("{} {}", id(&world), if right { 3 } else { 4 });
        let prompt = prompt.types(&answer);
        if right {
            let asked = format!("This cannot be undone in organization {}: member-root-credentials.", id(&world));
            prompt.sees(&asked).types("y");
        }
        let (_, done) = typist.end();
        assert_eq!((done.code, world.snapshot() == before), (code, !right), "{done:?}");
    }
}

/// Used within the quiet days, a key of a member stays; named, it goes.
#[test]
fn a_members_key_in_use_stays_unless_it_is_named() {
    let world = of(&[MemberKind::ActiveKey, MemberKind::InactiveKey]);
    let register = register(&world);
    let used = register.account(FIRST).unwrap().access_keys("root").remove(0).id;
    let done = world.run(&[&APPLY[..], &KEYS].concat());
    assert_eq!(done.code, 1, "{done:?}");
    let why = format!("Kept: in {FIRST} {used} was used 3 days ago, within 90 days; --override {used} takes it away");
    assert!(done.stderr.contains(&why), "{done:?}");
    assert_eq!(register.account(FIRST).unwrap().access_keys("root").len(), 1);
    assert_eq!(register.account(SECOND).unwrap().access_keys("root").len(), 0);
    let open = world.run(&[&APPLY[..], &KEYS].concat());
    assert_eq!(open.code, 1, "{open:?}");
    assert!(
        open.stdout.contains(&format!("member-root-credentials in {FIRST} {used} was used 3 days ago")),
        "{open:?}"
    );
    let done = world.run(&[&APPLY[..], &KEYS, &["--override", &used]].concat());
    assert_eq!((done.code, register.account(FIRST).unwrap().access_keys("root").len()), (0, 0), "{done:?}");
}

#[test]
fn a_key_whose_last_use_aws_does_not_tell_stays() {
    let world = World::of(Kind::Organization);
    world.fail(&Fault { times: 99, ..Fault::next("GetAccessKeyLastUsed", Wrong::Deny) });
    let done = world.run(&KEYS);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains(&format!("Kept: in {FIRST} AWS does not say when AKIA")), "{done:?}");
}

#[test]
fn twenty_five_accounts_are_hardened_and_closed_ones_are_left_out_and_named() {
    let kinds: Vec<MemberKind> = MemberKind::ALL.into_iter().cycle().take(24).collect();
    let world = of(&kinds);
    let register = register(&world);
    let (closed, pending) = ("000000000006", "000000000010");
    register.set_status(closed, Status::Suspended);
    register.set_status(pending, Status::PendingActivation);
    let over: Vec<String> = register
        .members()
        .iter()
        .flat_map(|member| register.account(member).unwrap().access_keys("root"))
        .flat_map(|key| ["--override".to_owned(), key.id])
        .collect();
    let over: Vec<&str> = over.iter().map(String::as_str).collect();
    let done = world.run(&[&APPLY[..], &MEMBERS, &over].concat());
    assert_eq!(done.code, 0, "{done:?}");
    for line in [
        format!("  Left out: {closed} (active-key-6), SUSPENDED."),
        format!("  Left out: {pending} (certificate-10), PENDING_ACTIVATION."),
    ] {
        assert!(done.stderr.contains(&line), "{line}: {done:?}");
    }
    let now = members(&register);
    for (member, has) in register.members().iter().zip(now) {
        let left_out = [closed, pending].contains(&member.as_str());
        assert_eq!(has == vec![false; 4], !left_out, "{member}: {has:?}");
    }
    let again = world.run(&[&APPLY[..], &MEMBERS].concat());
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
}

/// One member refuses; the other is done all the same, and both are named.
#[test]
fn one_member_that_refuses_does_not_stop_the_others() {
    let world = World::of(Kind::Organization);
    let register = register(&world);
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "iam:DeleteAccessKey", "Resource": "*" },
    ] });
    let policy = register.add_policy("stops", &deny.to_string()).unwrap();
    register.attach(&policy, FIRST);
    let done = world.run(&[&APPLY[..], &MEMBERS].concat());
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    assert!(done.stderr.contains("not all of it was done in 1 of the members"), "{done:?}");
    assert!(done.stderr.contains(&format!("{FIRST}: AWS refused DeleteAccessKey")), "{done:?}");
    assert!(done.stderr.contains(&format!("all of it was done in: {SECOND}")), "{done:?}");
    assert_eq!(members(&register), [vec![true, true, false, true], vec![false; 4]]);
    register.detach(&policy, FIRST);
    let again = world.run(&[&APPLY[..], &MEMBERS].concat());
    assert_eq!((again.code, members(&register)), (0, vec![vec![false; 4]; 2]), "{again:?}");
    assert_eq!(world.outside.unfinished(), 0);
}

/// A member is closed after its turn was planned and before it comes.
#[test]
fn a_member_closed_half_way_is_named_and_the_others_are_done() {
    let world = World::of(Kind::Organization);
    let closing = register(&world);
    world.outside.tap.listen(move |passing| {
        if crate::support::blows::is_call(passing, "DeleteAccessKey") && passing.done {
            closing.set_status(SECOND, Status::PendingClosure);
        }
    });
    let done = world.run(&[&APPLY[..], &MEMBERS].concat());
    world.outside.tap.silence();
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    assert!(done.stderr.contains(&format!("all of it was done in: {FIRST}")), "{done:?}");
    let again = world.run(&[&APPLY[..], &MEMBERS].concat());
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    assert_eq!(world.outside.unfinished(), 0);
}

#[test]
fn a_member_that_does_not_answer_is_named_and_is_no_pass() {
    let world = World::of(Kind::Organization);
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "iam:ListAccessKeys", "Resource": "*" },
    ] });
    let policy = register(&world).add_policy("stops", &deny.to_string()).unwrap();
    register(&world).attach(&policy, FIRST);
    let done = world.run(&[&APPLY[..], &MEMBERS].concat());
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains(&format!("Kept: {FIRST} did not answer iam:ListAccessKeys.")), "{done:?}");
    assert_eq!(members(&register(&world))[1], [false; 4]);
}

/// What was done is done; that it passes is not known.
#[test]
fn an_audit_that_cannot_be_made_is_no_pass() {
    let world = World::of(Kind::Organization);
    let (aws, done) = (world.outside.aws.clone(), std::sync::atomic::AtomicBool::new(false));
    world.outside.tap.listen(move |passing| {
        let is_last = crate::support::blows::is_call(passing, "DeleteSigningCertificate") && passing.done;
        if is_last && !done.swap(true, std::sync::atomic::Ordering::SeqCst) {
            // The step's own look comes first.
            aws.fail(Fault { times: 9, ..Fault::nth("ListAccounts", 2, Wrong::Deny) });
        }
    });
    let done = world.run(&[&APPLY[..], &KEYS].concat());
    world.outside.tap.silence();
    assert_eq!((done.code, members(&register(&world))[1][2]), (1, false), "{done:?}");
    assert!(done.stdout.contains("the audit could not be made: `glasskey root audit` says why"), "{done:?}");
}

#[test]
fn while_central_root_access_is_off_members_cannot_be_seen() {
    let world = World::of(Kind::Managing);
    let _ = register(&world).add_as(MemberKind::InactiveKey, FIRST);
    let _ = world.outside.aws.add_fido_for("admin", "desk");
    let only = ["--org", "--only", "central-root", "--only", "member-root-credentials"];
    let first = world.run(&[&APPLY[..], &only].concat());
    assert_eq!(first.code, 1, "{first:?}");
    assert!(first.stdout.contains("apply central-root-access first, and then run this command again"), "{first:?}");
    assert!(members(&register(&world))[0][1]);
    let second = world.run(&[&APPLY[..], &only].concat());
    assert_eq!((second.code, members(&register(&world))[0][1]), (0, false), "{second:?}");
}

/// Neither the management account nor the caller's own is a member, be the caller a delegated administrator.
#[test]
fn a_delegated_administrator_hardens_the_other_members_and_no_one_else_does() {
    let world = World::of(Kind::Organization);
    let register = register(&world);
    let management_key = world.outside.aws.add_root_key(true);
    let delegate = register.account(SECOND).unwrap();
    let admin = delegate.admin();
    let _ = delegate.add_fido_for("admin", "desk");
    let refused = run(&mut world.outside.glasskey_as(&admin, [&["root", "harden"], &APPLY[..], &KEYS].concat()));
    assert_eq!(refused.code, 3, "{refused:?}");
    let why = format!("account {SECOND} may not harden the organization: neither does it manage it, nor is it");
    assert!(refused.stderr.contains(&why), "{refused:?}");
    register.delegate(SECOND, "iam.amazonaws.com");
    let done = run(&mut world.outside.glasskey_as(&admin, [&["root", "harden"], &APPLY[..], &KEYS].concat()));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(members(&register), [[true, false, false, true], [true, false, true, true]]);
    assert!(world.outside.aws.access_keys("root").iter().any(|key| key.id == management_key));
}

#[test]
fn an_account_without_an_organization_and_root_are_refused() {
    let world = World::new();
    let done = world.run(&["--org"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("is in no organization"), "{done:?}");
    let mut world = World::of(Kind::Organization);
    world.caller = world.outside.aws.root_session();
    let done = world.run(&KEYS);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("AWS does not let root assume a member's root"), "{done:?}");
}

#[test]
fn a_plan_for_another_organization_or_number_of_accounts_is_refused() {
    let (world, other) = (World::of(Kind::Organization), World::of(Kind::Organization));
    let (path, plan) = world.plan("plan.json", &MEMBERS);
    assert_eq!((&plan["accounts"], &plan["organization"]), (&json!(3), &json!(id(&world))));
    let file = other.outside.keys.home.path().join("plan.json");
    std::fs::copy(&path, &file).unwrap();
    let apply = |world: &World, path: &std::path::Path| {
        world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--accept-irreversible", "--json"])
    };
    assert_eq!(apply(&other, &file).json()["code"], "plan_other_account");
    let joined = register(&world).add(MemberKind::Sound);
    let refused = apply(&world, &path);
    assert_eq!((&refused.json()["code"], refused.code), (&json!("plan_other_accounts"), 3), "{refused:?}");
    assert!(refused.stdout.contains("for an organization of 3 accounts, and it has 4 now"), "{joined}: {refused:?}");
    assert_eq!(members(&register(&world)).iter().filter(|has| has[1] || has[2]).count(), 2);
}

/// Each fact of the step, changed after the plan was made.
#[test]
fn a_changed_fact_of_a_member_refuses_the_plan() {
    let changes: [fn(&World); 5] = [
        |world| drop(register(world).account(FIRST).unwrap().add_root_key(false)),
        |world| drop(register(world).account(FIRST).unwrap().add_root_certificate(false)),
        |world| register(world).account(FIRST).unwrap().set_root_password(false),
        |world| register(world).set_status(FIRST, Status::Suspended),
        |world| {
            let member = register(world).account(FIRST).unwrap();
            let key = member.access_keys("root").remove(0).id;
            member.use_key(&key, Duration::from_secs(60), "s3", "us-east-1");
        },
    ];
    for change in changes {
        let world = World::of(Kind::Organization);
        let (path, _) = world.plan("plan.json", &MEMBERS);
        change(&world);
        let before = world.snapshot();
        let done =
            world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--accept-irreversible", "--json"]);
        assert_eq!((&done.json()["code"], done.code), (&json!("facts_changed"), 3), "{done:?}");
        assert!(world.snapshot() == before && world.outside.unfinished() == 0, "{done:?}");
    }
}

#[test]
fn undoing_names_what_does_not_come_back() {
    let world = World::of(Kind::Organization);
    let (_, run) = world.apply(&[&["--accept-irreversible"], &MEMBERS[..]].concat());
    let undone = world.run(&["--undo", &run, "--yes", "--no-input", "--json"]);
    assert_eq!(undone.code, 1, "{undone:?}");
    let stays = undone.json()["stays"].to_string();
    for what in
        [format!("of root of {FIRST} is deleted"), format!("--allow-recovery {SECOND}` lets root recover one")]
    {
        assert!(stays.contains(&what), "{what}: {stays}");
    }
}

#[test]
fn recovery_of_a_password_is_given_back_to_a_member_alone() {
    let world = World::of(Kind::Organization);
    let _ = world.apply(&[&["--accept-irreversible"], &MEMBERS[..]].concat());
    let allow = |account: &str| world.run(&["--allow-recovery", account, "--yes", "--no-input", "--json"]);
    for already in [false, true] {
        let done = allow(FIRST);
        let right = json!({ "type": "harden_recovery", "account": FIRST, "already": already });
        assert_eq!((done.code, done.json()), (0, right), "{done:?}");
    }
    assert_eq!(members(&register(&world)), [[true, false, false, false], [false; 4]]);
    let management = world.outside.aws.account();
    let refused = allow(&management);
    assert_eq!((refused.code, &refused.json()["code"]), (2, &json!("not_a_member")), "{refused:?}");
    let unasked = world.run(&["--allow-recovery", SECOND, "--no-input"]);
    assert_eq!((unasked.code, members(&register(&world))[1][0]), (5, false), "{unasked:?}");
    let mut command = world.outside.keys.bare(["root", "harden", "--allow-recovery", SECOND]);
    command.envs(world.outside.environment(&world.caller));
    let mut typist = Typist::start(&command);
    typist.sees(&format!("Type the account number to let root of {SECOND} recover its password: ")).types(SECOND);
    let (_, done) = typist.end();
    assert_eq!((done.code, members(&register(&world))[1][0]), (0, true), "{done:?}");
}

/// A reply that is lost is settled by asking again.
#[test]
fn recovery_is_given_back_whatever_becomes_of_the_reply() {
    for wrong in [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Throttle] {
        let world = World::of(Kind::Organization);
        register(&world).account(FIRST).unwrap().set_root_password(false);
        world.fail(&Fault::next("CreateLoginProfile", wrong.clone()));
        let done = world.run(&["--allow-recovery", FIRST, "--yes", "--no-input"]);
        assert_eq!((done.code, members(&register(&world))[0][0]), (0, true), "{wrong:?}: {done:?}");
    }
}

/// Two runs at once: one does it, and the other finds it done or changed.
#[test]
fn two_runs_at_once_come_to_the_same_end() {
    let world = World::of(Kind::Organization);
    let all = world.all();
    let other = tempfile::tempdir().unwrap();
    let there = || {
        let mut command = world.command(&all);
        command.env("HOME", other.path()).env("XDG_STATE_HOME", other.path());
        run(&mut command)
    };
    let (one, two) = std::thread::scope(|scope| {
        let running = scope.spawn(there);
        (world.run(&all), running.join().unwrap())
    });
    let codes = [one.code, two.code];
    assert!(codes.contains(&0) && codes.iter().all(|code| matches!(code, 0 | 1 | 3 | 4)), "{one:?} {two:?}");
    let again = world.run(&all);
    assert_eq!((again.code, members(&register(&world))), (0, vec![vec![false; 4]; 2]), "{again:?}");
}

#[test]
fn a_member_named_as_somebody_likes_breaks_no_line() {
    let world = World::of(Kind::Organization);
    register(&world).set_name(FIRST, "a\u{1b}[2Jb\nc");
    let plan = world.run(&KEYS);
    assert_eq!(plan.code, 1, "{plan:?}");
    assert!(!plan.stdout.contains('\u{1b}') && !plan.stdout.contains("b\nc"), "{plan:?}");
}
