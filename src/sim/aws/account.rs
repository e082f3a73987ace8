//! Account Management: contacts, the primary address, regions; of one's own account, or of another by its number.

use super::organization::Register;
use super::posture::AlternateContact;
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, Elsewhere, Payload, auth, json};
use serde_json::{Value, json};

/// The organization's name for this service.
const PRINCIPAL: &str = "account.amazonaws.com";

/// Regions that an account is not in unless it asks for them.
const OPT_IN: [&str; 2] = ["ap-east-1", "me-south-1"];
/// Regions of a page.
const REGIONS: usize = 50;

/// What an action does in the account it is about.
type There = fn(&mut State, &Value) -> json::Outcome;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let there: There = match action {
        "GetAlternateContact" => |state, body| alternate(state, body),
        "PutAlternateContact" => put_alternate,
        "DeleteAlternateContact" => delete_alternate,
        "GetContactInformation" => |state, body| contact(state, body),
        "ListRegions" => |state, body| regions(state, body),
        "GetPrimaryEmail" => return Some(email(ctx)),
        "GetAccountInformation" => return Some(information(ctx)),
        _ => return None,
    };
    Some(answer(action, ctx, there))
}

fn answer(action: &str, ctx: &mut Ctx<'_>, there: There) -> json::Outcome {
    let own = ctx.state.account.clone();
    let Some(number) = json::text(ctx.body, "AccountId") else {
        let resource = format!("arn:{}:account::{own}:account", ctx.state.partition.as_str());
        auth::authorize(ctx, &format!("account:{action}"), &resource)?;
        return there(ctx.state, ctx.body);
    };
    may_reach(ctx, action, number)?;
    if number == own {
        return there(ctx.state, ctx.body);
    }
    let (account, body) = (number.to_owned(), ctx.body.clone());
    ctx.elsewhere = Some(Elsewhere { account, run: Box::new(move |state| there(state, &body).map(Payload::Json)) });
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

/// The type of an alternate contact.
fn kind(body: &Value) -> Result<&str, Refusal> {
    let kind = json::required(body, "AlternateContactType")?;
    match ["BILLING", "OPERATIONS", "SECURITY"].contains(&kind) {
        true => Ok(kind),
        false => Err(constraint("AlternateContactType", "satisfy enum value set: [BILLING, OPERATIONS, SECURITY]")),
    }
}

fn constraint(name: &str, must: &str) -> Refusal {
    let Refusal { message, .. } = Refusal::constraint(name, must);
    Refusal::new(400, "ValidationException", message)
}

fn no_such_contact() -> Refusal {
    missing("No contact of the inputted alternate contact type found.")
}

/// A text of a contact, of at most so many characters.
fn contact_text(body: &Value, name: &str, longest: usize) -> Result<String, Refusal> {
    let text = json::required(body, name)?;
    match text.chars().count() {
        0 => Err(constraint(name, "have length greater than or equal to 1")),
        length if length > longest => Err(constraint(name, &format!("have length less than or equal to {longest}"))),
        _ => Ok(text.to_owned()),
    }
}

/// Takes the place of the contact that is there.
fn put_alternate(state: &mut State, body: &Value) -> json::Outcome {
    let kind = kind(body)?;
    let contact = AlternateContact {
        name: contact_text(body, "Name", 64)?,
        title: contact_text(body, "Title", 50)?,
        email: contact_text(body, "EmailAddress", 254)?,
        phone: contact_text(body, "PhoneNumber", 25)?,
    };
    if !contact.email.split_once('@').is_some_and(|(who, at)| !who.is_empty() && at.contains('.')) {
        return Err(constraint(
            "EmailAddress",
            "satisfy regular expression pattern: [\\s]*[\\w+=.#|!&-]+@[\\w.-]+\\.[\\w]+[\\s]*",
        ));
    }
    if !contact.phone.bytes().all(|c| c.is_ascii_digit() || b" ()+-".contains(&c)) {
        return Err(constraint("PhoneNumber", "satisfy regular expression pattern: [\\s0-9()+-]+"));
    }
    state.posture.alternate_contacts.insert(kind.to_owned(), contact);
    Ok(json!({}))
}

fn delete_alternate(state: &mut State, body: &Value) -> json::Outcome {
    state.posture.alternate_contacts.remove(kind(body)?).map(|_| json!({})).ok_or_else(no_such_contact)
}

fn alternate(state: &State, body: &Value) -> json::Outcome {
    let kind = kind(body)?;
    let contact = state.posture.alternate_contacts.get(kind).ok_or_else(no_such_contact)?;
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
fn regions(state: &State, body: &Value) -> json::Outcome {
    let mut regions = vec![(state.partition.region(), "ENABLED_BY_DEFAULT")];
    if state.partition == super::Partition::Aws {
        regions.push(("eu-west-1", "ENABLED_BY_DEFAULT"));
        regions.extend(OPT_IN.map(|name| match state.posture.opted_in.iter().any(|one| one == name) {
            true => (name, "ENABLED"),
            false => (name, "DISABLED"),
        }));
        let more = state.posture.opted_in.iter().filter(|name| !OPT_IN.contains(&name.as_str()));
        regions.extend(more.map(|name| (name.as_str(), "ENABLED")));
    }
    let wanted = json::texts(body, "RegionOptStatusContains");
    regions.retain(|(_, status)| wanted.is_empty() || wanted.contains(status));
    let written = regions.into_iter().map(|(name, status)| json!({ "RegionName": name, "RegionOptStatus": status }));
    let (shown, next) =
        json::page(body, "NextToken", "MaxResults", REGIONS, "ValidationException", written.collect())?;
    Ok(json::with_token(json!({ "Regions": shown }), "NextToken", next))
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
