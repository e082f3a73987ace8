//! Each field that a key, a file, the command line or AWS fills, filled with what acts on a screen: written out wherever it
//! is shown, and the text itself in JSON. As [`raw`](super::raw), field by field.

use super::raw::{ACTING, few, hostile, is_tame, shows_tamely};
use crate::audit::office::{Office, always, organization};
use crate::fido_cli::ceremonies::{ASSERT, ENROLL, creation, request};
use crate::fido_cli::credentials::register;
use crate::state;
use crate::support::{FidoKeys, Keys, Run, Simulated, Typist, run, run_with, seed, with_fd};
use glasskey::sim::authenticator::Options;
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::posture::{Composite, MetricFilter, Subscription, Topic};
use glasskey::sim::aws::{Setup, Wrong};
use serde_json::{Value, json};

/// As [`is_tame`], and every line of standard output is JSON.
#[track_caller]
fn is_tame_json(done: &Run) {
    is_tame(done);
    for line in done.stdout.lines() {
        let read = serde_json::from_str::<Value>(line);
        assert!(read.is_ok(), "{read:?} of {line:?}");
    }
}

/// That the text is shown in one of these at least, or nothing is proved of it.
#[track_caller]
fn is_shown<'r>(runs: impl IntoIterator<Item = &'r Run>) {
    let mut all = runs.into_iter().peekable();
    let first = format!("{:?}", all.peek());
    assert!(all.any(|done| done.stdout.contains("FORGED") || done.stderr.contains("FORGED")), "nowhere: {first}");
}

/// Each run, held to [`is_tame`].
#[track_caller]
fn are_tame(runs: &[Run]) {
    runs.iter().for_each(is_tame);
    is_shown(runs);
}

/// Every format of an audit.
fn audited(office: &Office, more: &[&str]) -> Vec<Run> {
    let formats = ["table", "json", "csv", "html", "markdown", "ocsf"];
    formats.map(|format| office.run(&[more, &["--format", format]].concat())).into()
}

/// Text in percent signs, as a URI has it.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn service_control_policies_units_and_the_accounts_below_them() {
    for part in ACTING.chunks(8) {
        let text = few(part);
        let (organization, office, members) = organization(&[Kind::NoMfa, Kind::NoCredentials]);
        let unit = organization.add_unit(&text, None);
        organization.move_to(&members[0], &unit);
        let deny =
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Deny","Action":["iam:*"],"Resource":"*"}]}"#;
        for target in [&unit, &members[1]] {
            let policy = organization.add_policy(&text, deny).unwrap();
            organization.attach(&policy, target);
        }
        are_tame(&audited(&office, &["--org"]));
        // A sentence of Organizations' own.
        let code = Wrong::Code { status: 400, code: "AWSOrganizationsNotInUseException".to_owned(), message: text };
        office.aws.fail(always("ListAccounts", code));
        are_tame(&audited(&office, &["--org"]));
    }
}

/// An alarm chain in which every name is hostile, and each link of which is broken in its turn.
#[test]
fn everything_that_watches_root() {
    for part in ACTING.chunks(11) {
        let text = few(part);
        let broken: [fn(&mut glasskey::sim::aws::posture::Posture, &str); 8] = [
            |_, _| {},
            |posture, _| posture.alarms.iter_mut().for_each(|alarm| alarm.actions = Vec::new()),
            |posture, text| posture.alarms.iter_mut().for_each(|alarm| alarm.expression = Some(text.to_owned())),
            |posture, text| posture.alarms.iter_mut().for_each(|alarm| alarm.unit = Some(text.to_owned())),
            |posture, text| posture.metric_filters.iter_mut().for_each(|filter| filter.pattern = text.to_owned()),
            |posture, text| {
                posture.trails.iter_mut().for_each(|trail| trail.logs_delivery_error = Some(text.to_owned()))
            },
            |posture, text| posture.trails.iter_mut().for_each(|trail| trail.delivery_error = Some(text.to_owned())),
            |posture, _| posture.subscriptions.iter_mut().for_each(|one| one.confirmed = false),
        ];
        for broken in broken {
            let office = Office::sound();
            office.aws.arrange(|posture| {
                let topic = format!("{}{text}", posture.subscriptions[0].topic);
                let group = format!("trail{text}");
                posture.trails[0].name.clone_from(&text);
                posture.trails[0].bucket.clone_from(&text);
                posture.trails[0].log_group =
                    posture.trails[0].log_group.as_ref().map(|arn| arn.replace(":trail:", &format!(":{group}:")));
                let region = posture.metric_filters[0].region.clone();
                let named = |filter: MetricFilter| MetricFilter {
                    name: text.clone(),
                    log_group: group.clone(),
                    metric: text.clone(),
                    namespace: text.clone(),
                    region: region.clone(),
                    ..filter
                };
                posture.metric_filters = vec![named(MetricFilter::default())];
                let alarm = &mut posture.alarms[0];
                (alarm.name, alarm.metric, alarm.namespace) = (text.clone(), text.clone(), text.clone());
                alarm.actions = vec![topic.clone()];
                posture.composites = vec![Composite {
                    name: text.clone(),
                    rule: format!("ALARM(\"{text}\")"),
                    region,
                    ..Composite::default()
                }];
                posture.subscriptions =
                    vec![Subscription { topic: topic.clone(), endpoint: text.clone(), ..Subscription::default() }];
                posture.topics = vec![Topic::open(&topic)];
                broken(posture, &text);
            });
            are_tame(&audited(&office, &[]));
        }
    }
}

#[test]
fn what_aws_says_when_it_refuses() {
    for part in ACTING.chunks(11) {
        let text = few(part);
        let refusal = |code: &str| Wrong::Code { status: 400, code: code.to_owned(), message: text.clone() };
        for code in ["ValidationError", "AccessDenied", "NoSuchEntity", &text] {
            let world = Simulated::with_keys(1);
            world.aws.fail(glasskey::sim::aws::Fault { action: None, nth: 2, times: 1_000_000, what: refusal(code) });
            for line in [
                "devices",
                "doctor",
                "enroll alice --key 12345678 --yes",
                "root login-check",
                "root audit",
                "session",
            ] {
                for more in ["", " --json"] {
                    let done = world.run(format!("{line}{more} --no-input").split(' '));
                    if more.is_empty() { is_tame(&done) } else { is_tame_json(&done) }
                }
            }
            let office = Office::sound();
            for action in ["DescribeTrails", "DescribeAlarms", "ListSubscriptionsByTopic", "GetAccountSummary"] {
                office.aws.fail(always(action, refusal(code)));
            }
            are_tame(&audited(&office, &[]));
        }
        let world = Simulated::with_keys(1);
        world.aws.fail(glasskey::sim::aws::Fault::next("CreateVirtualMFADevice", refusal("LimitExceeded")));
        let done = world.run(world.enroll_args());
        assert_ne!(done.code, 0, "{done:?}");
        shows_tamely(&done);
    }
}

#[test]
fn names_of_users_and_of_their_devices() {
    for part in ACTING.chunks(8) {
        let text = few(part);
        let world = Simulated::with_keys(1);
        let _ = world.aws.add_user(&text);
        let _ = world.aws.add_fido_for("alice", &text);
        let _ = world.aws.add_fido_for(&text, "x");
        let _ = world.aws.add_device_for(&text, 1);
        for line in
            [&["devices", "alice"][..], &["devices", "--all"], &["retire", "alice", "--device", &text, "--yes"]]
        {
            is_tame(&world.run(line));
            is_tame_json(&world.run(line.iter().chain(&["--json"])));
        }
        is_shown(&[world.run(["devices", "alice"])]);
        let office = Office::over(world.aws.clone(), world.aws.admin());
        audited(&office, &[]).iter().for_each(is_tame);
    }
}

#[test]
fn fingerprints() {
    // 15 bytes fit.
    for c in ACTING {
        let keys = FidoKeys::with_pins([Options::bio(12_345_678)]);
        let name = format!("n{c}FORGED");
        let run = |words: &[&str]| {
            let command = keys.glasskey(words.iter().chain(&["--key", "12345678", "--pin-fd", "3"]));
            run(&mut with_fd(&command, 3, &format!("{}\n", crate::support::fido::PIN)))
        };
        let added = run(&["fido", "fingerprints", "add", "--name", &name]);
        assert_eq!(added.code, 0, "{added:?}");
        shows_tamely(&added);
        shows_tamely(&run(&["fido", "fingerprints", "list"]));
        let listed = run(&["fido", "fingerprints", "list", "--json"]);
        is_tame_json(&listed);
        let one = &listed.json()["fingerprints"][0];
        assert_eq!(one["name"], Value::from(name.as_str()));
        shows_tamely(&run(&["fido", "fingerprints", "delete", one["id"].as_str().unwrap(), "--yes"]));
    }
}

#[test]
fn relying_parties_and_their_options() {
    for part in ACTING.chunks(8) {
        let text = few(part);
        let keys = FidoKeys::with_pin();
        let id = register(keys.key(0), &format!("{text}.example.com"), "alice");
        shows_tamely(&keys.run_with_pin("fido credentials list --key 12345678"));
        is_tame_json(&keys.run_with_pin("fido credentials list --key 12345678 --json"));
        shows_tamely(&keys.run_with_pin(&format!("fido credentials delete {id} --key 12345678 --yes")));
        let user = json!({ "id": "YWxpY2U", "name": text, "displayName": text });
        let options = [
            (ENROLL, creation(&json!({ "rp": { "id": text, "name": text } }))),
            (ENROLL, creation(&json!({ "attestation": text, "user": user, "hints": [text] }))),
            (ENROLL, creation(&json!({ "excludeCredentials": [{ "type": text, "id": text }] }))),
            (ENROLL, creation(&json!({ "extensions": { text.clone(): { text.clone(): text } } }))),
            (ASSERT, request(&json!({ "rpId": text, "userVerification": text }))),
            (ASSERT, request(&json!({ "extensions": { "prf": { "evalByCredential": { text.clone(): {} } } } }))),
        ];
        for (line, options) in options {
            for more in ["", " --json"] {
                let command = keys.glasskey(format!("{line}{more} --pin-fd 3").split(' '));
                let pin = with_fd(&command, 3, &format!("{}\n", crate::support::fido::PIN));
                let done = run_with(&mut { pin }, options.to_string().as_bytes());
                is_tame_json(&done);
            }
        }
        std::fs::write(keys.home.path().join("file"), &text).unwrap();
        for line in ["fido attest --mds file", "fido attest --attestation-roots file"] {
            is_tame(&keys.run(&format!("{line} --key 12345678")));
        }
    }
}

#[test]
fn what_an_import_brings() {
    for text in hostile() {
        let keys = Keys::serve(1);
        let (_, secret) = seed();
        let named = percent(&text);
        let list = format!(
            "otpauth://totp/{named}:{named}?secret={secret}&issuer={named}\notpauth://totp/good?secret={secret}\n\
             otpauth://totp/x?secret={secret}&algorithm={named}&digits={named}\n{text}\notpauth://{text}\n"
        );
        for more in [&[][..], &["--skip", &text], &["--skip", "3", "--skip", "4", "--rename", &format!("1={text}")]] {
            let words = ["oath", "import", "--key", "12345678", "--yes"];
            is_tame(&keys.run_with(words.iter().chain(more), list.as_bytes()));
            is_tame_json(&keys.run_with(words.iter().chain(more).chain(&["--json"]), list.as_bytes()));
        }
        let mut typist =
            Typist::start_talking_with_stdin(&keys.bare(["oath", "import", "--key", "12345678"]), list.as_bytes());
        typist.sees("[y/N] ").types("n");
        let (terminal, done) = typist.end();
        is_tame(&Run { stderr: terminal.replace("\r\n", "\n"), ..done });
        let uri = format!("otpauth://totp/{named}:a?secret={secret}&issuer=b{named}");
        let added = keys.run_with(["oath", "add", "--key", "12345678"], uri.as_bytes());
        is_tame(&added);
        // A name with a control character in it is refused, and not repeated.
        if !text.contains(char::is_control) {
            is_shown(&[added]);
        }
        is_tame_json(&keys.run_with(["oath", "add", "--key", "12345678", "--json"], uri.as_bytes()));
    }
}

#[test]
fn every_cell_of_a_roster() {
    for text in hostile() {
        let world = Simulated::with_keys(0);
        let cell = format!("\"{text}\"");
        let header = format!("user,device-name,key-serial,touch\nalice,{cell},{cell},{cell}\n{cell},,,,{cell}\n");
        for file in [header, format!("user,{cell}\n"), format!("{cell};{cell}\n{text};1\n")] {
            std::fs::write(world.keys.home.path().join("team.csv"), file).unwrap();
            for command in ["enroll", "rotate"] {
                let line = [command, "--roster", "team.csv", "--yes", "--no-input", "--to-command", "false"];
                let done = world.run(line);
                assert_ne!(done.code, 0);
                shows_tamely(&done);
                is_tame_json(&world.run(line.iter().chain(&["--json"])));
            }
        }
    }
}

/// A run of ours that names a hostile program, path and caller; and runs that are none.
#[test]
fn what_a_journal_names() {
    for text in ACTING.chunks(4).map(few) {
        let world = Simulated::with_keys(1);
        let runs = state::runs(&world);
        let file = runs.join("000000000001-1-000001-0000abcd.jsonl");
        let path = format!("/tmp/{text}/x.age");
        let taken = json!({ "record": "intend", "undo": "take_back", "program": text });
        let created = [state::delete_device(), json!({ "record": "created" })];
        let begin = |changes: Value| state::begin(&world, "ghost", &changes);
        let records: [Vec<Value>; 5] = [
            [&[begin(json!({ "program": text, "caller": text }))], &created[..], &[taken]].concat(),
            [&[begin(json!({ "escrow": path, "caller": text }))], &created[..]].concat(),
            vec![begin(json!({ "command": text, "user": text, "credential": text }))],
            vec![begin(json!({ "arn": format!("arn:aws:iam::111122223333:mfa/{text}") }))],
            vec![json!({ "record": text, text.clone(): text })],
        ];
        let mut all = Vec::new();
        for record in records {
            for line in ["recover --undo", "recover --yes", "doctor", "enroll alice --key 12345678 --yes"] {
                std::fs::write(&file, state::lines(&record)).unwrap();
                all.push(world.run(format!("{line} --no-input").split(' ')));
                std::fs::write(&file, state::lines(&record)).unwrap();
                is_tame_json(&world.run(format!("{line} --no-input --json").split(' ')));
            }
        }
        are_tame(&all);
    }
}

#[test]
fn settings_of_aws_in_the_environment_and_in_files() {
    for text in ACTING.chunks(4).map(few) {
        let world = Simulated::with_keys(0);
        let home = world.keys.home.path();
        let files = [
            format!("[profile {text}]\nregion = {text}\n"),
            format!("[default]\nregion = us-east-1\ncredential_process = {text}\n"),
            format!("[default]\nsource_profile = {text}\nrole_arn = {text}\n"),
            format!("[default]\nsso_session = {text}\n[sso-session {text}]\n"),
            format!("[default\n{text}\n"),
        ];
        let mut all = Vec::new();
        for (nth, file) in files.iter().enumerate() {
            std::fs::write(home.join(format!("config{nth}")), file).unwrap();
            for line in ["devices", "doctor", "doctor --json", "devices --json"] {
                let mut command = world.glasskey(line.split(' '));
                command.env("AWS_CONFIG_FILE", home.join(format!("config{nth}")));
                command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
                all.push(run(&mut command));
            }
        }
        all.iter().for_each(is_tame);
        // An end of a line ends the setting there.
        if !text.contains(['\r', '\n']) {
            is_shown(&all);
        }
        for variable in ["AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE"] {
            for line in ["devices", "doctor"] {
                is_tame(&run(world.glasskey(line.split(' ')).env(variable, &text)));
                is_tame_json(&run(world.glasskey([line, "--json"]).env(variable, &text)));
            }
        }
    }
}

/// The socket's path stands for the name of a reader.
#[test]
fn readers() {
    for text in hostile() {
        let keys = Keys::serve(1);
        for line in ["keys", "keys --json", "oath list", "doctor --offline", "piv info"] {
            let mut command = keys.glasskey(line.split(' '));
            is_tame(&run(command.env("GLASSKEY_CARDS", keys.home.path().join(&text))));
        }
    }
}

#[test]
fn a_log_of_drills() {
    for text in hostile() {
        let world = Simulated::with_keys(0);
        let line = json!({ "type": text, "time": text, text.clone(): text }).to_string();
        for file in [line, text.clone(), format!("{text}\n{text}\n")] {
            std::fs::write(world.keys.home.path().join("log"), file).unwrap();
            is_tame(&world.run(["drill", "verify", "log"]));
            is_tame_json(&world.run(["drill", "verify", "log", "--json"]));
            is_tame(&world.run(["drill", "verify", &text]));
        }
    }
}

/// Numbers of accounts and words of partitions are AWS's, and may be anything where what answers is not AWS.
#[test]
fn who_one_is() {
    for part in ACTING.chunks(16) {
        let aws = glasskey::sim::aws::Aws::with(
            glasskey::sim::clock::SimClock::host(),
            Setup { account: Some("111122223333".to_owned()), ..Setup::default() },
        );
        let keys = aws.add_user(&few(part));
        let office = Office::over(aws, keys);
        are_tame(&audited(&office, &[]));
    }
}
