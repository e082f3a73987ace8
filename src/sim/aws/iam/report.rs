//! The credential report: made on demand, kept for four hours, one row for root and one for each user.

use super::super::state::{Owner, Password, Report, State};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use std::time::{Duration, SystemTime};

/// How long a report lasts; until then generating answers COMPLETE at once.
const LIFETIME: Duration = Duration::from_secs(4 * 3600);

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

pub(super) fn generate(ctx: &mut Ctx<'_>) -> Outcome {
    let now = ctx.now;
    let state = &mut *ctx.state;
    if state.report.as_ref().is_some_and(|report| !expired(report, now)) {
        return Ok(said("COMPLETE", None));
    }
    state.report_asked += 1;
    if state.report_asked > state.posture.report.polls {
        state.report_asked = 0;
        state.report = Some(Report { at: now, text: write(state) });
        return Ok(said("COMPLETE", None));
    }
    if state.report_asked > 1 {
        return Ok(said("INPROGRESS", None));
    }
    let why = match state.report {
        None => "No report exists. Starting a new report generation task",
        Some(_) => "The report is expired. Starting a new report generation task",
    };
    Ok(said("STARTED", Some(why)))
}

fn said(state: &str, description: Option<&str>) -> Xml {
    let mut xml = Xml::default();
    xml.text("State", state);
    if let Some(description) = description {
        xml.text("Description", description);
    }
    xml
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    if ctx.state.report_asked > 0 {
        return Err(Refusal::new(404, "ReportInProgress", "Unknown"));
    }
    let report = ctx.state.report.as_ref();
    let report = report.ok_or_else(|| Refusal::new(410, "ReportNotPresent", "Unknown"))?;
    if expired(report, ctx.now) {
        return Err(Refusal::new(410, "ReportExpired", "Unknown"));
    }
    let mut xml = Xml::default();
    xml.text("Content", &data_encoding::BASE64.encode(report.text.as_bytes()));
    xml.text("ReportFormat", "text/csv");
    xml.text("GeneratedTime", &iso(report.at));
    Ok(xml)
}

fn expired(report: &Report, now: SystemTime) -> bool {
    now.duration_since(report.at).is_ok_and(|age| age >= LIFETIME)
}

fn write(state: &State) -> String {
    let style = &state.posture.report;
    let mut lines = vec![COLUMNS.to_owned()];
    let root = ["<root_account>".to_owned(), state.arn("root"), iso(state.created)];
    lines.push(row(state, root, &Owner::Root, state.root.password.as_ref()));
    for user in state.users.values() {
        let head = [user.name.clone(), state.user_arn(user), iso(user.created)];
        lines.push(row(state, head, &Owner::User(user.name.clone()), user.password.as_ref()));
    }
    if style.additional_column {
        let mut first = true;
        for line in &mut lines {
            line.push_str(if std::mem::take(&mut first) { ",additional_credentials_info" } else { ",N/A" });
        }
    }
    // No newline at the end, as recorded.
    lines.join("\n")
}

fn row(state: &State, head: [String; 3], owner: &Owner, password: Option<&Password>) -> String {
    let style = &state.posture.report;
    let yes = |is: bool| if style.capitals { is.to_string().to_uppercase() } else { is.to_string() };
    let none = || "N/A".to_owned();
    let time = |at: Option<SystemTime>, otherwise: &str| at.map_or_else(|| otherwise.to_owned(), iso);
    let mut fields: Vec<String> = head.into();
    let root = *owner == Owner::Root;
    fields.push(match password {
        _ if root && style.password_not_supported => "not_supported".to_owned(),
        password => yes(password.is_some()),
    });
    fields.push(password.map_or_else(none, |password| time(password.used, "no_information")));
    fields.push(password.map_or_else(none, |password| iso(password.created)));
    fields.push(if root && password.is_some() { "not_supported".to_owned() } else { none() });
    fields.push(yes(state.devices_of(owner).next().is_some()));
    // In the order they were made.
    let mut keys: Vec<_> = state.keys_of(owner).collect();
    keys.sort_by_key(|(_, key)| key.created);
    for place in 0..2 {
        let key = keys.get(place).map(|(_, key)| key);
        fields.push(yes(key.is_some_and(|key| key.active)));
        fields.push(time(key.map(|key| key.created), "N/A"));
        let used = key.and_then(|key| key.used.as_ref());
        fields.push(time(used.map(|used| used.at), "N/A"));
        fields.push(used.map_or_else(none, |used| used.region.clone()));
        fields.push(used.map_or_else(none, |used| used.service.clone()));
    }
    let mut certificates: Vec<_> = state.certificates.values().filter(|one| one.owner == *owner).collect();
    certificates.sort_by_key(|certificate| certificate.uploaded);
    for place in 0..2 {
        let certificate = certificates.get(place);
        fields.push(yes(certificate.is_some_and(|certificate| certificate.active)));
        fields.push(time(certificate.map(|certificate| certificate.uploaded), "N/A"));
    }
    fields.join(",")
}
