//! What is around the root user: the organization, other administrators, contacts, the password policy.

use super::super::finding::{Evidence, Finding, Rule, Severity, Verdict};
use super::{finding, on, pass_if, unknown};
use crate::aws::Partition;
use crate::aws::posture::{Around, Fact, Facts, PasswordPolicy, Stops, Tasks};

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![on(&facts.security_contact, Rule::SecurityContact, Severity::Medium, |contact| {
        contact.as_ref().map_or((Verdict::Fail, vec![Evidence::NoContact]), |contact| {
            (Verdict::Pass, vec![Evidence::Contact { who: contact.email.clone() }])
        })
    })];
    if let Some(around) = &facts.around {
        findings.extend([central(facts, around), stops_tasks(facts, around), other_admin(around), admin_mfa(around)]);
        findings.push(on(&around.contact, Rule::Contact, Severity::Low, |contact| {
            contact.as_ref().map_or((Verdict::Fail, vec![Evidence::NoContact]), |contact| {
                (Verdict::Pass, vec![Evidence::Contact { who: contact.name.clone() }])
            })
        }));
        findings.push(password_policy(around));
    }
    findings
}

/// Why the organization's affairs are none of this account's.
fn not_its_affair(facts: &Facts) -> Vec<Evidence> {
    vec![match Partition::named(&facts.partition).root_signs_in() {
        false => Evidence::NoCentralRoot { partition: facts.partition.clone() },
        true => Evidence::NotManagement,
    }]
}

fn central(facts: &Facts, around: &Around) -> Finding {
    let (rule, severity) = (Rule::CentralRoot, Severity::Medium);
    let Some(central) = &around.central else {
        return finding(rule, severity, Verdict::NotApplicable, not_its_affair(facts));
    };
    on(central, rule, severity, |central| {
        let evidence = Evidence::Central {
            all_features: central.all_features,
            trusted: central.trusted,
            credentials: central.credentials,
            sessions: central.sessions,
        };
        (pass_if(central.trusted && central.credentials && central.sessions), vec![evidence])
    })
}

fn stops_tasks(facts: &Facts, around: &Around) -> Finding {
    let (rule, severity) = (Rule::ScpStopsTasks, Severity::High);
    let Some(scps) = &around.scps else {
        return finding(rule, severity, Verdict::NotApplicable, not_its_affair(facts));
    };
    on(scps, rule, severity, |scps| {
        let in_force = scps.denying.iter().filter(|deny| deny.in_force).map(|deny| &deny.stops);
        let stops: Vec<Stops> =
            in_force.chain(scps.allow_lists.iter().map(|list| &list.stops)).map(Tasks::worst).collect();
        let verdict = match () {
            () if stops.iter().any(|stops| matches!(stops, Stops::Yes(_))) => Verdict::Fail,
            () if stops.iter().any(|stops| matches!(stops, Stops::DependsOn(_))) => Verdict::Unknown,
            () => Verdict::Pass,
        };
        let denying = scps.denying.iter().cloned().map(Evidence::Policy);
        let mut evidence: Vec<Evidence> =
            denying.chain(scps.allow_lists.iter().cloned().map(Evidence::AllowList)).collect();
        if verdict == Verdict::Pass {
            evidence.push(Evidence::NoPolicyStopsTasks);
        }
        (verdict, evidence)
    })
}

/// Root is used daily where nobody else can do the work.
fn other_admin(around: &Around) -> Finding {
    on(&around.admins, Rule::OtherAdmin, Severity::Medium, |admins| {
        let unusable = admins.users.iter().filter(|admin| admin.can_sign_in == Some(false)).count();
        let (users, roles) = (admins.users.len() - unusable, admins.roles.len());
        (pass_if(users + roles > 0), vec![Evidence::Admins { users, roles, unusable }])
    })
}

fn admin_mfa(around: &Around) -> Finding {
    let (rule, severity) = (Rule::AdminMfa, Severity::High);
    let admins = match &around.admins {
        Fact::Known(admins) => admins,
        Fact::Unreadable(why) => return unknown(rule, severity, why),
    };
    let without: Vec<Evidence> = admins
        .users
        .iter()
        .filter(|admin| admin.mfa == Some(false) && admin.can_sign_in == Some(true))
        .map(|admin| Evidence::AdminWithoutMfa { user: admin.name.clone() })
        .collect();
    let verdict = match () {
        () if !without.is_empty() => Verdict::Fail,
        () if admins.users.iter().any(|admin| admin.mfa.is_none()) => Verdict::Unknown,
        () => Verdict::Pass,
    };
    let all = Evidence::Admins { users: admins.users.len(), roles: admins.roles.len(), unusable: 0 };
    let mut finding = finding(rule, severity, verdict, if without.is_empty() { vec![all] } else { without });
    if verdict == Verdict::Unknown {
        finding.unreadable.extend(admins.unread.clone());
    }
    finding
}

/// CIS: 14 characters, and 24 old passwords that cannot come again.
fn password_policy(around: &Around) -> Finding {
    on(&around.password_policy, Rule::PasswordPolicy, Severity::Low, |policy| match policy {
        None => (Verdict::Fail, vec![Evidence::NoPasswordPolicy]),
        Some(PasswordPolicy { length, reuse }) => {
            let evidence = Evidence::PasswordPolicy { length: *length, reuse: *reuse };
            (pass_if(*length >= 14 && *reuse >= 24), vec![evidence])
        }
    })
}
