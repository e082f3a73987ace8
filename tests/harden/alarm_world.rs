//! What there is of an alarm in an account, and somebody who reads the mail.

use glasskey::sim::aws::posture::{Alarm, Key, MailKind, Posture};
use glasskey::sim::aws::{Aws, Partition};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) const ADDRESS: &str = "security@example.com";

/// Filters, alarms, rules, topics with their policies, keys that are in use, and who has confirmed; not in which state the
/// alarms are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain(String);

impl Chain {
    /// As in any account.
    pub(crate) fn without(&self, account: &str) -> Self {
        Self(self.0.replace(account, "ACCOUNT"))
    }
}

pub(crate) fn chain(posture: &Posture) -> Chain {
    let alarm = |alarm: &Alarm| Alarm {
        state: String::new(),
        reason: String::new(),
        state_since: None,
        evaluate_from: None,
        ..alarm.clone()
    };
    let live = posture.subscriptions.iter().filter(|one| !one.deleted && !one.endpoint.is_empty());
    let alarms: Vec<Alarm> = posture.alarms.iter().map(alarm).collect();
    let mut topics = posture.topics.clone();
    topics.sort_by(|one, other| one.arn.cmp(&other.arn));
    let mut subscribers: Vec<_> = live.map(|one| (&one.topic, &one.endpoint, one.confirmed)).collect();
    subscribers.sort();
    let mut rules = posture.rules.clone();
    rules.sort_by(|one, other| (&one.region, &one.name).cmp(&(&other.region, &other.name)));
    // A key's id is another one in each account.
    let keys: Vec<_> = posture.keys.iter().filter(|key| key.state != "PendingDeletion").collect();
    let named = keys.iter().map(|key| {
        let key = Key { id: String::new(), ..(*key).clone() };
        (key.alias.clone(), serde_json::json!(key))
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by(|one, other| one.0.cmp(&other.0));
    let mut text = serde_json::json!([posture.metric_filters, alarms, rules, topics, named, subscribers]).to_string();
    keys.iter().for_each(|key| text = text.replace(&key.id, key.alias.as_deref().unwrap_or("KEY")));
    Chain(text)
}

/// A trail that delivers to a log group, and nothing behind it.
pub(crate) fn record(aws: &Aws) {
    let Posture { trails, buckets, .. } = Posture::sound(Partition::Aws, &aws.account());
    aws.arrange(|posture| (posture.trails, posture.buckets) = (trails, buckets));
}

/// Opens the link of every mail that asks to confirm, until it is dropped.
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    pub(crate) fn of(aws: &Aws) -> Self {
        let (aws, stop) = (aws.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut read = 0;
            while !stopped.load(Ordering::SeqCst) {
                let mails = aws.mailbox();
                for mail in mails.iter().skip(read).filter(|mail| mail.kind == MailKind::Confirmation) {
                    let _ = aws.open_link(mail.link.as_deref().unwrap());
                }
                read = mails.len();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
