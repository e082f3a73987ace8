//! Recover: finish or undo every interrupted run.
//!
//! The journal alone is never believed: a run that no glasskey can have written is left alone, and of the others IAM and
//! the keys are asked. Finishing needs no seed, since both codes can be computed by the key; for people who may not
//! delete MFA devices it is the only way out.

mod access_key;
mod claims;
mod leaving;
mod roots;

use super::confirm::{EnabledWith, confirm, is_not_listed};
use super::desk::Desk;
use super::enroll::{enable, tell_first_code};
use super::failure::{At, Cause, EnrollRefusal, Failed, Left, RecoverRefusal, Stage};
use super::record::{Begin, Record, Undo};
use super::run::Run;
use crate::aws::{self, Account, DeviceArn};
use crate::journal;
use crate::keys::Serial;
use crate::oath::Name;
use crate::person::{
    Choice, DeviceState, FileState, KeyState, Notice, Unfinished, UnfinishedKey, UnfinishedRetirement,
};
use crate::sink::{EscrowState, KeySink};
use crate::totp::{AWS, Step};
use crate::world::World;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was made so much earlier than the run began is not of its making, whatever the clocks say.
const BEFORE: Duration = Duration::from_secs(300);

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoverRequest {
    /// What to do with each run; the person is asked when not said.
    pub choice: Option<Choice>,
    /// Whatever the state recommends, without asking.
    pub recommended: bool,
}

/// One run, recovered or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What was found.
    pub found: Found,
    /// What was done about it.
    pub outcome: Outcome,
}

/// An unfinished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An enrollment or a rotation.
    Run(Unfinished),
    /// A retirement.
    Retirement(UnfinishedRetirement),
    /// A rotation of an access key.
    AccessKey(UnfinishedKey),
}

/// What became of an unfinished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The device was enabled with codes from a key.
    Finished {
        /// The keys that hold the credential.
        keys: Vec<Serial>,
        /// Seconds since the Unix epoch.
        first_code_from: u64,
    },
    /// The device had been enabled before the run was cut short, and the keys hold it.
    WasComplete {
        /// The keys that hold the credential.
        keys: Vec<Serial>,
    },
    /// The device that was to go is gone.
    Completed {
        /// The keys that hold the credential of the device that stays.
        keys: Vec<Serial>,
    },
    /// What the run had made was removed, and what it had taken away was given back.
    Undone,
    /// There was nothing in the world to undo.
    NothingLeft,
    /// Left as it is.
    Left,
    /// Left as it is, and struck from the journal.
    Forgotten,
}

/// Recovers every run that did not end, one after the other.
///
/// # Errors
/// The first run that could not be recovered; those before it are done. Those that are not believed, or cannot be read,
/// come last, each is named, and they are kept as they are.
pub fn recover(request: RecoverRequest, world: &mut World) -> Result<Vec<Recovered>, Failed> {
    let (connector, mut desk) = Desk::open(Stage::Recover, world)?;
    let Read { runs, bad } = read_runs(&mut desk).map_err(|cause| desk.fail(Stage::Recover, cause))?;
    let done = if runs.is_empty() { Ok(Vec::new()) } else { recover_each(request, &runs, &connector, &mut desk) };
    let mut bad = bad.into_iter();
    let others = |bad: std::vec::IntoIter<Cause>| bad.map(|why| Left::BadRun { why: Box::new(why) });
    match done {
        Err(mut failed) => {
            failed.left.extend(others(bad));
            Err(failed)
        }
        Ok(done) => match bad.next() {
            Some(cause) => Err(desk.fail_leaving((Stage::Recover, cause), others(bad).collect())),
            None => Ok(done),
        },
    }
}

fn recover_each(
    request: RecoverRequest,
    runs: &[Recorded],
    connector: &aws::Connector,
    desk: &mut Desk<'_>,
) -> Result<Vec<Recovered>, Failed> {
    let at_work = |cause| desk.fail(Stage::Recover, Cause::Journal(cause));
    desk.journal.idle().map_err(at_work)?;
    let account = match connector.connect() {
        // Root may have been given its device without anybody asking AWS.
        Err(aws::Error::NoCredentials { .. }) if runs.iter().all(Recorded::is_of_root) => None,
        connected => Some(
            connected.map_err(|cause| desk.fail_leaving((Stage::Recover, Cause::Aws(cause)), still_there(runs)))?,
        ),
    };
    desk.tell_clock();
    let mut done = Vec::new();
    for (n, recorded) in runs.iter().enumerate() {
        desk.still_wanted().map_err(|cause| {
            desk.fail_leaving((Stage::Recover, cause), still_there(runs.get(n..).unwrap_or_default()))
        })?;
        match one_run(request, recorded, account.as_ref(), desk) {
            Ok(recovered) => done.push(recovered),
            Err(mut failed) => {
                failed.left.extend(still_there(runs.get(n + 1..).unwrap_or_default()));
                return Err(failed);
            }
        }
    }
    Ok(done)
}

/// A run as the journal has it.
enum Recorded {
    /// Of an enrollment or a rotation.
    Run(Adding),
    Retirement(leaving::Retirement),
    AccessKey(access_key::Rotation),
}

impl Recorded {
    fn is_of_root(&self) -> bool {
        matches!(self, Self::Run(run) if run.begin.root)
    }

    /// Its account, and the partition where the device tells it.
    fn account(&self) -> (&str, Option<String>) {
        match self {
            Self::Run(run) => (run.begin.arn.account(), Some(run.begin.arn.partition().to_owned())),
            Self::Retirement(run) => {
                let arn = run.begin.old.serial.parse::<DeviceArn>().ok();
                (&run.begin.account, arn.map(|arn| arn.partition().to_owned()))
            }
            Self::AccessKey(run) => (&run.begin.account, None),
        }
    }
}

/// An enrollment or a rotation as the journal has it.
struct Adding {
    id: String,
    begin: Begin,
    /// What was intended and not declared void.
    intents: Vec<Undo>,
    /// IAM's answer to the creation is on record. Without it, an unassigned device of this name may be another's.
    created: bool,
    /// It came as far as enabling the device: before that, an enabled device of this name is not of its making.
    enabling: bool,
    /// The device that was to go is deleted.
    deleted: bool,
    /// It was about to be enabled again.
    again: bool,
}

/// What to say of runs that were not reached: their devices may be there.
fn still_there(runs: &[Recorded]) -> Vec<Left> {
    let unknown = |run: &Recorded| match run {
        Recorded::Run(run) => Left::Unknown { arn: run.begin.arn.clone(), why: aws::Error::Interrupted, asked: None },
        Recorded::Retirement(run) => {
            Left::PerhapsEnabled { serial: run.begin.old.serial.clone(), why: aws::Error::Interrupted }
        }
        Recorded::AccessKey(run) => run.unknown(),
    };
    runs.iter().map(unknown).collect()
}

/// What is in the journal.
struct Read {
    /// Oldest first.
    runs: Vec<Recorded>,
    /// Of what cannot be read or is not believed, why.
    bad: Vec<Cause>,
}

/// Replays the journal. Files of runs that had not begun anything are removed, and that is said.
fn read_runs(desk: &mut Desk<'_>) -> Result<Read, Cause> {
    let found = desk.journal.all::<Record>().map_err(Cause::Journal)?;
    for path in found.empty {
        match desk.journal.remove_empty(&path) {
            Ok(removed) => desk.tell(Notice::EmptyRun { path, removed }),
            // Another glasskey may have made it just now.
            Err(journal::Error::Busy { .. }) => {}
            Err(error) => return Err(Cause::Journal(error)),
        }
    }
    let mut read = Read { runs: Vec::new(), bad: found.unreadable.into_iter().map(Cause::Journal).collect() };
    for run in found.unfinished {
        let path = desk.journal.path_of(&run.id);
        if run.entries.first().and_then(claims::format).is_some() {
            read.bad.push(Cause::Journal(journal::Error::Unreadable { path, line: 1 }));
            continue;
        }
        match claims::check(&run.entries) {
            Ok(()) => read.runs.extend(replay(run)),
            Err((line, why)) => read.bad.push(Cause::refused(RecoverRefusal::NotBelieved { path, line, why })),
        }
    }
    Ok(read)
}

fn replay(run: journal::Unfinished<Record>) -> Option<Recorded> {
    let id = run.id;
    let (mut new_key, mut handed) = (None, false);
    let mut intents = Vec::new();
    let (mut created, mut enabling, mut deleted, mut again) = (false, false, false, false);
    let mut entries = run.entries.into_iter();
    let first = entries.next()?;
    for record in entries {
        match record {
            Record::Intend(undo) => intents.push(undo),
            Record::Void(undo) => intents.retain(|intent| *intent != undo),
            Record::Created => created = true,
            Record::Enabling | Record::Enabled => enabling = true,
            Record::Deleted => deleted = true,
            Record::EnablingAgain => again = true,
            Record::NewKey { id } => new_key = Some(id),
            Record::HandedOver => handed = true,
            Record::KeyDeleted { .. } | Record::Begin(_) | Record::Retire(_) | Record::Key(_) => {}
        }
    }
    match first {
        Record::Begin(begin) => Some(Recorded::Run(Adding { id, begin, intents, created, enabling, deleted, again })),
        Record::Retire(begin) => {
            Some(Recorded::Retirement(leaving::Retirement { id, begin, intents, deleted, again }))
        }
        Record::Key(begin) => {
            Some(Recorded::AccessKey(access_key::Rotation { id, begin, intents, new: new_key, handed }))
        }
        _ => None,
    }
}

/// A second since the Unix epoch; of what no clock can show, the epoch.
fn moment(seconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

/// Whether something that was made then may be of the making of a run that began at this second since the Unix epoch.
fn since(started: u64, made: Option<SystemTime>) -> bool {
    let earliest = moment(started).checked_sub(BEFORE).unwrap_or(UNIX_EPOCH);
    made.is_none_or(|made| made >= earliest)
}

fn one_run(
    request: RecoverRequest,
    recorded: &Recorded,
    account: Option<&Account>,
    desk: &mut Desk<'_>,
) -> Result<Recovered, Failed> {
    if let Recorded::Run(recorded) = recorded
        && recorded.begin.root
    {
        let found = roots::examine(recorded, account, desk);
        desk.tell(Notice::Unfinished(found.clone()));
        let run = Run::resume(&recorded.id, recorded.begin.clone(), recorded.intents.clone(), desk)
            .map_err(|cause| desk.fail(Stage::Recover, cause))?;
        let outcome = roots::settle(request, run, &found, recorded.enabling, desk)?;
        return Ok(Recovered { found: Found::Run(found), outcome });
    }
    let still = |cause, desk: &Desk<'_>| {
        desk.fail_leaving((Stage::Recover, cause), still_there(std::slice::from_ref(recorded)))
    };
    let (belongs_to, partition) = recorded.account();
    // An account of the same number in another partition is another one.
    let is_own = |account: &&Account| {
        account.caller().account == belongs_to
            && partition.as_ref().is_none_or(|partition| account.caller().partition == *partition)
    };
    let Some(account) = account.filter(is_own) else {
        let account = belongs_to.to_owned();
        return Err(still(Cause::refused(RecoverRefusal::OtherAccount { account }), desk));
    };
    match recorded {
        Recorded::Run(recorded) => {
            let found = examine(recorded, account, desk).map_err(|cause| still(Cause::Aws(cause), desk))?;
            desk.tell(Notice::Unfinished(found.clone()));
            let run = Run::resume(&recorded.id, recorded.begin.clone(), recorded.intents.clone(), desk)
                .map_err(|cause| desk.fail(Stage::Recover, cause))?;
            let outcome = match &recorded.begin.replaces {
                Some(old) => {
                    let old = leaving::as_enabled(old, recorded.again, &recorded.begin.user, account)
                        .map_err(|cause| still(cause, desk))?;
                    leaving::settle_rotation(request, run, &old, &found, account, desk)?
                }
                None => settle(request, run, &found, account, desk)?,
            };
            Ok(Recovered { found: Found::Run(found), outcome })
        }
        Recorded::Retirement(recorded) => {
            let found = recorded.examine(account, desk).map_err(|cause| still(Cause::Aws(cause), desk))?;
            desk.tell(Notice::UnfinishedRetirement(found.clone()));
            let outcome = recorded.settle(request, &found, account, desk)?;
            Ok(Recovered { found: Found::Retirement(found), outcome })
        }
        Recorded::AccessKey(recorded) => {
            let examined = recorded.examine(account, desk).map_err(|cause| still(cause, desk))?;
            desk.tell(Notice::UnfinishedKey(examined.found.clone()));
            let outcome = recorded.settle(request, &examined, account, desk)?;
            Ok(Recovered { found: Found::AccessKey(examined.found), outcome })
        }
    }
}

/// Asks IAM for the device and every key for its credential.
fn examine(recorded: &Adding, account: &Account, desk: &mut Desk<'_>) -> Result<Unfinished, aws::Error> {
    let Adding { begin, intents, created, enabling, deleted, .. } = recorded;
    let device = match account.virtual_device(&begin.arn)? {
        _ if !intents.contains(&Undo::DeleteDevice) => DeviceState::Missing,
        None => DeviceState::Missing,
        Some(aws::VirtualDevice { user: None, .. }) if *created => DeviceState::Unassigned,
        Some(aws::VirtualDevice { user: None, .. }) => DeviceState::Uncertain,
        Some(aws::VirtualDevice { user: Some(user), enabled, .. }) => match user.parse::<aws::Caller>() {
            // One that was enabled before the run began is somebody else's doing.
            Ok(owner)
                if owner.identity == aws::Identity::User(begin.user.clone()) && since(begin.started, enabled) =>
            {
                DeviceState::Enabled
            }
            _ => DeviceState::Foreign { user },
        },
    };
    // A key that was not reached holds nothing of this run, whatever it holds.
    let state = |key: Serial, desk: &mut Desk<'_>| {
        let reached = intents.contains(&Undo::RemoveCredential { key });
        if reached { key_state(key, &begin.credential, desk) } else { KeyState::Absent }
    };
    let keys: Vec<_> = begin.keys.iter().map(|key| (*key, state(*key, desk))).collect();
    let held = keys.iter().any(|(_, state)| *state == KeyState::Present);
    let device = match device {
        // The name is the user's own, but somebody else put another device under it.
        DeviceState::Enabled if !enabling && !held => DeviceState::Foreign { user: begin.user.clone() },
        device => device,
    };
    Ok(Unfinished {
        user: begin.user.clone(),
        arn: begin.arn.clone(),
        credential: begin.credential.clone(),
        started: moment(begin.started),
        device,
        keys,
        phone: intents.contains(&Undo::RemoveFromPhone),
        escrow: begin.escrow.clone().map(|path| (path, file_state(intents))),
        command: begin.program.clone().map(|program| {
            let reached = intents.iter().any(|intent| matches!(intent, Undo::TakeBack { .. }));
            (program, reached)
        }),
        replaces: match &begin.replaces {
            Some(old) => Some(leaving::look(old, &begin.user, intents, *deleted, account, desk)?),
            None => None,
        },
        root: false,
    })
}

fn file_state(intents: &[Undo]) -> FileState {
    let made = intents.iter().find_map(|intent| match intent {
        Undo::RemoveEscrow(file) => Some(file.look()),
        _ => None,
    });
    match made {
        None | Some(EscrowState::Absent) => FileState::Absent,
        Some(EscrowState::Torn) => FileState::Torn,
        Some(EscrowState::Whole) => FileState::Whole,
        Some(EscrowState::Unreadable) => FileState::Unreadable,
    }
}

/// Whether a place that is no key holds the seed, or may.
fn held_beside(found: &Unfinished) -> bool {
    found.phone
        || matches!(found.escrow, Some((_, FileState::Whole | FileState::Unreadable)))
        || matches!(found.command, Some((_, true)))
}

/// Whether no place that was asked for is known to lack the seed.
fn is_whole(found: &Unfinished) -> bool {
    found.keys.iter().all(|(_, state)| *state == KeyState::Present)
        && matches!(found.escrow, None | Some((_, FileState::Whole)))
        && matches!(found.command, None | Some((_, true)))
}

fn key_state(key: Serial, name: &str, desk: &mut Desk<'_>) -> KeyState {
    let listed = desk
        .ring
        .session(key, desk.person)
        .and_then(|mut session| session.list().map_err(|cause| crate::ring::Error::Oath { key, cause }));
    match listed {
        Err(_) => KeyState::NotHere,
        Ok(credentials) if credentials.iter().any(|credential| credential.name.id() == name) => KeyState::Present,
        Ok(_) => KeyState::Absent,
    }
}

fn with_credential(found: &Unfinished) -> Vec<Serial> {
    found.keys.iter().filter(|(_, state)| *state == KeyState::Present).map(|(key, _)| *key).collect()
}

/// Decides, with the person where there is a choice, and carries it out.
fn settle(
    request: RecoverRequest,
    run: Run,
    found: &Unfinished,
    account: &Account,
    desk: &mut Desk<'_>,
) -> Result<Outcome, Failed> {
    let keys = with_credential(found);
    let anywhere = found.keys.iter().any(|(_, state)| *state != KeyState::Absent);
    let file = !matches!(found.escrow, None | Some((_, FileState::Absent)));
    match &found.device {
        DeviceState::Missing | DeviceState::Foreign { .. } if !anywhere && !file => {
            close(run, Outcome::NothingLeft, desk)
        }
        // Every place is proved before a device is enabled: the run was cut short after its work was done.
        DeviceState::Enabled if anywhere || held_beside(found) => close(run, Outcome::WasComplete { keys }, desk),
        _ => {
            let may_finish = !keys.is_empty() && found.device == DeviceState::Unassigned;
            match choose(request, may_finish, found, desk).map_err(|cause| {
                desk.fail_leaving((Stage::Recover, cause), vec![Left::Untouched { arn: run.begin.arn.clone() }])
            })? {
                Choice::Leave => Ok(Outcome::Left),
                Choice::Forget => close(run, Outcome::Forgotten, desk),
                Choice::Finish => finish(run, &keys, account, desk),
                Choice::Undo => match &found.device {
                    DeviceState::Foreign { user } => Err(in_use(&found.arn, user, desk)),
                    _ => undo(run, found, account, desk),
                },
            }
        }
    }
}

fn choose(
    request: RecoverRequest,
    may_finish: bool,
    found: &Unfinished,
    desk: &mut Desk<'_>,
) -> Result<Choice, Cause> {
    let recommended = match found.device {
        // Somebody may be signing in with it, perhaps with what is on these keys: only a person decides.
        DeviceState::Enabled | DeviceState::Foreign { .. } => Choice::Leave,
        // Perhaps somebody is about to enable it.
        DeviceState::Uncertain => Choice::Leave,
        _ if may_finish && is_whole(found) => Choice::Finish,
        _ => Choice::Undo,
    };
    decide(request, may_finish, recommended, desk)
}

fn decide(
    request: RecoverRequest,
    may_finish: bool,
    recommended: Choice,
    desk: &mut Desk<'_>,
) -> Result<Choice, Cause> {
    let chosen = match request.choice {
        Some(choice) => choice,
        None if request.recommended => recommended,
        None => match desk.person.choose(may_finish) {
            Some(choice) => choice,
            None if desk.interrupt.raised() => return Err(Cause::Interrupted),
            None => return Err(Cause::NobodyToAsk),
        },
    };
    if chosen == Choice::Finish && !may_finish {
        Err(Cause::refused(RecoverRefusal::CannotFinish))
    } else {
        Ok(chosen)
    }
}

fn close(run: Run, outcome: Outcome, desk: &Desk<'_>) -> Result<Outcome, Failed> {
    match run.finish() {
        Ok(()) => Ok(outcome),
        Err(cause) => Err(desk.fail(Stage::Recover, Cause::Journal(cause))),
    }
}

/// The device of this name is enabled for somebody, not by this run: neither it nor a credential of its name is touched,
/// whatever was asked for, since that may be what they sign in with.
fn in_use(arn: &DeviceArn, user: &str, desk: &Desk<'_>) -> Failed {
    let refusal = RecoverRefusal::InUse { arn: arn.clone(), user: user.to_owned() };
    desk.fail_leaving((Stage::Recover, Cause::refused(refusal)), vec![Left::Untouched { arn: arn.clone() }])
}

/// Enables the device with two codes of a key that holds its seed; the other keys must agree with it.
fn finish(mut run: Run, keys: &[Serial], account: &Account, desk: &mut Desk<'_>) -> Result<Outcome, Failed> {
    match finish_from_key(&mut run, keys, account, desk) {
        Ok(first_code_from) => {
            // One that was cut short is of no use to anybody.
            let torn = run.escrow_files().filter(|file| file.look() == EscrowState::Torn);
            torn.for_each(|file| _ = file.remove());
            close(run, Outcome::Finished { keys: keys.to_vec(), first_code_from }, desk)
        }
        // Nothing is undone unasked.
        Err((stage, cause)) => {
            desk.interrupt.clear();
            let arn = run.begin.arn.clone();
            let left = match &cause {
                Cause::Aws(why @ (aws::Error::OutcomeUnknown { .. } | aws::Error::Interrupted)) => {
                    Left::Unknown { arn, why: why.clone(), asked: Some(Box::new(why.clone())) }
                }
                cause if is_not_listed(cause) => Left::NotListed { arn },
                _ => Left::Untouched { arn },
            };
            Err(desk.fail_leaving((stage, cause), vec![left]))
        }
    }
}

fn finish_from_key(run: &mut Run, keys: &[Serial], account: &Account, desk: &mut Desk<'_>) -> Result<u64, At> {
    let at = |cause| (Stage::Recover, cause);
    let name = Name::from_id(&run.begin.credential).map_err(|_| at(Cause::refused(RecoverRefusal::CannotFinish)))?;
    let sinks: Vec<KeySink> =
        keys.iter().map(|key| KeySink { key: *key, name: name.clone(), touch: run.begin.touch }).collect();
    let Some((prover, others)) = sinks.split_last() else {
        return Err(at(Cause::refused(RecoverRefusal::CannotFinish)));
    };
    let reference = Step::at(desk.clock.now(), AWS.period);
    let mut first = None;
    for sink in others {
        let code = sink.code_at(reference, &mut desk.bench()).map_err(|cause| at(Cause::Sink(cause)))?;
        if !first.get_or_insert_with(|| crate::secret::Code::new(code.expose().as_bytes())).matches(&code) {
            return Err(at(Cause::refused(EnrollRefusal::KeysDiffer)));
        }
    }
    if let Some(first) = first {
        let code = prover.code_at(reference, &mut desk.bench()).map_err(|cause| at(Cause::Sink(cause)))?;
        if !first.matches(&code) {
            return Err(at(Cause::refused(EnrollRefusal::KeysDiffer)));
        }
    }
    // The run may have sent its two codes before it was cut short.
    desk.unspent_pair(&run.begin.arn.to_string()).map_err(at)?;
    let (step, codes) = prover.two_codes(&mut desk.bench()).map_err(|cause| at(Cause::Sink(cause)))?;
    enable(run, step, &codes, account, desk)?;
    let with = EnabledWith { step, by: Some(prover.key) };
    confirm(account, &run.begin.user, &run.begin.arn, with, desk)?;
    Ok(tell_first_code(step, desk))
}

/// Removes device and credentials. An enabled device whose seed no place holds is of no use to anybody and may stand
/// in the user's way: it is deactivated first.
fn undo(run: Run, found: &Unfinished, account: &Account, desk: &mut Desk<'_>) -> Result<Outcome, Failed> {
    if found.device == DeviceState::Enabled
        && let Err((cause, left)) = deactivate(found, account, desk)
    {
        return Err(desk.fail_leaving((Stage::Recover, Cause::Aws(cause)), vec![left]));
    }
    let left = run.undo(account, desk);
    outcome_of_undo(left, desk)
}

/// "Not found" is success; after a lost reply IAM is asked.
fn deactivate(found: &Unfinished, account: &Account, desk: &mut Desk<'_>) -> Result<(), (aws::Error, Left)> {
    let serial = found.arn.to_string();
    let cause = match account.deactivate(&found.user, &serial) {
        Ok(()) | Err(aws::Error::NotFound { .. }) => return Ok(()),
        Err(cause) => cause,
    };
    if !matches!(cause, aws::Error::OutcomeUnknown { .. }) {
        return Err((cause, Left::Enabled { arn: found.arn.clone() }));
    }
    desk.interrupt.clear();
    desk.tell(Notice::Asking);
    match account.mfa_devices(&found.user) {
        Ok(devices) if !devices.iter().any(|device| device.serial == serial) => Ok(()),
        Ok(_) => Err((cause, Left::Enabled { arn: found.arn.clone() })),
        Err(why) => Err((cause, Left::PerhapsEnabled { serial, why })),
    }
}

fn outcome_of_undo(left: Vec<Left>, desk: &Desk<'_>) -> Result<Outcome, Failed> {
    if left.iter().any(Left::is_for_recover) {
        return Err(desk.fail_leaving((Stage::Recover, Cause::refused(RecoverRefusal::CannotUndo)), left));
    }
    Ok(Outcome::Undone)
}
