//! Planned, made with MFA, applied again, undone.

use super::scene::{NAME, POLICY, Scene, is_in_a_file};
use crate::enroll::api;
use crate::support::run;
use serde_json::json;

#[test]
fn without_a_name_it_is_said_how_to_name_one() {
    let scene = Scene::new();
    let done = scene.run(&["--only", "other-admin"]);
    assert_eq!(done.code, 1, "{done:?}");
    let said =
        "administrator        nobody but root administers the account: name a user to be made with --admin-user";
    assert!(done.stdout.contains(said), "{done:?}");
}

#[test]
fn where_somebody_else_administers_the_account_there_is_nothing_to_do() {
    let scene = Scene::new();
    scene.administered();
    let done = scene.run(&["--only", "administrator"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
}

#[test]
fn the_plan_says_who_is_made_and_changes_nothing() {
    let scene = Scene::new();
    let before = scene.snapshot();
    let done = scene.run(&scene.named());
    assert_eq!((done.code, scene.snapshot() == before), (1, true), "{done:?}");
    let with_mfa = format!("none → in the group Administrators, with a password and MFA on {}", scene.serial());
    for part in [
        "administrator  closes other-admin",
        "  group Administrators  none → with AdministratorAccess",
        &with_mfa,
        "boss can do everything in the account, and is an administrator only once MFA is enabled.",
        "known only when it is done: the password",
        "iam:CreateGroup, iam:AttachGroupPolicy, iam:CreateUser, iam:TagUser, iam:CreateLoginProfile, \
         iam:CreateVirtualMFADevice, iam:EnableMFADevice, iam:AddUserToGroup",
    ] {
        assert!(done.stdout.contains(part), "{part}: {done:?}");
    }
}

/// The password is where it was sent, and nowhere else.
#[test]
fn an_administrator_is_made_with_mfa_and_the_password_is_nowhere_else() {
    let scene = Scene::new();
    let plan = scene.run(&[scene.named(), vec!["--json".to_owned()]].concat());
    let (done, _) = scene.apply();
    scene.is_made("applied");
    assert_eq!(done.json()["findings"], json!([{ "id": "other-admin", "before": "fail", "after": "pass" }]));
    let password = scene.password().unwrap();
    assert_eq!(password.len(), 40);
    for done in [&plan, &done] {
        let _ = done.never_says(&[&password]);
    }
    let home = scene.outside.keys.home.path();
    assert!(is_in_a_file(&password, home, std::path::Path::new("")), "the command has it");
    assert!(!is_in_a_file(&password, home, &scene.taken()));
    assert!(!is_in_a_file(&password, &scene.outside.keys.state_dir(), &scene.taken()));
    // The rights come last.
    let changing =
        ["CreateGroup", "AttachGroupPolicy", "CreateUser", "CreateLoginProfile", "EnableMFADevice", "AddUserToGroup"];
    let order: Vec<String> =
        scene.outside.actions().into_iter().filter(|action| changing.contains(&action.as_str())).collect();
    assert_eq!(order, changing);
}

#[test]
fn an_administrator_makes_another_one_where_that_is_asked_for() {
    let mut scene = Scene::new();
    scene.administered();
    scene.caller = scene.outside.aws.admin();
    let (_, _) = scene.apply();
    scene.is_made("by an administrator");
}

#[test]
fn applied_again_there_is_nothing_to_do() {
    let scene = Scene::new();
    let _ = scene.apply();
    let (before, password, calls) = (scene.snapshot(), scene.password(), scene.outside.actions().len());
    let again = scene.run(&scene.all());
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    assert!(scene.snapshot() == before && scene.password() == password);
    let reading = ["Get", "List", "Describe", "Generate"];
    let calls = scene.outside.actions().split_off(calls);
    assert!(calls.iter().all(|action| reading.iter().any(|verb| action.starts_with(verb))), "{calls:?}");
}

#[test]
fn undone_nothing_of_it_is_left() {
    let scene = Scene::new();
    let before = scene.snapshot();
    let (_, run) = scene.apply();
    let undone = scene.undo(&run);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!(scene.snapshot() == before, "{:?}", scene.snapshot());
    assert_eq!(scene.outside.unfinished(), 0);
    // The rights go first.
    let order: Vec<String> = scene.outside.actions().into_iter().rev().take(30).collect();
    let at = |action: &str| order.iter().position(|there| there == action).unwrap();
    assert!(at("RemoveUserFromGroup") > at("DeactivateMFADevice"), "{order:?}");
    // And it can be made again.
    let _ = scene.apply();
    scene.is_made("made again");
}

#[test]
fn one_who_has_signed_in_stays() {
    let scene = Scene::new();
    let (_, run) = scene.apply();
    let after = scene.snapshot();
    scene.outside.aws.use_password(NAME);
    let undone = scene.undo(&run);
    assert_eq!((undone.code, scene.snapshot() == after), (1, true), "{undone:?}");
    assert!(
        undone.stdout.contains("boss has signed in since, so the user and the group stay as they are"),
        "{undone:?}"
    );
}

/// An access key, another device, another group: somebody relies on it.
#[test]
fn one_whom_somebody_has_changed_stays() {
    let changes: [fn(&Scene); 4] = [
        |scene| drop(scene.outside.aws.add_user(NAME)),
        |scene| drop(scene.outside.aws.add_device_for(NAME, 1)),
        |scene| scene.outside.aws.add_group("Others", &[NAME]),
        |scene| {
            let arguments = [("GroupName", "Administrators"), ("UserName", "alice")];
            let _ = api::call(&scene.outside.aws, &scene.caller, "AddUserToGroup", &arguments);
        },
    ];
    for change in changes {
        let scene = Scene::new();
        let (_, run) = scene.apply();
        change(&scene);
        let after = scene.snapshot();
        let undone = scene.undo(&run);
        assert_eq!((undone.code, scene.snapshot() == after), (1, true), "{undone:?}");
        assert!(undone.stdout.contains("somebody has changed it since, so it is left as it is"), "{undone:?}");
    }
}

/// A group that is there is used, and stays when the run is undone.
#[test]
fn a_group_that_administers_is_used_and_stays() {
    let scene = Scene::new();
    let aws = &scene.outside.aws;
    aws.add_group("Bosses", &["alice"]);
    let arguments = [("GroupName", "Bosses"), ("PolicyArn", POLICY)];
    let _ = api::call(aws, &scene.caller, "AttachGroupPolicy", &arguments);
    let before = scene.snapshot();
    let args = [scene.all(), vec!["--admin-group".to_owned(), "Bosses".to_owned(), "--json".to_owned()]].concat();
    let plan = scene.run(&[scene.named(), vec!["--admin-group".to_owned(), "Bosses".to_owned()]].concat());
    assert!(plan.stdout.contains("The group Bosses is there; its users and its other policies stay."), "{plan:?}");
    let done = scene.run(&args);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(aws.groups()[0].members, ["alice", NAME]);
    let undone = scene.undo(done.json()["run"].as_str().unwrap());
    assert_eq!((undone.code, scene.snapshot() == before), (0, true), "{undone:?}");
}

/// A key that is not there when the run is undone holds a credential of no use, and that is said.
#[test]
fn undone_without_the_key_its_credential_is_named() {
    let scene = Scene::new();
    let (_, run) = scene.apply();
    scene.outside.keys.key(0).pull();
    let undone = scene.undo(&run);
    assert_eq!((undone.code, scene.outside.aws.devices().len()), (0, 0), "{undone:?}");
    let credential = scene.outside.credential(NAME);
    assert!(
        undone.stderr.contains(&format!("the credential \"{credential}\" on YubiKey {}", scene.serial())),
        "{undone:?}"
    );
}

/// What protects from lock-out comes first: the same plan takes root's keys away.
#[test]
fn the_steps_about_roots_credentials_are_planned_behind_it_and_look_again() {
    for denied in [false, true] {
        let scene = Scene::new();
        let aws = &scene.outside.aws;
        let _ = aws.add_root_key(true);
        let alone = scene.run(&["--only", "root-access-keys"]);
        assert!(alone.stdout.contains("no administrator other than root is seen who can sign in"), "{alone:?}");
        if denied {
            aws.fail(glasskey::sim::aws::Fault::next("AddUserToGroup", glasskey::sim::aws::Wrong::Deny));
        }
        let args = [scene.all(), ["--only", "root-access-keys", "--accept-irreversible"].map(str::to_owned).to_vec()];
        let done = scene.run(&args.concat());
        let keys = aws.access_keys("root").len();
        match denied {
            true => assert_eq!((done.code, keys), (4, 1), "{done:?}"),
            false => {
                assert_eq!((done.code, keys), (0, 0), "{done:?}");
                scene.is_made("with root's keys");
            }
        }
    }
}

#[test]
fn identity_center_is_preferred_and_said() {
    let scene = Scene::new();
    scene.outside.aws.arrange(|posture| posture.identity_centers = vec!["us-east-1".to_owned()]);
    let done = scene.run(&["--only", "administrator"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("IAM Identity Center has an instance in this region: give somebody"), "{done:?}");
    let plan = scene.run(&scene.named());
    assert!(
        plan.stdout.contains("people are better managed there; an IAM user was asked for, and is made."),
        "{plan:?}"
    );
    let _ = scene.apply();
    scene.is_made("beside Identity Center");
}

/// The audit sees the administrator who is made, and the user is asked about though the credential report is older.
#[test]
fn the_audit_passes_afterwards() {
    let scene = Scene::new();
    let _ = scene.apply();
    let mut audit = scene.outside.glasskey_as(&scene.caller, ["root", "audit", "--json"]);
    let report = run(&mut audit).stdout;
    let row: serde_json::Value = serde_json::from_str(report.lines().next().unwrap()).unwrap();
    for rule in ["other-admin", "admin-mfa"] {
        let finding = row["findings"].as_array().unwrap().iter().find(|one| one["id"] == rule).unwrap().clone();
        assert_eq!(finding["verdict"], "pass", "{finding}");
    }
}
