//! Why an account is not hardened.

use std::time::{Duration, SystemTime};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HardenRefusal {
    #[error("\"{named}\" is neither a step nor a finding that a step closes")]
    NoSuchStep {
        named: String,
        /// The steps, by their names.
        steps: Vec<String>,
    },
    #[error("this is not a plan of `glasskey root harden`")]
    NotAPlan,
    #[error("a later version of glasskey made the plan (format {version}; this one knows {known})")]
    LaterPlan { version: u64, known: u32 },
    #[error("the plan was changed after it was made: its digest does not fit")]
    EditedPlan,
    #[error("this version of glasskey would plan something else for {step}")]
    NotOurPlan { step: String },
    #[error("the plan is for account {planned}, and these credentials are for {account}")]
    OtherAccount { planned: String, account: String },
    #[error("the plan is for region {planned}, and this command is for {region}")]
    OtherRegion { planned: String, region: String },
    #[error("the plan has expired: plans are good for {} hours", lasts.as_secs() / 3600)]
    ExpiredPlan { expired: SystemTime, lasts: Duration },
    #[error("the plan has been applied already")]
    UsedPlan {
        /// The run that did.
        run: String,
    },
    #[error("the account is not as it was when the plan was made: {step} has changed")]
    Changed { step: String },
    #[error("somebody has activated {what} of root's again, so it is needed")]
    ActivatedAgain { what: String },
    #[error("{what} of root's cannot be deactivated with these credentials, and --grace asks for that first: {why}")]
    NoGrace { what: String, why: crate::aws::Error },
    #[error("AWS shows a password of root of {account}, so its MFA stays")]
    HasPassword { account: String },
    #[error("account {account} ({name}) is {state}: root of it can do nothing")]
    NotActive {
        account: String,
        /// In the organization.
        name: String,
        /// AWS's word for it, such as `SUSPENDED`.
        state: String,
    },
    #[error("AWS does not let root assume a member's root")]
    CalledByRoot,
    #[error("root of {account} could do nothing with a password, not even enroll MFA, because of {}", policies.join(", "))]
    RecoveryStopped {
        account: String,
        /// The service control policies that are attached to it or above it, each with its name and id.
        policies: Vec<String>,
    },
    #[error("{named} is about members of an organization, and without --org none is looked at")]
    NeedsOrganization { named: String },
    #[error("--skip leaves out all that --only names")]
    NothingWanted,
    #[error("no administrator other than root is seen who can sign in, so {step} might lock everybody out")]
    NoAdministrator { step: String },
    #[error("these steps cannot be undone, and nobody can be asked: {}", steps.join(", "))]
    ForGood { steps: Vec<String> },
    #[error("AWS acknowledged {step}, and does not show it")]
    NotShown { step: String },
    #[error("AWS acknowledged {step}, and could not be asked whether it shows it")]
    NotAsked { step: String },
    #[error("{step} was planned by a caller who saw more of it, or less: root, or somebody else than root")]
    OtherCaller { step: String },
    #[error("{address} has not confirmed that it wants the alarm's mails")]
    NotConfirmed { address: String },
    #[error("disabled since the run: {}; what the run made there cannot be reached", regions.join(", "))]
    OutOfReach { regions: Vec<String> },
    #[error("the bucket name {bucket} is taken by another account")]
    BucketTaken { bucket: String },
    #[error("{what} has got records in the meantime, so it is not deleted")]
    HoldsRecords { what: String },
    #[error("{user} needs a password, and no place for it was named")]
    NoPasswordPlace { user: String },
    #[error("the password is to be shown, and there is no terminal")]
    NobodyToShow,
    #[error("the password was not taken down")]
    NotTakenDown,
    #[error("the system gave no memory, or nothing random, for a password")]
    NoPassword,
    #[error("no run of `glasskey root harden` is called {run}")]
    NoSuchRun { run: String },
    #[error("account {account} is in no organization")]
    NoOrganization { account: String },
    #[error(
        "account {account} may not harden the organization: neither does it manage it, nor is it a delegated \
         administrator for IAM"
    )]
    NotManaging {
        account: String,
        /// The account that does.
        management: String,
    },
    #[error("the plan is for organization {planned}, and these credentials are for {organization}")]
    OtherOrganization { planned: String, organization: String },
    #[error("the plan is for an organization of {planned} accounts, and it has {accounts} now")]
    OtherAccounts { planned: usize, accounts: usize },
    #[error("account {account} is no member whose root user the organization looks after")]
    NotAMember { account: String },
    #[error("not all of it was done in {} of the members", refused.len())]
    MembersRefused {
        /// Each with what AWS said.
        refused: Vec<String>,
        /// Those in which all was done.
        done: Vec<String>,
    },
    #[error("{} can still sign requests, so no policy was attached that would refuse them", credentials.join(", "))]
    MembersSign {
        /// Each a part of a sentence.
        credentials: Vec<String>,
    },
    #[error("root of {} can sign in and has no MFA yet, so no policy was attached that would keep it so", members.join(", "))]
    MembersWait {
        /// Twelve digits each.
        members: Vec<String>,
    },
}
