//! Words as a shell takes them.

use super::page::shown;
use crate::oath::Name;
use data_encoding::HEXLOWER;

/// How a command names a credential, as a shell takes it: quoted, or by its bytes where it is no text for a shell.
pub(super) fn by_name(name: &Name) -> String {
    let id = name.id();
    if !name.is_text() || shown(id) != id || id.starts_with('-') {
        return format!("--id {}", HEXLOWER.encode(name.bytes()));
    }
    // Within double quotes these mean something to a shell, `!` to an interactive one.
    if !id.contains(['"', '$', '`', '\\', '!']) {
        return format!("\"{id}\"");
    }
    format!("'{}'", id.replace('\'', r"'\''"))
}
