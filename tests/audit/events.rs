//! EventBridge patterns, by the events of root that they let through.

use glasskey::aws::posture::{Own, Watch};

fn own() -> Own {
    Own { account: "111122223333".to_owned(), partition: "aws".to_owned() }
}

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
        // The account's own names of itself.
        (r#"{"account":["111122223333"],"detail":{"userIdentity":{"type":["Root"]}}}"#, Watch::Everything),
        (r#"{"account":["444455556666"],"detail":{"userIdentity":{"type":["Root"]}}}"#, Watch::Nothing),
        (
            r#"{"region":["us-east-1"],"detail":{"recipientAccountId":["111122223333"],"userIdentity":{"type":["Root"],"accountId":["111122223333"]}}}"#,
            Watch::Everything,
        ),
        (r#"{"detail":{"userIdentity":{"principalId":["111122223333"]}}}"#, Watch::Everything),
        (r#"{"detail":{"userIdentity":{"arn":["arn:aws:iam::111122223333:root"]}}}"#, Watch::Everything),
        (r#"{"detail":{"userIdentity":{"arn":[{"wildcard":"*:root"}]}}}"#, Watch::Everything),
        // A user may be called groot.
        (r#"{"detail":{"userIdentity":{"arn":[{"suffix":"root"}]}}}"#, Watch::Noisy),
        (r#"{"detail":{"userIdentity":{"arn":["arn:aws:iam::444455556666:root"]}}}"#, Watch::Nothing),
        (r#"{"detail":{"userIdentity":{"type":[{"equals-ignore-case":"root"}]}}}"#, Watch::Everything),
        // What is not of every sign-in.
        (
            r#"{"detail":{"userIdentity":{"type":["Root"]},"sourceIPAddress":[{"anything-but":"10.0.0.1"}]}}"#,
            Watch::Part,
        ),
        (r#"{"detail":{"userIdentity":{"type":["Root"]},"errorCode":[{"exists":true}]}}"#, Watch::Part),
        (r#"{"detail":{"userIdentity":{"type":["Root"]},"readOnly":[true]}}"#, Watch::Part),
        (r#"{"detail":{"userIdentity":{"type":["Root"]},"readOnly":[false]}}"#, Watch::SignIns),
        (r#"{"detail":{"userIdentity":{"type":["Root"]},"eventName":["ConsoleLogin"]}}"#, Watch::SignIns),
        (r#"{"detail":{"userIdentity":{"type":["Root", "IAMUser"]}}}"#, Watch::Noisy),
        ("", Watch::NotJudged),
        ("[]", Watch::NotJudged),
    ] {
        assert_eq!(Watch::of(pattern, &own(), "us-east-1"), watch, "{pattern}");
    }
}
