//! Signing certificates of users and of root.

use super::super::state::Owner;
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
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

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let id = ctx.form.required("CertificateId")?;
    if ctx.state.certificates.get(id).is_none_or(|certificate| certificate.owner != owner) {
        return Err(Refusal::missing(format!("The Certificate with id {id} cannot be found.")));
    }
    ctx.state.certificates.remove(id);
    Ok(Xml::default())
}
