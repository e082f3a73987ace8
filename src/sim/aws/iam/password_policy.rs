//! The account's password policy: reading, changing and deleting it, and whether a password keeps to it.

use super::super::posture::PasswordPolicy;
use super::super::wire::{Form, Refusal, Xml};
use super::super::{Ctx, Outcome};

/// Bounds of the numbers in a policy.
const LENGTH: (u64, u64) = (6, 128);
const AGE: (u64, u64) = (1, 1095);
const REUSE: (u64, u64) = (1, 24);
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let missing = || {
        let account = &ctx.state.account;
        Refusal::missing(format!("The Password Policy with domain name {account} cannot be found."))
    };
    let policy = ctx.state.posture.password_policy.as_ref().ok_or_else(missing)?;
    let mut xml = Xml::default();
    xml.element("PasswordPolicy", |xml| {
        let mut say = |name: &str, value: String| xml.text(name, &value);
        say("MinimumPasswordLength", policy.minimum_length.to_string());
        say("RequireSymbols", policy.symbols.to_string());
        say("RequireNumbers", policy.numbers.to_string());
        say("RequireUppercaseCharacters", policy.uppercase.to_string());
        say("RequireLowercaseCharacters", policy.lowercase.to_string());
        say("AllowUsersToChangePassword", policy.users_may_change.to_string());
        say("ExpirePasswords", policy.maximum_age.is_some().to_string());
        if let Some(days) = policy.maximum_age {
            say("MaxPasswordAge", days.to_string());
        }
        if let Some(number) = policy.reuse_prevention {
            say("PasswordReusePrevention", number.to_string());
        }
        say("HardExpiry", policy.hard_expiry.to_string());
    });
    Ok(xml)
}

fn number(form: &Form, name: &str, (least, most): (u64, u64)) -> Result<Option<u32>, Refusal> {
    let number = form.get(name).map(|_| form.number(name, 0, least, most)).transpose()?;
    Ok(number.and_then(|number| u32::try_from(number).ok()))
}

/// What the request leaves out falls to its default.
pub(super) fn update(ctx: &mut Ctx<'_>) -> Outcome {
    let form = ctx.form;
    let yes = |name: &str| form.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let policy = PasswordPolicy {
        minimum_length: number(form, "MinimumPasswordLength", LENGTH)?.unwrap_or(6),
        symbols: yes("RequireSymbols"),
        numbers: yes("RequireNumbers"),
        uppercase: yes("RequireUppercaseCharacters"),
        lowercase: yes("RequireLowercaseCharacters"),
        users_may_change: yes("AllowUsersToChangePassword"),
        maximum_age: number(form, "MaxPasswordAge", AGE)?,
        reuse_prevention: number(form, "PasswordReusePrevention", REUSE)?,
        hard_expiry: yes("HardExpiry"),
    };
    ctx.state.posture.password_policy = Some(policy);
    Ok(Xml::default())
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let missing = || Refusal::missing("The account policy with name PasswordPolicy cannot be found.");
    ctx.state.posture.password_policy.take().map(|_| Xml::default()).ok_or_else(missing)
}

/// Without a policy of the account's own, IAM asks for eight characters of three kinds out of four.
pub(super) fn check(policy: Option<&PasswordPolicy>, password: &str) -> Result<(), Refusal> {
    let has = |is: fn(char) -> bool| password.chars().any(is);
    let kinds = [
        has(|c| c.is_ascii_uppercase()),
        has(|c| c.is_ascii_lowercase()),
        has(|c| c.is_ascii_digit()),
        has(|c| SYMBOLS.contains(c)),
    ];
    let length = password.chars().count();
    let fits = match policy {
        None => length >= 8 && kinds.iter().filter(|has| **has).count() >= 3,
        Some(policy) => {
            let wanted = [policy.uppercase, policy.lowercase, policy.numbers, policy.symbols];
            length >= policy.minimum_length as usize && wanted.iter().zip(kinds).all(|(wanted, has)| has || !wanted)
        }
    };
    let message = "Password does not conform to the account password policy.";
    if fits { Ok(()) } else { Err(Refusal::new(400, "PasswordPolicyViolation", message)) }
}
