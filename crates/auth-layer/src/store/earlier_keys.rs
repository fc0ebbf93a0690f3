//! The keys under which an earlier version of this crate kept the record of an identity.

use super::key::{Earlier, StoreKey};
use crate::profile::{ClientAuth, Profile, TokenUrl};

/// Returns the keys of version 1, for the profile's own token URL and for each URL that the provider moved from.
pub(super) fn keys(profile: &Profile, client_id: &str, subject: &str) -> Vec<Earlier> {
    let own = TokenUrl::at(profile.token_url().clone());
    let mut urls: Vec<&TokenUrl> = vec![&own];
    for url in profile.moved_from() {
        // Compared as text, because the spelling of a URL is part of the key.
        if urls.iter().all(|known| known.uri().to_string() != url.uri().to_string()) {
            urls.push(url);
        }
    }
    let key = |url: &TokenUrl| {
        let client_auth = client_auth(&profile.facts().client_auth);
        let scope = profile.scope.as_ref().map(ToString::to_string);
        let mut parameters: Vec<String> =
            profile.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parameters.extend(scope.iter().map(|scope| format!("scope={scope}")));
        parameters.sort();
        let (url, scope) = (url.uri().to_string(), scope.unwrap_or_default());
        let parts = ["1", profile.name(), &url, client_id, &client_auth, "refresh_token", subject, &scope];
        StoreKey::of(parts.into_iter().chain(parameters.iter().map(String::as_str)))
    };
    urls.into_iter().map(|url| Earlier { key: key(url), token_url: url.clone() }).collect()
}

/// Returns the text for a client's authentication in a key of version 1. The text must never change, even if the names
/// of the type do: keys that were made with it are in stores.
fn client_auth(client_auth: &ClientAuth) -> String {
    match client_auth {
        ClientAuth::Basic => "Basic".to_owned(),
        ClientAuth::BasicRaw => "BasicRaw".to_owned(),
        ClientAuth::Body { id, secret } => format!("Body {{ id: {id:?}, secret: {secret:?} }}"),
        ClientAuth::Public => "Public".to_owned(),
    }
}
