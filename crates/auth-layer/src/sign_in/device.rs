//! A sign-in on a device without a browser or keyboard (RFC 8628). The device shows a code. The person types it in on
//! another device.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Uri;

use super::client::SignIn;
use super::recovered::RecoveredSignIn;
use super::signed_in::SignedIn;
use crate::clock::Now;
use crate::endpoint::DeviceAnswer;
use crate::error::{Error, ErrorKind, OAuthError};
use crate::secret::Secret;
use crate::token::Scope;

/// The codes of one sign-in on a device: the code that the person types in elsewhere, and the code that the device
/// polls with. `Debug` shows no code.
///
/// ```no_run
/// # async fn run(sign_in: auth_layer::SignIn) -> Result<(), auth_layer::Error> {
/// let code = sign_in.ask_for_device_code(None).await?;
/// println!("Go to {} and type in {}", code.verification_uri(), code.user_code());
/// let signed_in = sign_in.poll(&code).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DeviceCode {
    device_code: Secret,
    user_code: Secret,
    verification_uri: String,
    verification_uri_complete: Option<Secret>,
    expires_in: Duration,
    ends: Now,
    interval: Duration,
    /// The number of `slow_down` answers.
    slow_downs: AtomicU32,
    /// The only endpoint that may get the device code.
    token_url: Uri,
}

impl DeviceCode {
    fn new(answer: DeviceAnswer, token_url: Uri) -> Self {
        Self {
            device_code: answer.device_code,
            user_code: answer.user_code,
            verification_uri: answer.verification_uri,
            verification_uri_complete: answer.verification_uri_complete,
            expires_in: answer.lifetime,
            // Counted from the request, since the server may have created the codes long before its answer arrived.
            ends: answer.sent + answer.lifetime,
            interval: answer.interval,
            slow_downs: AtomicU32::new(0),
            token_url,
        }
    }

    /// Returns the code that the person types in.
    ///
    /// Show it even next to [`verification_uri_complete`](Self::verification_uri_complete). A person who compares the
    /// two codes notices a link that belongs to another device (RFC 8628 section 5.4).
    pub fn user_code(&self) -> &str {
        self.user_code.expose()
    }

    /// Returns the page where the person types the code in: a short URL, https or loopback.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// Returns the URL of the page with the code in it, for a QR code or a browser on this machine (RFC 8628 section
    /// 3.3.1). `None` if the server sent no such URL, or one that a browser cannot open.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_ref().map(Secret::expose)
    }

    /// Returns how long the codes are valid, counted from the request for them.
    pub const fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// Returns how long to wait between two polls: the server's interval, or 5 s if it named none, and 5 s more for
    /// each `slow_down` answer. It is at least 1 s.
    pub fn interval(&self) -> Duration {
        // Relaxed: no other memory depends on this counter.
        let slower = SLOWER.saturating_mul(self.slow_downs.load(Ordering::Relaxed));
        self.interval.saturating_add(slower)
    }
}

impl SignIn {
    /// Requests the codes of one sign-in on a device (RFC 8628 section 3.1).
    ///
    /// If `scope` is `None`, the request has the profile's scope.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::SignInFailed`] if the profile has no device authorization URL. Otherwise it returns the
    /// errors of a token request: [`ErrorKind::Transport`], [`Timeout`](ErrorKind::Timeout),
    /// [`Refused`](ErrorKind::Refused), [`InvalidAnswer`](ErrorKind::InvalidAnswer) or [`Secret`](ErrorKind::Secret).
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time. Codes that were already issued expire unused.
    pub async fn ask_for_device_code(&self, scope: Option<&Scope>) -> Result<DeviceCode, Error> {
        let url = self.profile().device_url().ok_or_else(|| {
            let message =
                "the profile has no device authorization URL; set it with `Profile::with_device_url`";
            Error::new(ErrorKind::SignInFailed, message)
        })?;
        let profile = self.profile();
        let scope =
            scope.or(self.scope.as_ref()).map(|scope| profile.request_scope(scope)).unwrap_or_default();
        let answer = self.endpoint.authorize_device(url, &[("scope", &scope)]).await?;
        Ok(DeviceCode::new(answer, self.profile().token_url().clone()))
    }

    /// Polls until the person has decided or the codes have expired (RFC 8628 section 3.4).
    ///
    /// The wait before each poll is one [interval](DeviceCode::interval). After a poll without an answer the wait
    /// doubles, until the server answers again. If the codes expire before the next poll, the call returns at once.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::SignInFailed`] if the person refused or the codes expired. Also, without a request, if another
    ///   provider issued the codes.
    /// - [`ErrorKind::Refused`] or [`InvalidAnswer`](ErrorKind::InvalidAnswer) for any other answer of the server. If
    ///   that answer had a refresh token, a [`RecoveredSignIn`] is among the causes.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped during a poll, the codes may be used up and the tokens lost. Between two polls nothing
    /// is lost: call again with the same codes.
    pub async fn poll(&self, code: &DeviceCode) -> Result<SignedIn, Error> {
        // Only the server that issued a device code may get it.
        if code.token_url != *self.profile().token_url() {
            let message =
                "the device code is from another provider; poll with the `SignIn` that requested it";
            return Err(Error::new(ErrorKind::SignInFailed, message));
        }
        let grant = [("grant_type", GRANT_TYPE), ("device_code", code.device_code.expose())];
        let mut silence: Option<Silence> = None;
        loop {
            let wait = silence.as_ref().map_or(code.interval(), |silence| silence.wait);
            // The codes would expire during the wait, and a poll with expired codes cannot succeed.
            if self.clock.now().until(code.ends) <= wait {
                return Err(ran_out(silence));
            }
            self.clock.sleep(wait).await;
            let error = match SignedIn::of(self.endpoint.exchange(&grant).await, self.profile()) {
                Ok(signed_in) => return Ok(signed_in),
                // The answer had a refresh token, so that the codes are used up. Another poll would fail.
                Err(error) if RecoveredSignIn::find(&error).is_some() => {
                    return Err(error.with_transience(false));
                }
                Err(error) => error,
            };
            silence = match error.oauth().map(OAuthError::code) {
                Some("authorization_pending") => None,
                Some("slow_down") => {
                    // Relaxed: a concurrent poll that reads the old value only waits 5 s less, once.
                    code.slow_downs.fetch_add(1, Ordering::Relaxed);
                    None
                }
                Some("access_denied") => return Err(failed("the person refused the sign-in", error)),
                Some("expired_token") => return Err(failed(EXPIRED, error)),
                _ if error.is_transient() => Some(Silence::after(wait, error)),
                _ => return Err(error),
            };
        }
    }
}

/// A poll that failed for a temporary reason, and the wait before the next one.
struct Silence {
    wait: Duration,
    error: Error,
}

impl Silence {
    /// Doubles the wait (RFC 8628 section 3.5). The new wait is at least as long as the server asked for.
    fn after(wait: Duration, error: Error) -> Self {
        let asked = error.retry_after().unwrap_or_default();
        Self { wait: wait.saturating_mul(2).max(asked), error }
    }
}

/// Makes the error of codes that expired while no answer was final. The last failed poll is its cause.
fn ran_out(silence: Option<Silence>) -> Error {
    let error = Error::new(ErrorKind::SignInFailed, EXPIRED);
    match silence {
        Some(silence) => error.with_source(silence.error.into()),
        None => error,
    }
}

fn failed(message: &'static str, error: Error) -> Error {
    Error::new(ErrorKind::SignInFailed, message).with_source(error.into())
}

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

const EXPIRED: &str = "the device codes expired before the person signed in; request new codes";

/// The additional wait for each `slow_down` answer (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
