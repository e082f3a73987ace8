//! Things that go wrong on demand, at a chosen command.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub on: On,
    /// Whether the applet still carried the command out.
    pub when: When,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The n-th from now, counted from 1.
    Nth(usize),
    /// The next with this instruction. SELECT and CALCULATE ALL are both A4.
    Ins(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The command does not reach it.
    Before,
    /// It carried the command out; the answer is lost.
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Pull,
    /// This status word is the answer, without data.
    Sw(u16),
    /// Another program resets the card: nothing is selected and it is locked. Over a socket the connection closes.
    Reset,
    /// No answer comes. Over a socket the connection closes.
    Mute,
    /// An answer too short to hold a status word.
    Malformed,
}

/// A fault, and how many commands have gone by.
pub(super) struct Armed {
    fault: Fault,
    seen: usize,
}

impl Armed {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, seen: 0 }
    }

    fn strikes(&mut self, ins: u8) -> bool {
        self.seen += 1;
        match self.fault.on {
            On::Nth(nth) => self.seen >= nth,
            On::Ins(wanted) => wanted == ins,
        }
    }
}

/// Counts a command; the first fault due on it is taken out and returned.
pub(super) fn due(faults: &mut Vec<Armed>, ins: u8) -> Option<(When, What)> {
    let mut struck = None;
    for (index, armed) in faults.iter_mut().enumerate() {
        if armed.strikes(ins) && struck.is_none() {
            struck = Some(index);
        }
    }
    let armed = faults.remove(struck?);
    Some((armed.fault.when, armed.fault.what))
}
