//! An administrator: the user, the group, the password. Each call that changes something, and what is read back.

use super::answers::Row;
use super::scene::{REGION, Scene};
use glasskey::aws::hardening::{DetailedUser, UserGroup};
use glasskey::aws::{Call, Error, Tag};
use glasskey::secret::SecretText;

const GROUP: &str = "Administrators";
const USER: &str = "boss";
const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const FIRST: &str = "First-password-0";
const SECOND: &str = "Second-password-0";

fn tag() -> Tag {
    Tag { key: "made-by".to_owned(), value: "a test".to_owned() }
}

fn group(scene: &Scene) -> Option<UserGroup> {
    scene.account.group_and_user(GROUP, USER).unwrap().0
}

fn user(scene: &Scene) -> Option<DetailedUser> {
    scene.account.group_and_user(GROUP, USER).unwrap().1
}

fn make_group(scene: &Scene) {
    scene.account.create_group(GROUP).unwrap();
}

fn make_user(scene: &Scene) {
    scene.account.create_user(USER, &[tag()]).unwrap();
}

fn make_both(scene: &Scene) {
    make_group(scene);
    make_user(scene);
}

fn make_password(scene: &Scene) {
    make_user(scene);
    scene.account.create_password(USER, &password(FIRST)).unwrap();
}

fn password(text: &str) -> SecretText {
    SecretText::new(text.to_owned()).unwrap()
}

fn administers(scene: &Scene) -> bool {
    group(scene).is_some_and(|group| group.policies == [POLICY])
}

fn is_member(scene: &Scene) -> bool {
    user(scene).is_some_and(|user| user.groups == [GROUP])
}

pub(super) const ROWS: &[Row] = &[
    Row {
        call: Call::CreateGroup,
        before: |_| {},
        act: |scene| scene.account.create_group(GROUP),
        done: |scene| group(scene).is_some(),
    },
    Row {
        call: Call::DeleteGroup,
        before: make_group,
        act: |scene| scene.account.delete_group(GROUP),
        done: |scene| group(scene).is_none(),
    },
    Row {
        call: Call::AttachGroupPolicy,
        before: make_group,
        act: |scene| scene.account.attach_to_group(GROUP, POLICY),
        done: administers,
    },
    Row {
        call: Call::DetachGroupPolicy,
        before: |scene| {
            make_group(scene);
            scene.account.attach_to_group(GROUP, POLICY).unwrap();
        },
        act: |scene| scene.account.detach_from_group(GROUP, POLICY),
        done: |scene| !administers(scene),
    },
    Row {
        call: Call::CreateUser,
        before: |_| {},
        act: |scene| scene.account.create_user(USER, &[tag()]),
        done: |scene| user(scene).is_some_and(|user| user.tags == [tag()]),
    },
    Row {
        call: Call::DeleteUser,
        before: make_user,
        act: |scene| scene.account.delete_user(USER),
        done: |scene| user(scene).is_none(),
    },
    Row {
        call: Call::AddUserToGroup,
        before: make_both,
        act: |scene| scene.account.add_to_group(GROUP, USER),
        done: is_member,
    },
    Row {
        call: Call::RemoveUserFromGroup,
        before: |scene| {
            make_both(scene);
            scene.account.add_to_group(GROUP, USER).unwrap();
        },
        act: |scene| scene.account.remove_from_group(GROUP, USER),
        done: |scene| !is_member(scene),
    },
    Row {
        call: Call::CreateLoginProfile,
        before: make_user,
        act: |scene| scene.account.create_password(USER, &password(FIRST)),
        done: |scene| scene.aws.password_is(USER, FIRST) == Some(true),
    },
    Row {
        call: Call::UpdateLoginProfile,
        before: make_password,
        act: |scene| scene.account.replace_password(USER, &password(SECOND)),
        done: |scene| scene.aws.password_is(USER, SECOND) == Some(true),
    },
    Row {
        call: Call::DeleteLoginProfile,
        before: make_password,
        act: |scene| scene.account.delete_password(USER),
        done: |scene| !scene.account.has_password(USER).unwrap(),
    },
];

/// IAM tells names apart without regard to case.
#[test]
fn a_group_and_a_user_are_found_whatever_the_case_of_their_names() {
    let scene = Scene::new();
    make_both(&scene);
    scene.account.add_to_group(GROUP, USER).unwrap();
    let (group, user) = scene.account.group_and_user("ADMINISTRATORS", "Boss").unwrap();
    let (group, user) = (group.unwrap(), user.unwrap());
    assert_eq!((&*group.name, &*user.name), (GROUP, USER));
    assert_eq!(group.members, [USER]);
    assert_eq!(scene.account.group_and_user("administrator", "bos").unwrap(), (None, None));
}

#[test]
fn whether_a_user_signs_in_with_mfa_is_asked_of_iam_itself() {
    let scene = Scene::new();
    make_password(&scene);
    assert!(!scene.account.signs_in_with_mfa(USER).unwrap(), "without MFA");
    let _ = scene.aws.add_device_for(USER, 1);
    assert!(scene.account.signs_in_with_mfa(USER).unwrap());
    assert_eq!(scene.account.password_last_used(USER).unwrap(), None);
    scene.aws.use_password(USER);
    assert!(scene.account.password_last_used(USER).unwrap().is_some());
    scene.account.delete_password(USER).unwrap();
    assert!(!scene.account.signs_in_with_mfa(USER).unwrap(), "with nothing to sign in with");
    let _ = scene.aws.add_user(USER);
    assert!(scene.account.signs_in_with_mfa(USER).unwrap(), "with an access key");
    assert!(matches!(scene.account.signs_in_with_mfa("nobody"), Err(Error::NotFound { .. })));
}

#[test]
fn an_instance_of_identity_center_is_seen_in_its_region_alone() {
    let scene = Scene::new();
    assert_eq!(scene.account.has_identity_center(REGION), Ok(false));
    scene.aws.arrange(|posture| posture.identity_centers = vec!["eu-west-1".to_owned()]);
    assert_eq!(scene.account.has_identity_center(REGION), Ok(false));
    assert_eq!(scene.account.has_identity_center("eu-west-1"), Ok(true));
}
