//! A subscription confirmed by the account itself, so that no link in a mail ends it.

use crate::aws::hardening::{Confirmation, Obstacle};
use crate::aws::{self, Account};
use crate::flow::context::Context;
use crate::flow::failure::{AlarmRefusal, Cause, Failed, Stage};
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
        let subscription = confirmed(&account, confirmation)?;
        Ok(Confirmed {
            account: account.caller().account.clone(),
            topic: confirmation.topic.clone(),
            authenticated: account.subscription_is_authenticated(&subscription).unwrap_or(None),
            subscription,
        })
    });
    confirmed.map_err(|cause| context.fail(Stage::Preflight, cause))
}

/// A token can be used again: after a lost reply it is.
fn confirmed(account: &Account, confirmation: &Confirmation) -> Result<String, Cause> {
    let outcome = match account.confirm_subscription(confirmation) {
        Err(aws::Error::OutcomeUnknown { .. }) => account.confirm_subscription(confirmation),
        outcome => outcome,
    };
    outcome.map_err(|why| match why.obstacle() {
        Some(Obstacle::Token) => AlarmRefusal::Token.into(),
        Some(Obstacle::NotThere) => AlarmRefusal::NoTopic { topic: confirmation.topic.clone() }.into(),
        _ => Cause::Aws(why),
    })
}
