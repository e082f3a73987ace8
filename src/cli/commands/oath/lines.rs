//! Text of several lines, of which one is the secret: an entry of a password store, or more than was meant to be pasted.
//! Joined they would be one longer secret, whose code would match. Somebody at a terminal says which line is meant.

use super::Failed;
use super::secret::{SecretInput, TRIES, parse_beside, readable, several_lines};
use crate::cli::console::Style;
use crate::cli::explain::Explanation;
use crate::cli::terminal::TerminalPerson;
use crate::person::Person;
use crate::platform::Interrupt;
use crate::totp::{Given, Uri};
use zeroize::Zeroizing;

#[derive(Clone, Copy)]
pub(in crate::cli) struct Asking<'a> {
    pub(in crate::cli) person: &'a TerminalPerson,
    pub(in crate::cli) style: Style,
    pub(in crate::cli) interrupt: &'a Interrupt,
    /// The command that takes several secrets at once, where the secret is for a key.
    pub(in crate::cli) import: Option<&'a str>,
}

/// The one line there is, or the one that is meant.
///
/// # Errors
/// There are several, and none of them is a secret, or nobody can be asked; or none was chosen.
pub(super) fn one_of(text: &[u8], given: &Given, asking: Asking<'_>) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let text = readable(text)?;
    let lines: Vec<(usize, &[u8])> = numbered(&text).collect();
    if lines.len() < 2 {
        return Ok(text);
    }
    let found: Vec<(usize, &[u8], Option<String>)> =
        lines.into_iter().map(|(number, line)| (number, line, what_it_is(line, given))).collect();
    let may_be: Vec<(usize, &[u8])> =
        found.iter().filter(|(_, _, what)| what.is_some()).map(|(number, line, _)| (*number, *line)).collect();
    if may_be.is_empty() || !asking.person.is_there() {
        return Err(Box::new(several_lines(found.len())));
    }
    asking.style.say(&format!("glasskey: there are {} lines, and a secret is one:", found.len()));
    for (number, _, what) in &found {
        let what = what.as_deref().unwrap_or("not a secret");
        asking.style.say(&format!("  {:<9} {what}", format!("line {number}")));
    }
    choose(&may_be, found.len(), asking).map(|line| Zeroizing::new(line.to_vec()))
}

fn choose<'t>(may_be: &[(usize, &'t [u8])], lines: usize, asking: Asking<'_>) -> Result<&'t [u8], Failed> {
    let numbers: Vec<String> = may_be.iter().map(|(number, _)| number.to_string()).collect();
    let prompt = format!("Which line is the secret? [{}; Enter: none of them] ", numbers.join("/"));
    for _ in 0..TRIES {
        let Some(answer) = asking.person.ask(&prompt, false) else {
            let why = if asking.interrupt.raised() { Explanation::interrupted() } else { several_lines(lines) };
            return Err(Box::new(why));
        };
        let answer = answer.trim();
        if answer.is_empty() {
            break;
        }
        let number = answer.parse::<usize>().ok();
        if let Some((_, line)) = may_be.iter().find(|(one, _)| Some(*one) == number) {
            return Ok(line);
        }
        asking.style.say("glasskey: that is none of them");
    }
    Err(Box::new(Explanation::new("declined", "no line was chosen; nothing was done")))
}

/// The lines with something in them, counted from 1, whatever ends them.
fn numbered(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut number = 1;
    let mut before = 0;
    text.split(|c| matches!(c, b'\n' | b'\r')).filter_map(move |line| {
        let here = number;
        let begins = before;
        before = begins + line.len() + 1;
        // The end of a line may be two characters.
        let is_pair = text.get(begins + line.len()..).is_some_and(|end| end.starts_with(b"\r\n"));
        if !is_pair {
            number += 1;
        }
        let line = line.trim_ascii();
        (!line.is_empty()).then_some((here, line))
    })
}

/// What a line could be, without its secret; `None`: it is no secret.
fn what_it_is(line: &[u8], given: &Given) -> Option<String> {
    match parse_beside(line, given).ok()? {
        SecretInput::Seed(seed) => Some(format!("may be a secret in base32, of {} bytes", seed.len())),
        SecretInput::Uri(Uri { issuer: Some(issuer), account, .. }) => {
            Some(format!("an otpauth URI for \"{issuer}:{account}\""))
        }
        SecretInput::Uri(Uri { account, .. }) => Some(format!("an otpauth URI for \"{account}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("a{end}{end} b {end}c");
            let lines: Vec<_> = numbered(text.as_bytes()).collect();
            assert_eq!(lines, [(1, &b"a"[..]), (3, b"b"), (4, b"c")], "{end:?}");
        }
    }
}
