//! EventBridge patterns and service control policies, by what they do with root.

use glasskey::aws::posture::{Effect, Watch};

#[test]
fn rules_are_judged_by_the_events_they_let_through() {
    for (pattern, watch) in [
        (r#"{"detail":{"userIdentity":{"type":["Root"]}}}"#, Watch::Everything),
        (
            r#"{"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#,
            Watch::Everything,
        ),
        (
            r#"{"detail-type":["AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#,
            Watch::SignIns,
        ),
        (r#"{"source":["aws.signin"],"detail":{"userIdentity":{"arn":[{"suffix":":root"}]}}}"#, Watch::SignIns),
        (r#"{"detail":{"userIdentity":{"type":["Root"]},"additionalEventData":{"MFAUsed":["No"]}}}"#, Watch::Part),
        (
            r#"{"detail-type":["AWS API Call via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#,
            Watch::Part,
        ),
        (r#"{"detail":{"userIdentity":{"type":["root"]}}}"#, Watch::Nothing),
        (r#"{"source":["aws.ec2"],"detail":{"state":["running"]}}"#, Watch::Nothing),
        (r#"{"detail-type":["AWS Console Sign In via CloudTrail"]}"#, Watch::Noisy),
        (r#"{"detail":{"userIdentity":{"type":[{"cidr":"10.0.0.0/8"}]}}}"#, Watch::NotJudged),
        ("", Watch::NotJudged),
        ("[]", Watch::NotJudged),
    ] {
        assert_eq!(Watch::of(pattern), watch, "{pattern}");
    }
}

#[test]
fn policies_against_root_stop_assume_root_unless_they_spare_it() {
    let against = |action: &str, condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":{action},"Resource":"*","Condition":{condition}}}]}}"#
        )
    };
    let root = r#"{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"}}"#;
    for (text, denies_root, stops_tasks) in [
        (against(r#""*""#, root), true, true),
        (against(r#"["iam:*","s3:*"]"#, r#"{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:root"]}}"#), true, true),
        (
            against(
                r#""*""#,
                r#"{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"BoolIfExists":{"aws:AssumedRoot":"false"}}"#,
            ),
            true,
            false,
        ),
        (against(r#""ec2:*""#, root), true, false),
        (
            against(r#""iam:*""#, r#"{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}"#),
            false,
            false,
        ),
        (against(r#""*""#, r#"{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}"#), false, false),
        (
            r#"{"Statement":{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}}"#.to_owned(),
            false,
            false,
        ),
        (r#"{"Statement":[{"Effect":"Deny","NotAction":"ec2:*","Resource":"*"}]}"#.to_owned(), false, true),
        (r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#.to_owned(), false, false),
    ] {
        assert_eq!(Effect::of(&text), Some(Effect { denies_root, stops_tasks }), "{text}");
    }
    assert_eq!(Effect::of("no policy"), None);
}
