//! Files that are this user's, the system's and its administrators', by their access lists.

use super::super::{Writers, sddl};
use super::system::access;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Links are looked for before a file is opened, and no pipe has a name among files. What a file is made with, it has
/// from its directory; one that is made elsewhere is [`keep_private`]'s.
pub fn open_with_care(_: &mut OpenOptions) {}

/// Keeps a file that was just made to this user.
pub fn keep_private(path: &Path) -> io::Result<()> {
    access::keep_to_this_user(path)
}

/// Opens a file for reading: no pipe has a name among files.
pub fn open_pipe_or_file(path: &Path) -> io::Result<Option<(File, Vec<u8>)>> {
    Ok(Some((File::open(path)?, Vec::new())))
}

/// Makes directories, those above it too; each that was not there is this user's alone, with all in it.
pub fn create_private_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_private_directories(above)?;
    }
    match create_private_directory(path) {
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Makes a directory that its owner alone can enter; it must not be there.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)?;
    access::keep_to_this_user(path)
}

/// Whether this process may make files in a directory.
#[must_use]
pub fn may_write(directory: &Path) -> bool {
    directory.metadata().is_ok_and(|there| !there.permissions().readonly())
}

/// Whether users other than its owner can see what is in a directory.
#[must_use]
pub fn others_may_look(directory: &Path) -> bool {
    access::of(directory).is_ok_and(|list| sddl::others_may_read(&list.text, &list.us))
}

/// Devices belong to no group here.
#[must_use]
pub fn group_of(_: &Path) -> Option<String> {
    None
}

/// Who may write to a file or directory. Of one that has no access list (FAT), others may.
#[must_use]
pub fn writers(path: &Path, _: &Metadata) -> Writers {
    access::of(path).map_or(Writers::Others, |list| sddl::writers(&list.text, &list.us))
}

/// Who may put another thing in the place of what is in a directory.
#[must_use]
pub fn movers(directory: &Path, _: &Metadata) -> Writers {
    access::of(directory).map_or(Writers::Others, |list| sddl::movers(&list.text, &list.us))
}

/// Whether users other than its owner can reach what is in a directory: whoever knows the name of a file can, whatever
/// its directory says.
#[must_use]
pub fn others_may_enter(_: &Path, _: &Metadata) -> bool {
    true
}

/// Whether nobody but this user can read or write it, as with every file that this program makes.
#[must_use]
pub fn is_private(path: &Path, there: &Metadata) -> bool {
    writers(path, there) == Writers::Us && !others_may_look(path)
}

/// There is no such limit.
pub fn survive_file_size_limit() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    /// Longer than any path that Windows's calls by name take.
    #[test]
    fn what_is_made_is_this_users_alone_however_long_its_path_is() {
        let scratch = tempfile::tempdir().unwrap();
        let deep = (0..6).fold(scratch.path().to_owned(), |path, _| path.join("ö".repeat(60)));
        create_private_directories(&deep).unwrap();
        let file = deep.join("file");
        fs::write(&file, "").unwrap();
        keep_private(&file).unwrap();
        for path in [deep.parent().unwrap(), &deep, &file] {
            let there = path.metadata().unwrap();
            assert!(is_private(path, &there), "{}", access::of(path).unwrap().text);
            assert_eq!(movers(&deep, &there), Writers::Us);
        }
    }
}
