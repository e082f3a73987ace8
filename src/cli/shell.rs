//! Words as a shell takes them.

use super::page::displayed;
use crate::keys::KeyId;
use crate::oath::Name;
use data_encoding::HEXLOWER;
use std::borrow::Cow;

/// How a command names a credential, as a shell takes it: quoted, or by its bytes where it is no text for a shell.
pub(super) fn by_name(name: &Name) -> String {
    let id = name.id();
    if !name.is_text() || displayed(id) != id || id.starts_with('-') {
        return format!("--id {}", HEXLOWER.encode(name.bytes()));
    }
    // Within double quotes these mean something to a shell, `!` to an interactive one.
    if !id.contains(['"', '$', '`', '\\', '!']) {
        return format!("\"{id}\"");
    }
    format!("'{}'", id.replace('\'', r"'\''"))
}

pub(super) fn word(text: &str) -> Cow<'_, str> {
    shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
}

/// The option that names a key, after a space; nothing where no key is known.
pub(super) fn key_option(key: Option<&KeyId>) -> String {
    key.map_or_else(String::new, |key| format!(" --key {}", key.argument()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_shell_shows_is_given_by_its_bytes() {
        let named = |id: &str| by_name(&Name::from_id(id).unwrap());
        assert_eq!(named("Example:alice"), "\"Example:alice\"");
        assert_eq!(named("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(named("tab\t\u{7}"), "--id 7461620907");
        assert_eq!(named("a\u{202e}b"), "--id 61e280ae62");
        assert_eq!(named("-x"), "--id 2d78");
    }
}
