//! A new password, from the operating system's random source.

use super::{SecretText, memory, on_wiped_stack};
use zeroize::Zeroizing;

/// Four kinds of characters. Of IAM's symbols (User Guide, "Set an account password policy for IAM users") only those that
/// no shell and no list with commas takes for its own.
const KINDS: [&[u8]; 4] = [b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789", b"@%_+-="];

impl SecretText {
    /// A password of so many characters, with a capital letter, a small one, a digit and a symbol. Each that has all four is
    /// as likely as any other. `None`: it is too short for that, or the system gave no memory, or nothing random.
    #[must_use]
    pub fn new_password(length: usize) -> Option<Self> {
        if length < KINDS.len() {
            return None;
        }
        let mut filled = None;
        let page = on_wiped_stack(|| {
            memory::Page::filled(length, |page| {
                filled = Some(());
                while filled.is_some() && !has_all_kinds(page) {
                    filled = fill(page);
                }
            })
        });
        filled.and(page).map(|page| Self { page })
    }
}

fn has_all_kinds(password: &[u8]) -> bool {
    KINDS.iter().all(|kind| password.iter().any(|letter| kind.contains(letter)))
}

/// Fills all of it. `None`: the system gives nothing random.
fn fill(password: &mut [u8]) -> Option<()> {
    let alphabet = KINDS.concat();
    // A byte above the last whole alphabet would make some characters likelier.
    let most = 256 - 256 % alphabet.len();
    let mut random = Zeroizing::new([0_u8; 64]);
    let mut left = password.iter_mut();
    loop {
        getrandom::fill(&mut *random).ok()?;
        for byte in random.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < most) {
            match left.next() {
                Some(letter) => *letter = *alphabet.get(byte % alphabet.len())?,
                None => return Some(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_new_password_has_every_kind_of_character_and_is_never_the_same() {
        let mut seen = BTreeSet::new();
        for length in [4, 5, 40, 128].repeat(50) {
            let password = SecretText::new_password(length).unwrap();
            let fits = password.expose(|text| text.len() == length && has_all_kinds(text.as_bytes()));
            assert!(fits);
            if length > 5 {
                assert!(password.expose(|text| seen.insert(text.to_owned())));
            }
        }
        let letters: BTreeSet<char> = seen.iter().flat_map(|password| password.chars()).collect();
        assert_eq!(letters.len(), KINDS.concat().len(), "each character of the alphabet comes");
        assert!(SecretText::new_password(3).is_none());
    }
}
