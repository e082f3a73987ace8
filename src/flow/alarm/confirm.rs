//! A subscription confirmed by the account itself, so that no link in a mail ends it.

use crate::aws::hardening::{Confirmation, Obstacle, Subscription, TopicSubscriber};
use crate::aws::{self, Account, Call};
use crate::flow::context::Context;
use crate::flow::failure::{AlarmRefusal, Cause, Failed, Residue, Stage};
use crate::world::World;

/// A subscription that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The account number.
    pub account: String,
    /// The topic's ARN.
    pub topic: String,
    /// The subscription's ARN.
    pub subscription: String,
    /// Whether the account alone can end it. `Some(false)`: it had been confirmed by the link in the mail before; `None`:
    /// AWS does not say.
    pub authenticated: Option<bool>,
}

/// Confirms with the link out of a confirmation mail (ConfirmSubscription, signed, AuthenticateOnUnsubscribe).
///
/// # Errors
/// [`Failed`]: the topic is another account's, or AWS refuses.
pub fn confirm(confirmation: &Confirmation, world: &mut World) -> Result<Confirmed, Failed> {
    let (connector, mut context) = Context::open(Stage::Preflight, world)?;
    let confirmed = connector.connect().map_err(Cause::Aws).and_then(|account| {
        context.tell_clock();
        let of = confirmation.topic.split(':').nth(4).unwrap_or_default();
        if of != account.caller().account {
            let (topic, account) = (confirmation.topic.clone(), account.caller().account.clone());
            return Err(AlarmRefusal::OtherAccount { topic, account }.into());
        }
        let subscription = confirmed(&account, confirmation, &mut context)?;
        Ok(Confirmed {
            account: account.caller().account.clone(),
            topic: confirmation.topic.clone(),
            authenticated: account.subscription_is_authenticated(&subscription).unwrap_or(None),
            subscription,
        })
    });
    confirmed.map_err(|cause| match cause {
        // Neither a reply nor a look has told.
        Cause::Aws(why) if is_lost(&why) => {
            let left = Residue::ConfirmedPerhaps { topic: confirmation.topic.clone() };
            context.fail_leaving((Stage::Preflight, Cause::Aws(why)), vec![left])
        }
        cause => context.fail(Stage::Preflight, cause),
    })
}

/// Whether it may have been done all the same.
fn is_lost(why: &aws::Error) -> bool {
    matches!(why, aws::Error::OutcomeUnknown { .. } | aws::Error::Malformed { call: Call::ConfirmSubscription })
}

/// A token can be used again: after a lost reply it is. Where no reply comes, AWS is asked who has confirmed.
fn confirmed(account: &Account, confirmation: &Confirmation, context: &mut Context<'_>) -> Result<String, Cause> {
    let lost = match account.confirm_subscription(confirmation) {
        Err(why) if is_lost(&why) => why,
        outcome => return outcome.map_err(|why| refused(why, confirmation)),
    };
    if context.go_on().is_ok()
        && let Ok(subscription) = account.confirm_subscription(confirmation)
    {
        return Ok(subscription);
    }
    let (seen, _) = context.settle(|| account.subscribers(&confirmation.topic));
    let of = |one: &TopicSubscriber| {
        let is_asked = |asked: &String| asked.eq_ignore_ascii_case(&one.endpoint);
        one.subscription != Subscription::Deleted && confirmation.endpoint.as_ref().is_none_or(is_asked)
    };
    let subscribers = seen.ok().flatten().unwrap_or_default();
    let found: Vec<&Subscription> = subscribers.iter().filter(|one| of(one)).map(|one| &one.subscription).collect();
    match found[..] {
        [Subscription::Confirmed(arn)] => Ok(arn.clone()),
        [Subscription::Pending] => Err(AlarmRefusal::NotConfirmed.into()),
        _ => Err(Cause::Aws(lost)),
    }
}

fn refused(why: aws::Error, confirmation: &Confirmation) -> Cause {
    match why.obstacle() {
        Some(Obstacle::Token) => AlarmRefusal::Token.into(),
        Some(Obstacle::NotThere) => AlarmRefusal::NoTopic { topic: confirmation.topic.clone() }.into(),
        _ => Cause::Aws(why),
    }
}
