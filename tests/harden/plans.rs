//! Plans that are refused before anything is written, each with its own sentence and code; and facts that have changed.

use super::world::{CONTACT, Kind, World};
use crate::support::Run;
use crate::support::blows::is_call;
use glasskey::sim::aws::posture::PasswordPolicy;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

const ONLY: [&str; 2] = ["--only", "password-policy"];

/// Applies this text as a plan. Nothing is written.
#[track_caller]
fn refused(world: &World, plan: &str, code: &str, exit: i32) -> Run {
    let path = world.outside.keys.home.path().join("other.json");
    std::fs::write(&path, plan).unwrap();
    let before = world.posture();
    let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
    assert_eq!((&done.json()["code"], done.code), (&json!(code), exit), "{done:?}");
    assert!(world.posture() == before, "{done:?}");
    assert_eq!(world.outside.unfinished(), 0, "{done:?}");
    done
}

#[test]
fn a_plan_that_was_changed_is_refused() {
    let world = World::new();
    let (_, plan) = world.plan("plan.json", &ONLY);
    let edits: [fn(&mut Value); 6] = [
        |plan| plan["steps"][0]["after"]["policy"]["minimum_length"] = 6.into(),
        |plan| plan["expires"] = (plan["expires"].as_u64().unwrap() + 1).into(),
        |plan| plan["steps"] = json!([]),
        |plan| plan["account"] = "123456789012".into(),
        |plan| plan["steps"][0]["undo"] = "nothing".into(),
        |plan| plan["more"] = true.into(),
    ];
    for edit in edits {
        let mut edited = plan.clone();
        edit(&mut edited);
        let _ = refused(&world, &edited.to_string(), "plan_edited", 3);
    }
}

/// Whoever knows how the digest is made can make one that fits; what glasskey would not plan is refused all the same.
#[test]
fn a_plan_of_somebodys_own_is_refused_although_its_digest_fits() {
    let world = World::new();
    let (_, mut forged) = world.plan("plan.json", &ONLY);
    forged["steps"][0]["after"]["policy"]["minimum_length"] = 6.into();
    let done = refused(&world, &with_digest(forged), "plan_not_ours", 3);
    assert!(done.stdout.contains("would plan something else for password-policy"), "{done:?}");
}

/// The plan, with the digest that fits.
fn with_digest(mut plan: Value) -> String {
    use sha2::{Digest, Sha256};
    let mut signed = plan.clone();
    let members = signed.as_object_mut().unwrap();
    members.remove("digest");
    members.remove("type");
    plan["digest"] = data_encoding::HEXLOWER.encode(&Sha256::digest(signed.to_string())).into();
    plan.to_string()
}

/// The number alone would say that the plan is for the account at hand.
#[test]
fn a_plan_of_another_partition_is_refused_by_the_partitions_name() {
    let world = World::new();
    let (_, mut forged) = world.plan("plan.json", &ONLY);
    forged["partition"] = "aws-cn".into();
    let done = refused(&world, &with_digest(forged), "plan_other_account", 3);
    let account = world.outside.aws.account();
    let error = format!(
        "the plan is for account {account} in the partition aws-cn, and these credentials are for {account} in the \
         partition aws"
    );
    assert!(done.stdout.contains(&error), "{done:?}");
}

/// S3 makes none of such a name, so no plan has it.
#[test]
fn a_bucket_name_that_s3_refuses_is_no_name() {
    let world = World::new();
    for name in [
        "192.168.0.1",
        "xn--trail",
        "sthree-trail",
        "amzn-s3-demo-trail",
        "trail-s3alias",
        "trail--ol-s3",
        "trail.mrap",
        "trail--use1-az4--x-s3",
        "trail--table-s3",
    ] {
        let done = world.run(&["--only", "trail", "--bucket", name]);
        assert_eq!(done.code, 2, "{name}: {done:?}");
        assert!(done.stderr.contains("AWS makes no bucket of this name"), "{name}: {done:?}");
    }
    assert!(world.outside.actions().is_empty());
}

/// Somebody has mistyped it, and would believe that a key goes.
#[test]
fn a_key_that_is_nobodys_is_named_and_one_that_is_no_id_is_refused() {
    let world = World::of(Kind::OfRoot);
    for wrong in ["AKIAWRONG", "ASIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7 EXAMPLE", ""] {
        assert_eq!(world.run(&["--override", wrong]).code, 2, "{wrong}");
    }
    let there = world.outside.aws.access_keys("root").remove(0).id;
    let line = |id: &str| format!("No change is about an access key {id}, which --override names.");
    let (none, one) = ("AKIAIOSFODNN7EXAMPLE", ["--only", "root-access-keys"]);
    let done = world.run(&[&one[..], &["--override", none, "--override", &there]].concat());
    assert!(done.stdout.contains(&line(none)) && !done.stdout.contains(&line(&there)), "{done:?}");
    let done = world.run(&["--only", "password-policy", "--override", &there]);
    assert!(done.stdout.contains(&line(&there)), "{done:?}");
}

#[test]
fn what_is_no_plan_is_refused() {
    let world = World::new();
    let (_, plan) = world.plan("plan.json", &ONLY);
    for text in ["", "{}", "[]", "not json", "{\"format\":\"glasskey-harden\"}"] {
        let _ = refused(&world, text, "not_a_plan", 2);
    }
    let later = json!({ "type": "harden_plan", "format": "glasskey-harden", "version": 2, "anything": 1 });
    let _ = refused(&world, &later.to_string(), "plan_later", 3);
    let mut other = plan;
    other["type"] = "hardened".into();
    let _ = refused(&world, &other.to_string(), "not_a_plan", 2);
}

#[test]
fn a_plan_of_another_account_or_region_is_refused() {
    let (world, other) = (World::new(), World::new());
    let (_, plan) = other.plan("plan.json", &ONLY);
    let _ = refused(&world, &plan.to_string(), "plan_other_account", 3);
    let (_, plan) = world.plan("elsewhere.json", &["--only", "password-policy", "--region", "eu-west-1"]);
    let _ = refused(&world, &plan.to_string(), "plan_other_region", 3);
}

#[test]
fn a_plan_expires_after_a_day() {
    let world = World::new();
    world.outside.aws.clock().set_offset_seconds(-86_401);
    let (path, plan) = world.plan("plan.json", &ONLY);
    world.outside.aws.clock().set_offset_seconds(0);
    let done = refused(&world, &plan.to_string(), "plan_expired", 3);
    assert!(done.stdout.contains("plans are good for 24 hours"), "{done:?}");
    world.outside.aws.clock().set_offset_seconds(-60);
    let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "one minute before its end: {done:?}");
}

#[test]
fn a_plan_is_applied_once() {
    let world = World::new();
    let (path, plan) = world.plan("plan.json", &ONLY);
    let before = world.posture().password_policy;
    let path = path.to_str().unwrap();
    assert_eq!(world.run(&["--apply", path, "--yes", "--no-input"]).code, 0);
    // Everything is as it was when the plan was made.
    world.outside.aws.arrange(|posture| posture.password_policy = before);
    let done = refused(&world, &plan.to_string(), "plan_used", 3);
    assert!(done.stdout.contains("by run "), "{done:?}");
}

#[test]
fn a_fact_that_has_changed_since_the_plan_was_made_refuses_it() {
    let world = World::new();
    let (_, plan) = world.plan("plan.json", &ONLY);
    let policy = PasswordPolicy { minimum_length: 9, ..Default::default() };
    world.outside.aws.arrange(|posture| posture.password_policy = Some(policy));
    let _ = refused(&world, &plan.to_string(), "facts_changed", 3);
    // It was not applied: with the facts of before it is good.
    assert!(!world.outside.keys.state_dir().join("plans").exists());
}

/// Between the last look at the whole and the step itself.
#[test]
fn a_fact_that_changes_under_a_step_stops_it() {
    for nth in 1..=3 {
        let world = World::new();
        let (path, _) = world.plan("plan.json", &ONLY);
        let (aws, seen) = (world.outside.aws.clone(), AtomicUsize::new(0));
        let policy = PasswordPolicy { minimum_length: 9, ..Default::default() };
        let set = policy.clone();
        world.outside.tap.listen(move |passing| {
            if is_call(passing, "GetAccountPasswordPolicy")
                && passing.done
                && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
            {
                aws.arrange(|posture| posture.password_policy = Some(set.clone()));
            }
        });
        let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input"]);
        world.outside.tap.silence();
        let written = world.outside.actions().contains(&"UpdateAccountPasswordPolicy".to_owned());
        // The third look is the step's own: what changes after it is too late to be seen.
        assert_eq!((done.code == 0, written), (nth == 3, nth == 3), "{nth}: {done:?}");
        if nth < 3 {
            assert_eq!(world.posture().password_policy, Some(policy));
            assert!(done.stderr.contains("password-policy has changed"), "{done:?}");
            assert_eq!(world.outside.unfinished(), 0, "{done:?}");
        }
    }
}

#[test]
fn a_plan_in_a_file_is_applied_as_it_is() {
    let world = World::new();
    let (path, _) = world.plan("plan.json", &ONLY);
    let done = world.run(&["--apply", path.to_str().unwrap(), "--only", "password-policy", "--yes", "--no-input"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("a plan in a file is applied as it is"), "{done:?}");
}

/// What AWS would refuse half-way is refused before anything is asked.
#[test]
fn a_contact_that_aws_does_not_take_is_refused_at_once() {
    let world = World::new();
    let long = "x".repeat(65);
    for (flag, value) in [
        ("--security-name", long.as_str()),
        ("--security-name", ""),
        ("--security-email", "c"),
        ("--security-email", "a@b"),
        ("--security-phone", "abc"),
    ] {
        let mut args: Vec<&str> = CONTACT.to_vec();
        let at = args.iter().position(|arg| *arg == flag).unwrap();
        args[at + 1] = value;
        let done = world.run(&args);
        assert_eq!(done.code, 2, "{flag} {value}: {done:?}");
    }
    assert!(world.outside.actions().is_empty());
}

/// What was chosen when the plan was made is not chosen once more.
#[test]
fn a_plan_in_a_file_takes_no_choices() {
    let world = World::new();
    let (path, _) = world.plan("plan.json", &["--only", "password-policy"]);
    for more in [["--quiet-days", "10"], ["--delivery-wait", "10"], ["--only", "password-policy"]] {
        let done = world.run(&[&["--apply", path.to_str().unwrap(), "--yes"], &more[..]].concat());
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stderr.contains("a plan in a file is applied as it is"), "{done:?}");
    }
}

/// A plan is reviewed in its file: nothing in it acts on a terminal.
#[test]
fn nothing_in_a_plans_file_acts_on_a_terminal() {
    let world = World::new();
    let mut args = CONTACT.to_vec();
    args[1] = "Sam \u{202e}Example";
    let (path, plan) = world.plan("plan.json", &args);
    assert_eq!(plan["settings"]["security_contact"]["name"], "Sam \u{202e}Example");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("Sam \\u202eExample") && !text.contains('\u{202e}'), "{text}");
}

/// A dash is standard output elsewhere, and no file's name here.
#[test]
fn a_dash_names_no_file() {
    let world = World::new();
    for more in [&[][..], &["--emit", "terraform"]] {
        let done = world.run(&[more, &["--only", "password-policy", "--out", "-"]].concat());
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stderr.contains("--out names a file; without it the plan is printed"), "{done:?}");
    }
}

/// A plan that had nothing to do is about an account in which there was nothing to do.
#[test]
fn a_plan_without_a_step_is_refused_where_there_is_something_to_do() {
    let world = World::new();
    let _ = world.apply(&["--only", "password-policy"]);
    let path = world.outside.keys.home.path().join("plan.json");
    let planned = world.run(&["--only", "password-policy", "--out", path.to_str().unwrap()]);
    assert_eq!(planned.code, 0, "{planned:?}");
    let apply = ["--apply", path.to_str().unwrap(), "--yes", "--no-input"];
    let done = world.run(&apply);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
    world.outside.aws.arrange(|posture| posture.password_policy = None);
    let done = world.run(&apply);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("not as it was when the plan was made: password-policy has changed"), "{done:?}");
}

/// A run is undone where it was made, whatever region the command is given.
#[test]
fn a_run_is_undone_in_its_own_region() {
    let world = World::of(Kind::Untrailed);
    let before = world.snapshot();
    let (_, run) = world.apply(&["--only", "trail"]);
    assert!(world.snapshot() != before);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input", "--region", "eu-west-1"]);
    assert!(undone.code <= 1 && !undone.stderr.contains("somebody has changed it"), "{undone:?}");
    assert_eq!(world.posture().trails.len(), 0, "{undone:?}");
}

#[test]
fn a_record_that_is_not_believed_is_named_as_it_is_called() {
    let world = World::new();
    let (_, run) = world.apply(&["--only", "password-policy"]);
    let path = world.outside.keys.state_dir().join(format!("runs/{run}.complete"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"step_begun\"", "\"step_done\"").replace("password-policy", "no-such"))
        .unwrap();
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, 3, "{undone:?}");
    assert!(undone.stderr.contains(&format!("of {} is not believed", path.display())), "{undone:?}");
}
