//! Many accounts: each member's root user through a session of AssumeRoot, so many at a time as AWS bears.
//!
//! What is kept is what is under way: rows are handed over as they come, and the list of accounts is read page by page.

use super::facts::Facts;
use super::member::Member;
use super::read::{self, home};
use super::replies::{self, DescribedOrganization, ListedAccounts};
use super::window::Window;
use crate::aws::pages::Pages;
use crate::aws::send::AsyncClient;
use crate::aws::{Account, Call, Error};
use serde_json::json;
use std::collections::VecDeque;
use std::pin::Pin;
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
    /// It is wanted, and was to be skipped.
    Skipped {
        /// Twelve digits.
        account: String,
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

pub(super) struct Target {
    pub(super) account: String,
    pub(super) name: Option<String>,
    /// AWS's word for its state, where that is not `ACTIVE`.
    pub(super) state: Option<String>,
}

impl Target {
    fn is_closed(&self) -> bool {
        self.state.as_deref().is_some_and(is_closed)
    }

    fn closed(self) -> Progress {
        let Self { account, name, state } = self;
        Progress::Closed { account, name: name.unwrap_or_default(), state: state.unwrap_or_default() }
    }
}

/// There is no organization.
const NOT_IN_USE: &str = "AWSOrganizationsNotInUseException";

impl Account {
    /// Reads the accounts of `scope` but those `skip` knows already, at most `most` at once, and hands each to `each` as
    /// it comes, those that are skipped too, with how many accounts are known to be wanted so far. `each` returns false to stop.
    pub fn sweep(
        &self,
        scope: Scope,
        most: usize,
        now: &dyn Fn() -> SystemTime,
        skip: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(Progress, usize) -> bool,
    ) -> Result<Sweep, Error> {
        self.ask_much(false, async |client| {
            let home = home(self).await;
            let pages = matches!(scope, Scope::Organization).then(|| Pages::of(Call::ListAccounts));
            let management = management_account(client, &home, pages.is_none()).await?;
            let accounts_at_once = Accounts::new(self, client, &home, management, scope, most);
            accounts_at_once.run(pages, now, skip, each).await
        })
    }
}

/// Those who are asked at once.
struct Accounts<'a> {
    account: &'a Account,
    client: &'a AsyncClient,
    home: &'a str,
    management: Option<String>,
    waiting: VecDeque<Target>,
    window: Window,
    wanted: usize,
    under_way: JoinSet<Progress>,
    /// Not handed over yet.
    done: VecDeque<Progress>,
    at_once: usize,
}

/// So many may be done and not handed over.
const DONE: usize = 1000;

impl<'a> Accounts<'a> {
    fn new(
        account: &'a Account,
        client: &'a AsyncClient,
        home: &'a str,
        management: Option<String>,
        scope: Scope,
        most: usize,
    ) -> Self {
        let target = |account| Target { account, name: None, state: None };
        let waiting: VecDeque<Target> = match scope {
            Scope::Organization => VecDeque::new(),
            Scope::Accounts(accounts) => accounts.into_iter().map(target).collect(),
        };
        Self {
            account,
            client,
            home,
            management,
            wanted: waiting.len(),
            waiting,
            window: Window::up_to(most),
            under_way: JoinSet::new(),
            done: VecDeque::new(),
            at_once: 0,
        }
    }

    /// Begins members as their page comes, while the next page is asked for and the caller's own account is read.
    async fn run(
        mut self,
        pages: Option<Pages>,
        now: &dyn Fn() -> SystemTime,
        skip: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(Progress, usize) -> bool,
    ) -> Result<Sweep, Error> {
        let (account, client, home) = (self.account, self.client, self.home);
        let mut page: Option<Pin<Box<dyn Future<Output = _> + '_>>> =
            pages.map(|pages| next_page(client, home, pages));
        let (mut own, mut rest) = (None, None);
        loop {
            if let Some(target) = self.begin_waiting(now, skip) {
                own = Some(Box::pin(own_facts(client, account, target, now())));
            }
            // The caller's own account is handed over before those that were begun after it.
            if own.is_none() && !self.hand_over(each) {
                return Ok(self.swept());
            }
            if self.wants_a_page() {
                page = page.or_else(|| rest.take().map(|pages| next_page(client, home, pages)));
            }
            tokio::select! {
                Some(listed) = on(&mut page) => {
                    page = None;
                    let (targets, pages) = match listed {
                        Ok(listed) => listed,
                        Err(why) => {
                            self.hand_over(each);
                            return Err(why);
                        }
                    };
                    rest = pages;
                    self.wanted += targets.len();
                    self.waiting.extend(targets);
                }
                Some(facts) = on(&mut own) => {
                    own = None;
                    self.done.push_front(facts);
                }
                Some(done) = self.under_way.join_next() => {
                    self.window.adapt(client.throttled());
                    // A task neither panics nor is it cancelled while it is waited for.
                    self.done.extend(done);
                }
                else => return Ok(self.swept()),
            }
        }
    }

    /// Begins those who wait, as far as there is room, but the caller's own account, which it returns.
    fn begin_waiting(&mut self, now: &dyn Fn() -> SystemTime, skip: &dyn Fn(&str) -> bool) -> Option<Target> {
        let mut own = None;
        while self.has_room()
            && let Some(target) = self.waiting.pop_front()
        {
            if skip(&target.account) {
                self.done.push_back(Progress::Skipped { account: target.account });
            } else if target.is_closed() {
                self.done.push_back(target.closed());
            } else if target.account == self.account.caller().account {
                own = Some(target);
            } else {
                self.begin(target, now());
            }
        }
        own
    }

    /// Hands over what is done; `false` to stop.
    fn hand_over(&mut self, each: &mut dyn FnMut(Progress, usize) -> bool) -> bool {
        while let Some(done) = self.done.pop_front() {
            if !each(done, self.wanted) {
                return false;
            }
        }
        true
    }

    fn has_room(&self) -> bool {
        self.under_way.len() < self.window.limit() && self.done.len() < DONE
    }

    /// Before those who wait are begun; but no more wait than could be under way.
    fn wants_a_page(&self) -> bool {
        self.waiting.len() < self.window.most()
    }

    fn begin(&mut self, target: Target, at: SystemTime) {
        let member = Member {
            client: self.client.clone(),
            region: self.home.to_owned(),
            partition: self.account.caller().partition.clone(),
            management: self.management.clone().unwrap_or_default(),
        };
        self.under_way.spawn(member.read(target, at));
        self.at_once = self.at_once.max(self.under_way.len());
    }

    fn swept(&self) -> Sweep {
        Sweep { throttled: self.client.throttled(), at_once: self.at_once }
    }
}

/// What becomes of a future that may not be there.
async fn on<F: Future + Unpin>(future: &mut Option<F>) -> Option<F::Output> {
    match future {
        Some(future) => Some(future.await),
        None => None,
    }
}

async fn own_facts(client: &AsyncClient, account: &Account, target: Target, at: SystemTime) -> Progress {
    let mut facts = read::own(client, account, at).await;
    (facts.name, facts.state) = (target.name, target.state);
    Progress::Facts(Box::new(facts))
}

/// ListAccounts, one page, and the way to the rest.
type Page = Result<(Vec<Target>, Option<Pages>), Error>;

fn next_page<'a>(
    client: &'a AsyncClient,
    home: &'a str,
    mut pages: Pages,
) -> Pin<Box<dyn Future<Output = Page> + 'a>> {
    Box::pin(async move {
        let call = Call::ListAccounts;
        let body = pages.token().map_or_else(|| json!({}), |token| json!({ "NextToken": token }));
        let page: ListedAccounts = client.ask(call, home, body).await?;
        let goes_on = pages.go_on(page.next_token.as_deref())?;
        let target = |account: replies::Account| Target {
            state: account.state().map(str::to_owned),
            account: account.id,
            name: account.name,
        };
        let targets = page.accounts.into_iter().map(target).collect();
        Ok((targets, goes_on.then_some(pages)))
    })
}

/// `None` where that is not told: then every account is taken for a member. `named`: there is nothing to list.
async fn management_account(client: &AsyncClient, home: &str, named: bool) -> Result<Option<String>, Error> {
    match client.ask::<DescribedOrganization>(Call::DescribeOrganization, home, json!({})).await {
        Ok(answer) => Ok(answer.organization.master_account_id),
        Err(why @ Error::Interrupted) => Err(why),
        // Named accounts may be the caller's own.
        Err(Error::Refused { code, .. }) if code == NOT_IN_USE && named => Ok(None),
        Err(why @ Error::Refused { .. }) => Err(why),
        Err(_) => Ok(None),
    }
}

/// Whether an account of this state is not in use. One of any other state, such as one that is being made, or a state
/// that AWS adds, is asked like an active one: what it does not tell is not known.
pub(super) fn is_closed(state: &str) -> bool {
    matches!(state, "SUSPENDED" | "PENDING_CLOSURE" | "CLOSED")
}
