//! Account Management: contacts, the primary address, regions; of one's own account, or of another by its number.

use super::organization::Register;
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, Elsewhere, Payload, auth, json};
use serde_json::{Value, json};

/// The organization's name for this service.
const PRINCIPAL: &str = "account.amazonaws.com";

type Read = fn(&State, &Value) -> json::Outcome;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let read: Read = match action {
        "GetAlternateContact" => alternate,
        "GetContactInformation" => contact,
        "ListRegions" => regions,
        "GetPrimaryEmail" => return Some(email(ctx)),
        "GetAccountInformation" => return Some(information(ctx)),
        _ => return None,
    };
    Some(answer(action, ctx, read))
}

fn answer(action: &str, ctx: &mut Ctx<'_>, read: Read) -> json::Outcome {
    let own = ctx.state.account.clone();
    let Some(number) = json::text(ctx.body, "AccountId") else {
        let resource = format!("arn:{}:account::{own}:account", ctx.state.partition.as_str());
        auth::authorize(ctx, &format!("account:{action}"), &resource)?;
        return read(ctx.state, ctx.body);
    };
    may_reach(ctx, action, number)?;
    if number == own {
        return read(ctx.state, ctx.body);
    }
    let (account, body) = (number.to_owned(), ctx.body.clone());
    ctx.elsewhere = Some(Elsewhere { account, run: Box::new(move |state| read(state, &body).map(Payload::Json)) });
    Ok(Value::Null)
}

/// Whether the caller may name another account: the management account, or a delegate for this service.
fn may_reach(ctx: &Ctx<'_>, action: &str, number: &str) -> Result<(), Refusal> {
    let (own, partition) = (&ctx.state.account, ctx.state.partition.as_str());
    let refused = |why: &str| {
        Refusal::denied(format!("User: {} is not authorized to perform: account:{action}{why}", ctx.caller.arn))
    };
    let organization = ctx.world.organization();
    let member = |register: &&Register| register.members.contains_key(own);
    let register = organization.as_ref().filter(member).ok_or_else(|| refused(""))?;
    if number == register.management && number == own {
        return Err(refused(" (Access Denied)"));
    }
    if !register.speaks_for(own, PRINCIPAL) {
        return Err(refused(""));
    }
    if !register.trusts(PRINCIPAL) {
        return Err(refused(" (Your organization must first enable trusted access with AWS Account Management.)"));
    }
    if !register.members.contains_key(number) {
        return Err(refused(" (Access Denied)"));
    }
    let resource = format!("arn:{partition}:account::{}:account/{}/{number}", register.management, register.id);
    drop(organization);
    auth::authorize(ctx, &format!("account:{action}"), &resource)
}

fn missing(message: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", message)
}

fn alternate(state: &State, body: &Value) -> json::Outcome {
    let kind = json::required(body, "AlternateContactType")?;
    let contact = state.posture.alternate_contacts.get(kind);
    let contact = contact.ok_or_else(|| missing("No contact of the inputted alternate contact type found."))?;
    Ok(json!({ "AlternateContact": {
        "Name": contact.name,
        "Title": contact.title,
        "EmailAddress": contact.email,
        "PhoneNumber": contact.phone,
        "AlternateContactType": kind,
    } }))
}

fn contact(state: &State, _: &Value) -> json::Outcome {
    let contact = state.posture.contact.as_ref().ok_or_else(|| missing("No contact information found."))?;
    let mut value = json!({
        "FullName": contact.name,
        "AddressLine1": contact.address,
        "City": contact.city,
        "CountryCode": contact.country,
        "PostalCode": contact.postal_code,
        "PhoneNumber": contact.phone,
    });
    if let (Some(company), Some(members)) = (&contact.company, value.as_object_mut()) {
        members.insert("CompanyName".to_owned(), json!(company));
    }
    Ok(json!({ "ContactInformation": value }))
}

/// The partition's first region and, in `aws`, one that is not opted into.
fn regions(state: &State, _: &Value) -> json::Outcome {
    let mut regions =
        vec![json!({ "RegionName": state.partition.region(), "RegionOptStatus": "ENABLED_BY_DEFAULT" })];
    if state.partition == super::Partition::Aws {
        regions.push(json!({ "RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" }));
        regions.push(json!({ "RegionName": "ap-east-1", "RegionOptStatus": "DISABLED" }));
    }
    Ok(json!({ "Regions": regions }))
}

/// Only for a member, and only from outside it.
fn email(ctx: &mut Ctx<'_>) -> json::Outcome {
    let number = json::required(ctx.body, "AccountId")?;
    may_reach(ctx, "GetPrimaryEmail", number)?;
    let organization = ctx.world.organization();
    let member = organization.as_ref().and_then(|register| register.members.get(number));
    Ok(json!({ "PrimaryEmail": member.map(|member| member.email.as_str()) }))
}

fn information(ctx: &mut Ctx<'_>) -> json::Outcome {
    let own = ctx.state.account.clone();
    let number = json::text(ctx.body, "AccountId");
    match number {
        Some(number) => may_reach(ctx, "GetAccountInformation", number)?,
        None => {
            let resource = format!("arn:{}:account::{own}:account", ctx.state.partition.as_str());
            auth::authorize(ctx, "account:GetAccountInformation", &resource)?;
        }
    }
    let number = number.unwrap_or(&own);
    let organization = ctx.world.organization();
    let member = organization.as_ref().and_then(|register| register.members.get(number));
    Ok(json!({
        "AccountId": number,
        "AccountName": member.map_or("account", |member| member.name.as_str()),
        "AccountCreatedDate": super::wire::iso(ctx.state.created),
        "AccountState": "ACTIVE",
    }))
}
