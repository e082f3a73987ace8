//! Long-term access keys of users and of root.

use super::super::state::{AccessKey, Owner};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::{owner, page};

const PER_USER: usize = 2;

pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    if ctx.state.keys_of(&owner).count() >= PER_USER {
        return Err(Refusal::limit(format!("Cannot exceed quota for AccessKeysPerUser: {PER_USER}")));
    }
    let (id, secret) = ctx.state.insert_access_key(owner.clone(), ctx.now);
    if !ctx.state.key_propagation.is_zero() {
        let known_from = ctx.now + ctx.state.key_propagation;
        ctx.state.access_keys.entry(id.clone()).and_modify(|key| key.known_from = known_from);
    }
    let mut xml = Xml::default();
    xml.element("AccessKey", |xml| {
        write_owner(xml, &owner);
        xml.text("AccessKeyId", &id);
        xml.text("Status", "Active");
        xml.text("SecretAccessKey", &secret);
        xml.text("CreateDate", &iso(ctx.now));
    });
    Ok(xml)
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let keys = ctx.state.keys_of(&owner).map(|(id, key)| (id.clone(), (id, key))).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "AccessKeyMetadata", keys, |xml, (id, key)| {
        write_owner(xml, &owner);
        xml.text("AccessKeyId", id);
        xml.text("Status", if key.active { "Active" } else { "Inactive" });
        xml.text("CreateDate", &iso(key.created));
    })?;
    Ok(xml)
}

pub(super) fn update(ctx: &mut Ctx<'_>) -> Outcome {
    let active = wanted_status(ctx)?;
    named_key(ctx)?.active = active;
    Ok(Xml::default())
}

/// Whether a request wants it active.
pub(super) fn wanted_status(ctx: &Ctx<'_>) -> Result<bool, Refusal> {
    match ctx.form.required("Status")? {
        "Active" => Ok(true),
        "Inactive" => Ok(false),
        _ => Err(Refusal::constraint("Status", "satisfy enum value set: [Active, Inactive]")),
    }
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    named_key(ctx)?;
    ctx.state.access_keys.remove(ctx.form.required("AccessKeyId")?);
    Ok(Xml::default())
}

/// When and for what a key was last used; anyone's key, by its id alone.
pub(super) fn last_used(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.form.required("AccessKeyId")?;
    let key = ctx.state.access_keys.get(id);
    let key = key.ok_or_else(|| Refusal::missing(format!("The Access Key with id {id} cannot be found.")))?;
    let mut xml = Xml::default();
    write_owner(&mut xml, &key.owner);
    xml.element("AccessKeyLastUsed", |xml| {
        if let Some(used) = &key.used {
            xml.text("LastUsedDate", &iso(used.at));
        }
        xml.text("ServiceName", key.used.as_ref().map_or("N/A", |used| used.service.as_str()));
        xml.text("Region", key.used.as_ref().map_or("N/A", |used| used.region.as_str()));
    });
    Ok(xml)
}

fn named_key<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut AccessKey, Refusal> {
    let owner = owner(ctx)?;
    let id = ctx.form.required("AccessKeyId")?;
    let key = ctx.state.access_keys.get_mut(id).filter(|key| key.owner == owner);
    key.ok_or_else(|| Refusal::missing(format!("The Access Key with id {id} cannot be found.")))
}

fn write_owner(xml: &mut Xml, owner: &Owner) {
    if let Owner::User(name) = owner {
        xml.text("UserName", name);
    }
}
