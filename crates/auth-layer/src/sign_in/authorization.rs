//! `Authorization`: one request to sign in, from the link that a person follows to the answer that comes back.

use std::fmt;
#[cfg(feature = "loopback")]
use std::sync::Arc;

use http::Uri;

use super::callback::{Callback, Expected, failed};
use super::client::SignIn;
use super::pkce::{Pkce, unguessable};
use super::redirect;
use super::signed_in::SignedIn;
#[cfg(feature = "loopback")]
use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::error::Error;
use crate::secret::Secret;
use crate::token::Scope;

/// One request to sign in. It is made by [`SignIn::authorize`] and used up by [`SignIn::finish`]; `Debug` shows nothing
/// secret of it.
///
/// The person follows [`url`](Self::url) in the system's browser, never in a view inside the application (RFC 8252
/// section 8.12), where the application could read what is typed.
///
/// ```
/// use auth_layer::{Credential, Profile, Scope, SignIn};
///
/// let sign_in = SignIn::builder(Profile::goto(), Credential::new("client-id", "client-secret")).build()?;
/// let scope: Scope = "collab:".parse()?;
/// let authorization = sign_in.authorize("https://app.example.com/callback", Some(&scope))?;
/// assert!(authorization.url().contains("scope=collab%3A"));
///
/// // Whoever sends the browser back without having seen the link is not believed.
/// assert!(!authorization.accepts("https://app.example.com/callback?code=c&state=guessed"));
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub struct Authorization {
    /// It holds the state, which an attacker must not learn before the browser comes back.
    url: Secret,
    redirect_uri: String,
    state: Secret,
    pkce: Pkce,
    issuer: Option<String>,
    issuer_required: bool,
    /// Where its code is to be sent, and nowhere else.
    token_url: Uri,
    #[cfg(feature = "loopback")]
    clock: Arc<dyn Clock>,
}

impl SignIn {
    /// Begins a sign-in: by authorization code, with PKCE and a state of its own (RFC 6749 section 4.1). Nothing is
    /// sent; the person follows the link. Without a scope, the profile's is asked for. Its parameters `resource` and
    /// `audience` go into the link as well as with the code: a server may refuse a code for a resource that the person
    /// was not asked about, as `invalid_target` (RFC 8707 section 2).
    ///
    /// The redirect URI is one that the provider knows for this client. A client that signs people in at several
    /// providers gives each of them a redirect URI of its own, unless they all name themselves in their answers (see
    /// [`Profile::with_issuer_in_callback`](crate::Profile::with_issuer_in_callback)): otherwise a dishonest one could
    /// pass off another's code as an answer of its own (RFC 9700 section 4.4). They may differ in nothing but a query. An
    /// answer that came to another redirect URI is refused.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the profile has no sign-in page or its URL has a parameter of ours, if the redirect URI has a
    /// fragment or is neither https, nor loopback, nor of a scheme such as `com.example.app`, if the profile wants
    /// answers to name an issuer that it does not know, and if the system has no randomness to give.
    pub fn authorize(&self, redirect_uri: &str, scope: Option<&Scope>) -> Result<Authorization, ConfigError> {
        let profile = self.profile();
        let problem = "is unknown: the profile has none";
        let page = profile.authorize_url().ok_or_else(|| ConfigError::new("sign-in page", problem))?;
        if profile.names_issuer_in_callback() && profile.issuer().is_none() {
            return Err(ConfigError::new("issuer", "is to be named by answers, but the profile has none"));
        }
        redirect::check(redirect_uri)?;
        let (state, pkce) = (unguessable()?, Pkce::generate()?);
        let scope = scope.or(self.scope.as_ref()).map(Scope::to_string).unwrap_or_default();
        let challenge = pkce.challenge();
        let mut parameters = vec![
            // No other response type: none brings a token through the browser (RFC 9700 section 2.1.2).
            ("response_type", "code"),
            (profile.client_id_name(), self.endpoint.client_id()),
            (profile.redirect_uri_name(), redirect_uri),
            ("scope", &scope),
            ("state", state.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", Pkce::METHOD),
        ];
        parameters.extend(profile.targets().filter(|target| !is_in_query(page, target)));
        let url = link(page, &parameters)?;
        Ok(Authorization {
            url,
            redirect_uri: redirect_uri.to_owned(),
            state,
            pkce,
            issuer: profile.issuer().map(str::to_owned),
            issuer_required: profile.names_issuer_in_callback(),
            token_url: profile.token_url().clone(),
            #[cfg(feature = "loopback")]
            clock: self.clock.clone(),
        })
    }

    /// Ends a sign-in: checks what the browser came back with, and trades its code for tokens.
    ///
    /// `callback` is the URL that the browser came to, or only its query, as a person may paste it. A bare query does not
    /// say where the browser came to, so that nothing is compared with the redirect URI then: give the whole URL where
    /// there is one. The authorization is used up, whatever happens, so that its code is sent at most once (RFC 6749
    /// section 4.1.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInFailed`](crate::ErrorKind::SignInFailed) if the person or the server refused, with what the
    /// server said in [`Error::oauth`], and if the answer is not to be believed; no token request is made then. Else
    /// those of the token endpoint. None of them is transient: the person has to begin again, unless the error has a
    /// [`RecoveredSignIn`](crate::RecoveredSignIn) among its causes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the sign-in; its code may have been used up.
    pub async fn finish(&self, authorization: Authorization, callback: &str) -> Result<SignedIn, Error> {
        if authorization.token_url != *self.profile().token_url() {
            return Err(failed("the authorization was made for another provider"));
        }
        let callback = Callback::read(callback);
        callback.check(&authorization.expected())?;
        let code = callback.code()?;
        drop(callback);
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            (self.profile().redirect_uri_name(), authorization.redirect_uri()),
            ("code_verifier", authorization.pkce.verifier().expose()),
        ];
        SignedIn::of(self.endpoint.exchange(&grant).await, self.profile())
            .map_err(|error| error.with_transience(false))
    }
}

impl Authorization {
    /// The link that the person follows, in the system's browser.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// Where the browser comes back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Whether a URL that the browser came to, or only its query, is the answer to this request, be it a code or a
    /// refusal. What is not is no reason to end the sign-in: anybody can send the browser anywhere.
    pub fn accepts(&self, callback: &str) -> bool {
        Callback::read(callback).check(&self.expected()).is_ok()
    }

    /// Where the time comes from while an answer is waited for.
    #[cfg(feature = "loopback")]
    pub(super) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            redirect_uri: &self.redirect_uri,
            state: &self.state,
            issuer: self.issuer.as_deref(),
            issuer_required: self.issuer_required,
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

/// Whether a page's own query has this parameter with this value.
fn is_in_query(page: &Uri, (name, value): &(&str, &str)) -> bool {
    let mut query = form_urlencoded::parse(page.query().unwrap_or_default().as_bytes());
    query.any(|(own_name, own_value)| own_name == *name && own_value == *value)
}

/// Adds parameters to a page's URL, whose own query stays (RFC 6749 section 3.1).
fn link(page: &Uri, parameters: &[(&str, &str)]) -> Result<Secret, ConfigError> {
    let query = page.query().unwrap_or_default();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if parameters.iter().any(|(ours, _)| *ours == name) {
            let problem = format!("has the parameter {} already", name.escape_default());
            return Err(ConfigError::new("authorize URL", problem));
        }
    }
    let mut url = page.to_string();
    match query {
        "" if url.ends_with('?') => {}
        "" => url.push('?'),
        _ => url.push('&'),
    }
    let start = url.len();
    let mut query = form_urlencoded::Serializer::for_suffix(url, start);
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    Ok(Secret::new(query.finish()))
}
