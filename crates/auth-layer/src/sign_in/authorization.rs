//! `Authorization`: one sign-in with an authorization code, from the link to the callback.

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
use crate::error::{ConfigError, Error};
use crate::secret::Secret;
use crate::token::Scope;

/// A started sign-in. [`SignIn::authorize`] makes it, and [`SignIn::finish`] consumes it.
///
/// The person must open [`url`](Self::url) in the system's browser, never in a web view of the application: the
/// application could read the password there (RFC 8252 section 8.12). `Debug` shows no secret.
///
/// ```
/// use auth_layer::{Credential, Profile, Scope, SignIn};
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_authorize_url("https://auth.example.com/authorize")?;
/// let sign_in = SignIn::builder(profile, Credential::new("client-id", "client-secret")).build()?;
/// let scope: Scope = "orders:read".parse()?;
/// let authorization = sign_in.authorize("https://app.example.com/callback", Some(&scope))?;
/// assert!(authorization.url().contains("scope=orders%3Aread"));
///
/// // A callback with a guessed state is not accepted.
/// assert!(!authorization.accepts("https://app.example.com/callback?code=c&state=guessed"));
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub struct Authorization {
    /// A secret because it contains the state. An attacker who knows the state can forge a callback.
    url: Secret,
    redirect_uri: String,
    state: Secret,
    /// `None` if the provider takes no PKCE.
    pkce: Option<Pkce>,
    issuer: Option<String>,
    issuer_required: bool,
    /// The only endpoint that may get the code.
    token_url: Uri,
    #[cfg(feature = "loopback")]
    clock: Arc<dyn Clock>,
}

impl SignIn {
    /// Starts a sign-in with an authorization code, PKCE and a fresh state (RFC 6749 section 4.1). A profile may leave
    /// PKCE out ([`Profile::without_pkce`](crate::Profile::without_pkce)).
    ///
    /// Nothing is sent: the person opens the link of the [`Authorization`]. If `scope` is `None`, the link asks for the
    /// profile's scope. The profile's parameters `resource` and `audience` are in the link and in the later token
    /// request. If they were only in the token request, a server might refuse the code with `invalid_target` (RFC 8707
    /// section 2).
    ///
    /// The provider must know `redirect_uri` for this client. A client of several providers needs a different redirect
    /// URI for each of them. A different query is enough. Otherwise one provider could pass on a code of another
    /// provider as its own (RFC 9700 section 4.4). The exception: all providers name themselves in their callbacks (see
    /// [`Profile::with_issuer_in_callback`](crate::Profile::with_issuer_in_callback)). A callback to another redirect
    /// URI is refused.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if:
    ///
    /// - the profile has no authorize URL, or that URL already has a parameter that the link needs;
    /// - the profile has an authorize parameter that the link sets itself;
    /// - `redirect_uri` has a fragment;
    /// - `redirect_uri` is neither https, nor loopback, nor of a scheme such as `com.example.app`;
    /// - the profile requires an issuer in callbacks but has none;
    /// - the system has no random bytes.
    pub fn authorize(&self, redirect_uri: &str, scope: Option<&Scope>) -> Result<Authorization, ConfigError> {
        let profile = self.profile();
        let problem = "is missing in the profile; set it with `Profile::with_authorize_url`";
        let page = profile.authorize_url().ok_or_else(|| ConfigError::new("sign-in page", problem))?;
        if profile.names_issuer_in_callback() && profile.issuer().is_none() {
            let problem =
                "is missing in the profile, but callbacks must name it; set it with `Profile::with_issuer`";
            return Err(ConfigError::new("issuer", problem));
        }
        redirect::check(redirect_uri)?;
        let state = unguessable()?;
        let pkce = profile.uses_pkce().then(Pkce::generate).transpose()?;
        let scope =
            scope.or(self.scope.as_ref()).map(|scope| profile.request_scope(scope)).unwrap_or_default();
        let challenge = pkce.as_ref().map(Pkce::challenge);
        let mut parameters = vec![
            // Other response types would send a token through the browser (RFC 9700 section 2.1.2).
            ("response_type", "code"),
            (profile.client_id_name(), self.endpoint.client_id()),
            (profile.redirect_uri_name(), redirect_uri),
            ("scope", &scope),
            ("state", state.expose()),
        ];
        if let Some(challenge) = &challenge {
            parameters
                .extend([("code_challenge", challenge.as_str()), ("code_challenge_method", Pkce::METHOD)]);
        }
        for (name, value) in profile.authorize_parameters() {
            if parameters.iter().any(|(own, _)| *own == name) {
                let what = format!("authorize parameter {}", name.escape_default());
                return Err(ConfigError::new(
                    what,
                    "is set by the sign-in itself; remove it from the profile",
                ));
            }
            parameters.push((name, value));
        }
        // A target that the page's own query has already is not added again: no parameter may be sent twice (RFC 6749
        // section 3.1).
        let targets =
            profile.targets().filter(|target| !is_in_query(page, target) && !parameters.contains(target));
        let targets: Vec<_> = targets.collect();
        parameters.extend(targets);
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

    /// Finishes a sign-in: checks the callback and trades its code for tokens.
    ///
    /// `callback` is the URL that the browser was redirected to, or only the query of that URL. Pass the whole URL if
    /// you have it: a bare query cannot be compared with the redirect URI. The authorization is consumed in any case,
    /// so that its code is sent at most once (RFC 6749 section 4.1.2).
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::SignInFailed`](crate::ErrorKind::SignInFailed), without a token request, if:
    ///
    /// - the person or the server refused the sign-in ([`Error::oauth`] has the server's answer);
    /// - the callback does not belong to this authorization.
    ///
    /// Otherwise it returns the errors of a token request. No error is transient: the person has to start again, unless
    /// the error has a [`RecoveredSignIn`](crate::sign_in::RecoveredSignIn) among its causes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the sign-in. Its code may be used up then.
    pub async fn finish(&self, authorization: Authorization, callback: &str) -> Result<SignedIn, Error> {
        // Only the server that issued a code may get it (RFC 9700 section 4.4).
        if authorization.token_url != *self.profile().token_url() {
            return Err(failed(
                "the authorization was made for another provider; finish it with the `SignIn` that made it",
            ));
        }
        let callback = Callback::read(callback);
        callback.check(&authorization.expected())?;
        let code = callback.code()?;
        let kept = callback.kept(self.profile().kept_of_callback());
        // The callback has copies of the code. They are wiped before the token request, which may take long.
        drop(callback);
        let mut grant = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            (self.profile().redirect_uri_name(), authorization.redirect_uri()),
        ];
        if let Some(pkce) = &authorization.pkce {
            grant.push(("code_verifier", pkce.verifier().expose()));
        }
        // The code may be used up even if the server was only unavailable, so that a retry cannot succeed.
        SignedIn::of(self.endpoint.exchange(&grant).await, self.profile())
            .map(|signed_in| signed_in.with_kept(kept))
            .map_err(|error| error.with_transience(false))
    }
}

impl Authorization {
    /// Returns the link that the person opens in the system's browser.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// Returns the URI that the server redirects the browser to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Returns whether `callback` (a URL or only its query) is the answer to this sign-in, with a code or with a
    /// refusal.
    ///
    /// Ignore a callback that is not, and keep waiting: any web page can send the browser to the redirect URI.
    pub fn accepts(&self, callback: &str) -> bool {
        self.check(callback).is_ok()
    }

    /// Says why a URL that the browser came to, or only its query, is not the answer to this request.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::SignInFailed`](crate::ErrorKind::SignInFailed) if [`accepts`](Self::accepts) is false. The
    /// error never shows a code or a state.
    pub fn check(&self, callback: &str) -> Result<(), Error> {
        Callback::read(callback).check(&self.expected())
    }

    /// Returns the clock for timeouts while an application waits for the callback.
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

/// Returns whether the query of the page's URL has this parameter with this value.
fn is_in_query(page: &Uri, (name, value): &(&str, &str)) -> bool {
    let mut query = form_urlencoded::parse(page.query().unwrap_or_default().as_bytes());
    query.any(|(own_name, own_value)| own_name == *name && own_value == *value)
}

/// Adds parameters to the URL of a page. The query that the URL has stays (RFC 6749 section 3.1).
fn link(page: &Uri, parameters: &[(&str, &str)]) -> Result<Secret, ConfigError> {
    let query = page.query().unwrap_or_default();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if parameters.iter().any(|(ours, _)| *ours == name) {
            let problem = format!("has the parameter {} already; remove it", name.escape_default());
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
    // A parameter without a value counts as absent (RFC 6749 section 3.1).
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    Ok(Secret::new(query.finish()))
}
