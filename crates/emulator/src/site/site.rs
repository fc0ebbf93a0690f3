//! The handle to one provider.

use std::sync::Arc;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::fault::Scheduled;
use crate::observe::{Counters, LoggedRequest};
use crate::provider::Provider;
use crate::state::{Hold, PRINCIPAL, SiteState};
use crate::switches::{RefreshTokenMode, TokenEncoding};
use crate::token::Standing;
use crate::token_endpoint::{Variant, token_path};

/// One provider of a running emulator: its addresses, its credentials, its counters and its faults.
///
/// A cheap handle: all clones control the same site. It does not keep the site alive. Once the
/// [`Emulator`](crate::Emulator) is dropped, connections to its addresses are refused.
///
/// # Examples
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// let site = emulator.site(Provider::GoTo);
/// assert!(site.token_url().ends_with("/oauth/token"));
/// assert!(site.base_url("webinar").is_some_and(|url| url.ends_with("/G2W/rest/v2")));
/// assert_eq!(site.base_url("no-such-document"), None);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Site {
    pub(super) state: Arc<SiteState>,
}

/// The addresses and credentials.
impl Site {
    pub(crate) fn new(state: Arc<SiteState>) -> Self {
        Self { state }
    }

    /// Returns the provider that this site stands in for.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.state.provider
    }

    /// Returns the origin of the auth host, without a slash at the end.
    #[must_use]
    pub fn auth_url(&self) -> String {
        self.state.origins.auth.clone()
    }

    /// Returns the origin of the API host, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.state.origins.api.clone()
    }

    /// Returns the token endpoint that the provider's documentation names.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.token_url_of(Variant::Main).unwrap_or_default()
    }

    /// Returns the provider's other token endpoint: GoTab's older one, Octotable's newer one.
    #[must_use]
    pub fn other_token_url(&self) -> Option<String> {
        self.token_url_of(Variant::Other)
    }

    fn token_url_of(&self, variant: Variant) -> Option<String> {
        let path = token_path(self.state.provider, variant)?;
        Some(format!("{}{path}", self.state.origins.auth))
    }

    /// Returns the base URL of a document's operations. The documents are `admin` and `webinar` at GoTo, and `api`
    /// elsewhere.
    #[must_use]
    pub fn base_url(&self, document: &str) -> Option<String> {
        let mut documents = self.state.documents.iter();
        let document = documents.find(|known| known.name == document)?;
        Some(format!("{}{}", self.state.origins.api, document.base_path))
    }

    /// Returns the names of the documents that are served here.
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.state.documents.iter().map(|document| document.name.as_str())
    }

    /// Returns the credentials that are accepted now.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.state.books().credentials.clone()
    }

    /// Returns the refresh token that is valid now. `None` without one, or after it was revoked.
    #[must_use]
    pub fn refresh_token(&self) -> Option<String> {
        let books = self.state.books();
        let tokens = books.refresh_tokens.as_ref()?;
        tokens.current().map(str::to_owned)
    }
}

/// The counters and the log.
impl Site {
    /// Returns the counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state.books().counters.clone()
    }

    /// Returns the last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.books().log.entries()
    }

    /// Sets the counters to zero and empties the log. Tokens, faults and state stay.
    pub fn reset_counters(&self) {
        let mut books = self.state.books();
        books.counters = Counters::default();
        books.log.clear();
    }
}

/// The faults.
impl Site {
    /// Adds a fault to the queue of one host; see [`Fault`](crate::Fault).
    pub fn inject(&self, endpoint: Endpoint, fault: impl Into<Scheduled>) {
        self.state.books().faults(endpoint).push(fault.into());
    }

    /// Holds back every request to a host until the [`Hold`] is dropped. The request is counted before it waits.
    ///
    /// With this a test lets many requests arrive before the first answer: it takes the hold, starts the callers, waits
    /// until the counters show the requests, and drops the hold.
    #[must_use = "the host is held back only as long as this lives"]
    pub fn hold(&self, endpoint: Endpoint) -> Hold {
        self.state.gates.hold(endpoint)
    }

    /// Removes the faults that wait at both hosts. A fault that is being played goes on.
    pub fn clear_faults(&self) {
        let mut books = self.state.books();
        books.faults(Endpoint::Token).clear();
        books.faults(Endpoint::SignIn).clear();
        books.faults(Endpoint::Api).clear();
    }

    /// Returns how many more requests to a host will meet a fault. A fault without a limit counts as one.
    #[must_use]
    pub fn faults_left(&self, endpoint: Endpoint) -> u64 {
        self.state.books().faults(endpoint).left()
    }
}

/// The tokens, and the settings of the provider.
impl Site {
    /// Makes every token issued so far expire.
    pub fn expire_tokens(&self) {
        self.state.books().tokens.end_all(Standing::Expired);
    }

    /// Revokes every token issued so far.
    pub fn revoke_tokens(&self) {
        self.state.books().tokens.end_all(Standing::Revoked);
    }

    /// Revokes one token by its ordinal (1 for the first one issued here). Returns whether there is such a token.
    pub fn revoke_token(&self, ordinal: u64) -> bool {
        self.state.books().tokens.end(ordinal, Standing::Revoked)
    }

    /// Sets the lifetime of tokens issued from now on, also in the answer's `expires_in`. `None` sets the usual one.
    pub fn set_token_lifetime(&self, lifetime: Option<Duration>) {
        self.state.books().switches.lifetime = lifetime;
    }

    /// Issues a token for an end user, as GBG GO does when a device is connected.
    #[must_use]
    pub fn end_user_token(&self) -> String {
        let mut books = self.state.books();
        self.state.desk(&mut books, 0).issue_for_end_user().value
    }

    /// Sets what the answer to a refresh contains. GoTo only.
    pub fn set_refresh_token_mode(&self, mode: RefreshTokenMode) {
        self.state.books().switches.refresh_token = mode;
    }

    /// Makes the next refresh return a new refresh token, in any mode. GoTo only.
    pub fn rotate_next(&self) {
        self.state.books().switches.rotate_next = true;
    }

    /// Revokes the refresh token, as its owner can do at the provider. At GoTab, revokes all of them.
    pub fn revoke_refresh_token(&self) {
        let mut books = self.state.books();
        if let Some(tokens) = &mut books.refresh_tokens {
            tokens.revoke();
        }
        books.lasting_tokens.revoke();
    }

    /// Replaces the refresh token by a new one, as a new sign-in does. Returns `None` except at GoTo.
    #[must_use]
    pub fn sign_in(&self) -> Option<String> {
        let mut books = self.state.books();
        books.refresh_tokens.as_ref()?;
        let mut desk = self.state.desk(&mut books, 0);
        Some(desk.start_family(PRINCIPAL).1)
    }

    /// Generates a new client secret. The old one is refused from now on.
    pub fn regenerate_secret(&self) -> Credentials {
        // The guard is dereferenced once, so that two fields can be borrowed at the same time.
        let mut guard = self.state.books();
        let books = &mut *guard;
        let secret = Credentials::random_secret(self.state.provider, &mut books.random);
        books.credentials.replace_secret(secret);
        books.credentials.clone()
    }

    /// Sets whether the API refuses calls without a `User-Agent`, as the front servers of some providers do. Off by
    /// default, because no provider's documentation requires the header. Token requests always need it.
    pub fn demand_user_agent(&self, demands: bool) {
        self.state.books().switches.user_agent_at_api = demands;
    }

    /// Sets whether GoTab's graph interface answers 200, with `UNAUTHENTICATED` in the body, to a token that it does
    /// not accept. The default is 401. At other providers this has no effect.
    pub fn set_graph_refusals_at_200(&self, at_200: bool) {
        self.state.books().switches.graph_at_200 = at_200;
    }

    /// Sets which encoding the first of Octotable's token endpoints reads: JSON, as its documentation says, or the form
    /// that was seen to work. At other providers this has no effect.
    pub fn set_token_encoding(&self, encoding: TokenEncoding) {
        self.state.books().switches.octotable_encoding = Some(encoding);
    }
}
