//! The metadata of an issuer: fetched, or else the copy in the store's folder.

use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::{FileStore, Metadata, Transport, leaf};

use crate::failure::Failure;
use crate::user_agent::USER_AGENT;

/// Metadata, and where it came from.
pub(super) struct Found {
    pub(super) metadata: Metadata,
    /// Why the issuer could not be asked. The metadata is then the copy.
    pub(super) trouble: Option<Failure>,
}

/// Fetches the metadata of an issuer. If the issuer cannot be reached or is in trouble, the copy in the store's folder
/// is used: a stored access token may still be good then.
pub(super) async fn find(issuer: &str, store: Option<&FileStore>) -> Result<Found, Failure> {
    let copy = match store {
        // A copy that cannot be read is as good as none. The commands report trouble with the store by themselves.
        Some(store) => store.kept_metadata(issuer).await.unwrap_or_default(),
        None => None,
    };
    let transport = Transport::new(leaf::hyper_util::client()?).with_user_agent(USER_AGENT)?;
    match Metadata::fetch(issuer, &transport, &SystemClock::new(), PATIENCE).await {
        Ok(metadata) => {
            if copy.as_ref() != Some(&metadata) {
                keep(&metadata, store).await;
            }
            Ok(Found { metadata, trouble: None })
        }
        Err(error) => match copy {
            // Only trouble that may pass. A wrong document is an error, whatever the issuer said before.
            Some(metadata) if error.is_transient() => Ok(Found { metadata, trouble: Some(error.into()) }),
            _ => Err(error.into()),
        },
    }
}

/// Keeps a copy in the store's folder, if there is such a folder: only a sign-in makes it.
pub(super) async fn keep(metadata: &Metadata, store: Option<&FileStore>) {
    if let Some(store) = store.filter(|store| store.folder().exists()) {
        // Without the copy everything works as long as the issuer answers, so a failure here fails no command.
        let _ = store.keep_metadata(metadata).await;
    }
}

// Long enough for two requests to a slow server. A copy does not make it shorter: a server that always takes longer
// would never be heard, and an old copy would be used for good.
const PATIENCE: Duration = Duration::from_secs(10);
