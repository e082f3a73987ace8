//! CloudTrail: trails made, started, stopped and deleted; what they check first, and what they deliver.

use super::client::{call, json, json_call, json_error, s3};
use super::{account, wait};
use glasskey::sim::aws::posture::{Trail, trail_bucket_policy};
use glasskey::sim::aws::{Aws, Keys, Partition};
use serde_json::{Value, json};

const GROUP: &str = "arn:aws:logs:us-east-1:111122223333:log-group:cloudtrail:*";
const ROLE: &str = "arn:aws:iam::111122223333:role/to-logs";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A bucket whose policy lets in the trail `all`.
fn with_bucket() -> (Aws, Keys) {
    let (aws, admin) = account();
    assert_eq!(s3(&aws, &admin, "PUT", "/logs", ""), "200");
    let policy = trail_bucket_policy(Partition::Aws, "111122223333", "logs", "all");
    assert_eq!(s3(&aws, &admin, "PUT", "/logs?policy", &policy), "204");
    (aws, admin)
}

fn make_role(aws: &Aws, admin: &Keys, trust: &str) {
    call(aws, admin, "DeleteRolePolicy", &[("RoleName", "to-logs"), ("PolicyName", "write")]);
    call(aws, admin, "DeleteRole", &[("RoleName", "to-logs")]);
    let made = call(aws, admin, "CreateRole", &[("RoleName", "to-logs"), ("AssumeRolePolicyDocument", trust)]);
    assert_eq!(made.status, 200, "{}", made.text);
}

fn let_role_write(aws: &Aws, admin: &Keys) {
    let resource =
        "arn:aws:logs:us-east-1:111122223333:log-group:cloudtrail:log-stream:111122223333_CloudTrail_us-east-1*";
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"{resource}"}}]}}"#
    );
    let put = [("RoleName", "to-logs"), ("PolicyName", "write"), ("PolicyDocument", policy.as_str())];
    assert_eq!(call(aws, admin, "PutRolePolicy", &put).status, 200);
}

fn trail() -> Value {
    json!({"Name": "all", "S3BucketName": "logs"})
}

fn trail_with_logs() -> Value {
    json!({
        "Name": "all", "S3BucketName": "logs", "IsMultiRegionTrail": true, "EnableLogFileValidation": true,
        "CloudWatchLogsLogGroupArn": GROUP, "CloudWatchLogsRoleArn": ROLE,
    })
}

fn found(aws: &Aws, admin: &Keys, pattern: &str) -> Vec<Value> {
    let body = json!({"logGroupName": "cloudtrail", "filterPattern": pattern});
    let found = json(aws, admin, "logs.FilterLogEvents", &body);
    let messages = found["events"].as_array().unwrap().iter();
    messages.map(|event| serde_json::from_str(event["message"].as_str().unwrap()).unwrap()).collect()
}

/// Bucket, policy, log group, role, trail, logging; then the event is in the group.
fn logging() -> (Aws, Keys) {
    let (aws, admin) = with_bucket();
    json(&aws, &admin, "logs.CreateLogGroup", &json!({"logGroupName": "cloudtrail"}));
    make_role(&aws, &admin, TRUST);
    let_role_write(&aws, &admin);
    wait(&aws, 10);
    json(&aws, &admin, "cloudtrail.CreateTrail", &trail_with_logs());
    json(&aws, &admin, "cloudtrail.StartLogging", &json!({"Name": "all"}));
    (aws, admin)
}

#[test]
fn a_call_is_found_in_the_log_group_five_minutes_later() {
    let (aws, admin) = logging();
    let root = aws.root();
    call(&aws, &root, "GetAccountSummary", &[]);
    json_error(&aws, &aws.add_user("bob"), "cloudtrail.DescribeTrails", &json!({}));
    let of_root = r#"{ $.userIdentity.type = "Root" && $.eventName = "GetAccountSummary" }"#;
    wait(&aws, 299);
    assert_eq!(found(&aws, &admin, of_root), [Value::Null; 0]);
    wait(&aws, 1);
    let events = found(&aws, &admin, of_root);
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["eventSource"], &events[0]["readOnly"]), (&json!("iam.amazonaws.com"), &json!(true)));
    let denied = found(&aws, &admin, r#"{ $.errorCode = "AccessDeniedException" }"#);
    assert_eq!(denied[0]["userIdentity"]["userName"], "bob");
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "CreateBucket" }"#), [Value::Null; 0], "before the trail");

    aws.arrange(|posture| posture.delays.delivery = 10);
    call(&aws, &admin, "ListUsers", &[]);
    wait(&aws, 10);
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "ListUsers" }"#).len(), 1);
}

#[test]
fn what_was_delivered_stays_when_the_trail_goes() {
    let (aws, admin) = logging();
    call(&aws, &admin, "ListUsers", &[]);
    wait(&aws, 1);
    json(&aws, &admin, "cloudtrail.StopLogging", &json!({"Name": "all"}));
    call(&aws, &admin, "ListRoles", &[]);
    json(&aws, &admin, "cloudtrail.DeleteTrail", &json!({"Name": "all"}));
    wait(&aws, 600);
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "ListUsers" }"#).len(), 1);
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "ListRoles" }"#).len(), 0);
    assert_eq!(aws.posture().trails, []);
    assert!(s3(&aws, &admin, "DELETE", "/logs", "").starts_with("409 BucketNotEmpty"));
}

#[test]
fn selectors_say_what_is_recorded() {
    let (aws, admin) = logging();
    let selectors = json!({"TrailName": "all", "EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]});
    json(&aws, &admin, "cloudtrail.PutEventSelectors", &selectors);
    call(&aws, &admin, "ListUsers", &[]);
    call(&aws, &admin, "CreateUser", &[("UserName", "carol")]);
    wait(&aws, 300);
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "ListUsers" }"#).len(), 0);
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "CreateUser" }"#).len(), 1);
    let advanced = json!({"TrailName": "all", "AdvancedEventSelectors": [
        {"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    ]});
    json(&aws, &admin, "cloudtrail.PutEventSelectors", &advanced);
    let got = json(&aws, &admin, "cloudtrail.GetEventSelectors", &json!({"TrailName": "all"}));
    assert_eq!(got.get("EventSelectors"), None, "all are replaced");
    call(&aws, &admin, "ListGroups", &[]);
    wait(&aws, 300);
    assert_eq!(found(&aws, &admin, r#"{ $.eventName = "ListGroups" }"#).len(), 1);
    for wrong in [json!([]), json!([{"ReadWriteType": "None"}]), json!([{}, {}, {}, {}, {}, {}])] {
        let body = json!({"TrailName": "all", "EventSelectors": wrong});
        let got = json_error(&aws, &admin, "cloudtrail.PutEventSelectors", &body);
        assert!(got.starts_with("400 InvalidEventSelectorsException: "), "{got}");
    }
}

#[test]
fn a_new_trail_does_not_log_until_it_is_told_to() {
    let (aws, admin) = with_bucket();
    let made = json(&aws, &admin, "cloudtrail.CreateTrail", &trail());
    assert_eq!(
        (&made["IsMultiRegionTrail"], &made["LogFileValidationEnabled"], &made["IncludeGlobalServiceEvents"]),
        (&json!(false), &json!(false), &json!(true))
    );
    let status = || json(&aws, &admin, "cloudtrail.GetTrailStatus", &json!({"Name": "all"}));
    assert_eq!(status(), json!({"IsLogging": false}));
    json(&aws, &admin, "cloudtrail.StartLogging", &json!({"Name": "all"}));
    let started = status();
    assert_eq!((&started["IsLogging"], started.get("LatestDeliveryTime")), (&json!(true), None));
    wait(&aws, 300);
    let later = status();
    assert_eq!(later["StartLoggingTime"], started["StartLoggingTime"]);
    assert_eq!(later["LatestDeliveryTime"].as_f64().unwrap(), started["StartLoggingTime"].as_f64().unwrap() + 300.0);
    assert_eq!(later.get("LatestCloudWatchLogsDeliveryTime"), None);
    json(&aws, &admin, "cloudtrail.UpdateTrail", &json!({"Name": "all", "EnableLogFileValidation": true}));
    wait(&aws, 3600);
    assert!(status()["LatestDigestDeliveryTime"].is_f64());
    json(&aws, &admin, "cloudtrail.StopLogging", &json!({"Name": "all"}));
    let stopped = status();
    assert_eq!((&stopped["IsLogging"], stopped["StopLoggingTime"].is_f64()), (&json!(false), true));
}

#[test]
fn a_bucket_that_lets_the_trail_in_no_longer_shows_in_its_status() {
    let (aws, admin) = logging();
    let error =
        || json(&aws, &admin, "cloudtrail.GetTrailStatus", &json!({"Name": "all"}))["LatestDeliveryError"].clone();
    assert_eq!(error(), Value::Null);
    assert_eq!(s3(&aws, &admin, "DELETE", "/logs?policy", ""), "204");
    assert_eq!(error(), "AccessDenied");
}

#[test]
fn names_of_trails() {
    let (aws, admin) = with_bucket();
    for (name, why) in [
        ("ab", "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters."),
        ("-abc", "Trail name must starts with a letter or number."),
        ("abc-", "Trail name must ends with a letter or number."),
        (
            "a b",
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).",
        ),
    ] {
        let got = json_error(&aws, &admin, "cloudtrail.CreateTrail", &json!({"Name": name, "S3BucketName": "logs"}));
        assert_eq!(got, format!("400 InvalidTrailNameException: {why}"));
    }
    json(&aws, &admin, "cloudtrail.CreateTrail", &trail());
    assert_eq!(
        json_error(&aws, &admin, "cloudtrail.CreateTrail", &trail()),
        "400 TrailAlreadyExistsException: Trail all already exists for customer: 111122223333"
    );
    aws.arrange(|posture| {
        let shadow = Trail { region: "eu-west-1".to_owned(), ..Default::default() };
        posture.trails.extend(vec![shadow; 4]);
    });
    assert_eq!(
        json_error(&aws, &admin, "cloudtrail.CreateTrail", &json!({"Name": "more", "S3BucketName": "logs"})),
        "400 MaximumNumberOfTrailsExceededException: User: 111122223333 already has 5 trails in us-east-1."
    );
}

#[test]
fn the_bucket_is_checked() {
    let (aws, admin) = with_bucket();
    let create = |body: Value| json_error(&aws, &admin, "cloudtrail.CreateTrail", &body);
    assert_eq!(
        create(json!({"Name": "all", "S3BucketName": "none"})),
        "400 S3BucketDoesNotExistException: S3 bucket none does not exist!"
    );
    let refused = "400 InsufficientS3BucketPolicyException: Incorrect S3 bucket policy is detected for bucket: logs";
    assert_eq!(create(json!({"Name": "other", "S3BucketName": "logs"})), refused, "another trail's ARN");
    assert_eq!(create(json!({"Name": "all", "S3BucketName": "logs", "S3KeyPrefix": "p"})), refused, "another prefix");
    assert_eq!(
        create(json!({
            "Name": "all", "S3BucketName": "logs", "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": false,
        })),
        "400 InvalidParameterCombinationException: Multi-Region trail must include global service events."
    );
    assert!(
        create(json!({"Name": "all", "S3BucketName": "logs", "IsOrganizationTrail": true}))
            .starts_with("400 OrganizationsNotInUseException")
    );
    s3(&aws, &admin, "DELETE", "/logs?policy", "");
    assert_eq!(create(trail()), refused);
}

#[test]
fn the_log_group_and_the_role_are_checked() {
    let (aws, admin) = with_bucket();
    let create = |change: &Value| {
        let mut body = trail_with_logs();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json_error(&aws, &admin, "cloudtrail.CreateTrail", &body)
    };
    let trust =
        "400 InvalidCloudWatchLogsRoleArnException: Access denied. Check the trust relationships for your role.";
    let permissions =
        "400 InvalidCloudWatchLogsLogGroupArnException: Access denied. Check the permissions for your role.";
    assert!(
        create(&json!({"CloudWatchLogsRoleArn": null})).starts_with("400 InvalidParameterCombinationException: ")
    );
    assert_eq!(
        create(&json!({"CloudWatchLogsLogGroupArn": GROUP.trim_end_matches(":*")})),
        "400 InvalidCloudWatchLogsLogGroupArnException: CloudTrail cannot validate the specified log group ARN."
    );
    assert_eq!(create(&json!({})), trust, "there is no role");
    json(&aws, &admin, "logs.CreateLogGroup", &json!({"logGroupName": "cloudtrail"}));
    for wrong in [
        TRUST.replace("cloudtrail", "events"),
        TRUST.replace("}]}", r#","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}]}"#),
    ] {
        make_role(&aws, &admin, &wrong);
        wait(&aws, 10);
        assert_eq!(create(&json!({})), trust, "{wrong}");
    }
    make_role(&aws, &admin, TRUST);
    assert_eq!(create(&json!({})), trust, "the role is new");
    wait(&aws, 10);
    assert_eq!(create(&json!({})), permissions);
    let_role_write(&aws, &admin);
    json(&aws, &admin, "logs.DeleteLogGroup", &json!({"logGroupName": "cloudtrail"}));
    assert_eq!(create(&json!({})), permissions, "there is no log group");
    json(&aws, &admin, "logs.CreateLogGroup", &json!({"logGroupName": "cloudtrail"}));
    json(&aws, &admin, "cloudtrail.CreateTrail", &trail_with_logs());
}

#[test]
fn a_trail_is_changed_at_home_only() {
    let (aws, admin) = logging();
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/all";
    for action in ["StartLogging", "StopLogging", "UpdateTrail", "DeleteTrail"] {
        let action = format!("cloudtrail.{action}");
        let far = |name: &str| {
            let (status, reply) = json_call(&aws, &admin, "eu-west-1", &action, &json!({"Name": name}));
            format!("{status} {}", reply["__type"].as_str().unwrap().rsplit('#').next().unwrap())
        };
        assert_eq!(far(arn), "400 InvalidHomeRegionException", "{action}");
        assert_eq!(far("all"), "400 TrailNotFoundException", "{action}");
        assert_eq!(
            json_error(&aws, &admin, &action, &json!({"Name": "none"})),
            "400 TrailNotFoundException: Unknown trail: arn:aws:cloudtrail:us-east-1:111122223333:trail/none for the \
             user: 111122223333"
        );
    }
    let trails = json(&aws, &admin, "cloudtrail.DescribeTrails", &json!({}));
    assert_eq!(trails["trailList"][0]["CloudWatchLogsRoleArn"], ROLE);
    let without = json!({"Name": arn, "CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""});
    assert_eq!(json(&aws, &admin, "cloudtrail.UpdateTrail", &without).get("CloudWatchLogsRoleArn"), None);
}

#[test]
fn a_trail_of_an_organization_needs_the_management_account_and_its_trust() {
    let (organization, admin) = super::organization::organization();
    let management = organization.management();
    let body = json!({"Name": "all", "S3BucketName": "logs", "IsOrganizationTrail": true});
    let refused = |aws: &Aws, keys: &Keys| {
        let said = json_error(aws, keys, "cloudtrail.CreateTrail", &body);
        said.split(':').next().unwrap().to_owned()
    };
    let member = super::organization::account(&organization, "222233334444");
    assert_eq!(refused(&member, &member.admin()), "400 NotOrganizationMasterAccountException");
    assert_eq!(refused(management, &admin), "400 S3BucketDoesNotExistException");
    organization.trust("cloudtrail.amazonaws.com", false);
    assert_eq!(refused(management, &admin), "400 CloudTrailAccessNotEnabledException");
    organization.set_all_features(false);
    assert_eq!(refused(management, &admin), "400 OrganizationNotInAllFeaturesModeException");
}

/// A member sees the trail by its ARN, cannot change it, and its events come to the management account's log group.
#[test]
fn members_see_the_trail_of_their_organization_and_cannot_change_it() {
    let (organization, admin) = super::organization::organization();
    let management = organization.management();
    let number = management.account();
    let log_group = Some(format!("arn:aws:logs:us-east-1:{number}:log-group:cloudtrail:*"));
    let trail = Trail { organization: true, log_group, ..Trail::default() };
    management.arrange(|posture| posture.trails = vec![trail]);
    let member = super::organization::account(&organization, "222233334444");
    member.arrange(|posture| posture.trails.clear());
    let keys = member.admin();
    let seen = || json(&member, &keys, "cloudtrail.DescribeTrails", &json!({}))["trailList"].clone();
    let arn = format!("arn:aws:cloudtrail:us-east-1:{number}:trail/trail");
    assert_eq!((&seen()[0]["TrailARN"], &seen()[0]["IsOrganizationTrail"]), (&json!(arn), &json!(true)));
    let status = json(&member, &keys, "cloudtrail.GetTrailStatus", &json!({"Name": arn}));
    assert_eq!(status["IsLogging"], true);
    for action in ["UpdateTrail", "StopLogging", "DeleteTrail"] {
        let refused = json_error(&member, &keys, &format!("cloudtrail.{action}"), &json!({"Name": arn}));
        assert!(refused.starts_with("400 NotOrganizationMasterAccountException"), "{action}: {refused}");
    }
    wait(management, 300);
    let body = json!({"logGroupName": "cloudtrail", "filterPattern": "{ $.eventName = \"DescribeTrails\" }"});
    let found = json(management, &admin, "logs.FilterLogEvents", &body);
    let id = organization.view()["id"].as_str().unwrap().to_owned();
    let stream = format!("{id}_222233334444_CloudTrail_us-east-1");
    assert_eq!(found["events"][0]["logStreamName"], json!(stream));
    // As one of the account alone it is gone from members, and without trust it is one.
    json(management, &admin, "cloudtrail.UpdateTrail", &json!({"Name": arn, "IsOrganizationTrail": false}));
    assert_eq!(seen(), json!([]));
    management.arrange(|posture| posture.trails[0].organization = true);
    assert_eq!(seen().as_array().unwrap().len(), 1);
    let trust = json!({"ServicePrincipal": "cloudtrail.amazonaws.com"});
    json(management, &admin, "organizations.DisableAWSServiceAccess", &trust);
    assert_eq!(seen(), json!([]));
    assert!(!management.posture().trails[0].organization);
}
