//! The end state of a plan, as a file of CloudFormation or Terraform: what they can express, and a list of what they
//! cannot.
//!
//! Names are those that `--apply` gives, so an account that has been hardened one way is not made twice the other way.

mod administrator;
mod alarm;
mod hcl;
mod rules;
mod settings;
mod topic;
mod trail;

pub(super) use administrator::{EmittedAdministrator, administrator};
pub(super) use alarm::{EmittedAlarm, alarm};
pub(super) use rules::{EmittedRules, rules};
pub(super) use settings::{central_root_access, password_policy, security_contact, service_control_policy};
pub(super) use topic::EmittedTopic;
pub(super) use trail::{EmittedTrail, trail};

use super::step;
use super::step::Planning;
use crate::aws::hardening::Place;
use crate::person::HardenPlan;
use hcl::Resource;
use serde_json::{Map, Value, json};

/// The oldest release of the provider `hashicorp/aws` that has all of the arguments, and the oldest one in which a
/// resource names its region.
const PROVIDER: &str = ">= 5.80";
const PROVIDER_OF_REGIONS: &str = ">= 6.0";

/// What the end state is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmitLanguage {
    /// A template, as JSON.
    CloudFormation,
    /// Resources of the provider `hashicorp/aws`.
    Terraform,
}

/// The end state of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The file.
    pub text: String,
    /// What the language cannot express, each a sentence.
    pub left_out: Vec<String>,
}

/// What a step comes to, in both languages.
#[derive(Default)]
pub(in crate::flow) struct Emission {
    /// By their logical names.
    pub(super) cloudformation: Vec<(&'static str, Value)>,
    pub(super) terraform: Vec<Resource>,
    /// What CloudFormation cannot express, and what Terraform cannot.
    pub(super) not_in_cloudformation: Vec<String>,
    pub(super) not_in_terraform: Vec<String>,
}

impl Emission {
    /// Neither has anything for it.
    pub(super) fn nothing(why: &str) -> Self {
        let why = vec![why.to_owned()];
        Self { not_in_cloudformation: why.clone(), not_in_terraform: why, ..Self::default() }
    }
}

/// Writes the end state of a plan's steps.
#[must_use]
pub fn emit(plan: &HardenPlan, language: EmitLanguage) -> Emitted {
    let (partition, region, account) = (plan.partition.clone(), plan.region.clone(), plan.account.clone());
    let place = Place { partition, region, account };
    let each = plan.steps.iter().enumerate().filter_map(|(nth, planned)| {
        let earlier = plan.steps.get(..nth).unwrap_or_default();
        let planning = Planning { settings: &plan.settings, place: &place, made: plan.made, earlier };
        Some((planned.id.as_str(), step(&planned.id)?.emission(&planned.after, &planning)))
    });
    match language {
        EmitLanguage::CloudFormation => cloudformation(&place, each),
        EmitLanguage::Terraform => terraform(&place, each),
    }
}

fn cloudformation<'p>(place: &Place, each: impl Iterator<Item = (&'p str, Emission)>) -> Emitted {
    let (mut resources, mut left_out) = (Map::new(), Vec::new());
    for (id, emission) in each {
        resources.extend(emission.cloudformation.into_iter().map(|(name, of)| (name.to_owned(), of)));
        left_out.extend(emission.not_in_cloudformation.into_iter().map(|what| format!("{id}: {what}")));
    }
    if resources.is_empty() {
        return Emitted { text: String::new(), left_out };
    }
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("Hardening of account {} in {}, as glasskey plans it", place.account, place.region),
        "Metadata": { "NotExpressible": left_out },
        "Resources": resources,
    });
    let text = serde_json::to_string_pretty(&template).unwrap_or_default() + "\n";
    Emitted { text, left_out }
}

fn terraform<'p>(place: &Place, each: impl Iterator<Item = (&'p str, Emission)>) -> Emitted {
    let (mut resources, mut left_out) = (String::new(), Vec::new());
    for (id, emission) in each {
        for resource in emission.terraform {
            resources.push('\n');
            resource.write(&mut resources);
        }
        left_out.extend(emission.not_in_terraform.into_iter().map(|what| format!("{id}: {what}")));
    }
    let mut text = format!("# Hardening of account {} in {}, as glasskey plans it.\n", place.account, place.region);
    if !left_out.is_empty() {
        text.push_str("# Not expressible here:\n");
        left_out.iter().for_each(|what| text.push_str(&format!("# - {what}\n")));
    }
    let provider = if resources.contains(rules::EACH_REGION) { PROVIDER_OF_REGIONS } else { PROVIDER };
    text.push_str(&format!(
        "\nterraform {{\n  required_providers {{\n    aws = {{\n      source  = \"hashicorp/aws\"\n      version = \"{provider}\"\n    }}\n  }}\n}}\n"
    ));
    text.push_str(&resources);
    Emitted { text, left_out }
}
