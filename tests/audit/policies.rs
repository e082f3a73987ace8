//! Service control policies: which stop the tasks of AssumeRoot. A table of what each does; then the simulator, which
//! has an evaluation of its own, says by refusing whether the table is right.

use super::office::{finding, organization, verdicts};
use crate::support::blows::side_by_side;
use glasskey::aws::posture::{Effect, Place, Stops};
use glasskey::sim::aws::Wrong;
use glasskey::sim::aws::organization::Kind;

const PLACE: Place<'_> =
    Place { partition: "aws", region: "us-east-1", organization: Some("o-example1234"), accounts: &[] };

fn policy(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{statement}}}]}}"#)
}

const NO: Stops = Stops::No;
const SUMMARY: Stops = Stops::Yes("iam:GetAccountSummary");
const FACTORS: Stops = Stops::Yes("iam:ListMFADevices");

/// A statement's parts, whether it denies root and not everybody, whether it stops tasks: of what both sides know.
const BOTH: [(&str, bool, Stops); 22] = [
    (
        r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"}}"#,
        true,
        SUMMARY,
    ),
    (
        r#""Action":["iam:*","s3:*"],"Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:root"]}}"#,
        true,
        SUMMARY,
    ),
    (
        r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"BoolIfExists":{"aws:AssumedRoot":"false"}}"#,
        true,
        NO,
    ),
    (
        r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"Null":{"aws:AssumedRoot":"true"}}"#,
        true,
        NO,
    ),
    // Without "IfExists" it spares root as well: the key is there for AssumeRoot alone.
    (
        r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"Bool":{"aws:AssumedRoot":"false"}}"#,
        false,
        NO,
    ),
    (r#""Action":"*","Resource":"*","Condition":{"Bool":{"aws:AssumedRoot":"true"}}"#, false, SUMMARY),
    (r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:AssumedRoot":"true"}}"#, false, NO),
    (
        r#""Action":"ec2:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#,
        true,
        NO,
    ),
    (
        r#""NotAction":["iam:*","sts:*","s3:*","sqs:*"],"Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#,
        true,
        NO,
    ),
    (
        r#""NotAction":["iam:GetAccountSummary","s3:*","sqs:*"],"Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#,
        true,
        FACTORS,
    ),
    // Everybody but the administrators: root is not one of them.
    (
        r#""Action":"iam:*","Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}"#,
        false,
        SUMMARY,
    ),
    (
        r#""Action":"iam:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/admin","arn:aws:iam::*:root"]}}"#,
        false,
        NO,
    ),
    // An action without a resource is matched by "*" alone.
    (
        r#""Action":"iam:*","Resource":"arn:aws:iam::*:root","Condition":{"StringEquals":{"aws:PrincipalType":"Account"}}"#,
        true,
        FACTORS,
    ),
    (r#""Action":"iam:*","NotResource":"arn:aws:iam::*:root""#, false, SUMMARY),
    (r#""Action":"iam:*","Resource":"arn:aws:iam::*:user/*""#, false, NO),
    (r#""Action":"iam:ListMFADevices","Resource":"arn:aws:iam::??????????0?:ro?t""#, false, FACTORS),
    (
        r#""Action":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"999999999999"}}"#,
        false,
        SUMMARY,
    ),
    (
        r#""Action":"iam:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:root"}}"#,
        true,
        SUMMARY,
    ),
    // Root has no name: the key is absent, and a negated test holds then.
    (r#""Action":"iam:*","Resource":"*","Condition":{"StringNotLike":{"aws:username":"admin-*"}}"#, false, SUMMARY),
    (r#""Action":"iam:*","Resource":"*","Condition":{"StringLike":{"aws:username":"*"}}"#, false, NO),
    // IAM is in one region; a region policy that leaves it out is the usual one.
    (
        r#""NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}"#,
        false,
        NO,
    ),
    (
        r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}"#,
        false,
        SUMMARY,
    ),
];

#[test]
fn what_a_policy_does_to_root_and_to_assume_root() {
    let depends = |key: &str| Stops::DependsOn(key.to_owned());
    let root = r#""StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"}"#;
    let more: Vec<(String, bool, Stops)> = vec![
        (r#""Action":"s3:DeleteBucketPolicy","Resource":"*""#.into(), false, Stops::Yes("s3:DeleteBucketPolicy")),
        // Buckets of certain names are protected; others can be unlocked.
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::audit-logs-*""#.into(), false, NO),
        (r#""Action":"sqs:*","NotResource":"arn:aws:sqs:*:*:dead-*""#.into(), false, Stops::Yes("sqs:SetQueueAttributes")),
        (r#""Action":"organizations:LeaveOrganization","Resource":"*""#.into(), false, NO),
        (r#""Action":"iam:CreateAccessKey","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#.into(), true, NO),
        // One account's root is stopped, where it is a member.
        (r#""Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#.into(), false, SUMMARY),
        // The organization's own data perimeter.
        (r#""Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-example1234"}}"#.into(), false, NO),
        (r#""Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-other"}}"#.into(), false, SUMMARY),
        (r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"security"}}"#.into(), false, SUMMARY),
        (r#""Action":"*","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"true"}}"#.into(), false, NO),
        // A variable in a resource; and one that is not known, which decides only where the rest fits.
        (r#""Action":"iam:*","Resource":"arn:aws:iam::${aws:PrincipalAccount}:root""#.into(), false, FACTORS),
        (r#""Action":"iam:*","Resource":"arn:aws:iam::${aws:SourceAccount}:root""#.into(), false, depends("aws:SourceAccount")),
        (r#""Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:SourceAccount}""#.into(), false, NO),
        // Some regions are closed to queues, or all of them.
        (r#""Action":"sqs:*","Resource":"arn:aws:sqs:us-east-1:*:*""#.into(), false, NO),
        (r#""Action":"sqs:*","Resource":"arn:aws:sqs:*:*:*""#.into(), false, Stops::Yes("sqs:SetQueueAttributes")),
        (r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}}"#.into(), false, NO),
        (r#""Action":"s3:*","Resource":"*","Condition":{"StringLike":{"aws:RequestedRegion":"*"}}"#.into(), false, Stops::Yes("s3:DeleteBucketPolicy")),
        // What is not known beforehand decides; or does not, where something else does.
        (r#""Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#.into(), false, depends("aws:SourceIp")),
        (format!(r#""Action":"*","Resource":"*","Condition":{{{root},"NotIpAddress":{{"aws:SourceIp":"192.0.2.0/24"}}}}"#), false, depends("aws:SourceIp")),
        (format!(r#""Action":"*","Resource":"*","Condition":{{{root},"BoolIfExists":{{"aws:AssumedRoot":"false","aws:MultiFactorAuthPresent":"false"}}}}"#), false, NO),
        (r#""Action":"ec2:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#.into(), false, NO),
        (r#""Action":"iam:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:SourceVpc}:root"}}"#.into(), false, depends("aws:PrincipalArn")),
        (r#""Action":"iam:*","Resource":"*","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":"x"}}"#.into(), false, SUMMARY),
        (r#""Action":"iam:*","Resource":"*","Condition":{"ForAnyValue:StringNotLike":{"aws:TagKeys":"x"}}"#.into(), false, NO),
    ];
    let both = BOTH.into_iter().map(|(statement, denies, stops)| (statement.to_owned(), denies, stops));
    for (statement, denies_root, stops_tasks) in both.chain(more) {
        let effect = Effect::of(&policy(&statement), &PLACE).map(|effect| (effect.denies_root, effect.stops.worst()));
        assert_eq!(effect, Some((denies_root, stops_tasks)), "{statement}");
    }
    for harmless in [
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Statement":{"Effect":"Deny","Resource":"*"}}"#,
        r#"{"Statement":[]}"#,
    ] {
        assert_eq!(Effect::of(harmless, &PLACE).map(|effect| effect.stops.worst()), Some(NO), "{harmless}");
    }
    for not_a_policy in ["no policy", "{}", "[]", ""] {
        assert_eq!(Effect::of(not_a_policy, &PLACE), None, "{not_a_policy}");
    }
    // What is attached to accounts alone is in force there alone.
    let named = policy(
        r#""Action":"iam:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:root"}}"#,
    );
    for (account, stops) in [("111122223333", SUMMARY), ("444455556666", NO)] {
        let accounts = [account.to_owned()];
        let place = Place { accounts: &accounts, ..PLACE };
        assert_eq!(Effect::of(&named, &place).map(|effect| effect.stops.worst()), Some(stops), "{account}");
    }
}

/// Each policy is attached for real. Where the rule says that a call of the audit is stopped, the member cannot be told
/// in full; where it says that none is, it can.
#[test]
fn the_simulators_own_evaluation_agrees() {
    let wrong = side_by_side(4, BOTH.to_vec(), |(statement, _, stops)| {
        let (organization, office, members) = organization(&[Kind::ActiveKey]);
        let id = organization.add_policy("candidate", &policy(statement)).unwrap();
        organization.attach(&id, &organization.root_id());
        let (lines, _) = office.lines(&["--org"]);
        let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
        let (rule, member) = (verdicts(of("111122223333")), verdicts(of(&members[0])));
        let refused = member.values().any(|verdict| verdict == "unknown");
        let said = rule["scp-stops-tasks"].as_str();
        let wanted = match stops {
            Stops::Yes(_) => ("fail", true),
            Stops::No | Stops::DependsOn(_) => ("pass", false),
        };
        ((said, refused) != wanted).then(|| format!("{statement}: {said}, refused: {refused}"))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What cannot be decided is unknown, with the key that decides; and a person must look.
#[test]
fn what_depends_on_the_request_is_unknown() {
    let (organization, office, _) = organization(&[]);
    // The simulator does not evaluate addresses, and refuses to store what it cannot hold.
    let text =
        policy(r#""Action":"*","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}"#);
    let id = organization.add_policy("fresh", &text).unwrap();
    organization.attach(&id, &organization.root_id());
    let (lines, code) = office.lines(&[]);
    let finding = finding(&lines[0], "scp-stops-tasks");
    let says = format!(
        "fresh ({id}), attached to the organization's root ({}): whether it stops AssumeRoot's sessions (IAMAuditRootUserCredentials, IAMDeleteRootUserCredentials, IAMCreateRootUserPassword, S3UnlockBucketPolicy, SQSUnlockQueuePolicy) depends on aws:MultiFactorAuthAge",
        organization.root_id()
    );
    assert_eq!((finding["verdict"].as_str(), finding["evidence"][0].as_str()), (Some("unknown"), Some(&*says)));
    assert_eq!(code, 5);
}

/// Consolidated billing, and the errors of ListOrganizationsFeatures that are answers.
#[test]
fn an_organization_without_all_features() {
    let (organization, office, members) = organization(&[Kind::NoCredentials]);
    organization.set_all_features(false);
    let (lines, code) = office.lines(&[]);
    assert_eq!(
        finding(&lines[0], "central-root")["evidence"][0],
        "the organization has consolidated billing alone, and not all features"
    );
    assert_eq!((verdicts(&lines[0])["central-root"].as_str(), code), ("fail", 1));
    assert_eq!(verdicts(&lines[0])["scp-stops-tasks"], "pass");
    organization.set_all_features(true);

    let evidence = |code: &str| {
        office.aws.heal();
        let what = Wrong::Code { status: 400, code: code.to_owned(), message: "No.".to_owned() };
        office.aws.fail(super::office::always("ListOrganizationsFeatures", what));
        let (lines, _) = office.lines(&[]);
        let finding = finding(&lines[0], "central-root");
        (finding["verdict"].as_str().unwrap().to_owned(), finding["evidence"].clone(), finding["unreadable"].clone())
    };
    for code in ["ServiceAccessNotEnabledException", "ServiceAccessNotEnabled"] {
        let (verdict, evidence, _) = evidence(code);
        assert_eq!(
            (verdict.as_str(), &evidence[0]),
            ("fail", &"IAM has no trusted access in the organization".into())
        );
    }
    assert_eq!(evidence("OrganizationNotInAllFeaturesModeException").0, "fail");
    let (verdict, _, unreadable) = evidence("AccountNotManagementOrDelegatedAdministratorException");
    assert_eq!(verdict, "unknown");
    assert_eq!(
        unreadable[0]["reason"],
        "ListOrganizationsFeatures: AWS refused ListOrganizationsFeatures with AccountNotManagementOrDelegatedAdministratorException (HTTP 400): No."
    );
    office.aws.heal();

    // AssumeRoot says AccessDenied, or names the reason: a member is unknown, never well, and a person must act.
    for code in ["ServiceAccessNotEnabledException", "OrganizationNotInAllFeaturesModeException", "AccessDenied"] {
        let member = organization.account(&members[0]).unwrap();
        member.heal();
        let what = Wrong::Code { status: 400, code: code.to_owned(), message: "No.".to_owned() };
        member.fail(super::office::always("AssumeRoot", what));
        let (lines, exit) = office.lines(&["--account", &members[0]]);
        assert_eq!((lines[0]["verdict"].as_str(), exit), (Some("unknown"), 5), "{code}");
        let reason = finding(&lines[0], "root-mfa")["unreadable"][0]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains(if code == "AccessDenied" { "needs sts:AssumeRoot" } else { code }), "{reason}");
    }
}
