//! The tables of what `recover` makes of an interrupted run: each row's situations are given to the step that decides,
//! which must say the same of all of them, and what it says is the row.

use super::hold;
use glasskey::flow::RecoverRefusal;
use glasskey::flow::recover::{Course, Outcome, RunState, options_of};
use glasskey::keys::Serial;
use glasskey::person::{
    Choice, DeactivatedBy, Deed, DeviceState, FileState, Handed, HardenStepIs, KeyIs, KeyState, OldDevice,
    Unfinished, UnfinishedHarden, UnfinishedKey, UnfinishedRetirement,
};
use serde_json::{Value, json};
use std::time::UNIX_EPOCH;

use DeviceState::{Enabled, Missing, Unassigned, Uncertain, Unproved};
use KeyState::{Absent, NotHere, Present};

const NEW: &str = "arn:aws:iam::714417917417:mfa/alice";
const OLD: &str = "arn:aws:iam::714417917417:mfa/old";

fn foreign() -> DeviceState {
    DeviceState::Foreign { user: "arn:aws:iam::714417917417:user/carol".to_owned() }
}

/// The first record of a run that makes a device; `more` adds fields.
fn begin(more: &Value) -> Value {
    let mut begin = json!({
        "record": "begin", "version": 1, "command": "enroll", "started": 1, "caller": "arn:of:somebody", "user": "alice",
        "arn": NEW, "credential": "AWS:714417917417/alice", "keys": [1, 2], "touch": false, "phone": true,
    });
    for (name, value) in more.as_object().unwrap() {
        begin[name] = value.clone();
    }
    begin
}

fn old() -> Value {
    json!({ "serial": OLD, "enabled": 1, "held": [{ "key": 3, "credential": "AWS:714417917417/old" }] })
}

fn retire(last: bool) -> Value {
    json!({
        "record": "retire", "version": 1, "command": "retire", "started": 1, "caller": "arn:of:somebody",
        "account": "714417917417", "user": "alice", "old": old(), "last": last,
    })
}

fn key() -> Value {
    json!({
        "record": "key", "version": 1, "command": "rotate", "started": 1, "caller": "arn:of:somebody",
        "account": "714417917417", "user": "alice", "before": ["AKIAOLD"], "first": null, "old": "AKIAOLD",
        "keep": false, "to": "vault",
    })
}

fn intend(mut undo: Value) -> Value {
    undo["record"] = "intend".into();
    undo
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// What is seen of a run that makes a device for two keys.
fn seen(device: DeviceState, keys: [KeyState; 2]) -> Unfinished {
    let keys = [1, 2].map(Serial).into_iter().zip(keys).collect();
    let (arn, credential) = (NEW.parse().unwrap(), "AWS:714417917417/alice".to_owned());
    Unfinished {
        user: "alice".to_owned(),
        arn,
        credential,
        started: UNIX_EPOCH,
        device,
        enabled: None,
        keys,
        phone: false,
        escrow: None,
        command: None,
        replaces: None,
        root: false,
    }
}

fn on_phone(seen: Unfinished) -> Unfinished {
    Unfinished { phone: true, ..seen }
}

fn with_file(seen: Unfinished, state: FileState) -> Unfinished {
    Unfinished { escrow: Some(("/seed.age".into(), state)), ..seen }
}

fn leaving(device: DeviceState, key: KeyState) -> OldDevice {
    OldDevice {
        serial: OLD.to_owned(),
        device,
        enabled: None,
        keys: vec![(Serial(3), "AWS:714417917417/old".to_owned(), key)],
    }
}

fn course(records: &[Value], seen: &RunState) -> Course {
    options_of(&lines(records), seen).expect("such a run is written").expect("such a thing is seen of it")
}

const SOME: [[KeyState; 2]; 4] = [[Present, Absent], [Present, NotHere], [NotHere, Absent], [NotHere, NotHere]];
const WITH_SEED: [[KeyState; 2]; 3] = [[Present, Present], [Present, Absent], [Present, NotHere]];

/// A table: the heads of the columns that tell the situation, and its rows.
fn table<const N: usize>(heads: [&str; N], rows: &[([&str; N], Vec<Course>)]) -> String {
    let mut text = format!("| {} | without asking | with `--yes` | finish | undo |\n", heads.join(" | "));
    text += &format!("|{}\n", "---|".repeat(N + 4));
    for (cells, courses) in rows {
        let told: Vec<String> = courses.iter().map(tell).collect();
        assert!(told.windows(2).all(|two| two[0] == two[1]), "{cells:?} is more than one situation: {told:#?}");
        text += &format!("| {} | {}\n", cells.join(" | "), told[0]);
    }
    text
}

fn tell(course: &Course) -> String {
    match course {
        Course::Struck(Outcome::WasComplete { .. }) => "struck: it was complete | | | |".to_owned(),
        Course::Struck(_) => "struck: nothing was left | | | |".to_owned(),
        Course::Open(options) => {
            let recommended = match options.recommended {
                Choice::Finish => "finish",
                Choice::Undo => "undo",
                Choice::Leave => "leave",
                Choice::Forget => "forget",
            };
            format!("| {recommended} | {} | {} |", told(&options.finish), told(&options.undo))
        }
    }
}

fn told(deeds: &Result<Vec<Deed>, RecoverRefusal>) -> String {
    match deeds {
        Err(RecoverRefusal::InUse { .. }) => "refused: somebody has it".to_owned(),
        Err(RecoverRefusal::OldKeyEmpty { .. }) => "refused: no key holds the old device's credential".to_owned(),
        Err(RecoverRefusal::OldNotShownToWork { .. }) => "refused: the old device is not proved".to_owned(),
        Err(RecoverRefusal::NewNotShownToWork { .. }) => "refused: the new device is not proved".to_owned(),
        Err(RecoverRefusal::OldGone { .. }) => "refused: the old device is deleted".to_owned(),
        Err(RecoverRefusal::Unproved { .. } | RecoverRefusal::OldUnproved { .. }) => "refused: not proved".to_owned(),
        Err(_) => "refused".to_owned(),
        Ok(deeds) if deeds.is_empty() => "nothing is to be done: the run is struck".to_owned(),
        Ok(deeds) => deeds.iter().map(|deed| deed_told(*deed)).collect::<Vec<_>>().join("; "),
    }
}

fn deed_told(deed: Deed) -> &'static str {
    match deed {
        Deed::EnableNew => "enable the device from its key",
        Deed::ProveNew => "prove the new device with two codes of a key",
        Deed::ProveOld => "prove the old device with two codes of a key",
        Deed::RemoveOld => "remove the old device and its credentials",
        Deed::EnableOld => "enable the old device again from its key",
        Deed::DeactivateNew => "deactivate the device",
        Deed::DeleteNew => "delete the device",
        Deed::RemoveNew => "remove the new device and its credentials",
        Deed::RemoveCredentials => "remove the credentials",
        Deed::DeactivateOldKey => "deactivate the old key",
        Deed::DeleteOldKey => "delete the old key",
        Deed::ActivateOldKey => "activate the old key again",
        Deed::DeleteNewKey => "delete the new key",
        Deed::HardenRest => "make the changes that are not made",
        Deed::UndoHardening => "undo the changes that are made, the last one first",
    }
}

#[test]
fn what_recover_makes_of_an_enrollment() {
    let of = |seen: Unfinished| course(&[begin(&json!({}))], &RunState::Run(seen));
    let all = |device: DeviceState, keys: &[[KeyState; 2]]| -> Vec<Course> {
        keys.iter().map(|keys| of(seen(device.clone(), *keys))).collect()
    };
    let nowhere = [[Absent, Absent]];
    let held: Vec<[KeyState; 2]> = [&SOME[..], &[[Present, Present]]].concat();
    let complete = [all(Enabled, &held), vec![of(on_phone(seen(Enabled, nowhere[0])))]].concat();
    let by_file = [FileState::Torn, FileState::Whole].map(|state| of(with_file(seen(Missing, nowhere[0]), state)));
    let torn = of(with_file(seen(Unassigned, [Present, Present]), FileState::Torn));
    let rows = [
        (["no such device", "none holds the credential"], all(Missing, &nowhere)),
        (["no such device", "some hold it, or are not here"], [all(Missing, &held), by_file.to_vec()].concat()),
        (["not enabled", "all hold it"], all(Unassigned, &[[Present, Present]])),
        (["not enabled", "some hold it"], [all(Unassigned, &SOME[..2]), vec![torn]].concat()),
        (["not enabled", "none holds it, or none is here"], {
            [all(Unassigned, &SOME[2..]), all(Unassigned, &nowhere)].concat()
        }),
        (["not enabled, uncertain", "none was reached"], all(Uncertain, &nowhere)),
        (["enabled by the run", "at least one holds it or is not here, or a phone may"], complete),
        (["enabled by the run", "none holds it, and no phone"], all(Enabled, &nowhere)),
        (["enabled, IAM's answer is not on record", "a key here holds it"], all(Unproved, &WITH_SEED)),
        (["enabled, IAM's answer is not on record", "no key here holds it"], {
            [all(Unproved, &SOME[2..]), all(Unproved, &nowhere), vec![of(on_phone(seen(Unproved, nowhere[0])))]]
                .concat()
        }),
        (["enabled, somebody's own", "none holds the credential"], all(foreign(), &nowhere)),
        (["enabled, somebody's own", "some hold it, or are not here"], all(foreign(), &held)),
    ];
    hold("docs/flows.md", "recover-enrollment", &table(["IAM says", "the run's keys"], &rows));
}

const NOT_ON_RECORD: &str = "enabled, IAM's answer is not on record; a key here holds it";

#[test]
fn what_recover_makes_of_a_rotation() {
    let of = |device: DeviceState, keys: &[[KeyState; 2]], olds: &[OldDevice]| -> Vec<Course> {
        let first = begin(&json!({ "replaces": old() }));
        let each = keys.iter().flat_map(|keys| olds.iter().map(move |old| (keys, old)));
        each.map(|(keys, old)| {
            let seen = Unfinished { replaces: Some(old.clone()), ..seen(device.clone(), *keys) };
            course(std::slice::from_ref(&first), &RunState::Run(seen))
        })
        .collect()
    };
    let (enabled, gone) = (leaving(Enabled, Present), leaving(Missing, Absent));
    let (off, credential) = (leaving(Unassigned, Present), leaving(Missing, Present));
    let (again, anew) = (leaving(Unproved, Present), leaving(Unproved, NotHere));
    let left = [credential.clone()];
    let away = [leaving(Enabled, NotHere), OldDevice { keys: Vec::new(), ..enabled.clone() }];
    let kept = [enabled.clone(), gone.clone(), credential.clone()];
    let nowhere = [[Absent, Absent]];
    let unreached = [of(Missing, &nowhere, &kept), of(foreign(), &nowhere, &kept)].concat();
    let others: Vec<[KeyState; 2]> = [&SOME[2..], &nowhere].concat();
    let rows = [
        (["missing, or somebody else's; no key holds the credential", "enabled, or gone"], unreached),
        (["missing", "not enabled"], of(Missing, &nowhere, std::slice::from_ref(&off))),
        (["somebody else's; no key holds the credential", "not enabled"], {
            of(foreign(), &nowhere, std::slice::from_ref(&off))
        }),
        (
            ["somebody else's; a key holds the credential, or is not here", "enabled, or gone"],
            of(foreign(), &SOME, &kept),
        ),
        (
            ["somebody else's; a key holds the credential, or is not here", "not enabled"],
            of(foreign(), &SOME, std::slice::from_ref(&off)),
        ),
        (
            ["not enabled, all keys hold it", "enabled"],
            of(Unassigned, &WITH_SEED[..1], std::slice::from_ref(&enabled)),
        ),
        (
            ["not enabled, all keys hold it", "gone; its credential is on a key"],
            of(Unassigned, &WITH_SEED[..1], &left),
        ),
        (
            ["not enabled, all keys hold it", "not enabled"],
            of(Unassigned, &WITH_SEED[..1], std::slice::from_ref(&off)),
        ),
        (
            ["not enabled, all keys hold it", "enabled; its key is not here, or it was on none"],
            of(Unassigned, &WITH_SEED[..1], &away),
        ),
        (
            ["not enabled, some keys hold it", "enabled"],
            of(Unassigned, &WITH_SEED[1..], std::slice::from_ref(&enabled)),
        ),
        (
            ["not enabled, some keys hold it", "gone; its credential is on a key"],
            of(Unassigned, &WITH_SEED[1..], &left),
        ),
        (
            ["not enabled, keys that may hold it are not here", "enabled"],
            of(Unassigned, &SOME[2..], std::slice::from_ref(&enabled)),
        ),
        (["not enabled, no key holds it", "enabled"], of(Unassigned, &nowhere, std::slice::from_ref(&enabled))),
        (
            ["not enabled, keys that may hold it are not here", "gone; its credential is on a key"],
            of(Unassigned, &SOME[2..], &left),
        ),
        (["not enabled, no key holds it", "gone; its credential is on a key"], of(Unassigned, &nowhere, &left)),
        (["not enabled, no key here holds it", "not enabled"], of(Unassigned, &others, std::slice::from_ref(&off))),
        (
            ["not enabled, and the run does not know whether it made it", "enabled, or gone"],
            of(Uncertain, &nowhere, &kept),
        ),
        (["enabled, a key here holds it", "enabled"], of(Enabled, &WITH_SEED, std::slice::from_ref(&enabled))),
        (["enabled, a key here holds it", "enabled; its key is not here, or it was on none"], {
            of(Enabled, &WITH_SEED, &away)
        }),
        (["enabled, a key here holds it", "gone; its credential is on a key"], of(Enabled, &WITH_SEED, &left)),
        (["enabled, a key here holds it", "not enabled"], of(Enabled, &WITH_SEED, std::slice::from_ref(&off))),
        (["enabled, its keys are not here", "enabled"], of(Enabled, &SOME[2..], std::slice::from_ref(&enabled))),
        (["enabled, its keys are not here", "gone; its credential is on a key"], of(Enabled, &SOME[2..], &left)),
        (["enabled, no key holds it", "enabled"], of(Enabled, &nowhere, std::slice::from_ref(&enabled))),
        (["enabled, no key holds it", "gone; its credential is on a key"], of(Enabled, &nowhere, &left)),
        (["enabled", "gone"], of(Enabled, &WITH_SEED, std::slice::from_ref(&gone))),
        (["enabled, a key here holds it", "enabled again; a key here holds it"], of(Enabled, &WITH_SEED, &[again])),
        (["enabled, a key here holds it", "enabled again; no key here holds it"], of(Enabled, &WITH_SEED, &[anew])),
        ([NOT_ON_RECORD, "enabled"], of(Unproved, &WITH_SEED, std::slice::from_ref(&enabled))),
        ([NOT_ON_RECORD, "gone; its credential is on a key"], of(Unproved, &WITH_SEED, &left)),
        ([NOT_ON_RECORD, "gone"], of(Unproved, &WITH_SEED, std::slice::from_ref(&gone))),
        ([NOT_ON_RECORD, "not enabled"], of(Unproved, &WITH_SEED, std::slice::from_ref(&off))),
        (["enabled, IAM's answer is not on record; no key here holds it", "enabled, or gone"], {
            of(Unproved, &others, &kept)
        }),
        (["enabled, IAM's answer is not on record; no key here holds it", "not enabled"], {
            of(Unproved, &others, std::slice::from_ref(&off))
        }),
    ];
    hold("docs/flows.md", "recover-rotation", &table(["IAM says of the new device", "of the old one"], &rows));
}

/// A run of `root harden` with one step.
fn harden() -> Value {
    json!({
        "record": "harden", "version": 1, "command": "root harden", "started": 1, "caller": "arn:of:somebody",
        "account": "714417917417", "partition": "aws", "digest": "00", "settings": {
            "only": [], "skip": [], "bucket": null, "delivery_wait": 600, "alarm_email": null, "alarm_pattern": null,
            "alarm_wait": 300, "security_contact": null, "quiet_days": 90, "override_keys": [],
        }, "steps": [{
            "id": "password-policy", "findings": [], "before": { "policy": null }, "after": { "policy": null },
            "unknown": [], "changes": [], "effects": [], "calls": [], "cost": 0.0, "waits": 0, "reversible": true,
            "undo": "",
        }],
    })
}

#[test]
fn what_recover_makes_of_hardening() {
    let begun = json!({ "record": "step_begun", "step": "password-policy", "before": { "policy": null } });
    let of_plan = |plan: Value, begins: bool, is: HardenStepIs, expired: bool| {
        let steps = vec![("password-policy".to_owned(), is)];
        let account = "714417917417".to_owned();
        let seen = UnfinishedHarden { account, started: UNIX_EPOCH, steps, stays: Vec::new(), expired };
        let records = [plan, begun.clone()];
        course(&records[..if begins { 2 } else { 1 }], &RunState::Harden(seen))
    };
    let of = |begins: bool, is: HardenStepIs| of_plan(harden(), begins, is, false);
    let for_good = || {
        let mut plan = harden();
        plan["steps"][0]["reversible"] = json!(false);
        of_plan(plan, true, HardenStepIs::Between, false)
    };
    let rows = [
        (["no step was begun"], [HardenStepIs::NotBegun, HardenStepIs::Changed].map(|is| of(false, is)).to_vec()),
        (["a step is as it was before"], vec![of(true, HardenStepIs::AsBefore)]),
        (["a step is done in part"], vec![of(true, HardenStepIs::Between)]),
        (["a step that cannot be undone is done in part"], vec![for_good()]),
        (["a step is done in part, a day later"], vec![of_plan(harden(), true, HardenStepIs::Between, true)]),
        (["every step is as planned"], vec![of(true, HardenStepIs::Done)]),
        (["somebody else has changed a step's state since"], vec![of(true, HardenStepIs::Others)]),
        (["somebody has taken back a part of a step"], vec![of(true, HardenStepIs::TakenBack)]),
        (["not to the caller what it showed to whoever began it"], vec![of(true, HardenStepIs::Unseen)]),
    ];
    hold("docs/flows.md", "recover-harden", &table(["AWS shows of the steps"], &rows));
}

#[test]
fn what_recover_makes_of_a_retirement() {
    let of = |last: bool, device: DeviceState, key: KeyState| {
        let leaving = leaving(device, key);
        let seen = UnfinishedRetirement { user: "alice".to_owned(), started: UNIX_EPOCH, leaving };
        course(&[retire(last)], &RunState::Retirement(seen))
    };
    let any = [Present, Absent, NotHere];
    let both = |device: &DeviceState, keys: &[KeyState]| -> Vec<Course> {
        let each = keys.iter().flat_map(|key| [false, true].map(|last| (last, *key)));
        each.map(|(last, key)| of(last, device.clone(), key)).collect()
    };
    let others = [both(&foreign(), &[Absent]), both(&Uncertain, &[Absent])].concat();
    let rows = [
        (["enabled, as when the run began"], any.map(|key| of(false, Enabled, key)).to_vec()),
        (["enabled, and the user's last device"], any.map(|key| of(true, Enabled, key)).to_vec()),
        (["not enabled"], both(&Unassigned, &any)),
        (["enabled again, a key here holds it"], both(&Unproved, &[Present])),
        (["enabled again, no key here holds it"], both(&Unproved, &[Absent, NotHere])),
        (["no such device, a key holds the credential"], both(&Missing, &[Present])),
        (["no such device, no key here holds it"], both(&Missing, &[Absent, NotHere])),
        (["enabled anew, or for somebody else; or not enabled, and the run had not come to deactivating it"], others),
    ];
    hold("docs/flows.md", "recover-retirement", &table(["IAM says of the device"], &rows));
}

#[test]
fn what_recover_makes_of_a_device_of_roots() {
    let of = |shown: bool, device: DeviceState, keys: [KeyState; 2], phone: bool| {
        let shown = shown.then(|| json!({ "record": "enabling" }));
        let records: Vec<Value> = std::iter::once(begin(&json!({ "root": true }))).chain(shown).collect();
        course(&records, &RunState::Run(Unfinished { phone, root: true, ..seen(device, keys) }))
    };
    let both =
        |device: &DeviceState, keys: [KeyState; 2]| [false, true].map(|it| of(it, device.clone(), keys, false));
    let kept = |shown, device: &DeviceState| SOME.map(|keys| of(shown, device.clone(), keys, false)).to_vec();
    let nowhere = [Absent, Absent];
    let on_phone = [of(false, Uncertain, nowhere, true), of(true, Uncertain, nowhere, true)].to_vec();
    let rows = [
        (["it lists the device", "any"], both(&Enabled, [Present, Present]).to_vec()),
        (["root has no virtual device", "none holds the credential"], both(&Missing, nowhere).to_vec()),
        (["root has no virtual device", "some hold it, or are not here; no codes were shown"], kept(false, &Missing)),
        (["root has no virtual device", "some hold it, or are not here; codes were shown"], kept(true, &Missing)),
        (["nothing, or a device of another name", "none holds it, and no phone"], both(&Uncertain, nowhere).to_vec()),
        (["nothing, or a device of another name", "some hold it, or are not here"], {
            [kept(false, &Uncertain), kept(true, &Uncertain)].concat()
        }),
        (["nothing, or a device of another name", "none holds it, a phone may"], on_phone),
    ];
    hold("docs/flows.md", "recover-root", &table(["IAM says of root", "the run's keys"], &rows));
}

#[test]
fn what_recover_makes_of_an_access_key() {
    let records = [key(), intend(json!({ "undo": "activate_key", "id": "AKIAOLD" }))];
    let of = |new: bool, certain: bool, handed: Handed, old: KeyIs, keep: bool| {
        let seen = UnfinishedKey {
            user: "alice".to_owned(),
            started: UNIX_EPOCH,
            new: new.then(|| "AKIANEW".to_owned()),
            active: new,
            certain,
            handed,
            to: "vault".to_owned(),
            first: None,
            old: Some(("AKIAOLD".to_owned(), old)),
            keep,
        };
        course(&records, &RunState::AccessKey(seen))
    };
    let no_new = |old| vec![of(false, false, Handed::No, old, false)];
    let ours = |handed, old, keep| vec![of(true, true, handed, old, keep)];
    let [by_run, perhaps, by_others] =
        [DeactivatedBy::Run, DeactivatedBy::Unknown, DeactivatedBy::Others].map(KeyIs::Inactive);
    let untouched = [KeyIs::Active, by_others, KeyIs::Gone];
    let appeared = untouched.map(|old| of(true, false, Handed::No, old, false)).to_vec();
    let useless = untouched.map(|old| of(true, true, Handed::No, old, false)).to_vec();
    let complete = [
        ours(Handed::Yes, KeyIs::Gone, false),
        ours(Handed::Yes, KeyIs::Gone, true),
        ours(Handed::Yes, by_run, true),
        ours(Handed::Yes, perhaps, true),
        ours(Handed::Yes, by_others, true),
    ]
    .concat();
    let perhaps_others = "inactive, perhaps by somebody else's doing";
    let ours_it_is = "there, of the run's making";
    let rows = [
        (
            ["there is none", "", "active, or none, or deactivated by somebody else"],
            [no_new(KeyIs::Active), no_new(KeyIs::Gone), no_new(by_others)].concat(),
        ),
        (["there is none", "", "deactivated by the run"], no_new(by_run)),
        (["there is none", "", perhaps_others], no_new(perhaps)),
        ([ours_it_is, "nobody has it", "any"], useless),
        ([ours_it_is, "somebody may have it", "active"], ours(Handed::Perhaps, KeyIs::Active, false)),
        ([ours_it_is, "somebody may have it", "gone: the new one may be the only one"], {
            ours(Handed::Perhaps, KeyIs::Gone, false)
        }),
        ([ours_it_is, "handed over", "active"], ours(Handed::Yes, KeyIs::Active, false)),
        ([ours_it_is, "handed over", "active, and to be kept"], ours(Handed::Yes, KeyIs::Active, true)),
        ([ours_it_is, "handed over", "deactivated by the run, and to be deleted"], {
            ours(Handed::Yes, by_run, false)
        }),
        ([ours_it_is, "handed over", "inactive, perhaps by somebody else's doing, and to be deleted"], {
            ours(Handed::Yes, perhaps, false)
        }),
        ([ours_it_is, "handed over", "gone, or inactive and to be kept"], complete),
        (["one has appeared, perhaps of the run's making", "nobody has it", "any"], appeared),
    ];
    hold("docs/flows.md", "recover-access-key", &table(["the new key", "its secret", "the old one"], &rows));
}

fn found_foreign_without_keys(device: &DeviceState, keys: [KeyState; 2]) -> bool {
    *device == foreign() && keys == [Absent; 2]
}

/// In every situation of every kind that makes a device: what is recommended is not refused; nothing that somebody may be
/// signing in with is taken away unasked; and a device is enabled only where a key holds its seed.
#[test]
fn nothing_in_use_goes_unasked_and_nothing_is_enabled_without_its_seed() {
    let kinds = [json!({}), json!({ "replaces": old() }), json!({ "root": true })];
    let states = [Absent, NotHere, Present];
    let mut open = 0;
    for kind in &kinds {
        for device in [Missing, Unassigned, Uncertain, Enabled, Unproved, foreign()] {
            for keys in states.iter().flat_map(|one| states.map(|other| [*one, other])) {
                for (phone, old) in [(false, Enabled), (true, Enabled), (false, Unassigned), (true, Missing)] {
                    let replaces = kind.get("replaces").map(|_| leaving(old, Present));
                    let found = Unfinished { phone, replaces, ..seen(device.clone(), keys) };
                    let Course::Open(options) = course(&[begin(kind)], &RunState::Run(found)) else { continue };
                    open += 1;
                    let what = format!("{kind}, {device:?}, {keys:?}, {phone}: {options:?}");
                    let refused = match options.recommended {
                        Choice::Finish => options.finish.is_err(),
                        Choice::Undo => options.undo.is_err(),
                        Choice::Leave | Choice::Forget => false,
                    };
                    // The old device is not enabled and the new one's name is somebody's: what is refused says so.
                    let said = found_foreign_without_keys(&device, keys) && kind.get("replaces").is_some();
                    assert!(!refused || said, "{what}");
                    let in_use = matches!(device, Enabled | Unproved | Uncertain)
                        || (device == foreign() && !found_foreign_without_keys(&device, keys));
                    // To enable the old one again takes nothing away.
                    let takes_away = options.undo.as_ref().is_ok_and(|deeds| *deeds != [Deed::EnableOld]);
                    assert!(!(in_use && options.recommended == Choice::Undo && takes_away), "{what}");
                    let is_proved = |deeds: &Vec<Deed>| {
                        let takes =
                            |deed: &Deed| matches!(deed, Deed::RemoveOld | Deed::RemoveNew | Deed::DeactivateNew);
                        deeds.contains(&Deed::ProveNew) || !deeds.iter().any(takes)
                    };
                    let each = [&options.finish, &options.undo];
                    assert!(device != Unproved || each.into_iter().flatten().all(is_proved), "{what}");
                    let enables = options.finish.is_ok_and(|deeds| deeds.contains(&Deed::EnableNew));
                    assert!(!enables || (device == Unassigned && keys.contains(&Present)), "{what}");
                }
            }
        }
    }
    assert!(open > 100, "{open}");
}
