//! The names in a URI: the label's two halves, and what to believe where label and `issuer` parameter differ.

use super::{BadUri, decode};
use icu_normalizer::ComposingNormalizerBorrowed;

/// Issuer, account, and the issuer that the label names where it is another than the parameter's.
#[derive(Default)]
pub(in crate::totp) struct Names {
    pub(in crate::totp) issuer: Option<String>,
    /// Empty where none is named.
    pub(in crate::totp) account: String,
    pub(in crate::totp) other_issuer: Option<String>,
}

impl Names {
    /// Joins what a label and an `issuer` parameter say. The parameter counts, as it does for ykman: services put a
    /// tenant, a user or another spelling into the label. An ARN is a name as a whole.
    pub(in crate::totp) fn of(label: &str, parameter: &str) -> Self {
        let (before, account) = match label.split_once(':') {
            Some((arn, _)) if arn.trim() == "arn" && !parameter.trim().is_empty() => ("", label),
            Some(halves) => halves,
            None => ("", label),
        };
        let (before, account, parameter) = (before.trim(), account.trim(), parameter.trim());
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let differ = !before.is_empty() && !parameter.is_empty() && !same_words(before, parameter);
        Self {
            issuer: some(if parameter.is_empty() { before } else { parameter }),
            account: account.to_owned(),
            other_issuer: some(before).filter(|_| differ),
        }
    }
}

/// Whether two names differ in spelling only: in how an accent is composed (Unicode's NFC and NFD), or in a blank that
/// a form wrote as a plus sign.
fn same_words(one: &str, other: &str) -> bool {
    let plain = |text: &str| ComposingNormalizerBorrowed::new_nfc().normalize(&text.replace('+', " ")).into_owned();
    plain(one) == plain(other)
}

pub(super) fn read(label: &[u8]) -> Result<String, BadUri> {
    let bad = || BadUri::value("label", None);
    let label = decode(label, false).ok_or_else(bad)?;
    text(&label).map(str::to_owned).ok_or_else(bad)
}

/// UTF-8 that can be shown on a terminal.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}
