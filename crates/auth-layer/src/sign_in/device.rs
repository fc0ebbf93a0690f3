//! A sign-in on a device without a browser or keyboard: a code is shown here and typed in elsewhere (RFC 8628).

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

/// What a person is asked to type in elsewhere, and what the device asks with meanwhile. `Debug` shows no code.
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
    /// How often the server asked to be asked less often.
    slow_downs: AtomicU32,
    /// Where they are traded, and nowhere else.
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
            ends: answer.sent + answer.lifetime,
            interval: answer.interval,
            slow_downs: AtomicU32::new(0),
            token_url,
        }
    }

    /// What the person types in. Show it even beside [`verification_uri_complete`](Self::verification_uri_complete):
    /// comparing the two is how a person notices that it is somebody else's device (RFC 8628 section 5.4).
    pub fn user_code(&self) -> &str {
        self.user_code.expose()
    }

    /// Where the person types it in: a short URL, https or loopback.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same with the code in it, for a QR code or a browser on this machine (RFC 8628 section 3.3.1). `None` if the
    /// server has none that can be opened.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_ref().map(Secret::expose)
    }

    /// How long the codes are good, counted from when they were asked for.
    pub const fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// How long to wait between two polls: what the server said, or 5 s, and 5 s more for each time it asked to slow
    /// down. Never less than 1 s.
    pub fn interval(&self) -> Duration {
        let slower = SLOWER.saturating_mul(self.slow_downs.load(Ordering::Relaxed));
        self.interval.saturating_add(slower)
    }
}

impl SignIn {
    /// Asks for the codes of one sign-in on a device (RFC 8628 section 3.1). Without a scope, the profile's is asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInFailed`] where the profile has no device authorization URL; else as for a token request:
    /// [`ErrorKind::Transport`], [`Timeout`](ErrorKind::Timeout), [`Refused`](ErrorKind::Refused),
    /// [`InvalidAnswer`](ErrorKind::InvalidAnswer), [`Secret`](ErrorKind::Secret).
    ///
    /// # Cancel safety
    ///
    /// Codes that nobody gets to see run out by themselves.
    pub async fn ask_for_device_code(&self, scope: Option<&Scope>) -> Result<DeviceCode, Error> {
        let url = self.profile().device_url().ok_or_else(|| {
            Error::new(ErrorKind::SignInFailed, "the profile has no device authorization URL")
        })?;
        let scope = scope.or(self.scope.as_ref()).map(Scope::to_string).unwrap_or_default();
        let answer = self.endpoint.authorize_device(url, &[("scope", &scope)]).await?;
        Ok(DeviceCode::new(answer, self.profile().token_url().clone()))
    }

    /// Polls until the person has decided or the codes have run out (RFC 8628 section 3.4). Each poll comes an
    /// [interval](DeviceCode::interval) after the last; after one that got no answer, the wait doubles until there is
    /// one again. A poll that would come too late is not waited for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInFailed`] if the person said no or the codes ran out, and, with nothing sent, if the codes are
    /// another provider's. Whatever else the server says ends it as well, as [`ErrorKind::Refused`] or
    /// [`InvalidAnswer`](ErrorKind::InvalidAnswer). If the answer had a refresh token all the same, a
    /// [`RecoveredSignIn`] is among the causes.
    ///
    /// # Cancel safety
    ///
    /// A dropped future that was polling may have used the codes up, and its tokens are lost. Between polls nothing is:
    /// the next call goes on with the same codes.
    pub async fn poll(&self, code: &DeviceCode) -> Result<SignedIn, Error> {
        if code.token_url != *self.profile().token_url() {
            return Err(Error::new(ErrorKind::SignInFailed, "the codes are another provider's"));
        }
        let grant = [("grant_type", GRANT_TYPE), ("device_code", code.device_code.expose())];
        let mut silence: Option<Silence> = None;
        loop {
            let wait = silence.as_ref().map_or(code.interval(), |silence| silence.wait);
            if self.clock.now().until(code.ends) <= wait {
                return Err(ran_out(silence));
            }
            self.clock.sleep(wait).await;
            let error = match SignedIn::of(self.endpoint.exchange(&grant).await, self.profile()) {
                Ok(signed_in) => return Ok(signed_in),
                // The codes are used up: another poll would bring nothing.
                Err(error) if RecoveredSignIn::find(&error).is_some() => {
                    return Err(error.with_transience(false));
                }
                Err(error) => error,
            };
            silence = match error.oauth().map(OAuthError::code) {
                Some("authorization_pending") => None,
                Some("slow_down") => {
                    code.slow_downs.fetch_add(1, Ordering::Relaxed);
                    None
                }
                Some("access_denied") => return Err(failed("the person said no", error)),
                Some("expired_token") => return Err(failed("the codes ran out", error)),
                _ if error.is_transient() => Some(Silence::after(wait, error)),
                _ => return Err(error),
            };
        }
    }
}

/// A poll that got no answer, or none that decides anything.
struct Silence {
    wait: Duration,
    error: Error,
}

impl Silence {
    /// RFC 8628 section 3.5: twice as long a wait, and no shorter one than a server asked for.
    fn after(wait: Duration, error: Error) -> Self {
        let asked = error.retry_after().unwrap_or_default();
        Self { wait: wait.saturating_mul(2).max(asked), error }
    }
}

fn ran_out(silence: Option<Silence>) -> Error {
    let error = Error::new(ErrorKind::SignInFailed, "the codes ran out before the person decided");
    match silence {
        Some(silence) => error.with_source(silence.error.into()),
        None => error,
    }
}

fn failed(message: &'static str, error: Error) -> Error {
    Error::new(ErrorKind::SignInFailed, message).with_source(error.into())
}

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 8628 section 3.5.
const SLOWER: Duration = Duration::from_secs(5);
