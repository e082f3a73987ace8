//! Every relative link leads to a file, and to a heading in it where one is named.

use super::{documents, read};
use std::path::Path;

/// The targets of inline links.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_heading(document: &Path, wanted: &str) -> bool {
    read(document).lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted)
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for document in documents() {
        let text = read(&document);
        for target in targets(&text).filter(|target| !target.contains("://")) {
            let (file, heading) =
                target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
            let there = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
            if !there.exists() || heading.is_some_and(|heading| !has_heading(&there, heading)) {
                broken.push(format!("{}: {target}", document.display()));
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} links");
    assert!(broken.is_empty(), "{broken:#?}");
}
