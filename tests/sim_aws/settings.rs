//! What an account sets for itself: its password policy, and users' passwords under it.

use super::account;
use super::client::{call, verdict};

#[test]
fn a_password_policy_is_replaced_as_a_whole() {
    let (aws, admin) = account();
    let v = |action: &str, parameters: &[(&str, &str)]| verdict(&aws, &admin, action, parameters);
    let missing = "404 NoSuchEntity: The account policy with name PasswordPolicy cannot be found.";
    assert_eq!(v("DeleteAccountPasswordPolicy", &[]), missing);
    let all = [
        ("MinimumPasswordLength", "14"),
        ("RequireSymbols", "true"),
        ("RequireNumbers", "true"),
        ("RequireUppercaseCharacters", "true"),
        ("RequireLowercaseCharacters", "true"),
        ("AllowUsersToChangePassword", "true"),
        ("MaxPasswordAge", "90"),
        ("PasswordReusePrevention", "24"),
        ("HardExpiry", "true"),
    ];
    assert_eq!(v("UpdateAccountPasswordPolicy", &all), "200");
    let shown = || call(&aws, &admin, "GetAccountPasswordPolicy", &[]);
    let before = shown();
    for (name, value) in all {
        assert_eq!(before.get(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(before.get("ExpirePasswords").as_deref(), Some("true"));
    // What is left out does not stay: it falls to its default.
    assert_eq!(v("UpdateAccountPasswordPolicy", &[("RequireNumbers", "true")]), "200");
    let after = shown();
    assert_eq!(after.get("MinimumPasswordLength").as_deref(), Some("6"));
    assert_eq!((after.get("RequireSymbols").as_deref(), after.get("MaxPasswordAge")), (Some("false"), None));
    for (name, value) in
        [("MinimumPasswordLength", "5"), ("MaxPasswordAge", "1096"), ("PasswordReusePrevention", "25")]
    {
        assert!(v("UpdateAccountPasswordPolicy", &[(name, value)]).starts_with("400 ValidationError: "), "{name}");
    }
    assert_eq!(v("DeleteAccountPasswordPolicy", &[]), "200");
    assert_eq!(shown().status, 404);
}

#[test]
fn a_users_password_keeps_to_the_policy() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    let v = |action: &str, parameters: &[(&str, &str)]| verdict(&aws, &admin, action, parameters);
    let bob = ("UserName", "bob");
    let violation = "400 PasswordPolicyViolation: Password does not conform to the account password policy.";
    let missing = "404 NoSuchEntity: Login Profile for User bob cannot be found.";
    assert_eq!(v("UpdateLoginProfile", &[bob, ("Password", "Correct-horse-1")]), missing);
    // Without a policy: eight characters of three kinds.
    for weak in ["Short-1", "onlyletters"] {
        assert_eq!(v("CreateLoginProfile", &[bob, ("Password", weak)]), violation);
    }
    let reset = ("PasswordResetRequired", "true");
    let made = call(&aws, &admin, "CreateLoginProfile", &[bob, ("Password", "Longenough1"), reset]);
    assert_eq!((made.status, made.get("PasswordResetRequired").as_deref()), (200, Some("true")));
    assert_eq!(
        v("CreateLoginProfile", &[bob, ("Password", "Longenough1")]),
        "409 EntityAlreadyExists: Login Profile for user bob already exists."
    );
    aws.arrange(|posture| posture.password_policy = Some(glasskey::sim::aws::posture::PasswordPolicy::default()));
    assert_eq!(v("UpdateLoginProfile", &[bob, ("Password", "Longenough1")]), violation);
    let good = ("Password", "Correct-horse-1");
    assert_eq!(v("UpdateLoginProfile", &[bob, good]), "200");
    let required = || call(&aws, &admin, "GetLoginProfile", &[bob]).get("PasswordResetRequired").unwrap();
    assert_eq!(required(), "true", "what is left out stays");
    assert_eq!(v("UpdateLoginProfile", &[bob, ("PasswordResetRequired", "false")]), "200");
    assert_eq!(required(), "false");
    let stranger = "404 NoSuchEntity: The user with name eve cannot be found.";
    assert_eq!(v("UpdateLoginProfile", &[("UserName", "eve"), good]), stranger);
}
