//! A provider that is described by its issuer alone.

use std::time::Duration;

use auth_layer::{ClientAuth, Metadata, Profile, SystemClock, Transport, leaf};

use crate::USER_AGENT;
use crate::failure::Failure;

/// Reads what the server says of itself, and makes a profile of it. A public client stays one.
pub(super) async fn profile(name: &str, issuer: &str, client_auth: ClientAuth) -> Result<Profile, Failure> {
    let transport = Transport::new(leaf::hyper_util::client()?).with_user_agent(USER_AGENT)?;
    let metadata = Metadata::fetch(issuer, &transport, &SystemClock::new(), PATIENCE).await?;
    let profile = Profile::new(name.to_owned(), metadata.token_url())?.with_client_auth(client_auth);
    Ok(profile.with_metadata(&metadata)?)
}

const PATIENCE: Duration = Duration::from_secs(10);
