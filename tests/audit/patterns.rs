//! Filter patterns are judged by the events they match, however they are written.

use glasskey::aws::posture::{Condition, Coverage, NotJudged, Order, Own, Pattern, Test};
use proptest::prelude::*;

fn coverage(pattern: &str) -> Result<Coverage, NotJudged> {
    Pattern::parse(pattern).and_then(|pattern| pattern.coverage(&own()))
}

fn own() -> Own {
    Own { account: "111122223333".to_owned(), partition: "aws".to_owned() }
}

#[track_caller]
fn counts_root(pattern: &str) {
    assert_eq!(coverage(pattern), Ok(Coverage::Root { assumed: true }), "{pattern}");
}

#[test]
fn the_documented_pattern_in_every_spelling() {
    for pattern in [
        r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
        r#"{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }"#,
        r#"{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != "AwsServiceEvent") }"#,
        r#"  {($.eventType!="AwsServiceEvent")&&(($.userIdentity.invokedBy not exists)&&$.userIdentity.type="Root")}  "#,
        r#"{ $['userIdentity']['type'] = "Root" && $.['userIdentity'].invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#,
        // More than asked for is not less.
        r#"{ $.userIdentity.type = "Root" }"#,
        r#"{ $.userIdentity.type = "Root" && $.eventType != "AwsServiceEvent" }"#,
        r#"{ $.userIdentity.type = "Root" || $.userIdentity.type = "Root" && $.eventName = "ConsoleLogin" }"#,
        r#"{ $.userIdentity.type = "Root" && $.sourceIPAddress = "10.*" || $.userIdentity.type = "Root" }"#,
    ] {
        counts_root(pattern);
    }
}

#[test]
fn a_filter_may_name_its_own_account() {
    for pattern in [
        r#"{ $.userIdentity.type = "Root" && $.recipientAccountId = "111122223333" }"#,
        r#"{ $.userIdentity.type = "Root" && $.userIdentity.accountId = "111122223333" }"#,
        r#"{ $.userIdentity.type = "Root" && $.userIdentity.principalId = "111122223333" }"#,
        r#"{ $.userIdentity.principalId = "111122223333" }"#,
        r#"{ $.userIdentity.arn = "*:root" }"#,
        r#"{ $.userIdentity.arn = "arn:aws:iam::111122223333:root" && $.eventType != "AwsServiceEvent" }"#,
    ] {
        counts_root(pattern);
    }
    for pattern in [
        r#"{ $.userIdentity.type = "Root" && $.recipientAccountId = "444455556666" }"#,
        r#"{ $.userIdentity.type = "Root" && $.recipientAccountId != "111122223333" }"#,
        r#"{ $.userIdentity.arn = "arn:aws:iam::444455556666:root" }"#,
    ] {
        assert!(matches!(coverage(pattern), Ok(Coverage::Misses(_))), "{pattern}: {:?}", coverage(pattern));
    }
    for pattern in [
        r#"{ $.userIdentity.accountId = "111122223333" }"#,
        r#"{ $.userIdentity.arn = "*root" }"#,
        r#"{ $.userIdentity.arn = "arn:aws:iam::111122223333:*" }"#,
    ] {
        assert!(matches!(coverage(pattern), Ok(Coverage::Noisy(_))), "{pattern}: {:?}", coverage(pattern));
    }
}

#[test]
fn sessions_of_assume_root_may_be_left_out() {
    let pattern = r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" && $.userIdentity.sessionContext.assumedRoot NOT EXISTS }"#;
    assert_eq!(coverage(pattern), Ok(Coverage::Root { assumed: false }));
}

#[test]
fn what_catches_less_is_wrong_and_an_event_says_how() {
    for (pattern, field, value) in [
        (r#"{ $.userIdentity.type = "root" }"#, "userIdentity.type", Some("Root")),
        (r#"{ $.userIdentity.type = "Root" && $.eventName = "ConsoleLogin" }"#, "userIdentity.type", Some("Root")),
        (
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy EXISTS && $.eventType != "AwsServiceEvent" }"#,
            "userIdentity.invokedBy",
            None,
        ),
        (r#"{ $.userIdentity.type = "Root" && $.eventType = "AwsServiceEvent" }"#, "userIdentity.type", Some("Root")),
        (r#"{ $.userIdentity.type = "Root" && $.errorCode NOT EXISTS }"#, "userIdentity.type", Some("Root")),
        (r#"{ $.userIdentity.type = "Root" && $.sourceIPAddress != "10.0.0.1" }"#, "userIdentity.type", Some("Root")),
        (r#"{ $.userIdentity.type != "Root" }"#, "userIdentity.type", Some("Root")),
        (r#"{ $.userIdentity.userName = "root" }"#, "userIdentity.type", Some("Root")),
        // Right only if a field that is not there differs from everything, which nobody promises.
        (
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.sessionContext.assumedRoot != "true" }"#,
            "userIdentity.type",
            Some("Root"),
        ),
    ] {
        match coverage(pattern) {
            Ok(Coverage::Misses(event)) => {
                assert_eq!(event.get(field).map(String::as_str), value, "{pattern}: {event:?}")
            }
            other => panic!("{pattern}: {other:?}"),
        }
    }
}

#[test]
fn what_counts_others_too_is_noise() {
    for pattern in [
        r#"{ $.eventType != "AwsServiceEvent" }"#,
        r#"{ $.userIdentity.type = "Root" || $.userIdentity.type = "IAMUser" }"#,
        r#"{ $.userIdentity.type = "*" }"#,
        r#"{ $.userIdentity.type = "R*t" }"#,
    ] {
        assert!(matches!(coverage(pattern), Ok(Coverage::Noisy(_))), "{pattern}: {:?}", coverage(pattern));
    }
}

#[test]
fn what_cannot_be_judged_is_said() {
    assert_eq!(coverage(r#"{ $.userIdentity.type = %Ro+t% }"#), Err(NotJudged::Unmodelled));
    // One name with a dot in it is not the name of a member in a member.
    assert_eq!(coverage(r#"{ $['userIdentity.type'] = "Root" }"#), Err(NotJudged::Unmodelled));
    for pattern in [
        "",
        "ERROR",
        "[a, b]",
        "{",
        "{}",
        "{ $.a }",
        "{ $.a = 1 ",
        "{ $. = 1 }",
        "{ a = 1 }",
        "{ $.a NOT }",
        "{ $.a = \"x }",
        "{ $.a[b] = 1 }",
        "{ $.a[[0] = 1 }",
        "{ $.a[] = 1 }",
    ] {
        assert!(matches!(coverage(pattern), Err(NotJudged::Syntax(_))), "{pattern}: {:?}", coverage(pattern));
    }
    let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(coverage(&deep), Err(NotJudged::TooManyFields));
    let wide = (0..40).map(|n| format!("$.f{n} = 1")).collect::<Vec<_>>().join(" || ");
    assert_eq!(coverage(&format!("{{ {wide} }}")), Err(NotJudged::TooManyFields));
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("userIdentity.type".to_owned()),
        Just("userIdentity.invokedBy".to_owned()),
        Just("eventType".to_owned()),
        Just("eventName".to_owned()),
        Just("resources[0].it's".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let text = prop_oneof![
        Just("Root".to_owned()),
        Just("AwsServiceEvent".to_owned()),
        Just("R*".to_owned()),
        "[a-zA-Z \"\\\\*]{0,6}",
    ];
    prop_oneof![
        text.clone().prop_map(Condition::Equals),
        text.prop_map(Condition::Differs),
        Just(Condition::Exists),
        Just(Condition::Missing),
        Just(Condition::Null),
        any::<bool>().prop_map(Condition::Is),
        (0..100_i32).prop_map(|n| Condition::Ordered(Order::GreaterOrEqual, n.to_string())),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let test = (field(), condition()).prop_map(|(field, is)| Pattern::Test(Test { field, is }));
    test.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Pattern::And),
            prop::collection::vec(inner, 2..4).prop_map(Pattern::Or),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(pattern in pattern()) {
        prop_assert_eq!(Pattern::parse(&pattern.to_string()), Ok(pattern));
    }

    #[test]
    fn anything_at_all_is_read_or_refused(text in ".{0,80}") {
        let _ = coverage(&text);
    }

    /// Order does not matter, nor does saying a thing twice.
    #[test]
    fn reordering_changes_nothing(one in pattern(), other in pattern()) {
        let both = Pattern::And(vec![one.clone(), other.clone()]);
        let turned = Pattern::And(vec![other.clone(), one.clone(), other]);
        match (both.coverage(&own()), turned.coverage(&own())) {
            (Ok(both), Ok(turned)) => {
                prop_assert_eq!(std::mem::discriminant(&both), std::mem::discriminant(&turned));
            }
            (both, turned) => prop_assert_eq!(both.is_err(), turned.is_err()),
        }
        // What counts all of root still does with an alternative beside it.
        if let Ok(Coverage::Root { .. }) = one.coverage(&own()) {
            let wider = Pattern::Or(vec![one, turned]).coverage(&own());
            prop_assert!(!matches!(wider, Ok(Coverage::Misses(_))), "{:?}", wider);
        }
    }
}
