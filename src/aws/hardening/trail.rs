//! CloudTrail: trails made, changed, started, stopped and deleted, each in its home region.

use super::found;
use super::read::{flag, needed, seconds, text};
use crate::aws::posture::{Management, management};
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

/// Delivery to CloudWatch Logs: a log group and the role that writes to it, always together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The log group's ARN, with `:*` at its end.
    pub log_group: String,
    /// The role's ARN.
    pub role: String,
}

/// A trail to be made: of every region, with global service events, its log files validated. It does not log until
/// [`Account::start_logging`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTrail {
    /// 3 to 128 letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The bucket's name.
    pub bucket: String,
    /// What the names of its objects begin with.
    pub prefix: Option<String>,
    /// It is of every account of the organization.
    pub organization: bool,
    /// Where it delivers beside the bucket.
    pub logs: Option<Delivery>,
}

/// What is to be another about a trail. `None`: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TrailChange {
    pub multi_region: Option<bool>,
    pub global_events: Option<bool>,
    pub validation: Option<bool>,
    pub organization: Option<bool>,
    pub bucket: Option<String>,
    /// `Some(None)`: no delivery to CloudWatch Logs any longer.
    pub logs: Option<Option<Delivery>>,
}

/// A trail as it is (DescribeTrails).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN. The account in it is another's where an organization's trail is seen from a member.
    pub arn: String,
    /// The region in which alone it can be changed.
    pub home_region: String,
    /// The bucket's name.
    pub bucket: String,
    /// What the names of its objects begin with.
    pub prefix: Option<String>,
    /// The KMS key of its log files.
    pub kms_key: Option<String>,
    /// It is of every region.
    pub multi_region: bool,
    /// It has the events of global services.
    pub global_events: bool,
    /// Its log files are validated.
    pub validation: bool,
    /// It is of every account of the organization.
    pub organization: bool,
    /// Somebody has chosen its events, or has it find unusual ones.
    #[serde(default)]
    pub selective: bool,
    /// Where it delivers beside the bucket.
    pub logs: Option<Delivery>,
}

/// What a trail is doing (GetTrailStatus), in the region that was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailStatus {
    /// It logs.
    pub logging: bool,
    /// When it was last started.
    pub started: Option<SystemTime>,
    /// When it was last stopped.
    pub stopped: Option<SystemTime>,
    /// When it last delivered to its bucket.
    pub delivered: Option<SystemTime>,
    /// What went wrong with that, in S3's words.
    pub delivery_error: Option<String>,
    /// When it last delivered a digest.
    pub digest_delivered: Option<SystemTime>,
    /// When it last delivered to its log group.
    pub logs_delivered: Option<SystemTime>,
    /// What went wrong with that.
    pub logs_error: Option<String>,
}

impl Account {
    /// CreateTrail, in the region that becomes its home. Sent again for two minutes while CloudTrail does not see the
    /// bucket's policy, the role or the organization's trust, and else once: after a lost reply, [`Account::trail`] tells.
    pub fn create_trail(&self, region: &str, trail: &NewTrail) -> Result<Trail, Error> {
        let call = Call::CreateTrail;
        let mut body = json!({
            "Name": trail.name, "S3BucketName": trail.bucket, "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true, "EnableLogFileValidation": true,
            "IsOrganizationTrail": trail.organization,
        });
        if let Some(members) = body.as_object_mut() {
            members.extend(trail.prefix.iter().map(|prefix| ("S3KeyPrefix".to_owned(), json!(prefix))));
            members.extend(trail.logs.iter().flat_map(delivery));
        }
        let made = self.patiently(call, || self.plain(call, region, body.clone()))?;
        read(call, &made, region)
    }

    /// UpdateTrail, in the home region. Waits as [`Account::create_trail`] does.
    pub fn update_trail(&self, region: &str, arn: &str, change: &TrailChange) -> Result<Trail, Error> {
        let call = Call::UpdateTrail;
        let mut body = json!({ "Name": arn });
        let flags = [
            ("IsMultiRegionTrail", change.multi_region),
            ("IncludeGlobalServiceEvents", change.global_events),
            ("EnableLogFileValidation", change.validation),
            ("IsOrganizationTrail", change.organization),
        ];
        if let Some(members) = body.as_object_mut() {
            members.extend(flags.into_iter().filter_map(|(name, on)| Some((name.to_owned(), json!(on?)))));
            members.extend(change.bucket.iter().map(|bucket| ("S3BucketName".to_owned(), json!(bucket))));
            let none = || Delivery { log_group: String::new(), role: String::new() };
            let logs = change.logs.iter().map(|logs| logs.clone().unwrap_or_else(none));
            members.extend(logs.flat_map(|logs| delivery(&logs)));
        }
        let changed = self.patiently(call, || self.plain(call, region, body.clone()))?;
        read(call, &changed, region)
    }

    /// StartLogging, in the home region.
    pub fn start_logging(&self, region: &str, arn: &str) -> Result<(), Error> {
        self.plain(Call::StartLogging, region, json!({ "Name": arn })).map(drop)
    }

    /// StopLogging, in the home region.
    pub fn stop_logging(&self, region: &str, arn: &str) -> Result<(), Error> {
        self.plain(Call::StopLogging, region, json!({ "Name": arn })).map(drop)
    }

    /// DeleteTrail, in the home region. The bucket and the log group stay.
    pub fn delete_trail(&self, region: &str, arn: &str) -> Result<(), Error> {
        self.plain(Call::DeleteTrail, region, json!({ "Name": arn })).map(drop)
    }

    /// DescribeTrails: the trails that record in a region, those of other regions and of the organization included.
    pub fn trails(&self, region: &str) -> Result<Vec<Trail>, Error> {
        let call = Call::DescribeTrails;
        let answer = self.plain(call, region, json!({ "includeShadowTrails": true }))?;
        let list = answer.get("trailList").and_then(Value::as_array).ok_or(Error::Malformed { call })?;
        list.iter().map(|one| read(call, one, "")).collect()
    }

    /// GetTrail: by its ARN, or in its home region by its name. `None`: there is no such trail.
    pub fn trail(&self, region: &str, name: &str) -> Result<Option<Trail>, Error> {
        let call = Call::GetTrail;
        let Some(answer) = found(self.plain(call, region, json!({ "Name": name })))? else { return Ok(None) };
        read(call, answer.get("Trail").ok_or(Error::Malformed { call })?, region).map(Some)
    }

    /// GetTrailStatus, of what the trail does in this region.
    pub fn trail_status(&self, region: &str, arn: &str) -> Result<TrailStatus, Error> {
        let call = Call::GetTrailStatus;
        let answer = self.plain(call, region, json!({ "Name": arn }))?;
        Ok(TrailStatus {
            logging: answer.get("IsLogging").and_then(Value::as_bool).ok_or(Error::Malformed { call })?,
            started: seconds(&answer, "StartLoggingTime"),
            stopped: seconds(&answer, "StopLoggingTime"),
            delivered: seconds(&answer, "LatestDeliveryTime"),
            delivery_error: text(&answer, "LatestDeliveryError"),
            digest_delivered: seconds(&answer, "LatestDigestDeliveryTime"),
            logs_delivered: seconds(&answer, "LatestCloudWatchLogsDeliveryTime"),
            logs_error: text(&answer, "LatestCloudWatchLogsDeliveryError"),
        })
    }

    /// GetEventSelectors, in the home region: which management events a trail records.
    pub fn trail_management(&self, region: &str, arn: &str) -> Result<Management, Error> {
        let call = Call::GetEventSelectors;
        let answer = self.plain(call, region, json!({ "TrailName": arn }))?;
        management(&answer).ok_or(Error::Malformed { call })
    }
}

fn delivery(logs: &Delivery) -> [(String, Value); 2] {
    [("CloudWatchLogsLogGroupArn", &logs.log_group), ("CloudWatchLogsRoleArn", &logs.role)]
        .map(|(name, value)| (name.to_owned(), json!(value)))
}

/// `home`: the home region, where the reply does not name it.
fn read(call: Call, of: &Value, home: &str) -> Result<Trail, Error> {
    let arn = needed(call, of, "TrailARN")?;
    let in_arn = || arn.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or(home).to_owned();
    let log_group = text(of, "CloudWatchLogsLogGroupArn");
    Ok(Trail {
        name: needed(call, of, "Name")?,
        home_region: text(of, "HomeRegion").unwrap_or_else(in_arn),
        bucket: needed(call, of, "S3BucketName")?,
        prefix: text(of, "S3KeyPrefix"),
        kms_key: text(of, "KmsKeyId"),
        multi_region: flag(of, "IsMultiRegionTrail"),
        global_events: flag(of, "IncludeGlobalServiceEvents"),
        validation: flag(of, "LogFileValidationEnabled"),
        organization: flag(of, "IsOrganizationTrail"),
        selective: flag(of, "HasCustomEventSelectors") || flag(of, "HasInsightSelectors"),
        logs: log_group
            .map(|log_group| Delivery { log_group, role: text(of, "CloudWatchLogsRoleArn").unwrap_or_default() }),
        arn,
    })
}
