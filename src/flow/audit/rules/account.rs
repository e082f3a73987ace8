//! What is around the root user: the organization, other administrators, contacts, the password policy.

use super::super::finding::{Evidence, Finding, Severity, Verdict};
use super::super::rule::{Benchmark, Rule, RuleInfo, Titles};
use super::{finding, on, pass_if, unknown};
use crate::aws::Partition;
use crate::aws::posture::{Admin, Fact, Facts, PasswordPolicy, Stops, Surroundings, Tasks};

/// Why the organization's affairs are none of this account's.
fn not_its_affair(facts: &Facts) -> Vec<Evidence> {
    vec![match Partition::named(&facts.partition).root_signs_in() {
        false => Evidence::NoCentralRoot { partition: facts.partition.clone() },
        true => Evidence::NotManagement,
    }]
}

pub(super) const CENTRAL: RuleInfo = RuleInfo {
    id: Rule::CentralRoot,
    severity: Severity::Medium,
    fails_when: "IAM is not trusted, or one of the two root features is off",
    why: "with both features on, members need no root credentials, and locked buckets and queues can be opened without them",
    benchmarks: &[(Benchmark::CisV7, "2.1.1"), (Benchmark::Prowler, "iam_root_credentials_management_enabled")],
    titles: Titles::new(
        "members' root users are managed centrally",
        "members' root users are not managed centrally",
        "the organization's root features",
    )
    .not_applicable("central root management is not this account's affair")
    .by_evidence(|_, evidence| {
        let nowhere = matches!(evidence, [Evidence::NoCentralRoot { .. }]);
        nowhere.then(|| "there is no central root management here".to_owned())
    }),
    check: |facts| Some(central(facts, facts.around.as_ref()?)),
};

fn central(facts: &Facts, around: &Surroundings) -> Finding {
    let rule = &CENTRAL;
    let Some(central) = &around.central else {
        return finding(rule, Verdict::NotApplicable, not_its_affair(facts));
    };
    on(central, rule, |central| {
        let evidence = Evidence::Central {
            all_features: central.all_features,
            trusted: central.trusted,
            credentials: central.credentials,
            sessions: central.sessions,
        };
        (pass_if(central.trusted && central.credentials && central.sessions), vec![evidence])
    })
}

pub(super) const STOPS_TASKS: RuleInfo = RuleInfo {
    id: Rule::ScpStopsTasks,
    severity: Severity::High,
    fails_when: "a policy that is attached denies AssumeRoot's sessions what their tasks need, or a level does not allow it",
    why: "a session of AssumeRoot has root's ARN, so a policy against root stops it too, as does a level that does not allow what it calls: neither audit nor removal works then",
    benchmarks: &[],
    titles: Titles::new(
        "no service control policy stops AssumeRoot tasks",
        "service control policies stop AssumeRoot tasks",
        "the organization's service control policies",
    )
    .not_applicable("service control policies are not this account's affair"),
    check: |facts| Some(stops_tasks(facts, facts.around.as_ref()?)),
};

fn stops_tasks(facts: &Facts, around: &Surroundings) -> Finding {
    let rule = &STOPS_TASKS;
    let Some(scps) = &around.scps else {
        return finding(rule, Verdict::NotApplicable, not_its_affair(facts));
    };
    on(scps, rule, |scps| {
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

pub(super) const OTHER_ADMIN: RuleInfo = RuleInfo {
    id: Rule::OtherAdmin,
    severity: Severity::Medium,
    fails_when: "no user or role beside root can do everything",
    why: "where nobody else can do the work, root is used for it",
    benchmarks: &[],
    titles: Titles::new(
        "there are administrators beside root",
        "nobody but root can administer the account",
        "whether there are administrators beside root",
    ),
    check: |facts| facts.around.as_ref().map(other_admin),
};

/// Root is used daily where nobody else can do the work.
fn other_admin(around: &Surroundings) -> Finding {
    let mut finding = on(&around.admins, &OTHER_ADMIN, |admins| {
        // Who could only make themselves an administrator is none that the account can count on.
        let is_one = |admin: &&Admin| admin.certain && admin.outright;
        let certain = admins.users.iter().filter(is_one);
        let (unusable, users): (Vec<_>, Vec<_>) = certain.partition(|admin| admin.can_sign_in == Some(false));
        let usable = users.iter().any(|admin| admin.can_sign_in == Some(true));
        let verdict = match () {
            () if usable || !admins.roles.is_empty() => Verdict::Pass,
            () if !users.is_empty() || admins.users.iter().any(|admin| !is_one(&admin)) => Verdict::Unknown,
            () => Verdict::Fail,
        };
        let (unusable, users, roles) = (unusable.len(), users.len(), admins.roles.len());
        (verdict, vec![Evidence::Admins { users, roles, unusable }])
    });
    say_unread(&mut finding, around);
    finding
}

/// What could not be read of the administrators, where that leaves a verdict open.
fn say_unread(finding: &mut Finding, around: &Surroundings) {
    if finding.verdict == Verdict::Unknown
        && let Fact::Known(admins) = &around.admins
    {
        finding.unreadable.extend(admins.unread.clone());
    }
}

pub(super) const ADMIN_MFA: RuleInfo = RuleInfo {
    id: Rule::AdminMfa,
    severity: Severity::High,
    fails_when: "a user who can do everything, and can sign in, has no MFA",
    why: "an administrator without MFA is as good as root without MFA",
    benchmarks: &[
        (Benchmark::CisV3, "1.10"),
        (Benchmark::CisV5, "1.9"),
        (Benchmark::CisV6, "2.9"),
        (Benchmark::CisV7, "2.10"),
        (Benchmark::SecurityHub, "IAM.5"),
        (Benchmark::Config, "mfa-enabled-for-iam-console-access"),
        (Benchmark::Prowler, "iam_administrator_access_with_mfa"),
    ],
    titles: Titles::new(
        "every administrator has MFA",
        "an administrator has no MFA",
        "whether every administrator has MFA",
    ),
    check: |facts| facts.around.as_ref().map(admin_mfa),
};

fn admin_mfa(around: &Surroundings) -> Finding {
    let rule = &ADMIN_MFA;
    let admins = match &around.admins {
        Fact::Known(admins) => admins,
        Fact::Unreadable(why) => return unknown(rule, why),
    };
    let may_lack = |admin: &Admin| admin.mfa != Some(true) && admin.can_sign_in != Some(false);
    let without = |certain: bool| {
        admins.users.iter().filter(move |admin| {
            admin.certain == certain && admin.mfa == Some(false) && admin.can_sign_in == Some(true)
        })
    };
    let sure = without(true).map(|admin| Evidence::AdminWithoutMfa { user: admin.name.clone() });
    let perhaps = without(false).map(|admin| Evidence::PerhapsAdminWithoutMfa { user: admin.name.clone() });
    let is_sure = without(true).next().is_some();
    let without: Vec<Evidence> = sure.chain(perhaps).collect();
    let verdict = match () {
        () if is_sure => Verdict::Fail,
        () if !without.is_empty() => Verdict::Unknown,
        () if admins.users.iter().any(may_lack) => Verdict::Unknown,
        () => Verdict::Pass,
    };
    let all = Evidence::Admins {
        users: admins.users.iter().filter(|admin| admin.certain).count(),
        roles: admins.roles.len(),
        unusable: 0,
    };
    let mut finding = finding(rule, verdict, if without.is_empty() { vec![all] } else { without });
    say_unread(&mut finding, around);
    finding
}

pub(super) const PASSWORD_POLICY: RuleInfo = RuleInfo {
    id: Rule::PasswordPolicy,
    severity: Severity::Low,
    fails_when: "fewer than 14 characters or 24 old passwords",
    why: "short and repeated passwords are guessed",
    benchmarks: &[
        (Benchmark::CisV3, "1.8, 1.9"),
        (Benchmark::CisV5, "1.7, 1.8"),
        (Benchmark::CisV6, "2.7, 2.8"),
        (Benchmark::CisV7, "2.8, 2.9"),
        (Benchmark::SecurityHub, "IAM.15, IAM.16"),
        (Benchmark::Config, "iam-password-policy"),
        (Benchmark::Prowler, "iam_password_policy_minimum_length_14, iam_password_policy_reuse_24"),
    ],
    titles: Titles::new("the password policy is strict", "the password policy is weak", "the password policy"),
    check: |facts| facts.around.as_ref().map(password_policy),
};

/// CIS: 14 characters, and 24 old passwords that cannot come again.
fn password_policy(around: &Surroundings) -> Finding {
    on(&around.password_policy, &PASSWORD_POLICY, |policy| match policy {
        None => (Verdict::Fail, vec![Evidence::NoPasswordPolicy]),
        Some(PasswordPolicy { length, reuse }) => {
            let evidence = Evidence::PasswordPolicy { length: *length, reuse: *reuse };
            (pass_if(*length >= 14 && *reuse >= 24), vec![evidence])
        }
    })
}

pub(super) const CONTACT: RuleInfo = RuleInfo {
    id: Rule::Contact,
    severity: Severity::Low,
    fails_when: "the account has no contact",
    why: "AWS writes to the account's contact before it acts",
    benchmarks: &[
        (Benchmark::CisV3, "1.1"),
        (Benchmark::CisV5, "1.1"),
        (Benchmark::CisV6, "2.1"),
        (Benchmark::CisV7, "2.2"),
        (Benchmark::Prowler, "account_maintain_current_contact_details"),
    ],
    titles: Titles::new("there is a contact", "the account has no contact", "the account's contact"),
    check: |facts| facts.around.as_ref().map(contact),
};

fn contact(around: &Surroundings) -> Finding {
    on(&around.contact, &CONTACT, |contact| {
        contact.as_ref().map_or((Verdict::Fail, vec![Evidence::NoContact]), |contact| {
            (Verdict::Pass, vec![Evidence::Contact { who: contact.name.clone() }])
        })
    })
}

pub(super) const SECURITY_CONTACT: RuleInfo = RuleInfo {
    id: Rule::SecurityContact,
    severity: Severity::Medium,
    fails_when: "there is no security contact",
    why: "AWS tells the security contact about abuse and exposed keys",
    benchmarks: &[
        (Benchmark::CisV3, "1.2"),
        (Benchmark::CisV5, "1.2"),
        (Benchmark::CisV6, "2.2"),
        (Benchmark::CisV7, "2.3"),
        (Benchmark::SecurityHub, "Account.1"),
        (Benchmark::Config, "security-account-information-provided"),
        (Benchmark::Prowler, "account_security_contact_information_is_registered"),
    ],
    titles: Titles::new("there is a security contact", "there is no security contact", "the security contact"),
    check: |facts| Some(security_contact(facts)),
};

fn security_contact(facts: &Facts) -> Finding {
    on(&facts.security_contact, &SECURITY_CONTACT, |contact| {
        contact.as_ref().map_or((Verdict::Fail, vec![Evidence::NoContact]), |contact| {
            (Verdict::Pass, vec![Evidence::Contact { who: contact.email.clone() }])
        })
    })
}
