//! Planned, applied, seen, applied again, undone.

use super::world::{CONTACT, World, hardened};
use glasskey::sim::aws::posture::PasswordPolicy;
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;

#[test]
fn a_plan_says_what_changes_and_changes_nothing() {
    let world = World::new();
    let before = world.posture();
    let done = world.run(&["--only", "password-policy"]);
    assert_eq!((done.code, world.posture() == before), (1, true), "{done:?}");
    for line in [
        "1 change in us-east-1; good until ",
        "password-policy  closes password-policy",
        "  minimum length         8 → 14",
        "  old passwords refused  0 → 24",
        "  a symbol               not required → required",
        "  calls   iam:UpdateAccountPasswordPolicy",
        "  undo    the policy of before is set again, with all its values",
        "  cost    nothing; waits 30 s at most",
    ] {
        assert!(done.stdout.lines().any(|it| it.starts_with(line)), "{line}: {done:?}");
    }
    assert_eq!(world.outside.unfinished(), 0);
    let writes =
        |action: &String| !["Get", "List", "Describe", "Generate"].iter().any(|verb| action.starts_with(verb));
    assert_eq!(world.outside.actions().into_iter().filter(writes).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_plan_in_a_file_is_its_owners_alone_and_not_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let (path, plan) = world.plan("plan.json", &[]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let of = json!([plan["format"], plan["version"], plan["account"]]);
    assert_eq!(of, json!(["glasskey-harden", 1, world.outside.aws.account()]));
    assert_eq!(plan["expires"].as_u64().unwrap() - plan["made"].as_u64().unwrap(), 86_400);
    let again = world.run(&["--out", path.to_str().unwrap()]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("a plan is not written over a file"), "{again:?}");
}

#[test]
fn applied_the_policy_is_raised_and_nothing_is_lowered() {
    let world = World::new();
    let (done, run) = world.apply(&["--only", "password-policy"]);
    assert_eq!(world.posture().password_policy, Some(hardened()));
    let report = done.json();
    assert_eq!(report["findings"], json!([{ "id": "password-policy", "before": "fail", "after": "pass" }]));
    assert_eq!(report["steps"], json!(["password-policy"]));
    assert!(done.stderr.contains("  done      password-policy; AWS shows it\n"), "{done:?}");
    // Its record is kept, and is not one that did not end.
    assert_eq!(world.outside.unfinished(), 0);
    assert!(world.outside.keys.state_dir().join(format!("runs/{run}.complete")).exists());
    let recovered = world.outside.run(["recover", "--yes", "--no-input"]);
    assert_eq!(recovered.stdout, "nothing to recover\n");
}

#[test]
fn applied_again_nothing_is_done() {
    let world = World::new();
    let _ = world.apply(&["--only", "password-policy"]);
    let before = (world.posture(), world.outside.actions().len());
    let again = world.run(&["--apply", "--yes", "--no-input", "--only", "password-policy"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    assert!(world.posture() == before.0);
    let calls = world.outside.actions().split_off(before.1);
    assert!(!calls.contains(&"UpdateAccountPasswordPolicy".to_owned()), "{calls:?}");
    let plan = world.run(&["--only", "password-policy", "--json"]);
    assert_eq!((plan.code, &plan.json()["steps"]), (0, &json!([])), "{plan:?}");
}

/// A policy that is stricter in something keeps that, and HardExpiry is not touched.
#[test]
fn what_is_stricter_stays() {
    for hard_expiry in [false, true] {
        let world = World::new();
        let strict = PasswordPolicy {
            minimum_length: 20,
            reuse_prevention: Some(3),
            maximum_age: Some(30),
            users_may_change: false,
            hard_expiry,
            ..Default::default()
        };
        world.outside.aws.arrange(|posture| posture.password_policy = Some(strict.clone()));
        let _ = world.apply(&["--only", "password-policy"]);
        let right = PasswordPolicy { reuse_prevention: Some(24), ..strict };
        assert_eq!(world.posture().password_policy, Some(right));
    }
}

#[test]
fn undone_a_run_leaves_the_account_as_it_was() {
    for there in [true, false] {
        let world = World::new();
        if !there {
            world.outside.aws.arrange(|posture| posture.password_policy = None);
        }
        let before = world.posture();
        let (_, run) = world.apply(&["--only", "password-policy"]);
        assert!(world.posture() != before);
        let undone = world.run(&["--undo", &run, "--yes", "--no-input", "--json"]);
        assert_eq!(undone.code, 0, "{undone:?}");
        assert_eq!(undone.json()["stays"], json!([]));
        assert!(world.posture() == before, "{:?}", world.posture());
        assert_eq!(world.outside.unfinished(), 0);
        let again = world.run(&["--undo", &run, "--yes", "--no-input"]);
        assert_eq!(again.code, 2, "{again:?}");
        assert!(again.stderr.contains(&format!("no run of `glasskey root harden` is called {run}\n")), "{again:?}");
    }
}

/// Somebody has changed the policy since: what they have set stays.
#[test]
fn what_somebody_else_has_set_since_is_not_undone() {
    let world = World::new();
    let (_, run) = world.apply(&["--only", "password-policy"]);
    world.outside.aws.arrange(|posture| {
        posture.password_policy = Some(PasswordPolicy { minimum_length: 30, ..Default::default() });
    });
    let before = world.posture();
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, world.posture() == before), (1, true), "{undone:?}");
    assert!(undone.stdout.contains("somebody has changed it since, so it is left as it is"), "{undone:?}");
}

#[test]
fn an_unknown_step_is_told_and_nothing_is_asked() {
    let world = World::new();
    let done = world.run(&["--only", "pasword-policy"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(
        done.stderr.contains("\"pasword-policy\" is neither a step nor a finding that a step closes"),
        "{done:?}"
    );
    let run = world.run(&["--undo", "../../etc/passwd", "--yes"]);
    assert_eq!(run.code, 2, "{run:?}");
}

/// Undoing was refused half-way: going on undoes the rest, and does not harden once more.
#[test]
fn an_undoing_that_was_cut_short_is_gone_on_with() {
    let world = World::new();
    let before = world.posture();
    let (_, run) = world.apply(&CONTACT);
    world.outside.aws.fail(Fault::next("UpdateAccountPasswordPolicy", Wrong::Deny));
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, world.outside.unfinished()), (4, 1), "{undone:?}");
    assert!(world.posture() != before);
    let recovered = world.recover("--yes");
    assert_eq!((recovered.code, world.outside.unfinished()), (0, 0), "{recovered:?}");
    assert!(recovered.stderr.contains("undoing   had begun"), "{recovered:?}");
    assert!(world.posture() == before, "{recovered:?}");
}

/// AWS has acknowledged it and cannot be asked: it is not called done.
#[test]
fn what_cannot_be_seen_is_not_called_done() {
    let world = World::new();
    let pretended =
        Fault { action: Some("UpdateAccountPasswordPolicy".to_owned()), nth: 1, times: 1, what: Wrong::Pretend };
    world.outside.aws.fail(pretended);
    // The plan, the look before the step, and no more.
    world.outside.aws.fail(Fault {
        action: Some("GetAccountPasswordPolicy".to_owned()),
        nth: 4,
        times: 1_000,
        what: Wrong::Deny,
    });
    let done = world.run(&["--apply", "--yes", "--no-input", "--only", "password-policy"]);
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    assert!(!done.stderr.contains("AWS shows it"), "{done:?}");
}

/// What was asked for passes, or the exit code is 1: the plan's own steps are not all that was asked for.
#[test]
fn what_was_asked_for_must_pass_whether_it_was_planned_or_not() {
    let world = World::new();
    world.outside.aws.arrange(|posture| posture.password_policy = Some(PasswordPolicy::default()));
    let (path, plan) = world.plan("plan.json", &CONTACT);
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1, "{plan}");
    world.outside.aws.arrange(|posture| posture.password_policy = None);
    let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(
        done.stdout.lines().any(|line| line.starts_with("password-policy      ") && line.ends_with("fail")),
        "{done:?}"
    );
}
