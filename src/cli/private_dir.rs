//! A directory only its owner can enter, removed at the end.

use crate::platform::files;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct PrivateDir(PathBuf);

impl PrivateDir {
    /// Makes one where the session keeps its sockets, or among the temporary files.
    pub(super) fn create() -> io::Result<Self> {
        let parent = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
        let parent = parent.unwrap_or_else(std::env::temp_dir);
        // A process of this number that was killed may have left its own.
        let mut nth = 0;
        loop {
            let path = parent.join(format!("glasskey-{}-{nth}", std::process::id()));
            match files::create_private_directory(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && nth < 100 => nth += 1,
                Err(cause) => return Err(cause),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
