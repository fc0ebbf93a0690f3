//! The steps of one conversation: the only file that knows them.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode, Uri};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use super::answer::{Answer, is_transient};
use super::device::DeviceAnswer;
use super::fingerprint::Fingerprint;
use super::members::{Members, invalid};
use super::request::{Ask, Parameter, Proof, Recipe};
use super::response::{Failed, TokenAnswer};
use super::transport::{AnswerBody, Transport};
use crate::clock::{Clock, Sleep};
use crate::config_error::ConfigError;
use crate::credential::Credential;
use crate::error::{BoxError, Error, ErrorKind};
use crate::grant::Grant;
use crate::profile::{Encoding, Profile};
use crate::secret::Secret;
use crate::url::shown;

/// A token endpoint, the provider's other endpoints beside it, and how one client talks to them.
#[derive(Debug)]
pub(crate) struct TokenEndpoint {
    profile: Profile,
    recipe: Recipe,
    transport: Transport,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    /// The profile's encoding was refused, and the other one worked.
    other_encoding: AtomicBool,
    /// The secrets that the last request carried; `None` if they could not be read.
    sent: Mutex<Option<Fingerprint>>,
    /// The warning that a lifetime cannot be read is given once.
    warned: Once,
}

impl TokenEndpoint {
    pub(crate) fn new(
        profile: Profile,
        credential: Credential,
        transport: Transport,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        profile.check_names()?;
        let recipe = Recipe::new(&profile, credential)?;
        let (other_encoding, warned) = (AtomicBool::new(false), Once::new());
        Ok(Self {
            profile,
            recipe,
            transport,
            clock,
            timeout,
            other_encoding,
            sent: Mutex::default(),
            warned,
        })
    }

    pub(crate) const fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(crate) fn client_id(&self) -> &str {
        self.recipe.client_id()
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Refuses a grant with parameters of its own that cannot be sent, or that somebody else sets already.
    pub(crate) fn check(&self, grant: &Grant) -> Result<(), ConfigError> {
        // What a form may repeat, a JSON object may not.
        if grant.repeats()
            && (self.profile.facts().encoding == Encoding::Json || self.profile.facts().encoding_may_differ)
        {
            let problem = "several of one kind go into a form only, and this provider takes JSON";
            return Err(ConfigError::new("token exchange's resources and audiences", problem));
        }
        self.recipe.leave_to_grant(&grant.parameter_names())
    }

    /// Trades a grant's parameters for a token, within one deadline for headers and body together.
    pub(crate) async fn exchange(&self, grant: &[Parameter<'_>]) -> Result<TokenAnswer, Failed> {
        self.exchange_within(grant, self.timeout).await
    }

    /// The same within a deadline of its own.
    pub(crate) async fn exchange_within(
        &self,
        grant: &[Parameter<'_>],
        timeout: Duration,
    ) -> Result<TokenAnswer, Failed> {
        self.trade(grant, self.deadline(timeout)).await
    }

    /// The same for a grant whose secrets may have to be asked for first, within the same deadline. A refresh token that
    /// comes of it is not kept (RFC 6749 section 4.4.3), so that it is not told of a failure either.
    pub(crate) async fn exchange_grant(&self, grant: &Grant) -> Result<TokenAnswer, Error> {
        let mut deadline = self.deadline(self.timeout);
        self.note_sent(None);
        let parameters = self.in_time(grant.parameters(), &mut deadline, grant.traded()).await?;
        self.trade(&named(grant, &parameters), deadline).await.map_err(|failed| failed.error)
    }

    /// Whether no secret of a request can change: all are kept here.
    pub(crate) fn has_fixed_secrets(&self, grant: &Grant) -> bool {
        self.recipe.has_fixed_secret() && grant.has_fixed_secrets()
    }

    /// Whether a request would now carry other secrets than the last one did. `false` if they cannot be read.
    pub(crate) async fn has_other_secrets(&self, grant: &Grant) -> bool {
        if self.has_fixed_secrets(grant) {
            return false;
        }
        let (Ok(parameters), Ok(proof)) = (grant.parameters().await, self.recipe.prove().await) else {
            return false;
        };
        let found = Fingerprint::of(&proof, &named(grant, &parameters));
        *self.sent() != Some(found)
    }

    /// Waits no longer than for a token request.
    pub(crate) async fn in_timeout<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match select(pin!(future), self.clock.sleep(self.timeout)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(((), _)) => None,
        }
    }

    fn note_sent(&self, sent: Option<Fingerprint>) {
        *self.sent() = sent;
    }

    fn sent(&self) -> MutexGuard<'_, Option<Fingerprint>> {
        // Nothing under the lock can leave it half-changed.
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn trade(&self, grant: &[Parameter<'_>], deadline: Deadline) -> Result<TokenAnswer, Failed> {
        let url = self.profile.token_url();
        let ask = Ask { url, endpoint: "token endpoint", parameters: grant, fixed: true };
        let mut recovered = None;
        let read = |answer: Answer<'_>| {
            let token;
            (recovered, token) = answer.token(&self.warned);
            token
        };
        let result = self.converse(&ask, deadline, read).await;
        result.map_err(|error| Failed { error, recovered: recovered.map(Box::new) })
    }

    /// Asks for a device's codes (RFC 8628 section 3.1), as [`exchange`](Self::exchange) asks for a token.
    pub(crate) async fn authorize_device(
        &self,
        url: &Uri,
        parameters: &[Parameter<'_>],
    ) -> Result<DeviceAnswer, Error> {
        let ask = Ask { url, endpoint: "device authorization endpoint", parameters, fixed: true };
        self.converse(&ask, self.deadline(self.timeout), |answer| {
            let sent = answer.sent;
            answer.read(|members| DeviceAnswer::read(members, &self.profile, sent))
        })
        .await
    }

    /// Has a token revoked (RFC 7009 section 2.1). What the answer says beyond its status does not count.
    pub(crate) async fn revoke(&self, url: &Uri, parameters: &[Parameter<'_>]) -> Result<(), Error> {
        let ask = Ask { url, endpoint: "revocation endpoint", parameters, fixed: false };
        self.converse(&ask, self.deadline(self.timeout), |mut answer| match answer.status.is_success() {
            true => Ok(()),
            false => Err(answer.broken.take().unwrap_or_else(|| answer.refusal())),
        })
        .await
    }

    /// Asks once, or once in each encoding, and reads the answer.
    async fn converse<T>(
        &self,
        ask: &Ask<'_>,
        mut deadline: Deadline,
        read: impl FnOnce(Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.note_sent(None);
        let proof = self.in_time(self.recipe.prove(), &mut deadline, "the client's secret").await?;
        self.note_sent(Some(Fingerprint::of(&proof, ask.parameters)));
        let result = self.answer(ask, &proof, &mut deadline).await;
        result.and_then(read).map_err(|error| error.with_endpoint(shown(&ask.url.to_string())))
    }

    async fn answer<'a>(
        &'a self,
        ask: &'a Ask<'a>,
        proof: &'a Proof,
        deadline: &mut Deadline,
    ) -> Result<Answer<'a>, Error> {
        let encoding = self.encoding();
        let answer = self.attempt(ask, encoding, proof, deadline).await?;
        let is_refused = answer.status == StatusCode::UNSUPPORTED_MEDIA_TYPE && answer.broken.is_none();
        if !is_refused || !self.profile.facts().encoding_may_differ || is_sent_once(ask.parameters) {
            return Ok(answer);
        }
        let answer = self.attempt(ask, encoding.other(), proof, deadline).await?;
        // A refusal for another reason shows as well that the server read it. Otherwise each refused exchange would cost
        // two requests.
        if answer.is_good() || answer.has_error() {
            self.other_encoding.store(encoding.other() != self.profile.facts().encoding, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Sends once, and takes in what comes. A body that breaks off is taken in as far as it came: the refresh token in
    /// it may be the only one that is good.
    async fn attempt<'a>(
        &'a self,
        ask: &'a Ask<'a>,
        encoding: Encoding,
        proof: &'a Proof,
        deadline: &mut Deadline,
    ) -> Result<Answer<'a>, Error> {
        let broken = |error: BoxError| {
            let message = format!("the {} could not be reached or broke off", ask.endpoint);
            Error::new(ErrorKind::Transport, message).with_source(error)
        };
        let after = deadline.after;
        let late = || {
            let message = format!("the {} did not answer within {after:?}", ask.endpoint);
            Error::new(ErrorKind::Timeout, message)
        };
        // A lifetime counts from here: a slow answer makes it shorter, never longer.
        let sent = self.clock.now();
        let request = self.recipe.write(ask, encoding, proof);
        let response = match select(pin!(self.transport.send(request)), &mut deadline.sleep).await {
            Either::Left((response, _)) => response.map_err(broken)?,
            Either::Right(((), _)) => return Err(late()),
        };
        let (head, body) = Response::into_parts(response);
        let (body, end) = collect(body, &mut deadline.sleep).await;
        let broken = match end {
            End::Whole => None,
            End::TooLong => Some(
                invalid(format!("the answer is longer than {ANSWER_LIMIT} bytes"))
                    .with_transience(is_transient(head.status))
                    .with_status(head.status),
            ),
            End::Broken(error) => Some(broken(error)),
            End::Late => Some(late()),
        };
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let members = Members::read(&body, content_type, &self.profile, broken.is_none());
        let (status, headers, came) = (head.status, head.headers, self.clock.now());
        Ok(Answer { status, headers, members, broken, sent, came, profile: &self.profile, ask, proof })
    }

    fn deadline(&self, after: Duration) -> Deadline {
        Deadline { sleep: self.clock.sleep(after), after }
    }

    /// Waits for secrets as long as the deadline allows.
    async fn in_time<T>(
        &self,
        secrets: impl Future<Output = Result<T, Error>>,
        deadline: &mut Deadline,
        what: &str,
    ) -> Result<T, Error> {
        match select(pin!(secrets), &mut deadline.sleep).await {
            Either::Left((secrets, _)) => secrets,
            Either::Right(((), _)) => {
                let message = format!("{what} did not come within {:?}", deadline.after);
                Err(Error::new(ErrorKind::Secret, message))
            }
        }
    }

    fn encoding(&self) -> Encoding {
        if self.other_encoding.load(Ordering::Relaxed) {
            self.profile.facts().encoding.other()
        } else {
            self.profile.facts().encoding
        }
    }
}

/// The parameters of a grant, as a request carries them.
fn named<'a>(grant: &'a Grant, own: &'a [(&'a str, Secret)]) -> Vec<Parameter<'a>> {
    let own = own.iter().map(|(name, value)| (*name, value.expose()));
    [("grant_type", grant.name())].into_iter().chain(own).collect()
}

/// When a conversation is to be over, and how long after its beginning that is.
struct Deadline {
    sleep: Sleep,
    after: Duration,
}

/// Whether it holds what asking may use up: that is written in one way, whatever the server says of it (RFC 6749
/// section 4.1.2 for a code, RFC 9700 section 4.14.2 for a refresh token).
fn is_sent_once(grant: &[Parameter<'_>]) -> bool {
    grant.iter().any(|(name, _)| USED_UP.contains(name))
}

/// How a body ended.
enum End {
    Whole,
    TooLong,
    Broken(BoxError),
    Late,
}

/// Reads a body up to the limit and the deadline; what was read is wiped when dropped.
async fn collect(body: AnswerBody, deadline: &mut Sleep) -> (Zeroizing<Vec<u8>>, End) {
    let mut body = pin!(body);
    // All of it at once: a buffer that grew would leave copies behind, which are not wiped.
    let mut collected = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT));
    loop {
        let frame = match select(body.frame(), &mut *deadline).await {
            Either::Left((None, _)) => return (collected, End::Whole),
            Either::Left((Some(Err(error)), _)) => return (collected, End::Broken(error)),
            Either::Left((Some(Ok(frame)), _)) => frame,
            Either::Right(((), _)) => return (collected, End::Late),
        };
        let Ok(data) = frame.into_data() else { continue };
        let room = ANSWER_LIMIT - collected.len();
        collected.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return (collected, End::TooLong);
        }
    }
}

/// The parameters that asking may use up.
const USED_UP: [&str; 4] = ["code", "refresh_token", "device_code", "assertion"];

/// An answer is read up to this many bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
