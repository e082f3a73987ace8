//! What users sign in with, as IAM has it now: a credential report may be four hours old, and knows nobody who is newer.

use super::facts::Unreadable;
use crate::aws::send::AsyncClient;
use crate::aws::{Call, Error};
use std::collections::HashMap;
use std::future::Future;
use tokio::task::JoinSet;

/// What one user signs in with.
#[derive(Clone, Debug)]
pub(super) struct SignsIn {
    /// They have a factor; `None`: not told.
    pub(super) mfa: Option<bool>,
    /// They have a password or an active access key; `None`: not told.
    pub(super) can_sign_in: Option<bool>,
    /// Why something is not told.
    pub(super) unread: Option<Unreadable>,
}

/// So many are asked about at once.
const AT_ONCE: usize = 8;

/// Of each of these users who is still there.
pub(super) async fn of_users(client: &AsyncClient, names: Vec<String>) -> HashMap<String, SignsIn> {
    let of_user = |name: String| {
        let client = client.clone();
        async move {
            let signs_in = SignsIn::of(&client, &name).await?;
            Some((name, signs_in))
        }
    };
    in_turn(names.into_iter().map(of_user)).await.into_iter().flatten().collect()
}

/// What becomes of these, a few at once, in any order.
async fn in_turn<T: Send + 'static>(all: impl Iterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let (mut under_way, mut done) = (JoinSet::new(), Vec::new());
    for one in all {
        if under_way.len() >= AT_ONCE {
            // A task neither panics nor is it cancelled while it is waited for.
            done.extend(under_way.join_next().await.and_then(Result::ok));
        }
        under_way.spawn(one);
    }
    while let Some(one) = under_way.join_next().await {
        done.extend(one);
    }
    done
}

impl SignsIn {
    /// ListMFADevices, GetLoginProfile, and without a password ListAccessKeys. `None`: there is no such user any more.
    async fn of(client: &AsyncClient, name: &str) -> Option<Self> {
        let mut unread = None;
        let mut told = |call, why| {
            unread.get_or_insert(Unreadable { call, why });
        };
        let mfa = match client.mfa_devices(Some(name)).await {
            Ok(devices) => Some(!devices.is_empty()),
            Err(Error::NotFound { .. }) => return None,
            Err(why) => {
                told(Call::ListMfaDevices, why);
                None
            }
        };
        let call = Call::GetLoginProfile;
        let profile = client.call(call, |client| client.iam.get_login_profile().user_name(name).send()).await;
        let password = match profile {
            Ok(_) => Some(true),
            Err(Error::NotFound { .. }) => Some(false),
            Err(why) => {
                told(call, why);
                None
            }
        };
        if password == Some(true) {
            return Some(Self { mfa, can_sign_in: password, unread });
        }
        let can_sign_in = match client.access_keys(Some(name)).await {
            Ok(keys) if keys.iter().any(|key| key.active) => Some(true),
            // Without a key, the password decides.
            Ok(_) => password,
            Err(Error::NotFound { .. }) => return None,
            Err(why) => {
                told(Call::ListAccessKeys, why);
                None
            }
        };
        Some(Self { mfa, can_sign_in, unread })
    }
}
