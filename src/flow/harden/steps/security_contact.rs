//! The account's security contact: set where one is named, and never guessed.

use crate::aws::hardening::AlternateContact;
use crate::aws::{self, Account, Call};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::{self, Emission};
use crate::flow::harden::step::{Change, Hands, Hardening, Planning, Proposal};
use crate::person::{HardenChange, HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

pub(super) struct SecurityContact;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// `None`: there is none.
    contact: Option<AlternateContact>,
}

impl Hardening for SecurityContact {
    type State = State;

    const ID: &'static str = "security-contact";
    const FINDINGS: &'static [Rule] = &[Rule::SecurityContact];

    fn read(&self, account: &Account, _: &HardenSettings) -> Result<State, aws::Error> {
        Ok(State { contact: account.alternate_contact()? })
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        let settings = planning.settings;
        let wanted = match (&settings.security_contact, &state.contact) {
            (Some(wanted), _) => AlternateContact {
                name: wanted.name.clone(),
                title: wanted.title.clone(),
                email: wanted.email.clone(),
                phone: wanted.phone.clone(),
            },
            (None, Some(_)) => return Proposal::Nothing,
            (None, None) => {
                let message = "name it with --security-name, --security-title, --security-email and --security-phone";
                return Proposal::Open { code: OpenCode::NotNamed, message: message.to_owned() };
            }
        };
        if state.contact.as_ref() == Some(&wanted) {
            return Proposal::Nothing;
        }
        let undo = match &state.contact {
            Some(_) => "the contact of before is set again",
            None => "the contact is removed, as there was none",
        };
        let changes = changes(state.contact.as_ref(), &wanted);
        let mut change = Change::to(State { contact: Some(wanted) }, vec![Call::PutAlternateContact], undo);
        change.changes = changes;
        change.effects = vec!["AWS writes there about abuse and exposed keys.".to_owned()];
        Proposal::Change(Box::new(change))
    }

    fn lead(&self, _: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        match &to.contact {
            Some(contact) => hands.account.put_alternate_contact(contact)?,
            None => hands.account.delete_alternate_contact()?,
        }
        Ok(())
    }

    fn emission(&self, after: &State, _: &Planning<'_>) -> Emission {
        after.contact.as_ref().map_or_else(Emission::default, emit::security_contact)
    }
}

fn changes(before: Option<&AlternateContact>, after: &AlternateContact) -> Vec<HardenChange> {
    type Shown = fn(&AlternateContact) -> &String;
    let shown: [(&str, Shown); 4] = [
        ("name", |contact| &contact.name),
        ("title", |contact| &contact.title),
        ("e-mail", |contact| &contact.email),
        ("phone", |contact| &contact.phone),
    ];
    let rows = shown.into_iter().map(|(what, shown)| HardenChange {
        what: what.to_owned(),
        before: before.map_or_else(|| "none".to_owned(), |before| shown(before).clone()),
        after: shown(after).clone(),
    });
    rows.filter(|change| change.before != change.after).collect()
}
