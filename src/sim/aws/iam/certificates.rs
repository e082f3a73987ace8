//! Signing certificates of users and of root.

use super::super::state::{Certificate, Owner};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::access_keys::wanted_status;
use super::{owner, page};

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let own = ctx.state.certificates.iter().filter(|(_, certificate)| certificate.owner == owner);
    let certificates = own.map(|(id, certificate)| (id.clone(), (id, certificate))).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "Certificates", certificates, |xml, (id, certificate)| {
        if let Owner::User(name) = &owner {
            xml.text("UserName", name);
        }
        xml.text("CertificateId", id);
        xml.text("CertificateBody", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----");
        xml.text("Status", if certificate.active { "Active" } else { "Inactive" });
        xml.text("UploadDate", &iso(certificate.uploaded));
    })?;
    Ok(xml)
}

pub(super) fn update(ctx: &mut Ctx<'_>) -> Outcome {
    let active = wanted_status(ctx)?;
    named(ctx)?.active = active;
    Ok(Xml::default())
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    named(ctx)?;
    ctx.state.certificates.remove(ctx.form.required("CertificateId")?);
    Ok(Xml::default())
}

fn named<'a>(ctx: &'a mut Ctx<'_>) -> Result<&'a mut Certificate, Refusal> {
    let owner = owner(ctx)?;
    let id = ctx.form.required("CertificateId")?;
    let certificate = ctx.state.certificates.get_mut(id).filter(|certificate| certificate.owner == owner);
    certificate.ok_or_else(|| Refusal::missing(format!("The Certificate with id {id} cannot be found.")))
}
