//! The documents say what is so: their commands parse, their links lead somewhere, their policies do what is written
//! beside them, and what can be counted is counted.
//!
//! A part between `<!-- NAME:begin -->` and `<!-- NAME:end -->` is generated. `GLASSKEY_WRITE_DOCS=1` writes it;
//! without, the test fails where the document says something else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod checks; // the scripts that runbooks end with
mod commands; // what can be typed
mod faults; // the counts in docs/flows.md
mod links; // what is pointed at
mod packaging; // manifests for package managers
mod policies; // docs/policies
mod recovery; // what recover makes of each situation
mod rules; // the rules of the audit
mod schemas; // what --json prints
mod systems; // what each operating system protects

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Every document: the Markdown files at the root, and those under docs and udev.
fn documents() -> Vec<PathBuf> {
    let mut found = files_in(root(), "md");
    let mut directories = vec![root().join("docs"), root().join("udev")];
    while let Some(directory) = directories.pop() {
        found.extend(files_in(&directory, "md"));
        directories.extend(entries(&directory).into_iter().filter(|path| path.is_dir()));
    }
    found
}

fn files_in(directory: &Path, extension: &str) -> Vec<PathBuf> {
    entries(directory).into_iter().filter(|path| path.extension().is_some_and(|it| it == extension)).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Holds the generated part `name` of a document to `right`, or writes it.
pub(crate) fn hold(document: &str, name: &str, right: &str) {
    let path = root().join(document);
    let text = read(&path);
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{document} has no {begin}"));
    let (there, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{document} has no {end}"));
    if there == right {
        return;
    }
    assert!(
        std::env::var_os("GLASSKEY_WRITE_DOCS").is_some(),
        "{document} says something else of {name}. Right is:\n{right}\n\
         GLASSKEY_WRITE_DOCS=1 cargo test --test tests docs:: writes it"
    );
    std::fs::write(&path, format!("{before}{begin}{right}{end}{after}")).unwrap();
}
