//! The HTML report in a real browser: Debian's Chromium, headless. Rendered light, dark and on paper; nothing is asked of
//! any network, nothing goes wrong on its console, and the paper has every finding.
//!
//! Where Chromium or pdftotext is missing the tests fail and say so: `scripts/prepare test` installs both.

use super::office::{Office, always, organization};
use glasskey::sim::aws::Wrong;
use glasskey::sim::aws::organization::Kind;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

struct Browser {
    home: tempfile::TempDir,
    proxy: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Browser {
    /// One whose requests all go to a proxy that answers none and remembers their hosts.
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let hosts = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let url = head.split(' ').nth(1).unwrap_or_default().trim_start_matches("http://");
                hosts.lock().unwrap().insert(url.split(['/', ':']).next().unwrap_or_default().to_owned());
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { home: tempfile::tempdir().unwrap(), proxy, asked }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn open(&self, page: &Path, args: &[&str]) -> Output {
        let mut command = Command::new("chromium");
        command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync"]);
        // Its sandbox needs rights that neither root nor a container has. The page is ours.
        command.args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]);
        command.arg(format!("--user-data-dir={}", self.path("profile").display()));
        command.arg(format!("--proxy-server={}", self.proxy));
        command.args(["--enable-logging=stderr", "--v=0", "--window-size=1200,1600"]).args(args);
        command.arg(format!("file://{}", page.display())).env("HOME", self.home.path());
        let output =
            command.output().unwrap_or_else(|why| panic!("chromium: {why}; scripts/prepare test installs it"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// What the page made it ask for; what the browser asks its maker is not the page's doing.
    fn asked(&self) -> Vec<String> {
        let makers = ["google.com", "googleapis.com", "gvt1.com", "gstatic.com"];
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().filter(|host| !makers.iter().any(|maker| host.ends_with(maker))).collect()
    }
}

/// Accounts of every kind, one that cannot be asked, and words of other people that look like a page's.
fn report() -> (Office, String, Vec<Value>) {
    let (organization, office, members) = organization(&Kind::ALL);
    organization.account(&members[3]).unwrap().fail(always("AssumeRoot", Wrong::Deny));
    office.aws.arrange(|posture| {
        posture.subscriptions[0].confirmed = false;
        posture.subscriptions[0].endpoint =
            "<script>console.error('run')</script><img src=http://page.invalid/>".to_owned();
    });
    let html = office.run(&["--org", "--format", "html"]);
    assert_eq!(html.code, 1, "{}", html.stderr);
    let (lines, _) = office.lines(&["--org"]);
    (office, html.stdout, lines)
}

/// Every finding that is shown: fail or unknown.
fn shown(lines: &[Value]) -> Vec<&Value> {
    let findings = lines.iter().flat_map(|line| line["findings"].as_array().into_iter().flatten());
    findings.filter(|finding| finding["verdict"] == "fail" || finding["verdict"] == "unknown").collect()
}

/// The picture's width and height, its mean brightness, and how much of it is not its commonest colour.
fn looked_at(path: &Path) -> (u32, u32, f64, f64) {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    let pixels: Vec<&[u8]> = bytes[..frame.buffer_size()].chunks(frame.color_type.samples()).collect();
    let mut counts = std::collections::HashMap::<&[u8], usize>::new();
    let mut sum = 0.0;
    for pixel in &pixels {
        *counts.entry(&pixel[..3]).or_default() += 1;
        sum += pixel[..3].iter().map(|part| f64::from(*part)).sum::<f64>() / 3.0;
    }
    let all = pixels.len() as f64;
    let commonest = *counts.values().max().unwrap() as f64;
    (frame.width, frame.height, sum / all, 1.0 - commonest / all)
}

#[test]
fn the_report_in_a_browser() {
    let (_office, html, lines) = report();
    let browser = Browser::new();
    let page = browser.put("report.html", &html);

    // The document that the browser has made of it.
    let output = browser.open(&page, &["--dump-dom"]);
    let (dom, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let accounts = lines.iter().filter(|line| line["type"] == "root_audit_account").count();
    assert!(dom.contains(&format!("<h1>Root users of {accounts} accounts: ")), "{dom}");
    assert_eq!(dom.matches("<section id=").count(), accounts);
    assert_eq!(dom.matches("<article class=").count(), shown(&lines).len());
    assert!(shown(&lines).len() > 20);
    assert!(!said.contains("CONSOLE"), "{said}");
    assert!(!dom.contains("<script") && !dom.contains("<img"), "other people's words are words");
    assert_eq!(browser.asked(), Vec::<String>::new());

    // Light and dark: not blank, and as bright as that says.
    let shots = ["light", "dark"].map(|scheme| {
        let shot = browser.path(&format!("{scheme}.png"));
        let prefers = format!("--blink-settings=preferredColorScheme={}", u8::from(scheme == "light"));
        browser.open(&page, &[&prefers, &format!("--screenshot={}", shot.display())]);
        looked_at(&shot)
    });
    for (width, height, _, drawn) in shots {
        assert_eq!((width, height), (1200, 1600));
        assert!((0.02..0.5).contains(&drawn), "{shots:?}");
    }
    assert!(shots[0].2 > 200.0 && shots[1].2 < 60.0, "{shots:?}");

    // Paper: every account, and every finding with its title, evidence, reason and fix.
    let pdf = browser.path("report.pdf");
    browser.open(&page, &["--no-pdf-header-footer", &format!("--print-to-pdf={}", pdf.display())]);
    let text = Command::new("pdftotext").arg(&pdf).arg("-").output();
    let text = text.unwrap_or_else(|why| panic!("pdftotext: {why}; scripts/prepare test installs it"));
    // Lines break anywhere, and pdftotext takes a hyphen at a line's end for one of hyphenation.
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>();
    let paper = plain(&String::from_utf8_lossy(&text.stdout));
    for finding in shown(&lines) {
        let parts = ["title", "why"].map(|name| finding[name].as_str().unwrap().to_owned());
        let listed = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let reasons =
            finding["unreadable"].as_array().unwrap().iter().map(|why| why["reason"].as_str().unwrap().to_owned());
        let parts = parts
            .into_iter()
            .chain(listed(&finding["evidence"]))
            .chain(listed(&finding["fix"]["aws"]))
            .chain(reasons);
        for part in parts {
            assert!(paper.contains(&plain(&part)), "not on paper: {part}");
        }
    }
    let accounts = lines.iter().filter_map(|line| line["account"].as_str());
    accounts.for_each(|account| assert!(paper.contains(account), "{account}"));
    assert_eq!(browser.asked(), Vec::<String>::new());

    // That what was looked for would have been seen.
    let loud = browser.put(
        "loud.html",
        &html.replace(
            "</main>",
            "<img src=\"http://page.invalid/x.png\"><script>console.error('loud')</script></main>",
        ),
    );
    let output = browser.open(&loud, &["--dump-dom"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("CONSOLE"));
    assert_eq!(browser.asked(), ["page.invalid"]);
}
