//! The steps of one conversation: the only file that knows them.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use super::answer::{Answer, is_transient};
use super::device::DeviceAnswer;
use super::fingerprint::Fingerprint;
use super::members::{Members, invalid};
use super::request::{Ask, Parameter, Proof, Recipe};
use super::response::{Failed, TokenAnswer};
use super::sending::{Sending, is_given_once, is_sent_once};
use super::transport::{AnswerBody, Transport, TransportBody};
use crate::clock::{Clock, Sleep};
use crate::config_error::ConfigError;
use crate::credential::Credential;
use crate::error::{BoxError, Error, ErrorKind, ended_unanswered};
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

    /// Trades the parameters of a grant that is good for one use, within one deadline for headers and body together.
    pub(crate) async fn exchange(&self, grant: &[Parameter<'_>]) -> Result<TokenAnswer, Failed> {
        self.exchange_within(grant, self.timeout, Sending::Once, &|| ()).await
    }

    /// The same within a deadline of its own. `leaving` is called just before a byte of the request may leave.
    pub(crate) async fn exchange_within(
        &self,
        grant: &[Parameter<'_>],
        timeout: Duration,
        sending: Sending,
        leaving: &(dyn Fn() + Sync),
    ) -> Result<TokenAnswer, Failed> {
        self.trade(grant, sending, leaving, &mut self.deadline(timeout)).await
    }

    /// The same for a grant whose secrets may have to be asked for first, within the same deadline. A refresh token that
    /// comes of it is not kept (RFC 6749 section 4.4.3), so that it is not told of a failure either.
    ///
    /// If the connection ends before the answer begins, the secrets are asked for again and sent a second time: an
    /// assertion may be good for one use.
    pub(crate) async fn exchange_grant(&self, grant: &Grant) -> Result<TokenAnswer, Error> {
        let mut deadline = self.deadline(self.timeout);
        let mut sending = Sending::Remade;
        loop {
            self.note_sent(None);
            let parameters = self.in_time(grant.parameters(), &mut deadline, grant.traded()).await?;
            let parameters = named(grant, &parameters);
            if is_given_once(&parameters) {
                sending = Sending::Once;
            }
            match self.trade(&parameters, sending, &|| (), &mut deadline).await {
                Err(_) if sending == Sending::Remade && deadline.ended_unanswered => {
                    tracing::debug!("the connection ended without an answer; the exchange is begun again");
                    sending = Sending::Once;
                }
                result => return result.map_err(|failed| failed.error),
            }
        }
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

    async fn trade(
        &self,
        grant: &[Parameter<'_>],
        sending: Sending,
        leaving: &(dyn Fn() + Sync),
        deadline: &mut Deadline,
    ) -> Result<TokenAnswer, Failed> {
        let url = self.profile.token_url();
        let ask = Ask { url, endpoint: "token endpoint", parameters: grant, fixed: true, sending, leaving };
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
        let endpoint = "device authorization endpoint";
        // Codes whose answer was lost run out by themselves.
        let sending = Sending::Repeatable;
        let ask = Ask { url, endpoint, parameters, fixed: true, sending, leaving: &|| () };
        self.converse(&ask, &mut self.deadline(self.timeout), |answer| {
            let sent = answer.sent;
            answer.read(|members| DeviceAnswer::read(members, &self.profile, sent))
        })
        .await
    }

    /// Has a token revoked (RFC 7009 section 2.1). What the answer says beyond its status does not count.
    pub(crate) async fn revoke(&self, url: &Uri, parameters: &[Parameter<'_>]) -> Result<(), Error> {
        let endpoint = "revocation endpoint";
        // A token that is unknown by then counts as revoked (RFC 7009 section 2.2).
        let sending = Sending::Repeatable;
        let ask = Ask { url, endpoint, parameters, fixed: false, sending, leaving: &|| () };
        self.converse(&ask, &mut self.deadline(self.timeout), |mut answer| match answer.status.is_success() {
            true => Ok(()),
            false => Err(answer.broken.take().unwrap_or_else(|| answer.refusal())),
        })
        .await
    }

    /// Asks once, or once in each encoding, and reads the answer.
    async fn converse<T>(
        &self,
        ask: &Ask<'_>,
        deadline: &mut Deadline,
        read: impl FnOnce(Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.note_sent(None);
        let proof = self.in_time(self.recipe.prove(), deadline, "the client's secret").await?;
        self.note_sent(Some(Fingerprint::of(&proof, ask.parameters)));
        let result = self.answer(ask, &proof, deadline).await;
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
        (ask.leaving)();
        let response = match select(pin!(self.send(request, ask.sending)), &mut deadline.sleep).await {
            Either::Left((response, _)) => response.map_err(|error| {
                deadline.ended_unanswered = ended_unanswered(&*error);
                broken(error)
            })?,
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

    async fn send(
        &self,
        request: Request<TransportBody>,
        sending: Sending,
    ) -> Result<Response<AnswerBody>, BoxError> {
        match sending {
            Sending::Repeatable => self.transport.send_repeatable(request).await,
            Sending::Remade => self.transport.send(request).await,
            Sending::Once => self.transport.send_apart(request).await,
        }
    }

    fn deadline(&self, after: Duration) -> Deadline {
        Deadline { sleep: self.clock.sleep(after), after, ended_unanswered: false }
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

/// When a conversation is to be over, and how it went so far.
struct Deadline {
    sleep: Sleep,
    /// How long after the beginning that is.
    after: Duration,
    /// The connection of the last request ended before the answer began.
    ended_unanswered: bool,
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

/// An answer is read up to this many bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
