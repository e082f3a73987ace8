//! The steps, one file each, in the order in which they are made: whoever comes later relies on what came before, and
//! what protects the person from lock-out comes first.

mod password_policy;

use super::step::Step;

/// All steps, in their order.
pub(in crate::flow) const STEPS: &[&dyn Step] = &[&password_policy::PasswordPolicy];

/// The step of this name.
pub(in crate::flow) fn step(id: &str) -> Option<&'static dyn Step> {
    STEPS.iter().copied().find(|step| step.id() == id)
}
