//! Codes on the terminal, and root looked at, until the console has taken two.

use super::TotpSitting;
use crate::aws::{self, DeviceKind};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, RootRefusal};
use crate::flow::root::codes::{Shown, Source};
use crate::flow::root::fido::Evidence;
use crate::flow::root::view::{Awaited, Sign, is_called, is_meant};
use crate::person::{AtCodes, Notice, Question, RootQuestion, RootStep};
use crate::secret::Seed;
use std::time::SystemTime;

pub(super) enum End {
    There(Evidence, Option<String>),
    /// Stopped, with the reason; the device is not there, as far as can be told.
    Stopped(Cause),
}

impl TotpSitting {
    /// Shows codes and looks at root in turn. The codes are the last key's; where there is none, those of the seed.
    pub(super) fn show(&mut self, seed: Option<&Seed>, context: &mut Context<'_>) -> End {
        let key = self.request.keys.last().map(|key| self.sink(*key));
        let Some(source) = key.as_ref().map(Source::Key).or_else(|| seed.map(Source::Seed)) else {
            return End::Stopped(Cause::refused(RootRefusal::NoPlace));
        };
        let serial = self.arn.to_string();
        let mut shown = match Shown::first(source, &serial, context) {
            Ok(shown) => shown,
            Err(cause) => return End::Stopped(cause),
        };
        let begun = context.clock.now();
        let mut looked: Option<SystemTime> = None;
        loop {
            let at = match shown.show(source, context) {
                Ok(at) => at,
                Err(cause) => return End::Stopped(cause),
            };
            let now = context.clock.now();
            let since = |then: SystemTime| now.duration_since(then).unwrap_or_default();
            let due = at == AtCodes::Done || looked.is_none_or(|looked| since(looked) >= self.request.limits.every);
            if self.tells && due {
                looked = Some(now);
                match self.read(context) {
                    Ok(Some(serial)) => {
                        shown.used(&serial, context);
                        return self.there(serial, context);
                    }
                    Ok(None) if at == AtCodes::Done => {
                        context.tell(Notice::Root(RootStep::NotListedYet));
                    }
                    Ok(None) => {}
                    Err(aws::Error::Interrupted) => return End::Stopped(Cause::Interrupted),
                    Err(why) if context.person.is_there() => {
                        self.tells = false;
                        context.tell(Notice::Root(RootStep::Blind { why }));
                    }
                    Err(why) => return End::Stopped(Cause::Aws(why)),
                }
            }
            // Nobody can be asked whether it is this one: it is not taken for it, and the run stays.
            if let Some(serial) = self.other.take() {
                let name = self.request.device_name.clone();
                return End::Stopped(Cause::refused(RootRefusal::OtherName { serial, name }));
            }
            if at == AtCodes::Done && !self.tells {
                context.person.hide_codes();
                let name = self.request.device_name.clone();
                if context.person.confirm(&Question::Root(RootQuestion::WasAdded { name })) == Some(true) {
                    shown.used(&serial, context);
                    return End::There(Evidence::Said, None);
                }
            }
            if at == AtCodes::GivesUp || context.interrupt.raised() {
                return End::Stopped(Cause::Interrupted);
            }
            if since(begun) >= self.request.limits.timeout {
                return End::Stopped(Cause::refused(RootRefusal::NotSeen { after: self.request.limits.timeout }));
            }
        }
    }

    pub(super) fn read(&mut self, context: &mut Context<'_>) -> Result<Option<String>, aws::Error> {
        let look = self.view.read()?;
        let name = &self.request.device_name;
        let awaited = Awaited { kind: DeviceKind::Virtual, name, what: name, limits: self.request.limits };
        match self.known.compare(&look, &awaited, context.person) {
            Some(Sign::Device(serial)) if is_called(&serial, name) => Ok(Some(serial)),
            Some(Sign::Device(serial)) if !context.person.is_there() => {
                let expected = Some(name.clone());
                context.tell(Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected }));
                self.other = Some(serial);
                Ok(None)
            }
            Some(Sign::Device(serial)) => {
                context.person.hide_codes();
                Ok(is_meant(&serial, name, context.person).then_some(serial))
            }
            _ => Ok(None),
        }
    }

    fn there(&self, serial: String, context: &mut Context<'_>) -> End {
        context.person.hide_codes();
        if is_called(&serial, &self.request.device_name) {
            context.tell(Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected: None }));
        }
        End::There(Evidence::Seen, Some(serial))
    }
}
