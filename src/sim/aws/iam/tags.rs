//! Tags of users and MFA devices.

use super::super::state::{State, Tags};
use super::super::wire::{Form, Refusal, Xml};
use super::super::{Ctx, Outcome};
use super::devices::missing;
use super::{named_user, no_user, page};

/// Tags to a user or a device: IAM's quota.
const MOST: usize = 50;

/// What carries tags, and the quota's name for it.
type Carrier = (for<'s> fn(&'s mut State, &Form) -> Result<&'s mut Tags, Refusal>, &'static str);

const DEVICE: Carrier = (of_device, "TagsPerMFADevice");
const USER: Carrier = (of_user, "TagsPerUser");

fn of_device<'s>(state: &'s mut State, form: &Form) -> Result<&'s mut Tags, Refusal> {
    let serial = form.required("SerialNumber")?;
    state.devices.get_mut(serial).map(|device| &mut device.tags).ok_or_else(|| missing(serial))
}

fn of_user<'s>(state: &'s mut State, form: &Form) -> Result<&'s mut Tags, Refusal> {
    let name = named_user(state, form)?.name.clone();
    state.users.get_mut(&name).map(|user| &mut user.tags).ok_or_else(|| no_user(&name))
}

pub(super) fn tag_device(ctx: &mut Ctx<'_>) -> Outcome {
    tag(ctx, DEVICE)
}

pub(super) fn untag_device(ctx: &mut Ctx<'_>) -> Outcome {
    untag(ctx, DEVICE)
}

pub(super) fn list_device(ctx: &mut Ctx<'_>) -> Outcome {
    list(ctx, DEVICE)
}

pub(super) fn tag_user(ctx: &mut Ctx<'_>) -> Outcome {
    tag(ctx, USER)
}

pub(super) fn untag_user(ctx: &mut Ctx<'_>) -> Outcome {
    untag(ctx, USER)
}

pub(super) fn list_user(ctx: &mut Ctx<'_>) -> Outcome {
    list(ctx, USER)
}

fn tag(ctx: &mut Ctx<'_>, (carrier, quota): Carrier) -> Outcome {
    let new = given(ctx.form)?;
    let tags = carrier(ctx.state, ctx.form)?;
    let mut all = tags.clone();
    all.extend(new);
    if all.len() > MOST {
        return Err(Refusal::limit(format!("Cannot exceed quota for {quota}: {MOST}")));
    }
    *tags = all;
    Ok(Xml::default())
}

/// Keys that are not there are no error.
fn untag(ctx: &mut Ctx<'_>, (carrier, _): Carrier) -> Outcome {
    let unwanted = ctx.form.members("TagKeys");
    carrier(ctx.state, ctx.form)?.retain(|key, _| !unwanted.contains(&key.as_str()));
    Ok(Xml::default())
}

fn list(ctx: &mut Ctx<'_>, (carrier, _): Carrier) -> Outcome {
    let tags = carrier(ctx.state, ctx.form)?.clone();
    let tags = tags.into_iter().map(|(key, value)| (key.clone(), (key, value))).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "Tags", tags, |xml, (key, value)| {
        xml.text("Key", &key);
        xml.text("Value", &value);
    })?;
    Ok(xml)
}

/// The keys that a request names, as `aws:TagKeys` has them: one a line.
pub(super) fn keys(form: &Form) -> String {
    let mut keys = form.members("TagKeys");
    keys.extend(form.pairs("Tags").into_iter().map(|(key, _)| key));
    keys.join("\n")
}

/// The `Tags` parameter.
pub(super) fn given(form: &Form) -> Result<Tags, Refusal> {
    let pairs = form.pairs("Tags");
    if pairs.len() > MOST {
        return Err(Refusal::constraint("Tags", &format!("have length less than or equal to {MOST}")));
    }
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            let (what, most) = if value.chars().count() > 256 { ("value", 256) } else { ("key", 128) };
            let must = format!("have length less than or equal to {most}");
            return Err(Refusal::constraint(&format!("tags.member.{}.{what}", tags.len() + 1), &must));
        }
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            let message = "Invalid tag key. Customers cannot set tag keys starting with aws: (case insensitive)";
            return Err(Refusal::new(400, "InvalidInput", message));
        }
        if let Some(what) =
            [("key", key), ("value", value)].into_iter().find(|(_, text)| !text.chars().all(may_be_in_a_tag))
        {
            let must = r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*";
            return Err(Refusal::constraint(&format!("tags.member.{}.{}", tags.len() + 1, what.0), must));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Refusal::new(
                400,
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(tags)
}

/// The API's `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
fn may_be_in_a_tag(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

pub(super) fn write(xml: &mut Xml, tags: &Tags) {
    xml.list("Tags", tags, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}
