//! Who can do everything, root aside, from what GetAccountAuthorizationDetails gives, and what such users sign in with.

use super::facts::{Admin, Admins, ReachableRole};
use super::policy::{fits, texts};
use super::powers::{Powers, allows, assumes, hinders, names, statements, wants_mfa};
use super::sign_in::SignsIn;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{AttachedPermissionsBoundary, AttachedPolicy, PolicyDetail};
use serde_json::Value;
use std::collections::HashMap;
use std::iter::Sum;

const ADMINISTRATOR_ACCESS: &str = ":iam::aws:policy/AdministratorAccess";

/// What decides who is an administrator, over all pages: a policy may come after those who have it.
#[derive(Default)]
pub(super) struct Collected {
    /// What the account's own managed policies come to, by ARN.
    managed: HashMap<String, Grants>,
    groups: HashMap<String, Has>,
    users: Vec<User>,
    roles: Vec<Role>,
}

struct User {
    name: String,
    arn: String,
    groups: Vec<String>,
    has: Has,
}

struct Role {
    name: String,
    arn: String,
    trust: Vec<Value>,
    has: Has,
}

/// What policies come to.
#[derive(Clone, Default)]
struct Grants {
    powers: Powers,
    /// On which roles they let somebody assume them: patterns.
    assumes: Vec<String>,
    /// They deny something even with MFA.
    hindered: bool,
}

impl Grants {
    fn of(document: Option<&str>, own: Option<&str>) -> Self {
        let all = statements(document);
        Self {
            powers: Powers::of(document, own),
            assumes: all.iter().flat_map(assumes).collect(),
            hindered: all.iter().any(hinders),
        }
    }

    /// Of a policy of AWS's own, as far as it is known by its name.
    fn of_aws(arn: &str) -> Option<Self> {
        let hindered = ["Deny", "Quarantine"].iter().any(|word| arn.contains(word));
        match arn.ends_with(ADMINISTRATOR_ACCESS) {
            true => Some(Self { powers: Powers::all(), assumes: vec!["*".to_owned()], hindered: false }),
            false => hindered.then(|| Self { hindered, ..Self::default() }),
        }
    }
}

impl Sum for Grants {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |one, other| Self {
            powers: [one.powers, other.powers].into_iter().sum(),
            assumes: one.assumes.into_iter().chain(other.assumes).collect(),
            hindered: one.hindered || other.hindered,
        })
    }
}

struct Has {
    inline: Grants,
    attached: Vec<String>,
}

impl Has {
    fn of(own: Option<&str>, inline: &[PolicyDetail], attached: &[AttachedPolicy]) -> Self {
        Self {
            inline: inline.iter().map(|policy| Grants::of(policy.policy_document(), own)).sum(),
            attached: attached.iter().filter_map(|policy| policy.policy_arn()).map(str::to_owned).collect(),
        }
    }

    /// A boundary that leaves anything out limits.
    fn within(mut self, boundary: Option<&AttachedPermissionsBoundary>) -> Self {
        let arn = boundary.and_then(|boundary| boundary.permissions_boundary_arn());
        self.inline.hindered |= arn.is_some_and(|arn| !arn.ends_with(ADMINISTRATOR_ACCESS));
        self
    }
}

impl Collected {
    pub(super) fn take(&mut self, page: &GetAccountAuthorizationDetailsOutput) {
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        for policy in page.policies() {
            let current = policy.policy_version_list().iter().find(|version| version.is_default_version());
            if let (Some(arn), Some(version)) = (policy.arn(), current) {
                self.managed.insert(arn.to_owned(), Grants::of(version.document(), Some(arn)));
            }
        }
        for group in page.group_detail_list() {
            let has = Has::of(group.arn(), group.group_policy_list(), group.attached_managed_policies());
            self.groups.insert(owned(group.group_name()), has);
        }
        for user in page.user_detail_list() {
            let has = Has::of(user.arn(), user.user_policy_list(), user.attached_managed_policies());
            let has = has.within(user.permissions_boundary());
            let (name, arn) = (owned(user.user_name()), owned(user.arn()));
            self.users.push(User { name, arn, groups: user.group_list().to_vec(), has });
        }
        for role in page.role_detail_list() {
            let trust = statements(role.assume_role_policy_document());
            // A role that only services can assume is nobody's.
            if !somebody_may_assume(&trust) {
                continue;
            }
            let has = Has::of(role.arn(), role.role_policy_list(), role.attached_managed_policies());
            let has = has.within(role.permissions_boundary());
            self.roles.push(Role { name: owned(role.role_name()), arn: owned(role.arn()), trust, has });
        }
    }

    fn grants(&self, has: &Has) -> Grants {
        let attached = has.attached.iter().filter_map(|arn| match self.managed.get(arn) {
            None => Grants::of_aws(arn),
            own => own.cloned(),
        });
        std::iter::once(has.inline.clone()).chain(attached).sum()
    }

    fn grants_of_user(&self, user: &User) -> Grants {
        let in_groups = user.groups.iter().filter_map(|group| self.groups.get(group)).map(|has| self.grants(has));
        std::iter::once(self.grants(&user.has)).chain(in_groups).sum()
    }

    /// The users of whom MFA may decide, or who can do everything either way: what they sign in with is to be asked.
    pub(super) fn candidates(&self) -> Vec<String> {
        let may_be = |user: &&User| self.grants_of_user(user).powers.may_be_admin(None) != Some(false);
        self.users.iter().filter(may_be).map(|user| user.name.clone()).collect()
    }

    /// `signs_in`: of each candidate that is there.
    pub(super) fn admins(&self, signs_in: &HashMap<String, SignsIn>) -> Admins {
        let admin = |user: &User| {
            let SignsIn { mfa, can_sign_in, .. } = *signs_in.get(&user.name)?;
            let Grants { powers, hindered, .. } = self.grants_of_user(user);
            let may_be = powers.may_be_admin(mfa);
            (may_be != Some(false)).then(|| Admin {
                name: user.name.clone(),
                certain: may_be == Some(true),
                outright: powers.is_admin(mfa) == Some(true),
                hindered,
                mfa,
                can_sign_in,
            })
        };
        let users: Vec<Admin> = self.users.iter().filter_map(admin).collect();
        let unread = users.iter().find_map(|admin| signs_in.get(&admin.name)?.unread.clone());
        // Whoever assumes a role may bring a factor.
        let is_admin = |role: &&Role| self.grants(&role.has).powers.is_admin(Some(true)) == Some(true);
        let roles: Vec<&Role> = self.roles.iter().filter(is_admin).collect();
        let reachable = roles.iter().filter_map(|role| self.reachable(role)).collect();
        Admins { users, roles: roles.iter().map(|role| role.name.clone()).collect(), reachable, unread }
    }

    /// Who is seen to be able to assume a role. A trust policy that denies anything, or asks for more than MFA, is not
    /// weighed: nobody is seen then.
    fn reachable(&self, role: &Role) -> Option<ReachableRole> {
        if self.grants(&role.has).hindered || role.trust.iter().any(|statement| !allows(statement)) {
            return None;
        }
        let account = role.arn.split(':').nth(4).unwrap_or_default();
        let mut found = ReachableRole { name: role.name.clone(), from_outside: false, users: Vec::new() };
        for statement in &role.trust {
            found.from_outside |= lets_providers_in(statement);
            for principal in lets_in(statement) {
                match principal.split(':').nth(4).unwrap_or(&principal) {
                    // A role of the account's is as far away as this one.
                    of if of == account || principal == "*" => {
                        found.users.extend(self.named(&principal, account, role))
                    }
                    // A role that a service has made for itself is no person's.
                    _ => found.from_outside |= !principal.contains(":role/aws-service-role/"),
                }
            }
        }
        (found.from_outside || !found.users.is_empty()).then_some(found)
    }

    /// The users whom a principal of the account names: one user, or all whose own policies let them.
    fn named(&self, principal: &str, account: &str, role: &Role) -> Vec<String> {
        let is_all = principal == "*" || principal == account || principal.ends_with(":root");
        let may = |user: &&User| match is_all {
            false => user.arn == principal && !self.grants_of_user(user).hindered,
            true => {
                let grants = self.grants_of_user(user);
                !grants.hindered && grants.assumes.iter().any(|pattern| fits(pattern, &role.arn))
            }
        };
        self.users.iter().filter(may).map(|user| user.name.clone()).collect()
    }
}

/// Whether a role's trust policy names anybody but services. A principal that was deleted is an id in the place of an
/// ARN, and nobody (IAM User Guide, "AWS JSON policy elements: Principal").
fn somebody_may_assume(trust: &[Value]) -> bool {
    trust.iter().filter(|statement| allows(statement)).any(|statement| {
        statement.get("NotPrincipal").is_some()
            || statement.get("Principal").is_some_and(|principal| {
                principal == "*"
                    || !of(principal, "Federated").is_empty()
                    || of(principal, "AWS").iter().any(|one| is_somebody(one))
            })
    })
}

fn of(principal: &Value, kind: &str) -> Vec<String> {
    principal.get(kind).map(texts).unwrap_or_default()
}

fn is_somebody(principal: &str) -> bool {
    !["AIDA", "AROA"].iter().any(|id| principal.starts_with(id))
}

fn has_action(statement: &Value, action: &str) -> bool {
    statement.get("Action").map(texts).unwrap_or_default().iter().any(|one| names(one, action))
}

/// The principals that a trust policy's statement lets in with nothing but MFA.
fn lets_in(statement: &Value) -> Vec<String> {
    let free = statement.get("Condition").is_none() || wants_mfa(statement);
    if !free || !has_action(statement, "sts:assumerole") {
        return Vec::new();
    }
    match statement.get("Principal") {
        Some(Value::String(all)) => vec![all.clone()],
        Some(principal) => of(principal, "AWS").into_iter().filter(|one| is_somebody(one)).collect(),
        None => Vec::new(),
    }
}

/// Whether it lets in people of a SAML provider, on no condition but of what the provider says of them. Behind a provider
/// of web identities there are machines as a rule: build services, clusters.
fn lets_providers_in(statement: &Value) -> bool {
    let of_provider = |key: &String| ["SAML:", "saml:"].iter().any(|prefix| key.starts_with(prefix));
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let keys =
        conditions.into_iter().flat_map(|all| all.values()).filter_map(Value::as_object).flat_map(|all| all.keys());
    let federated = statement.get("Principal").map(|principal| of(principal, "Federated")).unwrap_or_default();
    has_action(statement, "sts:assumerolewithsaml")
        && federated.iter().any(|provider| provider.contains(":saml-provider/"))
        && keys.into_iter().all(of_provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_of_a_saml_provider_come_in_on_no_condition_but_of_what_it_says_of_them() {
        let statement = |action: &str, condition: Value| {
            let provider = "arn:aws:iam::111122223333:saml-provider/people";
            json!({
                "Effect": "Allow", "Action": [action, "sts:TagSession"], "Principal": { "Federated": provider },
                "Condition": condition,
            })
        };
        let saml = json!({ "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } });
        let open = json!({ "StringLike": { "token.example.com:sub": "repo:a/*", "token.example.com:aud": "sts" } });
        let network = json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } });
        assert!(lets_providers_in(&statement("sts:AssumeRoleWithSAML", saml.clone())));
        assert!(!lets_providers_in(&statement("sts:AssumeRoleWithWebIdentity", open)));
        assert!(!lets_providers_in(&statement("sts:AssumeRoleWithSAML", network)));
        assert!(!lets_providers_in(&statement("sts:AssumeRole", saml)));
    }
}
