//! The root user: factors, keys, certificates, password, use.

use super::super::finding::{Evidence, Finding, Severity, Verdict};
use super::super::rule::{Benchmark, Rule, RuleInfo, Titles};
use super::{RECENT_DAYS, days, finding, on, pass_if, unknown};
use crate::aws::DeviceKind;
use crate::aws::Partition;
use crate::aws::posture::{Certificates, Fact, Factors, Facts, LastUse, OrgMembership, RootKey, Unreadable};
use std::time::SystemTime;

/// What root can sign in with.
enum SignIn {
    /// It has a password, or it cannot be told that it has none.
    Possible,
    NoPassword,
    /// It has no password, no key and no certificate.
    Nothing,
}

fn sign_in(facts: &Facts) -> SignIn {
    match facts.root.summary.known() {
        Some(summary) if summary.password == Some(false) => match (summary.keys, summary.certificates) {
            (Some(false), Some(false)) => SignIn::Nothing,
            _ => SignIn::NoPassword,
        },
        _ => SignIn::Possible,
    }
}

/// Where root has no password, or nowhere to use it, its factors do not matter.
fn no_sign_in(facts: &Facts) -> Option<Evidence> {
    if !Partition::named(&facts.partition).root_signs_in() {
        return Some(Evidence::NoSignIn { partition: facts.partition.clone() });
    }
    match sign_in(facts) {
        SignIn::Possible => None,
        SignIn::NoPassword => Some(Evidence::NoPassword),
        SignIn::Nothing => Some(Evidence::NoCredentials { managed: is_member(facts) }),
    }
}

fn is_member(facts: &Facts) -> bool {
    matches!(facts.standing, Fact::Known(OrgMembership::Member(_)))
}

/// Whether root has a factor: as the summary says, or as is seen.
fn has_mfa(facts: &Facts) -> Result<bool, &Unreadable> {
    match (&facts.root.summary, &facts.root.factors) {
        (_, Fact::Known(factors)) if factors.at_least() > 0 => Ok(true),
        (Fact::Known(summary), factors) => match (summary.mfa, factors) {
            (Some(enabled), _) => Ok(enabled),
            (None, Fact::Known(factors)) => Ok(factors.at_least() > 0),
            (None, Fact::Unreadable(why)) => Err(why),
        },
        (Fact::Unreadable(_), Fact::Known(factors)) if factors.at_most() == Some(0) => Ok(false),
        (Fact::Unreadable(why), _) => Err(why),
    }
}

fn listed(factors: &Factors) -> Vec<Evidence> {
    let factor = |factor: &crate::aws::posture::Factor| Evidence::Factor {
        serial: factor.serial.clone(),
        kind: factor.kind,
        enabled: factor.enabled,
    };
    let mut evidence: Vec<Evidence> = factors.seen.iter().map(factor).collect();
    if factors.unseen_at_least > 0 || factors.unseen_at_most != Some(0) {
        evidence.push(Evidence::UnseenFactors {
            at_least: factors.unseen_at_least as usize,
            at_most: factors.unseen_at_most.map(|most| most as usize),
        });
    }
    evidence
}

pub(super) const MFA: RuleInfo = RuleInfo {
    id: Rule::RootMfa,
    severity: Severity::Critical,
    fails_when: "root can sign in and has no factor",
    why: "whoever has root's password, or its mailbox, owns the account",
    benchmarks: &[
        (Benchmark::CisV3, "1.5"),
        (Benchmark::CisV5, "1.4"),
        (Benchmark::CisV6, "2.4"),
        (Benchmark::CisV7, "2.5"),
        (Benchmark::SecurityHub, "IAM.9"),
        (Benchmark::Config, "root-account-mfa-enabled"),
        (Benchmark::Prowler, "iam_root_mfa_enabled"),
    ],
    titles: Titles::new("root has MFA", "root has no MFA", "whether root has MFA")
        .not_applicable("root has no password, so no MFA is needed")
        .by_evidence(|verdict, evidence| {
            let why = match (verdict, evidence.first()?) {
                (Verdict::NotApplicable, Evidence::NoCredentials { .. }) => {
                    "root has no credentials, so no MFA is needed"
                }
                (Verdict::NotApplicable, Evidence::NoSignIn { .. }) => "root cannot sign in, so no MFA is needed",
                _ => return None,
            };
            Some(why.to_owned())
        }),
    check: |facts| Some(mfa(facts)),
};

fn mfa(facts: &Facts) -> Finding {
    let rule = &MFA;
    if let Some(why) = no_sign_in(facts) {
        return finding(rule, Verdict::NotApplicable, vec![why]);
    }
    match has_mfa(facts) {
        Ok(enabled) => {
            let mut evidence = vec![Evidence::MfaEnabled(enabled)];
            evidence.extend(facts.root.factors.known().map(listed).unwrap_or_default());
            finding(rule, pass_if(enabled), evidence)
        }
        Err(why) => unknown(rule, why),
    }
}

/// The questions about what kind the factors are arise only where root can sign in and has one.
fn on_factors(
    facts: &Facts,
    rule: &'static RuleInfo,
    check: impl FnOnce(&Factors) -> (Verdict, Vec<Evidence>),
) -> Finding {
    if let Some(why) = no_sign_in(facts) {
        return finding(rule, Verdict::NotApplicable, vec![why]);
    }
    match has_mfa(facts) {
        Ok(false) if rule.id != Rule::RootHardwareMfa => {
            finding(rule, Verdict::NotApplicable, vec![Evidence::MfaEnabled(false)])
        }
        Ok(_) => {
            let mut finding = on(&facts.root.factors, rule, check);
            if finding.verdict == Verdict::Unknown {
                finding.unreadable.extend(facts.root.factors.known().and_then(|factors| factors.uncounted.clone()));
            }
            finding
        }
        Err(why) => unknown(rule, why),
    }
}

pub(super) const HARDWARE: RuleInfo = RuleInfo {
    id: Rule::RootHardwareMfa,
    severity: Severity::High,
    fails_when: "no factor is a security key or a hardware token",
    why: "a virtual device is a secret that can be copied or phished; a hardware key is neither",
    benchmarks: &[
        (Benchmark::CisV3, "1.6"),
        (Benchmark::CisV5, "1.5"),
        (Benchmark::CisV6, "2.5"),
        (Benchmark::CisV7, "2.6"),
        (Benchmark::SecurityHub, "IAM.6"),
        (Benchmark::Config, "root-account-hardware-mfa-enabled"),
        (Benchmark::Prowler, "iam_root_hardware_mfa_enabled"),
    ],
    titles: Titles::new(
        "root has a hardware factor",
        "root has only virtual MFA",
        "whether root has a hardware factor",
    )
    .not_applicable("no hardware factor is needed")
    .by_evidence(|_, evidence| {
        let no_other = matches!(evidence, [Evidence::MfaEnabled(false)]);
        no_other.then(|| "root has no hardware factor, and no other".to_owned())
    }),
    check: |facts| Some(hardware(facts)),
};

fn hardware(facts: &Facts) -> Finding {
    let rule = &HARDWARE;
    on_factors(facts, rule, |factors| {
        let verdict = match (factors.hardware_at_least(), factors.hardware_at_most()) {
            (1.., _) => Verdict::Pass,
            (0, Some(0)) => Verdict::Fail,
            _ => Verdict::Unknown,
        };
        let evidence = if factors.at_most() == Some(0) { vec![Evidence::MfaEnabled(false)] } else { listed(factors) };
        (verdict, evidence)
    })
}

pub(super) const VIRTUAL_LEFT: RuleInfo = RuleInfo {
    id: Rule::RootVirtualMfa,
    severity: Severity::Medium,
    fails_when: "a virtual device is enabled beside hardware",
    why: "AWS accepts any one of root's factors, so the weakest decides",
    benchmarks: &[
        (Benchmark::CisV3, "1.6"),
        (Benchmark::CisV5, "1.5"),
        (Benchmark::CisV6, "2.5"),
        (Benchmark::CisV7, "2.6"),
        (Benchmark::SecurityHub, "IAM.6"),
        (Benchmark::Config, "root-account-hardware-mfa-enabled"),
        (Benchmark::Prowler, "iam_root_hardware_mfa_enabled"),
    ],
    titles: Titles::new(
        "root has no virtual factor",
        "root has a virtual factor beside the hardware",
        "whether root has hardware beside its virtual factor",
    )
    .not_applicable("no virtual factor beside hardware"),
    check: |facts| Some(virtual_left(facts)),
};

/// Beside a hardware factor, a virtual one is a weaker way in. Without one, the rule above has said it.
fn virtual_left(facts: &Facts) -> Finding {
    let rule = &VIRTUAL_LEFT;
    on_factors(facts, rule, |factors| {
        let verdict = match (factors.virtual_ones(), factors.hardware_at_least(), factors.hardware_at_most()) {
            (0, ..) => Verdict::Pass,
            (_, 1.., _) => Verdict::Fail,
            (_, 0, Some(0)) => Verdict::NotApplicable,
            _ => Verdict::Unknown,
        };
        let is_virtual = |evidence: &Evidence| matches!(evidence, Evidence::Factor { kind: DeviceKind::Virtual, .. });
        (verdict, listed(factors).into_iter().filter(is_virtual).collect())
    })
}

pub(super) const TWO_FACTORS: RuleInfo = RuleInfo {
    id: Rule::RootTwoFactors,
    severity: Severity::Medium,
    fails_when: "there is only one factor",
    why: "the loss of the only factor leaves no way in but AWS support",
    benchmarks: &[],
    titles: Titles::new(
        "root has a second factor",
        "root has one factor: losing it locks root out",
        "whether root has a second factor",
    )
    .not_applicable("no second factor is needed"),
    check: |facts| Some(two_factors(facts)),
};

fn two_factors(facts: &Facts) -> Finding {
    on_factors(facts, &TWO_FACTORS, |factors| {
        let verdict = match (factors.at_least(), factors.at_most()) {
            (2.., _) => Verdict::Pass,
            (_, Some(0 | 1)) => Verdict::Fail,
            _ => Verdict::Unknown,
        };
        (verdict, vec![Evidence::FactorCount { at_least: factors.at_least(), at_most: factors.at_most() }])
    })
}

fn since(used: LastUse, now: SystemTime) -> Option<u64> {
    match used {
        LastUse::At(moment) => Some(days(moment, now)),
        LastUse::Untold | LastUse::Never => None,
    }
}

fn key_evidence(key: &RootKey, now: SystemTime) -> Evidence {
    Evidence::AccessKey { id: key.id.clone(), active: key.active, used: key.used, days: since(key.used, now) }
}

pub(super) const ACCESS_KEYS: RuleInfo = RuleInfo {
    id: Rule::RootAccessKeys,
    severity: Severity::Critical,
    fails_when: "root has an access key, active or not",
    why: "a root access key can do everything, needs no MFA, and cannot be limited by a policy; an inactive one can be switched on again",
    benchmarks: &[
        (Benchmark::CisV3, "1.4"),
        (Benchmark::CisV5, "1.3"),
        (Benchmark::CisV6, "2.3"),
        (Benchmark::CisV7, "2.4"),
        (Benchmark::SecurityHub, "IAM.4"),
        (Benchmark::Config, "iam-root-access-key-check"),
        (Benchmark::Prowler, "iam_no_root_access_key"),
    ],
    titles: Titles::new("no root access keys", "root has access keys", "whether root has access keys"),
    check: |facts| Some(access_keys(facts)),
};

/// An inactive key counts: root can switch it on again, and nobody would notice.
fn access_keys(facts: &Facts) -> Finding {
    let rule = &ACCESS_KEYS;
    // The summary counts inactive keys too, and is worth more than a report that is hours old.
    if let (Some(true), Fact::Unreadable(_)) =
        (facts.root.summary.known().and_then(|summary| summary.keys), &facts.root.keys)
    {
        return finding(rule, Verdict::Fail, vec![Evidence::SomeAccessKeys]);
    }
    on(&facts.root.keys, rule, |keys| {
        (pass_if(keys.is_empty()), keys.iter().map(|key| key_evidence(key, facts.at)).collect())
    })
}

pub(super) const CERTIFICATES: RuleInfo = RuleInfo {
    id: Rule::RootCertificates,
    severity: Severity::High,
    fails_when: "root has a signing certificate",
    why: "a signing certificate of root signs requests without MFA, as an access key does",
    benchmarks: &[],
    titles: Titles::new(
        "no root signing certificates",
        "root has signing certificates",
        "whether root has signing certificates",
    ),
    check: |facts| Some(certificates(facts)),
};

fn certificates(facts: &Facts) -> Finding {
    let rule = &CERTIFICATES;
    if let (Some(true), Fact::Unreadable(_)) =
        (facts.root.summary.known().and_then(|summary| summary.certificates), &facts.root.certificates)
    {
        return finding(rule, Verdict::Fail, vec![Evidence::SomeCertificates]);
    }
    on(&facts.root.certificates, rule, |Certificates { active, present }| {
        (pass_if(*present == 0), vec![Evidence::Certificates { active: *active, present: *present }])
    })
}

pub(super) const USE: RuleInfo = RuleInfo {
    id: Rule::RootUse,
    severity: Severity::Medium,
    fails_when: "password or key was used in the last 90 days",
    why: "root is for the few tasks nothing else can do; routine use hides abuse",
    benchmarks: &[
        (Benchmark::CisV3, "1.7"),
        (Benchmark::CisV5, "1.6"),
        (Benchmark::CisV6, "2.6"),
        (Benchmark::CisV7, "2.7"),
        (Benchmark::SecurityHub, "IAM.20"),
        (Benchmark::Prowler, "iam_avoid_root_usage"),
    ],
    titles: Titles::new("root was never used", "root was used lately", "when root was last used")
        .not_applicable("root has nothing to be used with")
        .by_evidence(|verdict, evidence| (verdict == Verdict::Pass).then(|| unused(evidence))),
    check: |facts| Some(usage(facts)),
};

fn usage(facts: &Facts) -> Finding {
    let rule = &USE;
    if let SignIn::Nothing = sign_in(facts) {
        let managed = is_member(facts);
        return finding(rule, Verdict::NotApplicable, vec![Evidence::NoCredentials { managed }]);
    }
    let recent = |used: LastUse| since(used, facts.at).is_some_and(|days| days < RECENT_DAYS);
    let mut evidence = Vec::new();
    let mut unreadable = Vec::new();
    let mut used_recently = false;
    let mut untold = false;
    // Without a password, or a place to use it, there is nothing to tell.
    let no_password =
        matches!(sign_in(facts), SignIn::NoPassword) || !Partition::named(&facts.partition).root_signs_in();
    match &facts.root.password_used {
        Fact::Known(used) => {
            used_recently |= recent(*used);
            untold |= *used == LastUse::Untold && !no_password;
            evidence.push(Evidence::PasswordUsed { used: *used, days: since(*used, facts.at) });
        }
        Fact::Unreadable(why) => unreadable.push(why.clone()),
    }
    match &facts.root.keys {
        Fact::Known(keys) => {
            for key in keys {
                used_recently |= recent(key.used);
                untold |= key.active && key.used == LastUse::Untold;
                unreadable.extend(key.unread.clone().filter(|_| key.active));
                evidence.push(key_evidence(key, facts.at));
            }
        }
        Fact::Unreadable(why) => unreadable.push(why.clone()),
    }
    let verdict = match () {
        () if used_recently => Verdict::Fail,
        () if untold || !unreadable.is_empty() => Verdict::Unknown,
        () => Verdict::Pass,
    };
    Finding { rule, verdict, evidence, unreadable }
}

pub(super) const CREDENTIALS: RuleInfo = RuleInfo {
    id: Rule::RootCredentials,
    severity: Severity::Low,
    fails_when: "root of a member account has a password",
    why: "credentials that do not exist cannot be stolen; the organization can give them back for a task",
    benchmarks: &[],
    titles: Titles::new(
        "root has no password",
        "root of a member account has a password",
        "whether root of a member account has credentials",
    )
    .not_applicable("root credentials are not managed centrally here")
    .by_evidence(|_, evidence| {
        let own = matches!(evidence, [Evidence::IsManagement]);
        own.then(|| "a management account's root credentials are its own".to_owned())
    }),
    check: |facts| Some(credentials(facts)),
};

/// A member's root user needs no credentials: its organization can remove them, and give them back for an hour.
fn credentials(facts: &Facts) -> Finding {
    let rule = &CREDENTIALS;
    if !Partition::named(&facts.partition).root_signs_in() {
        let evidence = vec![Evidence::NoSignIn { partition: facts.partition.clone() }];
        return finding(rule, Verdict::NotApplicable, evidence);
    }
    match &facts.standing {
        Fact::Known(OrgMembership::Member(_)) => {}
        Fact::Known(OrgMembership::Management) => {
            return finding(rule, Verdict::NotApplicable, vec![Evidence::IsManagement]);
        }
        Fact::Known(OrgMembership::Alone) => {
            return finding(rule, Verdict::NotApplicable, vec![Evidence::NotManagement]);
        }
        Fact::Unreadable(why) => return unknown(rule, why),
    }
    match &facts.root.summary {
        Fact::Unreadable(why) => unknown(rule, why),
        Fact::Known(summary) => match (sign_in(facts), summary.password) {
            (SignIn::Nothing, _) => finding(rule, Verdict::Pass, vec![Evidence::NoCredentials { managed: true }]),
            // Keys and certificates have rules of their own.
            (SignIn::NoPassword, _) => finding(rule, Verdict::Pass, vec![Evidence::NoPassword]),
            (SignIn::Possible, Some(_)) => finding(rule, Verdict::Fail, vec![Evidence::Password]),
            (SignIn::Possible, None) => finding(rule, Verdict::Unknown, vec![Evidence::PasswordUntold]),
        },
    }
}

fn unused(evidence: &[Evidence]) -> String {
    let days = evidence.iter().filter_map(|one| match one {
        Evidence::PasswordUsed { days, .. } | Evidence::AccessKey { days, .. } => *days,
        _ => None,
    });
    match days.min() {
        None => "root was never used".to_owned(),
        Some(1) => "root not used for 1 day".to_owned(),
        Some(days) => format!("root not used for {days} days"),
    }
}
