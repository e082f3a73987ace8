//! Many accounts: each member's root user through a session of AssumeRoot, so many at a time as AWS bears.
//!
//! What is kept is what is under way: rows are handed over as they come, and the list of accounts is read page by page.

use super::facts::{Fact, Facts, Root, Standing, Unreadable};
use super::read::{self, home};
use super::root;
use crate::aws::ask::Asker;
use crate::aws::pages::Pages;
use crate::aws::{Account, Call, Error, RootTask};
use aws_credential_types::Credentials;
use aws_sdk_sts::types::PolicyDescriptorType;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::SystemTime;
use tokio::task::JoinSet;

/// Which accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every account of the organization.
    Organization,
    /// These.
    Accounts(Vec<String>),
}

/// What comes of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its facts.
    Facts(Box<Facts>),
    /// It is not in use: AWS's word for it.
    Closed {
        /// Twelve digits.
        account: String,
        /// Its name.
        name: String,
        /// `SUSPENDED`, `PENDING_CLOSURE`.
        state: String,
    },
}

/// How a sweep went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// How often AWS asked for patience.
    pub throttled: u64,
    /// The most accounts that were under way at once.
    pub at_once: usize,
}

/// An account to be asked.
struct Target {
    account: String,
    name: Option<String>,
    /// AWS's word for its state, where that is not `ACTIVE`.
    state: Option<String>,
}

impl Target {
    fn is_closed(&self) -> bool {
        self.state.as_deref().is_some_and(is_closed)
    }
}

/// There is no organization.
const NOT_IN_USE: &str = "AWSOrganizationsNotInUseException";

/// How many accounts at once to begin with; it grows by one for every so many that go well, and halves when AWS
/// throttles.
const BEGIN: f64 = 16.0;

impl Account {
    /// Reads the accounts of `scope` but those `skip` knows already, at most `most` at once, and hands each to `each` as
    /// it comes, with how many accounts are known to be wanted so far. `each` returns false to stop.
    pub fn sweep(
        &self,
        scope: Scope,
        most: usize,
        now: &dyn Fn() -> SystemTime,
        skip: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(Progress, usize) -> bool,
    ) -> Result<Sweep, Error> {
        let asker = self.asker(false)?;
        self.with_live(|live| live.runtime.block_on(Crowd::new(self, &asker, scope, most).run(now, skip, each)))?
    }
}

struct Crowd<'a> {
    account: &'a Account,
    asker: &'a Asker,
    /// Where a page is still to be read.
    pages: Option<Pages>,
    waiting: VecDeque<Target>,
    most: f64,
    limit: f64,
    throttled: u64,
    wanted: usize,
    sweep: Sweep,
    management: Option<String>,
}

impl<'a> Crowd<'a> {
    fn new(account: &'a Account, asker: &'a Asker, scope: Scope, most: usize) -> Self {
        let most = most.max(1) as f64;
        let target = |account| Target { account, name: None, state: None };
        let (pages, waiting) = match scope {
            Scope::Organization => (Some(Pages::of(Call::ListAccounts)), VecDeque::new()),
            Scope::Accounts(accounts) => (None, accounts.into_iter().map(target).collect()),
        };
        let sweep = Sweep::default();
        let (limit, wanted) = (BEGIN.min(most), waiting.len());
        Self { account, asker, pages, waiting, most, limit, throttled: 0, wanted, sweep, management: None }
    }

    async fn run(
        mut self,
        now: &dyn Fn() -> SystemTime,
        skip: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(Progress, usize) -> bool,
    ) -> Result<Sweep, Error> {
        self.management = self.management_account().await?;
        let mut under_way: JoinSet<Progress> = JoinSet::new();
        loop {
            if self.asker.interrupted() {
                return Err(Error::Interrupted);
            }
            while under_way.len() < self.limit as usize
                && let Some(target) = self.next(skip).await?
            {
                if target.is_closed() {
                    let Target { account, name, state } = target;
                    let (name, state) = (name.unwrap_or_default(), state.unwrap_or_default());
                    let closed = Progress::Closed { account, name, state };
                    if !each(closed, self.wanted) {
                        return Ok(self.sweep);
                    }
                } else if target.account == self.account.caller().account {
                    let mut facts = read::own(self.asker, self.account, now()).await;
                    (facts.name, facts.state) = (target.name, target.state);
                    if !each(Progress::Facts(Box::new(facts)), self.wanted) {
                        return Ok(self.sweep);
                    }
                } else {
                    let member = Member {
                        asker: self.asker.clone(),
                        region: home(self.account).await,
                        partition: self.account.caller().partition.clone(),
                        management: self.management.clone().unwrap_or_default(),
                    };
                    under_way.spawn(member.read(target, now()));
                }
            }
            self.sweep.at_once = self.sweep.at_once.max(under_way.len());
            let Some(done) = under_way.join_next().await else { break };
            self.adapt();
            // A task neither panics nor is it cancelled while it is waited for.
            if let Ok(done) = done
                && !each(done, self.wanted)
            {
                break;
            }
        }
        self.sweep.throttled = self.asker.throttled();
        if self.asker.interrupted() { Err(Error::Interrupted) } else { Ok(self.sweep) }
    }

    /// One more for every so many that went well; half of it when AWS has asked for patience since.
    fn adapt(&mut self) {
        let throttled = self.asker.throttled();
        if throttled > self.throttled {
            self.throttled = throttled;
            self.limit = (self.limit / 2.0).max(1.0);
        } else {
            self.limit = (self.limit + 2.0 / self.limit).min(self.most);
        }
    }

    async fn next(&mut self, skip: &dyn Fn(&str) -> bool) -> Result<Option<Target>, Error> {
        loop {
            match (self.waiting.pop_front(), self.pages.take()) {
                (Some(target), pages) => {
                    self.pages = pages;
                    if !skip(&target.account) {
                        return Ok(Some(target));
                    }
                }
                (None, Some(pages)) => self.page(pages).await?,
                (None, None) => return Ok(None),
            }
        }
    }

    /// ListAccounts, one page.
    async fn page(&mut self, mut pages: Pages) -> Result<(), Error> {
        let call = Call::ListAccounts;
        let body = pages.token().map_or_else(|| json!({}), |token| json!({ "NextToken": token }));
        let answer = self.asker.ask(call, &home(self.account).await, body).await?;
        let accounts = answer.get("Accounts").and_then(Value::as_array).ok_or(Error::Malformed { call })?;
        for account in accounts {
            let text = |name: &str| account.get(name).and_then(Value::as_str);
            self.waiting.push_back(Target {
                account: text("Id").ok_or(Error::Malformed { call })?.to_owned(),
                name: text("Name").map(str::to_owned),
                state: state(account),
            });
        }
        self.wanted += accounts.len();
        self.pages = pages.go_on(answer.get("NextToken").and_then(Value::as_str))?.then_some(pages);
        Ok(())
    }

    /// `None` where that is not told: then every account is taken for a member.
    async fn management_account(&self) -> Result<Option<String>, Error> {
        match self.asker.ask(Call::DescribeOrganization, &home(self.account).await, json!({})).await {
            Ok(answer) => {
                Ok(answer.pointer("/Organization/MasterAccountId").and_then(Value::as_str).map(str::to_owned))
            }
            Err(why @ Error::Interrupted) => Err(why),
            // Named accounts may be the caller's own, and there is nothing to list.
            Err(Error::Refused { code, .. }) if code == NOT_IN_USE && self.pages.is_none() => Ok(None),
            Err(why @ Error::Refused { .. }) => Err(why),
            Err(_) => Ok(None),
        }
    }
}

/// AWS's word for the state of an account, where that is not `ACTIVE`.
fn state(account: &Value) -> Option<String> {
    let text = |name: &str| account.get(name).and_then(Value::as_str);
    // `State` is the newer name, with more to say; `Status` goes away in 2026.
    let state = text("State").or_else(|| text("Status"))?;
    (state != "ACTIVE").then(|| state.to_owned())
}

/// Whether an account of this state is not in use. One of any other state, such as one that is being made, or a state
/// that AWS adds, is asked like an active one: what it does not tell is not known.
fn is_closed(state: &str) -> bool {
    matches!(state, "SUSPENDED" | "PENDING_CLOSURE" | "CLOSED")
}

/// What it takes to ask a member.
struct Member {
    asker: Asker,
    region: String,
    partition: String,
    management: String,
}

impl Member {
    /// At most eight calls: AssumeRoot, six about root, one about the contact. One more where a refusal may mean that the
    /// account has been closed since it was listed.
    async fn read(self, target: Target, at: SystemTime) -> Progress {
        let root = match self.assume(&target.account).await {
            Ok(session) => root::by_session(&session).await,
            Err(why) => unreadable(&Unreadable { call: Call::AssumeRoot, why }),
        };
        if let Fact::Unreadable(Unreadable { why: Error::Denied { .. }, .. }) = &root.summary
            && let Some((name, state)) = self.closed_meanwhile(&target.account).await
        {
            return Progress::Closed { account: target.account, name, state };
        }
        let security_contact = read::security_contact(&self.asker, &self.region, Some(&target.account)).await;
        Progress::Facts(Box::new(Facts {
            standing: Fact::Known(match target.account == self.management {
                true => Standing::Management,
                false => Standing::Member(self.management.clone()),
            }),
            account: target.account,
            name: target.name,
            state: target.state,
            partition: self.partition,
            at,
            root,
            security_contact,
            around: None,
        }))
    }

    /// An account's name and AWS's word for its state, where that says that it is not in use.
    async fn closed_meanwhile(&self, account: &str) -> Option<(String, String)> {
        let body = json!({ "AccountId": account });
        let answer = self.asker.ask(Call::DescribeAccount, &self.region, body).await.ok()?;
        let account = answer.get("Account")?;
        let name = account.get("Name").and_then(Value::as_str).unwrap_or_default();
        state(account).filter(|state| is_closed(state)).map(|state| (name.to_owned(), state))
    }

    /// AssumeRoot for the audit task, at a regional endpoint: the global one does not know it.
    async fn assume(&self, account: &str) -> Result<Asker, Error> {
        let call = Call::AssumeRoot;
        let task = RootTask::Audit.policy(&self.partition);
        let answer = self
            .asker
            .call(call, |asker| {
                let policy = PolicyDescriptorType::builder().arn(&task).build();
                asker
                    .sts()
                    .assume_root()
                    .target_principal(account)
                    .task_policy_arn(policy)
                    .duration_seconds(900)
                    .send()
            })
            .await?;
        let session = answer.credentials().ok_or(Error::Malformed { call })?;
        Ok(self.asker.with_session(Credentials::new(
            session.access_key_id(),
            session.secret_access_key(),
            Some(session.session_token().to_owned()),
            SystemTime::try_from(*session.expiration()).ok(),
            "root audit",
        )))
    }
}

fn unreadable(why: &Unreadable) -> Root {
    fn fact<T>(why: &Unreadable) -> Fact<T> {
        Fact::Unreadable(why.clone())
    }
    Root {
        summary: fact(why),
        factors: fact(why),
        keys: fact(why),
        certificates: fact(why),
        password_used: fact(why),
    }
}
