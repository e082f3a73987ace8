//! What users sign in with, as IAM has it now: a credential report may be four hours old, and knows nobody who is newer.

use super::facts::Unreadable;
use crate::aws::beside::side_by_side;
use crate::aws::send::AsyncClient;
use crate::aws::{Call, Error};
use std::collections::HashMap;

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

/// Of each of these users who is still there.
pub(super) async fn of_users(client: &AsyncClient, names: Vec<String>) -> HashMap<String, SignsIn> {
    let of_user = async |name: String| Some((name.clone(), SignsIn::of(client, &name).await?));
    side_by_side(names.into_iter().map(of_user)).await.into_iter().flatten().collect()
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
