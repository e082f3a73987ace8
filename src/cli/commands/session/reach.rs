//! Reaching a person whose terminal does not show standard error: tools that run a `credential_process` keep it to
//! themselves. A touch is then asked for on the controlling terminal, or on the desktop where there is none.

use super::deadline::Waited;
use crate::cli::console::Style;
use crate::cli::terminal::on_terminal;
use crate::keys::{KeyId, Serial};
use crate::person::{Choice, NoNewPin, Notice, Offer, Person, Question};
use crate::secret::{Code, Password};
use std::process::{Command, Stdio};

pub(super) struct Reached {
    person: Box<dyn Person>,
    style: Style,
    no_input: bool,
    waited: Waited,
}

impl Reached {
    pub(super) fn new(person: Box<dyn Person>, style: Style, no_input: bool, waited: Waited) -> Self {
        Self { person, style, no_input, waited }
    }

    fn call_for_a_touch(&self, key: Serial) {
        if self.no_input || self.style.terminal {
            return;
        }
        let said = on_terminal(&format!("glasskey: touch YubiKey {key} now: it blinks"));
        if said.is_err() {
            // Where there is no desktop either, the key blinks all the same.
            let _ = Command::new("notify-send")
                .args(["--app-name=glasskey", "--urgency=critical", "--expire-time=15000", "glasskey"])
                .arg(format!("Touch YubiKey {key} now: it blinks"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
        }
    }
}

impl Person for Reached {
    fn is_there(&self) -> bool {
        self.person.is_there()
    }

    fn tell(&mut self, notice: &Notice) {
        self.person.tell(notice);
        self.waited.hear(notice);
        if let Notice::Touch { key } = notice {
            self.call_for_a_touch(*key);
        }
    }

    fn confirm(&mut self, question: &Question) -> Option<bool> {
        self.person.confirm(question)
    }

    fn password(&mut self, key: Serial) -> Option<Password> {
        self.person.password(key)
    }

    fn pin(&mut self, key: &KeyId, left: u8) -> Option<Password> {
        self.person.pin(key, left)
    }

    fn new_pin(&mut self, key: &KeyId, least: usize) -> Result<Password, NoNewPin> {
        self.person.new_pin(key, least)
    }

    fn choose(&mut self, finish: Offer<'_>, undo: Offer<'_>) -> Option<Choice> {
        self.person.choose(finish, undo)
    }

    fn show_qr(&mut self, uri: &str, check: &mut dyn FnMut(&Code) -> bool) -> Option<bool> {
        self.person.show_qr(uri, check)
    }
}
