//! What a rule is: everything that is known of it before an account is seen.

use super::finding::{Evidence, Finding, Severity, Verdict};
use crate::aws::posture::Facts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    RootMfa,
    RootHardwareMfa,
    RootVirtualMfa,
    RootTwoFactors,
    RootAccessKeys,
    RootCertificates,
    RootUse,
    RootCredentials,
    CentralRoot,
    ScpStopsTasks,
    Trail,
    TrailValidation,
    RootAlarm,
    OtherAdmin,
    AdminMfa,
    Contact,
    SecurityContact,
    PasswordPolicy,
}

/// A rule. It stands beside the function that judges by it.
#[derive(Debug)]
pub struct RuleInfo {
    pub id: Rule,
    pub severity: Severity,
    pub fails_when: &'static str,
    /// Why it matters, as a sentence without a full stop.
    pub why: &'static str,
    /// Its numbers in benchmarks and other tools (CIS Amazon Web Services Foundations as Prowler 5.46 maps it).
    pub benchmarks: &'static [(Benchmark, &'static str)],
    pub titles: Titles,
    /// Judges the facts; `None` where they do not include what this rule is about, as of an account seen from outside.
    pub check: fn(&Facts) -> Option<Finding>,
}

impl PartialEq for RuleInfo {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for RuleInfo {}

/// A benchmark, or another tool that checks the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Benchmark {
    CisV3,
    CisV5,
    CisV6,
    CisV7,
    Config,
    Prowler,
    SecurityHub,
}

/// What a finding says in a few words, by verdict.
#[derive(Clone, Copy, Debug)]
pub struct Titles {
    pub pass: &'static str,
    pub fail: &'static str,
    pub unknown: &'static str,
    pub not_applicable: &'static str,
    /// Where the evidence makes it another.
    pub by_evidence: fn(Verdict, &[Evidence]) -> Option<String>,
}

impl Titles {
    /// Those of a rule that applies to every account.
    pub(super) const fn new(pass: &'static str, fail: &'static str, unknown: &'static str) -> Self {
        Self { pass, fail, unknown, not_applicable: unknown, by_evidence: |_, _| None }
    }

    pub(super) const fn not_applicable(self, not_applicable: &'static str) -> Self {
        Self { not_applicable, ..self }
    }

    pub(super) const fn by_evidence(self, by_evidence: fn(Verdict, &[Evidence]) -> Option<String>) -> Self {
        Self { by_evidence, ..self }
    }
}

impl Finding {
    /// What it says, in a few words.
    #[must_use]
    pub fn title(&self) -> String {
        let titles = &self.rule.titles;
        (titles.by_evidence)(self.verdict, &self.evidence).unwrap_or_else(|| {
            match self.verdict {
                Verdict::Pass => titles.pass,
                Verdict::Fail => titles.fail,
                Verdict::Unknown => titles.unknown,
                Verdict::NotApplicable => titles.not_applicable,
            }
            .to_owned()
        })
    }
}
