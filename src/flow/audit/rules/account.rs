//! What is around the root user: the organization, other administrators, contacts, the password policy.

use super::super::finding::{Evidence, Finding, Rule, Severity, Verdict};
use super::{finding, on, pass_if, unknown};
use crate::aws::posture::{Around, Fact, Facts, PasswordPolicy};

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![on(&facts.security_contact, Rule::SecurityContact, Severity::Medium, |contact| {
        contact.as_ref().map_or((Verdict::Fail, vec![Evidence::NoContact]), |contact| {
            (Verdict::Pass, vec![Evidence::Contact { who: contact.email.clone() }])
        })
    })];
    if let Some(around) = &facts.around {
        findings.extend([central(around), stops_tasks(around), other_admin(around), admin_mfa(around)]);
        findings.push(on(&around.contact, Rule::Contact, Severity::Low, |contact| {
            contact.as_ref().map_or((Verdict::Fail, vec![Evidence::NoContact]), |contact| {
                (Verdict::Pass, vec![Evidence::Contact { who: contact.name.clone() }])
            })
        }));
        findings.push(password_policy(around));
    }
    findings
}

fn central(around: &Around) -> Finding {
    let (rule, severity) = (Rule::CentralRoot, Severity::Medium);
    let Some(central) = &around.central else {
        return finding(rule, severity, Verdict::NotApplicable, vec![Evidence::NotManagement]);
    };
    on(central, rule, severity, |central| {
        let evidence = Evidence::Central {
            trusted: central.trusted,
            credentials: central.credentials,
            sessions: central.sessions,
        };
        (pass_if(central.trusted && central.credentials && central.sessions), vec![evidence])
    })
}

fn stops_tasks(around: &Around) -> Finding {
    let (rule, severity) = (Rule::ScpStopsTasks, Severity::High);
    let Some(scps) = &around.scps else {
        return finding(rule, severity, Verdict::NotApplicable, vec![Evidence::NotManagement]);
    };
    on(scps, rule, severity, |scps| {
        let stops = scps.iter().any(|scp| scp.attached && scp.stops_tasks);
        let mut evidence: Vec<Evidence> = scps
            .iter()
            .map(|scp| Evidence::Policy {
                id: scp.id.clone(),
                name: scp.name.clone(),
                attached: scp.attached,
                stops_tasks: scp.stops_tasks,
            })
            .collect();
        if !stops {
            evidence.push(Evidence::NoPolicyStopsTasks);
        }
        (pass_if(!stops), evidence)
    })
}

/// Root is used daily where nobody else can do the work.
fn other_admin(around: &Around) -> Finding {
    on(&around.admins, Rule::OtherAdmin, Severity::Medium, |admins| {
        let (users, roles) = (admins.users.len(), admins.roles.len());
        (pass_if(users + roles > 0), vec![Evidence::Admins { users, roles }])
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
    let all = Evidence::Admins { users: admins.users.len(), roles: admins.roles.len() };
    finding(rule, severity, verdict, if without.is_empty() { vec![all] } else { without })
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
