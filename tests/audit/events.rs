//! EventBridge patterns, by the events of root that they let through.

use glasskey::aws::posture::Watch;

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
