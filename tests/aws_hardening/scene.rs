//! An account on a clock that stands still, its administrator, and the things that a trail and an alarm are made of.

use glasskey::aws::hardening::{
    Bucket, Confirmation, Delivery, Metric, MetricFilter, NewAlarm, NewRule, NewTrail, Place, Publisher, RootPattern,
    RuleTarget, Trail, logs_document, merged, root_event_pattern, root_transformer, topic_statements,
    trail_statements, trust_document,
};
use glasskey::aws::{Account, Connector, Error, Retry};
use glasskey::platform::Interrupt;
use glasskey::sim::aws::posture::MailKind;
use glasskey::sim::aws::{Aws, Setup};
use glasskey::sim::clock::SimClock;
use glasskey::totp::Clock;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) const REGION: &str = "us-east-1";
pub(super) const BUCKET: &str = "root-trail-111122223333";
pub(super) const GROUP: &str = "root-trail";
pub(super) const ROLE: &str = "root-trail-to-logs";
pub(super) const POLICY: &str = "write";
pub(super) const NAME: &str = "root-use";
pub(super) const ADDRESS: &str = "security@example.com";
pub(super) const STREAM: &str = "tests";

pub(super) struct Scene {
    pub(super) aws: Aws,
    pub(super) account: Account,
    pub(super) retries: Arc<Mutex<Vec<Retry>>>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let setup = Setup { account: Some("111122223333".to_owned()), ..Setup::default() };
        Self::over(Aws::with(SimClock::manual(UNIX_EPOCH + Duration::from_secs(1_795_348_815)), setup))
    }

    /// This account, as its administrator.
    pub(super) fn over(aws: Aws) -> Self {
        let retries: Arc<Mutex<Vec<Retry>>> = Arc::default();
        let told = Arc::clone(&retries);
        let connector = Connector {
            profile: None,
            region: Some(REGION.to_owned()),
            wire: aws.wire(&aws.admin()),
            clock: Clock::new(Arc::new(aws.clock().clone())),
            interrupt: Interrupt::new().unwrap(),
            on_retry: Arc::new(move |retry| told.lock().unwrap().push(retry.clone())),
            on_wait: Arc::new(|_| {}),
        };
        let account = connector.connect().unwrap();
        Self { aws, account, retries }
    }

    pub(super) fn place(&self) -> Place {
        Place::of(self.account.caller(), REGION)
    }

    pub(super) fn now(&self) -> SystemTime {
        self.aws.clock().now()
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.aws.clock().advance(Duration::from_secs(seconds));
    }

    pub(super) fn bucket(&self) -> Bucket {
        Bucket { name: BUCKET.to_owned(), region: REGION.to_owned(), owner: self.account.caller().account.clone() }
    }

    pub(super) fn trail_arn(&self) -> String {
        self.place().trail(NAME)
    }

    pub(super) fn topic_arn(&self) -> String {
        self.place().topic(NAME)
    }

    pub(super) fn rule_arn(&self) -> String {
        self.place().arn("events", &format!("rule/{NAME}"))
    }

    pub(super) fn new_trail(&self) -> NewTrail {
        let place = self.place();
        let role = format!("arn:aws:iam::{}:role/{ROLE}", place.account);
        NewTrail {
            name: NAME.to_owned(),
            bucket: BUCKET.to_owned(),
            prefix: None,
            organization: false,
            logs: Some(Delivery { log_group: place.log_group(GROUP), role }),
        }
    }

    pub(super) fn make_bucket(&self) {
        let bucket = self.account.create_bucket(REGION, BUCKET).unwrap();
        assert_eq!(bucket, self.bucket());
    }

    pub(super) fn bucket_policy(&self) -> String {
        let statements = trail_statements(&self.place(), BUCKET, None, &self.trail_arn(), None);
        merged(None, &statements).unwrap().unwrap()
    }

    pub(super) fn make_role(&self) -> Result<(), Error> {
        self.account.create_role(ROLE, &trust_document(), "writes a trail to its log group").map(drop)
    }

    pub(super) fn let_role_write(&self) -> Result<(), Error> {
        self.account.put_role_policy(ROLE, POLICY, &logs_document(&self.place(), GROUP, None))
    }

    /// Everything that a trail needs; the role is old enough.
    pub(super) fn before_trail(&self) {
        self.trail_parts();
        self.wait(10);
    }

    /// Everything that a trail needs, made this moment.
    pub(super) fn trail_parts(&self) {
        self.make_bucket();
        self.account.put_bucket_policy(&self.bucket(), &self.bucket_policy()).unwrap();
        self.account.create_log_group(REGION, GROUP).unwrap();
        self.make_role().unwrap();
        self.let_role_write().unwrap();
    }

    pub(super) fn make_trail(&self) -> Trail {
        self.before_trail();
        self.account.create_trail(REGION, &self.new_trail()).unwrap()
    }

    pub(super) fn make_stream(&self) {
        self.account.create_log_group(REGION, GROUP).unwrap();
        self.account.create_log_stream(REGION, GROUP, STREAM).unwrap();
    }

    pub(super) fn put(&self, message: &str) -> Result<(), Error> {
        self.account.put_log_event(REGION, (GROUP, STREAM), self.now(), message)
    }

    pub(super) fn metric() -> Metric {
        Metric { namespace: "Glasskey".to_owned(), name: "RootUse".to_owned() }
    }

    pub(super) fn filter() -> MetricFilter {
        let pattern = RootPattern::default().text().to_owned();
        MetricFilter { name: NAME.to_owned(), group: GROUP.to_owned(), pattern, metric: Self::metric() }
    }

    pub(super) fn new_alarm(&self) -> NewAlarm {
        let (name, description) = (NAME.to_owned(), "The root user was used.".to_owned());
        NewAlarm { name, description, metric: Self::metric(), topic: self.topic_arn() }
    }

    pub(super) fn make_alarm(&self) {
        self.account.put_alarm(REGION, &self.new_alarm()).unwrap();
    }

    pub(super) fn make_topic(&self) {
        assert_eq!(self.account.create_topic(REGION, NAME).unwrap(), self.topic_arn());
    }

    /// The policy that the topic has, with what lets in the alarm and the rules.
    pub(super) fn topic_policy(&self) -> String {
        let there = self.account.topic(&self.topic_arn()).unwrap().unwrap().policy;
        let publishers = [Publisher::Alarm(self.place().alarm(NAME)), Publisher::Rules];
        merged(there.as_deref(), &topic_statements(&self.topic_arn(), &publishers)).unwrap().unwrap()
    }

    pub(super) fn ask_to_subscribe(&self) {
        self.make_topic();
        assert_eq!(self.account.subscribe(&self.topic_arn(), ADDRESS), Ok(None));
    }

    /// What the last confirmation mail has in it.
    pub(super) fn confirmation(&self) -> Confirmation {
        let asked = self.aws.mailbox().into_iter().rfind(|mail| mail.kind == MailKind::Confirmation).unwrap();
        Confirmation::of_link(&asked.link.unwrap()).unwrap()
    }

    pub(super) fn make_subscriber(&self) -> String {
        self.ask_to_subscribe();
        self.account.confirm_subscription(&self.confirmation()).unwrap()
    }

    pub(super) fn make_rule(&self) {
        let rule = NewRule {
            name: NAME.to_owned(),
            description: "The root user was used.".to_owned(),
            pattern: root_event_pattern(true),
        };
        assert_eq!(self.account.put_rule(REGION, &rule).unwrap(), self.rule_arn());
    }

    pub(super) fn target(&self) -> RuleTarget {
        RuleTarget { id: "mail".to_owned(), arn: self.topic_arn(), transformer: Some(root_transformer()), role: None }
    }

    pub(super) fn mails(&self) -> usize {
        self.aws.mailbox().iter().filter(|mail| mail.kind == MailKind::Notification).count()
    }

    /// The actions that AWS has got and answered with this code.
    pub(super) fn refused_with(&self, code: &str) -> usize {
        self.aws.calls().iter().filter(|call| call.code.as_deref() == Some(code)).count()
    }

    pub(super) fn root_event() -> String {
        json!({ "userIdentity": { "type": "Root" }, "eventType": "AwsApiCall" }).to_string()
    }
}
