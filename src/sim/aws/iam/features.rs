//! Central root access: which of its two features are on, and turning them on and off.

use super::super::assume_root::IAM;
use super::super::organization::{Feature, Register};
use super::super::wire::{Refusal, Xml};
use super::super::{Ctx, Outcome};

fn refusal(code: &str, message: String) -> Refusal {
    Refusal::new(400, code, message)
}

fn check(ctx: &Ctx<'_>, organization: Option<&Register>) -> Result<(), Refusal> {
    let own = &ctx.state.account;
    let register = organization.filter(|register| register.members.contains_key(own)).ok_or_else(|| {
        let message = format!("Input account {own} is not part of an organization.");
        refusal("OrganizationNotFoundException", message)
    })?;
    if !register.speaks_for(own, IAM) {
        let message = format!("Input account {own} is neither management account nor delegated admin.");
        return Err(refusal("AccountNotManagementOrDelegatedAdministratorException", message));
    }
    if !register.all_features {
        let message = "Organization is not in all features mode.".to_owned();
        return Err(refusal("OrganizationNotInAllFeaturesModeException", message));
    }
    if !register.trusts(IAM) {
        let message = format!("Trusted Access for IAM not enabled by organization of input account {own}.");
        return Err(refusal("ServiceAccessNotEnabledException", message));
    }
    Ok(())
}

fn written(register: Option<&Register>) -> Xml {
    let mut xml = Xml::default();
    if let Some(register) = register {
        xml.text("OrganizationId", &register.id);
        xml.element("EnabledFeatures", |xml| {
            register.features.iter().for_each(|feature| xml.text("member", feature.as_str()));
        });
    }
    xml
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let organization = ctx.world.organization();
    check(ctx, organization.as_ref())?;
    Ok(written(organization.as_ref()))
}

pub(super) fn change(ctx: &mut Ctx<'_>) -> Outcome {
    let action = ctx.form.get("Action").unwrap_or_default();
    let feature = match action.ends_with("OrganizationsRootSessions") {
        true => Feature::RootSessions,
        false => Feature::RootCredentialsManagement,
    };
    let on = action.starts_with("Enable");
    let mut organization = ctx.world.organization_mut();
    check(ctx, organization.as_ref())?;
    let own = &ctx.state.account;
    if let Some(register) = organization.as_mut() {
        // A delegate may turn them off, and not on.
        if on && register.management != *own {
            let message = format!(
                "Caller account {own} is not management account of the organization and cannot enable IAM features."
            );
            return Err(refusal("CallerIsNotManagementAccountException", message));
        }
        if on {
            register.features.insert(feature);
        } else {
            register.features.remove(&feature);
        }
    }
    Ok(written(organization.as_ref()))
}
