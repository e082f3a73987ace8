//! What is certainly wrong with a rule of EventBridge, before anything is sent.

use crate::aws::posture::{Fact, May, Reach, Rule, Seal, Target, Watch};
use crate::flow::audit::{Break, own_break, region_break, rule_tells};

/// What is wrong with the rule of the region in which root signs in; what is behind it: [`topic_refuses`].
pub(super) fn of_home(rule: &Rule) -> Option<String> {
    let watches = matches!(rule.watch, Watch::Everything | Watch::SignIns);
    own_break(rule, watches).and_then(|why| said(rule, &why))
}

/// What is wrong with a rule of another region, which sends its events to `home`, or tells somebody itself.
pub(super) fn of_region(rule: &Rule, home: &str) -> Option<String> {
    // What could not be read is tried.
    let why = region_break(rule, |region| region == home).ok().flatten();
    why.and_then(|why| said(rule, &why))
}

/// `None`: that is not certain, and is tried.
fn said(rule: &Rule, why: &Break) -> Option<String> {
    let name = &rule.name;
    let target = || rule.targets.known().and_then(|targets| targets.first()).map_or("", |target| &*target.arn);
    Some(match why {
        _ if why.is_undecided() => return None,
        Break::RuleDisabled => format!("{name} is switched off (its state is DISABLED)"),
        Break::RuleMisses => format!("{name} takes other events than root's: its pattern has been changed"),
        Break::RulePart => format!("{name} takes only a part of root's events"),
        Break::RuleNoisy => format!("{name} takes events of others too"),
        Break::NoTarget => format!("{name} has no target: what it takes goes nowhere"),
        Break::RoleGone => format!("{name}: the role with which it sends to another region is gone"),
        Break::RoleNotAssumed => {
            format!("{name}: EventBridge may not assume the role with which it sends to another region")
        }
        Break::RoleMayNotSend => format!("{name}: its role may not put events on the bus of the other region"),
        Break::NotTaken { region } => {
            format!("{name} sends to {region}, where no rule takes that and tells somebody")
        }
        _ => format!("{name} sends to {}, and nobody is told there", target()),
    })
}

/// Why nothing that the rule sends arrives at a topic that somebody could hear; `None`: it may arrive.
pub(super) fn topic_refuses(rule: &Rule) -> Option<String> {
    let targets = rule.targets.known().map(Vec::as_slice).unwrap_or_default();
    targets.iter().find_map(refuses).filter(|_| !rule_tells(rule).unwrap_or(true))
}

/// Why the target of a rule did not take an event, as far as that is seen. EventBridge itself does not say.
pub(super) fn not_sent(rule: &Rule) -> String {
    let targets = rule.targets.known().map(Vec::as_slice).unwrap_or_default();
    let to_bus = targets.iter().any(|target| matches!(target.reach, Reach::Bus { .. }));
    targets.iter().find_map(refuses).unwrap_or_else(|| match to_bus {
        true => "its role may not put events on the bus of the other region".to_owned(),
        false => "EventBridge does not say why".to_owned(),
    })
}

fn refuses(target: &Target) -> Option<String> {
    let arn = &target.arn;
    Some(match &target.reach {
        Reach::NoTopic => format!("there is no topic {arn}"),
        Reach::Nobody => format!("{arn} tells nobody"),
        Reach::Topic(topic) => match (&topic.publish, &topic.seal) {
            (Fact::Known(May::No), _) => format!("the policy of {arn} does not let events.amazonaws.com publish"),
            (_, Fact::Known(Seal::Open | Seal::DependsOn(_)) | Fact::Unreadable(_)) => return None,
            _ => format!("{arn} is encrypted with a key that events.amazonaws.com may not use"),
        },
        _ => return None,
    })
}
