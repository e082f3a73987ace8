//! GetAccountAuthorizationDetails: everyone and every policy in one list, as far as this account has them.

use super::super::state::{Group, Policies, Role, User};
use super::super::wire::Xml;
use super::super::{Ctx, Outcome, managed};
use super::{groups, policies, roles, users};

enum Entry<'s> {
    User(&'s User),
    Group(&'s Group),
    Role(&'s Role),
    /// A managed policy: its ARN, name and text.
    Policy(String, &'s str, &'s str),
}

/// The four lists are one list in pages: an item is on one page only, whatever its kind.
pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let state = &*ctx.state;
    let filter = ctx.form.members("Filter");
    let wanted = |kind: &str| filter.is_empty() || filter.contains(&kind);
    let mut all: Vec<(String, Entry<'_>)> = Vec::new();
    if wanted("User") {
        all.extend(state.users.values().map(|user| (format!("1 {}", user.name), Entry::User(user))));
    }
    if wanted("Group") {
        all.extend(state.groups.values().map(|group| (format!("2 {}", group.name), Entry::Group(group))));
    }
    if wanted("Role") {
        all.extend(state.roles.values().map(|role| (format!("3 {}", role.name), Entry::Role(role))));
    }
    if wanted("LocalManagedPolicy") {
        let own = state.managed.iter().map(|(arn, own)| Entry::Policy(arn.clone(), &own.name, &own.text));
        all.extend(own.map(|entry| (key(&entry), entry)));
    }
    if wanted("AWSManagedPolicy") {
        let attached = state.users.values().map(|user| &user.policies);
        let attached = attached.chain(state.groups.values().map(|group| &group.policies));
        let attached = attached.chain(state.roles.values().map(|role| &role.policies));
        let arns: std::collections::BTreeSet<&String> = attached.flat_map(|policies| &policies.attached).collect();
        let known = arns.into_iter().filter_map(|arn| Some((arn, managed::of_aws(arn)?)));
        let entries = known.map(|(arn, known)| Entry::Policy(arn.clone(), known.name, known.text));
        all.extend(entries.map(|entry| (key(&entry), entry)));
    }
    let mut xml = Xml::default();
    super::in_page(ctx, all, |shown, more| {
        let of = |pick: fn(&Entry<'_>) -> bool| shown.iter().filter(move |entry| pick(entry));
        xml.list("UserDetailList", of(|e| matches!(e, Entry::User(_))), |xml, entry| write(xml, ctx, entry));
        xml.list("GroupDetailList", of(|e| matches!(e, Entry::Group(_))), |xml, entry| write(xml, ctx, entry));
        xml.list("RoleDetailList", of(|e| matches!(e, Entry::Role(_))), |xml, entry| write(xml, ctx, entry));
        xml.list("Policies", of(|e| matches!(e, Entry::Policy(..))), |xml, entry| write(xml, ctx, entry));
        super::write_truncation(&mut xml, more);
    })?;
    Ok(xml)
}

fn key(entry: &Entry<'_>) -> String {
    match entry {
        Entry::Policy(arn, ..) => format!("4 {arn}"),
        _ => String::new(),
    }
}

fn write(xml: &mut Xml, ctx: &Ctx<'_>, entry: &Entry<'_>) {
    let state = &*ctx.state;
    match entry {
        Entry::User(user) => {
            users::write(xml, state, user);
            write_policies(xml, "UserPolicyList", &user.policies);
            let own = state.groups.values().filter(|group| group.members.contains(&user.name));
            xml.element("GroupList", |xml| own.for_each(|group| xml.text("member", &group.name)));
            if !user.tags.is_empty() {
                super::tags::write(xml, &user.tags);
            }
        }
        Entry::Group(group) => {
            groups::write(xml, state, group);
            write_policies(xml, "GroupPolicyList", &group.policies);
        }
        Entry::Role(role) => {
            roles::write(xml, state, role);
            write_policies(xml, "RolePolicyList", &role.policies);
        }
        Entry::Policy(arn, name, text) => {
            policies::write_managed(xml, state, arn, name);
            let versions = std::iter::once(text);
            xml.list("PolicyVersionList", versions, |xml, text| policies::write_version(xml, state, text));
        }
    }
}

fn write_policies(xml: &mut Xml, list: &str, policies: &Policies) {
    xml.list(list, &policies.inline, |xml, (name, (text, _))| {
        xml.text("PolicyName", name);
        xml.text("PolicyDocument", &policies::percent(text));
    });
    xml.list("AttachedManagedPolicies", &policies.attached, |xml, arn| policies::write_attached(xml, arn));
}
