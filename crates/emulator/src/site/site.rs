//! The handle to one provider.

use std::sync::Arc;
use std::time::Duration;

use super::books::PRINCIPAL;
use super::environment;
use super::hold::Hold;
use super::state::SiteState;
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::fault::Scheduled;
use crate::observe::{Counters, LoggedRequest};
use crate::provider::Provider;
use crate::switches::{RefreshTokenMode, TokenEncoding};
use crate::token::Standing;
use crate::token_endpoint::{Variant, token_path};

/// One provider of a running emulator: where it is, whom it lets in, what it saw, and what it is to do wrong.
///
/// A cheap handle; clones steer the same site. It keeps nothing alive: once the [`Emulator`](crate::Emulator) is
/// dropped nobody answers at its addresses.
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

/// Where it is and whom it lets in.
impl Site {
    pub(crate) fn new(state: Arc<SiteState>) -> Self {
        Self { state }
    }

    /// The provider this site stands in for.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.state.provider
    }

    /// The origin of the auth host, without a slash at its end.
    #[must_use]
    pub fn auth_url(&self) -> String {
        self.state.origins.auth.clone()
    }

    /// The origin of the API host, without a slash at its end.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.state.origins.api.clone()
    }

    /// The token endpoint that the provider's own text names.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.token_url_of(Variant::Main).unwrap_or_default()
    }

    /// The provider's other token endpoint: GoTab's older one, Octotable's newer one.
    #[must_use]
    pub fn other_token_url(&self) -> Option<String> {
        self.token_url_of(Variant::Other)
    }

    fn token_url_of(&self, variant: Variant) -> Option<String> {
        let path = token_path(self.state.provider, variant)?;
        Some(format!("{}{path}", self.state.origins.auth))
    }

    /// The base URL of a document's operations: `admin` and `webinar` at GoTo, `api` elsewhere.
    #[must_use]
    pub fn base_url(&self, document: &str) -> Option<String> {
        let mut documents = self.state.documents.iter();
        let document = documents.find(|known| known.name == document)?;
        Some(format!("{}{}", self.state.origins.api, document.base_path))
    }

    /// The names of the documents that are served here.
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.state.documents.iter().map(|document| document.name.as_str())
    }

    /// The credentials that are accepted now.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.state.books().credentials.clone()
    }

    /// The refresh token that is good now; `None` where there is none or it was revoked.
    #[must_use]
    pub fn refresh_token(&self) -> Option<String> {
        let books = self.state.books();
        let tokens = books.refresh_tokens.as_ref()?;
        tokens.current().map(str::to_owned)
    }

    /// The environment variables a client needs, with their values, secrets included.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment::variables(self)
    }
}

/// What it saw.
impl Site {
    /// The counters as they stand.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state.books().counters.clone()
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.books().log.entries()
    }

    /// Sets the counters to zero and empties the log; tokens, faults and state stay.
    pub fn reset_counters(&self) {
        let mut books = self.state.books();
        books.counters = Counters::default();
        books.log.clear();
    }
}

/// What it is to do wrong.
impl Site {
    /// Adds a fault to the queue of one host; see [`Fault`](crate::Fault).
    pub fn inject(&self, endpoint: Endpoint, fault: impl Into<Scheduled>) {
        self.state.books().faults(endpoint).push(fault.into());
    }

    /// Holds back every request to a host, after counting it, until the [`Hold`] is dropped.
    ///
    /// With this a test gathers a crowd before one answer: hold, start the callers, wait until the counters show what
    /// has arrived, let go.
    #[must_use = "the host is held back only as long as this lives"]
    pub fn hold(&self, endpoint: Endpoint) -> Hold {
        self.state.gates.hold(endpoint)
    }

    /// Takes back the faults that wait at both hosts. One that is being played goes on.
    pub fn clear_faults(&self) {
        let mut books = self.state.books();
        books.faults(Endpoint::Token).clear();
        books.faults(Endpoint::SignIn).clear();
        books.faults(Endpoint::Api).clear();
    }

    /// How many more requests to a host will meet a fault; one without end counts as one.
    #[must_use]
    pub fn faults_left(&self, endpoint: Endpoint) -> u64 {
        self.state.books().faults(endpoint).left()
    }
}

/// What becomes of its tokens.
impl Site {
    /// Makes every token issued so far an expired one.
    pub fn expire_tokens(&self) {
        self.state.books().tokens.end_all(Standing::Expired);
    }

    /// Revokes every token issued so far.
    pub fn revoke_tokens(&self) {
        self.state.books().tokens.end_all(Standing::Revoked);
    }

    /// Revokes one token by its ordinal (1 for the first one issued here); says whether there is such a token.
    pub fn revoke_token(&self, ordinal: u64) -> bool {
        self.state.books().tokens.end(ordinal, Standing::Revoked)
    }

    /// Gives tokens issued from now on this lifetime, also in the answer's `expires_in`; `None` for the usual one.
    pub fn set_token_lifetime(&self, lifetime: Option<Duration>) {
        self.state.books().switches.lifetime = lifetime;
    }

    /// Issues a token for an end user, as connecting a device does at GBG GO.
    #[must_use]
    pub fn end_user_token(&self) -> String {
        let mut books = self.state.books();
        self.state.desk(&mut books, 0).issue_for_end_user().value
    }

    /// Says what the answer to a refresh holds. GoTo only.
    pub fn set_refresh_token_mode(&self, mode: RefreshTokenMode) {
        self.state.books().switches.refresh_token = mode;
    }

    /// Makes the next refresh bring a new refresh token, whatever the mode. GoTo only.
    pub fn rotate_next(&self) {
        self.state.books().switches.rotate_next = true;
    }

    /// Makes the refresh token worthless, as when its owner takes the permission back; at GoTab all of them.
    pub fn revoke_refresh_token(&self) {
        let mut books = self.state.books();
        if let Some(tokens) = &mut books.refresh_tokens {
            tokens.revoke();
        }
        books.lasting_tokens.revoke();
    }

    /// Gives out a new refresh token in the place of the old one, as a new sign-in does. `None` but at GoTo.
    #[must_use]
    pub fn sign_in(&self) -> Option<String> {
        let mut books = self.state.books();
        books.refresh_tokens.as_ref()?;
        let mut desk = self.state.desk(&mut books, 0);
        Some(desk.start_family(PRINCIPAL).1)
    }

    /// Draws a new client secret; the old one is refused from now on.
    pub fn regenerate_secret(&self) -> Credentials {
        let mut guard = self.state.books();
        let books = &mut *guard;
        let secret = Credentials::random_secret(self.state.provider, &mut books.random);
        books.credentials.replace_secret(secret);
        books.credentials.clone()
    }

    /// Says whether the API refuses calls without a `User-Agent`, as some providers' front servers do; at first it does
    /// not, since no provider's text asks for one. Token requests need one in any case.
    pub fn demand_user_agent(&self, demands: bool) {
        self.state.books().switches.user_agent_at_api = demands;
    }

    /// Says whether GoTab's graph interface answers 200, with `UNAUTHENTICATED` in the body, to a token that it does not
    /// accept; at first it answers 401. Elsewhere it changes nothing.
    pub fn set_graph_refusals_at_200(&self, at_200: bool) {
        self.state.books().switches.graph_at_200 = at_200;
    }

    /// Says which encoding the first of Octotable's token endpoints reads: JSON as its text says, or the form that was
    /// seen to work. Elsewhere it changes nothing.
    pub fn set_token_encoding(&self, encoding: TokenEncoding) {
        self.state.books().switches.octotable_encoding = Some(encoding);
    }
}
