//! Users who are handed a key: one by one, each key waited for.

use super::super::context::Context;
use super::{Became, Book, Row, SharedInputs, Watch, begun};
use crate::flow::failure::{Cause, Stage};
use crate::keys::{self, Device, Serial};
use crate::person::{Notice, Question};
use crate::totp::unix;
use std::time::Duration;

/// How often readers are looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Works through the rows. `true`: the person interrupted.
pub(super) fn work(
    work: &SharedInputs<'_>,
    rows: &[&Row],
    book: &mut Book<'_>,
    watch: &mut dyn Watch,
    context: &mut Context<'_>,
) -> Result<bool, Cause> {
    for (nth, row) in rows.iter().enumerate() {
        context.tell(Notice::NextUser { user: row.user.clone(), nth: nth + 1, of: rows.len() });
        let was = book.ledger.state(row);
        let key = match find_key(work, row, book, context) {
            Ok(key) => key,
            Err(Cause::Interrupted) => return Ok(true),
            Err(cause) => {
                let why = context.fail(Stage::Preflight, cause);
                book.begin(row, unix(context.clock.now()))?;
                book.end(row, Became::Failed(Box::new(why)), watch, context)?;
                continue;
            }
        };
        book.begin(row, unix(context.clock.now()))?;
        let became = work.turn_or_found(row, begun(was), key, context);
        let interrupted = matches!(&became, Became::Failed(why) if matches!(why.cause, Cause::Interrupted));
        book.end(row, became, watch, context)?;
        if interrupted || context.interrupt.ever_raised() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The row's key, waited for where somebody is there to bring it. A row without one, where no other place takes the
/// seed, gets whichever key is plugged in next and has not been handed out yet.
fn find_key(
    work: &SharedInputs<'_>,
    row: &Row,
    book: &Book<'_>,
    context: &mut Context<'_>,
) -> Result<Option<Serial>, Cause> {
    match row.key {
        Some(key) => wait_for(key, row, context).map(Some),
        None if !work.request.places.is_empty() => Ok(None),
        None => any_key(row, &book.ledger.used, context).map(Some),
    }
}

fn present(context: &Context<'_>) -> Result<Vec<(Serial, Device)>, Cause> {
    let found = keys::list(context.keys.ports())?;
    Ok(found
        .into_iter()
        .filter_map(|found| found.key.ok())
        .filter_map(|key| Some((key.device.serial?, key.device)))
        .collect())
}

fn wait_for(wanted: Serial, row: &Row, context: &mut Context<'_>) -> Result<Serial, Cause> {
    let mut told = false;
    let mut others: Vec<Serial> = Vec::new();
    loop {
        context.go_on()?;
        let here = present(context)?;
        if here.iter().any(|(serial, _)| *serial == wanted) {
            return Ok(wanted);
        }
        if !context.person.is_there() {
            let present = here.into_iter().map(|(serial, _)| serial).collect();
            return Err(Cause::Keys(keys::Error::Missing { wanted, present }));
        }
        if !std::mem::replace(&mut told, true) {
            context.tell(Notice::InsertKey { user: row.user.clone(), key: Some(wanted) });
            others = here.iter().map(|(serial, _)| *serial).collect();
        }
        for (present, _) in &here {
            if !others.contains(present) {
                context.tell(Notice::OtherKey { present: *present, wanted: Some(wanted) });
            }
        }
        others = here.iter().map(|(serial, _)| *serial).collect();
        if !context.clock.sleep(LOOK) {
            return Err(Cause::Interrupted);
        }
    }
}

fn any_key(row: &Row, used: &[Serial], context: &mut Context<'_>) -> Result<Serial, Cause> {
    context.tell(Notice::InsertKey { user: row.user.clone(), key: None });
    let mut refused: Vec<Serial> = Vec::new();
    loop {
        context.go_on()?;
        let here = present(context)?;
        // Taken out: asked about again when it comes back.
        refused.retain(|serial| here.iter().any(|(present, _)| present == serial));
        for (key, found) in here {
            if refused.contains(&key) {
                continue;
            }
            if used.contains(&key) {
                context.tell(Notice::OtherKey { present: key, wanted: None });
            } else {
                let question = Question::HandOut { key, model: found.model, user: row.user.clone() };
                match context.person.confirm(&question) {
                    Some(true) => return Ok(key),
                    Some(false) => {}
                    None if context.interrupt.raised() => return Err(Cause::Interrupted),
                    None => return Err(Cause::NobodyToAsk),
                }
            }
            refused.push(key);
        }
        if !context.clock.sleep(LOOK) {
            return Err(Cause::Interrupted);
        }
    }
}
