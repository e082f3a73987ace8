//! The root user: factors, keys, certificates, password, use.

use super::super::finding::{Evidence, Finding, Rule, Severity, Verdict};
use super::{RECENT_DAYS, days, finding, on, pass_if, unknown};
use crate::aws::DeviceKind;
use crate::aws::Partition;
use crate::aws::posture::{Certificates, Fact, Factors, Facts, LastUse, RootKey, Standing, Unreadable};
use std::time::SystemTime;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    vec![
        mfa(facts),
        hardware(facts),
        virtual_left(facts),
        two_factors(facts),
        access_keys(facts),
        certificates(facts),
        usage(facts),
        credentials(facts),
    ]
}

/// What root can sign in with.
enum SignIn {
    /// It has a password, or it cannot be told that it has none.
    Possible,
    /// It has no password.
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
    matches!(facts.standing, Fact::Known(Standing::Member(_)))
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

fn mfa(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootMfa, Severity::Critical);
    if let Some(why) = no_sign_in(facts) {
        return finding(rule, severity, Verdict::NotApplicable, vec![why]);
    }
    match has_mfa(facts) {
        Ok(enabled) => {
            let mut evidence = vec![Evidence::MfaEnabled(enabled)];
            evidence.extend(facts.root.factors.known().map(listed).unwrap_or_default());
            finding(rule, severity, pass_if(enabled), evidence)
        }
        Err(why) => unknown(rule, severity, why),
    }
}

/// The questions about what kind the factors are arise only where root can sign in and has one.
fn on_factors(
    facts: &Facts,
    rule: Rule,
    severity: Severity,
    judge: impl FnOnce(&Factors) -> (Verdict, Vec<Evidence>),
) -> Finding {
    if let Some(why) = no_sign_in(facts) {
        return finding(rule, severity, Verdict::NotApplicable, vec![why]);
    }
    match has_mfa(facts) {
        Ok(false) if rule != Rule::RootHardwareMfa => {
            finding(rule, severity, Verdict::NotApplicable, vec![Evidence::MfaEnabled(false)])
        }
        Ok(_) => {
            let mut finding = on(&facts.root.factors, rule, severity, judge);
            if finding.verdict == Verdict::Unknown {
                finding.unreadable.extend(facts.root.factors.known().and_then(|factors| factors.uncounted.clone()));
            }
            finding
        }
        Err(why) => unknown(rule, severity, why),
    }
}

fn hardware(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootHardwareMfa, Severity::High);
    on_factors(facts, rule, severity, |factors| {
        let verdict = match (factors.hardware_at_least(), factors.hardware_at_most()) {
            (1.., _) => Verdict::Pass,
            (0, Some(0)) => Verdict::Fail,
            _ => Verdict::Unknown,
        };
        let evidence = if factors.at_most() == Some(0) { vec![Evidence::MfaEnabled(false)] } else { listed(factors) };
        (verdict, evidence)
    })
}

/// Beside a hardware factor, a virtual one is a weaker way in. Without one, the rule above has said it.
fn virtual_left(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootVirtualMfa, Severity::Medium);
    on_factors(facts, rule, severity, |factors| {
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

fn two_factors(facts: &Facts) -> Finding {
    on_factors(facts, Rule::RootTwoFactors, Severity::Medium, |factors| {
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

/// An inactive key counts: root can switch it on again, and nobody would notice.
fn access_keys(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootAccessKeys, Severity::Critical);
    // The summary counts inactive keys too, and is worth more than a report that is hours old.
    if let (Some(true), Fact::Unreadable(_)) =
        (facts.root.summary.known().and_then(|summary| summary.keys), &facts.root.keys)
    {
        return finding(rule, severity, Verdict::Fail, vec![Evidence::SomeAccessKeys]);
    }
    on(&facts.root.keys, rule, severity, |keys| {
        (pass_if(keys.is_empty()), keys.iter().map(|key| key_evidence(key, facts.at)).collect())
    })
}

fn certificates(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootCertificates, Severity::High);
    if let (Some(true), Fact::Unreadable(_)) =
        (facts.root.summary.known().and_then(|summary| summary.certificates), &facts.root.certificates)
    {
        return finding(rule, severity, Verdict::Fail, vec![Evidence::SomeCertificates]);
    }
    on(&facts.root.certificates, rule, severity, |Certificates { active, present }| {
        (pass_if(*present == 0), vec![Evidence::Certificates { active: *active, present: *present }])
    })
}

fn usage(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootUse, Severity::Medium);
    if let SignIn::Nothing = sign_in(facts) {
        let managed = is_member(facts);
        return finding(rule, severity, Verdict::NotApplicable, vec![Evidence::NoCredentials { managed }]);
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
    Finding { rule, verdict, severity, evidence, unreadable }
}

/// A member's root user needs no credentials: its organization can remove them, and give them back for an hour.
fn credentials(facts: &Facts) -> Finding {
    let (rule, severity) = (Rule::RootCredentials, Severity::Low);
    if !Partition::named(&facts.partition).root_signs_in() {
        let evidence = vec![Evidence::NoSignIn { partition: facts.partition.clone() }];
        return finding(rule, severity, Verdict::NotApplicable, evidence);
    }
    match &facts.standing {
        Fact::Known(Standing::Member(_)) => {}
        Fact::Known(Standing::Management) => {
            return finding(rule, severity, Verdict::NotApplicable, vec![Evidence::IsManagement]);
        }
        Fact::Known(Standing::Alone) => {
            return finding(rule, severity, Verdict::NotApplicable, vec![Evidence::NotManagement]);
        }
        Fact::Unreadable(why) => return unknown(rule, severity, why),
    }
    match &facts.root.summary {
        Fact::Unreadable(why) => unknown(rule, severity, why),
        Fact::Known(summary) => match (sign_in(facts), summary.password) {
            (SignIn::Nothing, _) => {
                finding(rule, severity, Verdict::Pass, vec![Evidence::NoCredentials { managed: true }])
            }
            // Keys and certificates have rules of their own.
            (SignIn::NoPassword, _) => finding(rule, severity, Verdict::Pass, vec![Evidence::NoPassword]),
            (SignIn::Possible, Some(_)) => finding(rule, severity, Verdict::Fail, vec![Evidence::Password]),
            (SignIn::Possible, None) => finding(rule, severity, Verdict::Unknown, vec![Evidence::PasswordUntold]),
        },
    }
}
