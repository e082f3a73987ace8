//! One account, from inside: everything there is to know, asked side by side.

use super::administrators::Collected;
use super::buses::WatchersEverywhere;
use super::facts::{
    Admins, Central, Contact, Fact, Facts, ManagedOrganization, OrgMembership, PasswordPolicy, Surroundings,
    Unreadable,
};
use super::model::Own;
use super::replies::{AlternateContact, ContactInformation, DescribedOrganization, FoundContact};
use super::root;
use super::scp::{Organization, PolicyReader, ServiceControl};
use super::sign_in;
use super::topic::{self, Publisher, Sender};
use super::watch::Follower;
use super::watchers::{Behind, Rule, Topic, Trail};
use crate::aws::config::DEFAULT_REGION;
use crate::aws::pages::Pages;
use crate::aws::plain::hosts::iam_of;
use crate::aws::send::AsyncClient;
use crate::aws::{Account, Call, Caller, Error, Identity, Partition};
use aws_sdk_iam::types::{EntityType, FeatureType};
use serde_json::json;
use std::time::SystemTime;

/// Trails and rules.
type Watchers = (Fact<Vec<Trail>>, Fact<Vec<Rule>>);

impl Account {
    /// Reads everything about the caller's own account. What cannot be read is a fact of its own.
    pub fn posture(&self, at: SystemTime) -> Result<Facts, Error> {
        self.ask_much(true, async |client| Ok(own(client, self, at).await))
    }

    /// The account's place in its organization (DescribeOrganization), and the organization's id, where it is in one.
    pub fn membership(&self) -> (Fact<OrgMembership>, Option<String>) {
        let asked = self.ask(async |client| {
            let home = home(self).await;
            let (standing, organization) = standing(client, &home, &self.caller().account).await;
            Ok((standing, organization.map(|organization| organization.id)))
        });
        asked.unwrap_or_else(|why| (Fact::of(Call::DescribeOrganization, Err(why)), None))
    }

    /// The organization that the account manages; `None`: it manages none.
    pub fn managed_organization(&self) -> Result<Option<ManagedOrganization>, Error> {
        self.ask(async |client| {
            let home = home(self).await;
            match standing(client, &home, &self.caller().account).await {
                (Fact::Known(OrgMembership::Management), Some(Organization { id, all_features, .. })) => {
                    Ok(Some(ManagedOrganization { id, all_features }))
                }
                (Fact::Known(_), _) => Ok(None),
                (Fact::Unreadable(why), _) => Err(why.why),
            }
        })
    }

    /// Central management of the members' root users (ListOrganizationsFeatures).
    pub fn central_root(&self) -> Fact<Central> {
        let asked = self.ask(async |client| Ok(central(client).await));
        asked.unwrap_or_else(|why| Fact::of(Call::ListOrganizationsFeatures, Err(why)))
    }

    /// The account's trails with all that is behind them, and the rules of EventBridge that root's sign-ins come past.
    pub fn watchers(&self) -> Result<Watchers, Error> {
        self.follow(async |follower| tokio::join!(follower.trails(), follower.rules()))
    }

    /// The same, and the rules of the account's other regions, where one of the first watches root's calls.
    pub fn watchers_everywhere(&self) -> Result<WatchersEverywhere, Error> {
        self.follow(async |follower| follower.everywhere().await)
    }

    /// What is behind a log group of this account, whether or not a trail delivers to it.
    pub fn behind(&self, region: &str, group: &str) -> Result<Behind, Error> {
        let Caller { partition, account, .. } = self.caller();
        let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}:*");
        let logs = self.follow(async |follower| follower.logs(&arn).await)?;
        Ok(logs.map_or(Behind::Nothing, |logs| logs.behind))
    }

    /// A topic, as a sender of this account meets it. `None`: there is no such topic.
    pub fn topic_for(&self, topic: &str, sender: Sender<'_>) -> Result<Option<Topic>, Error> {
        let publisher = Publisher::of(&self.caller().account, sender);
        let read = self.ask(async |client| Ok(topic::read(client, topic).await))?;
        Ok(read.map(|read| read.to(topic, &publisher)))
    }

    fn follow<T>(&self, ask: impl AsyncFn(&Follower<'_>) -> T) -> Result<T, Error> {
        let caller = self.caller();
        let own = Own { account: caller.account.clone(), partition: caller.partition.clone() };
        self.ask(async |client| {
            let (region, global) = (self.region(), home(self).await);
            Ok(ask(&Follower::new(client, own.clone(), &region, &global)).await)
        })
    }

    /// What the organization's service control policies do to its members' root users, for who may read them.
    pub fn service_control(&self) -> Fact<ServiceControl> {
        let asked = self.ask(async |client| {
            let home = home(self).await;
            let (_, organization) = standing(client, &home, &self.caller().account).await;
            Ok(service_control(client, &home, self.caller(), organization.as_ref()).await)
        });
        asked.unwrap_or_else(|why| Fact::of(Call::ListPolicies, Err(why)))
    }

    /// Who can do everything, root aside (GetAccountAuthorizationDetails), and what each of them signs in with.
    pub fn administrators(&self) -> Fact<Admins> {
        let asked = self.ask(async |client| Ok(admins(client).await));
        asked.unwrap_or_else(|why| Fact::of(Call::GetAccountAuthorizationDetails, Err(why)))
    }
}

/// Where console sign-ins of root are recorded, and the account's global services live (CloudTrail User Guide, "AWS
/// console sign-in events"): where IAM is signed for, by the SDK's own data.
pub(in crate::aws) async fn home(account: &Account) -> String {
    iam_of(&account.region()).await.unwrap_or_else(|_| DEFAULT_REGION.to_owned())
}

pub(super) async fn own(client: &AsyncClient, account: &Account, at: SystemTime) -> Facts {
    let caller = account.caller();
    let (region, global) = (account.region(), &*home(account).await);
    let ((standing, organization), report) =
        tokio::join!(standing(client, global, &caller.account), root::credential_report(client));
    let root = async {
        match caller.identity {
            Identity::Root => root::by_itself(client).await,
            _ => root::by_an_administrator(client, &caller.partition, &caller.account, &report).await,
        }
    };
    // A member learns nothing of the organization's features and policies; a delegated administrator does, but they are
    // the management account's to answer for.
    let manages = !matches!(standing, Fact::Known(OrgMembership::Alone | OrgMembership::Member(_)))
        && Partition::named(&caller.partition).root_signs_in();
    let of_organization = async {
        match manages {
            true => {
                let scps = service_control(client, global, caller, organization.as_ref());
                let (central, scps) = tokio::join!(central(client), scps);
                (Some(central), Some(scps))
            }
            false => (None, None),
        }
    };
    let own = Own { account: caller.account.clone(), partition: caller.partition.clone() };
    let follower = Follower::new(client, own, &region, global);
    let (root, (central, scps), (trails, rules, elsewhere), admins, password_policy, contact, security_contact) = tokio::join!(
        root,
        of_organization,
        follower.everywhere(),
        admins(client),
        password_policy(client),
        contact(client, global),
        security_contact(client, global, None),
    );
    Facts {
        account: caller.account.clone(),
        name: None,
        state: None,
        partition: caller.partition.clone(),
        at,
        standing,
        root,
        security_contact,
        around: Some(Surroundings { contact, central, trails, rules, elsewhere, admins, scps, password_policy }),
    }
}

/// What service control policies do. Consolidated billing alone has none.
async fn service_control(
    client: &AsyncClient,
    region: &str,
    caller: &Caller,
    organization: Option<&Organization>,
) -> Fact<ServiceControl> {
    if organization.is_some_and(|organization| !organization.all_features) {
        return Fact::Known(ServiceControl::default());
    }
    let reader = PolicyReader {
        client,
        region,
        partition: &caller.partition,
        organization: organization.map(|organization| organization.id.as_str()),
        // Nobody else may read policies but a delegated administrator, who is told who manages.
        management: organization.map_or(&caller.account, |organization| &organization.management),
    };
    reader.service_control().await
}

async fn standing(client: &AsyncClient, region: &str, account: &str) -> (Fact<OrgMembership>, Option<Organization>) {
    let call = Call::DescribeOrganization;
    match client.ask::<DescribedOrganization>(call, region, json!({})).await {
        Ok(answer) => {
            let found = answer.organization;
            let master = found.master_account_id.clone().ok_or(Error::Malformed { call });
            let organization = found.id.zip(found.master_account_id).map(|(id, management)| Organization {
                id,
                management,
                all_features: found.feature_set.as_deref() != Some("CONSOLIDATED_BILLING"),
            });
            let standing = Fact::of(call, master).map(|master| match master == account {
                true => OrgMembership::Management,
                false => OrgMembership::Member(master),
            });
            (standing, organization)
        }
        Err(Error::Refused { code, .. }) if code == "AWSOrganizationsNotInUseException" => {
            (Fact::Known(OrgMembership::Alone), None)
        }
        Err(why) => (Fact::of(call, Err(why)), None),
    }
}

/// ListOrganizationsFeatures. Without all features, or without trusted access for IAM, it is refused, which is an answer.
pub(super) async fn central(client: &AsyncClient) -> Fact<Central> {
    let call = Call::ListOrganizationsFeatures;
    match client.call(call, |client| client.iam.list_organizations_features().send()).await {
        Ok(answer) => {
            let has = |feature: &FeatureType| answer.enabled_features().contains(feature);
            Fact::Known(Central {
                all_features: true,
                trusted: true,
                credentials: has(&FeatureType::RootCredentialsManagement),
                sessions: has(&FeatureType::RootSessions),
            })
        }
        Err(Error::Refused { code, .. }) if code.starts_with("ServiceAccessNotEnabled") => {
            Fact::Known(Central { all_features: true, ..Central::default() })
        }
        Err(Error::Refused { code, .. }) if code.starts_with("OrganizationNotInAllFeaturesMode") => {
            Fact::Known(Central::default())
        }
        Err(why) => Fact::of(call, Err(why)),
    }
}

/// GetAccountAuthorizationDetails: who has AdministratorAccess, or a policy that comes to the same.
async fn admins(client: &AsyncClient) -> Fact<Admins> {
    let call = Call::GetAccountAuthorizationDetails;
    let mut found = Collected::default();
    let mut pages = Pages::of(call);
    loop {
        let page = client
            .call(call, |client| {
                let mut request = client.iam.get_account_authorization_details().max_items(1000);
                for kind in [EntityType::User, EntityType::Role, EntityType::Group, EntityType::LocalManagedPolicy] {
                    request = request.filter(kind);
                }
                request.set_marker(pages.token()).send()
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(why) => return Fact::of(call, Err(why)),
        };
        found.take(&page);
        match pages.go_on_where(page.is_truncated(), page.marker()) {
            Ok(true) => {}
            Ok(false) => {
                let signs_in = sign_in::of_users(client, found.candidates()).await;
                return Fact::Known(found.admins(&signs_in));
            }
            Err(why) => return Fact::of(call, Err(why)),
        }
    }
}

async fn password_policy(client: &AsyncClient) -> Fact<Option<PasswordPolicy>> {
    let call = Call::GetAccountPasswordPolicy;
    match client.call(call, |client| client.iam.get_account_password_policy().send()).await {
        Ok(answer) => Fact::Known(answer.password_policy().map(|policy| PasswordPolicy {
            length: policy.minimum_password_length().unwrap_or_default(),
            reuse: policy.password_reuse_prevention().unwrap_or_default(),
        })),
        Err(Error::NotFound { .. }) => Fact::Known(None),
        Err(why) => Fact::of(call, Err(why)),
    }
}

fn none_there<T>(call: Call, why: Error) -> Fact<Option<T>> {
    match why {
        Error::Refused { code, .. } if code == "ResourceNotFoundException" => Fact::Known(None),
        why => Fact::Unreadable(Unreadable { call, why }),
    }
}

async fn contact(client: &AsyncClient, region: &str) -> Fact<Option<Contact>> {
    let call = Call::GetContactInformation;
    match client.ask::<ContactInformation>(call, region, json!({})).await {
        Ok(answer) => {
            let name = answer.contact_information.and_then(|contact| contact.full_name);
            Fact::Known(name.map(|name| Contact { email: String::new(), name }))
        }
        Err(why) => none_there(call, why),
    }
}

/// The security contact of the caller's own account, or of a member of its organization.
pub(super) async fn security_contact(
    client: &AsyncClient,
    region: &str,
    member: Option<&str>,
) -> Fact<Option<Contact>> {
    let call = Call::GetAlternateContact;
    let body = match member {
        Some(member) => json!({ "AlternateContactType": "SECURITY", "AccountId": member }),
        None => json!({ "AlternateContactType": "SECURITY" }),
    };
    match client.ask::<FoundContact>(call, region, body).await {
        Ok(answer) => {
            let AlternateContact { email_address: email, name } = answer.alternate_contact.unwrap_or_default();
            Fact::Known((!email.is_empty()).then_some(Contact { email, name }))
        }
        Err(why) => none_there(call, why),
    }
}
