//! The manifests for package managers are filled in from the sums of a release.

use super::{entries, root};
use serde_json::Value;
use std::process::{Command, Output};

const ARCHIVES: [&str; 5] = [
    "aarch64-apple-darwin.tar.gz",
    "x86_64-apple-darwin.tar.gz",
    "aarch64-unknown-linux-gnu.tar.gz",
    "x86_64-unknown-linux-gnu.tar.gz",
    "x86_64-pc-windows-msvc.zip",
];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Each archive with a sum of its own.
fn sums(archives: &[&str]) -> String {
    let sum = |nth: usize| format!("{:064x}", nth + 1);
    archives.iter().enumerate().map(|(nth, name)| format!("{}  glasskey-{VERSION}-{name}\n", sum(nth))).collect()
}

fn filled_in(sums: &str) -> (tempfile::TempDir, Output) {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("SHA256SUMS");
    std::fs::write(&path, sums).unwrap();
    let script = root().join("scripts/manifests");
    let output = Command::new(script).arg(&path).arg(scratch.path().join("out")).output().unwrap();
    (scratch, output)
}

#[test]
fn each_manifest_has_the_sum_of_its_archive() {
    let (scratch, output) = filled_in(&sums(&ARCHIVES));
    assert!(output.status.success(), "{output:?}");
    let files = entries(&scratch.path().join("out"));
    assert_eq!(files.len(), 5, "{files:?}");
    let text = |name: &str| std::fs::read_to_string(scratch.path().join("out").join(name)).unwrap();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("@VERSION@") && !text.contains("@SHA256") && !text.contains("@URL@"), "{text}");
    }
    let formula = text("glasskey.rb");
    for (nth, archive) in ARCHIVES.iter().enumerate().take(4) {
        let url = format!("v{VERSION}/glasskey-{VERSION}-{archive}\"\n      sha256 \"{:064x}\"", nth + 1);
        assert!(formula.contains(&url), "{formula}");
    }
    let scoop: Value = serde_json::from_str(&text("scoop.json")).unwrap();
    assert_eq!(scoop["architecture"]["64bit"]["hash"], format!("{:064x}", 5));
    assert!(text("glasskey.glasskey.installer.yaml").contains(&format!("InstallerSha256: {:064x}\n", 5)));
}

/// A release that lacks an archive has no manifests with a hole.
#[test]
fn without_a_sum_nothing_is_made_up() {
    let (_scratch, output) = filled_in(&sums(&ARCHIVES[1..]));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with(&format!("has no sum of glasskey-{VERSION}-aarch64-apple-darwin.tar.gz\n")), "{said}");
}
