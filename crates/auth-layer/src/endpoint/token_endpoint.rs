//! The steps of one conversation: the only file that knows them.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode, Uri};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::device::DeviceAnswer;
use super::request::{Ask, Parameter, Proof, Recipe};
use super::response::{Members, TokenAnswer, invalid, is_transient};
use super::transport::{AnswerBody, Transport};
use crate::clock::{Clock, Sleep};
use crate::config_error::ConfigError;
use crate::credential::Credential;
use crate::error::{BoxError, Error, ErrorKind};
use crate::grant::Grant;
use crate::profile::{Encoding, Profile};
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
}

impl TokenEndpoint {
    pub(crate) fn new(
        profile: Profile,
        credential: Credential,
        transport: Transport,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let recipe = Recipe::new(&profile, credential)?;
        let other_encoding = AtomicBool::new(false);
        Ok(Self { profile, recipe, transport, clock, timeout, other_encoding })
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
        if grant.repeats() && (self.profile.encoding == Encoding::Json || self.profile.encoding_may_differ) {
            let problem = "several of one kind go into a form only, and this provider takes JSON";
            return Err(ConfigError::new("token exchange's resources and audiences", problem));
        }
        self.recipe.leave_to_grant(&grant.parameter_names())
    }

    /// Trades a grant's parameters for a token, within one deadline for headers and body together.
    pub(crate) async fn exchange(&self, grant: &[Parameter<'_>]) -> Result<TokenAnswer, Error> {
        self.exchange_within(grant, self.timeout).await
    }

    /// The same within a deadline of its own.
    pub(crate) async fn exchange_within(
        &self,
        grant: &[Parameter<'_>],
        timeout: Duration,
    ) -> Result<TokenAnswer, Error> {
        self.trade(grant, self.deadline(timeout)).await
    }

    /// The same for a grant whose secrets may have to be asked for first, within the same deadline.
    pub(crate) async fn exchange_grant(&self, grant: &Grant) -> Result<TokenAnswer, Error> {
        let mut deadline = self.deadline(self.timeout);
        let parameters = self.in_time(grant.parameters(), &mut deadline, grant.traded()).await?;
        let own = parameters.iter().map(|(name, value)| (&**name, value.expose()));
        let parameters: Vec<Parameter<'_>> = [("grant_type", grant.name())].into_iter().chain(own).collect();
        self.trade(&parameters, deadline).await
    }

    async fn trade(&self, grant: &[Parameter<'_>], deadline: Deadline) -> Result<TokenAnswer, Error> {
        let url = self.profile.token_url();
        let ask = Ask { url, endpoint: "token endpoint", parameters: grant, fixed: true };
        self.converse(&ask, deadline, |answer| {
            answer.read(|members| members.token(&self.profile, answer.sent, |text| answer.redact(text)))
        })
        .await
    }

    /// Asks for a device's codes (RFC 8628 section 3.1), as [`exchange`](Self::exchange) asks for a token.
    pub(crate) async fn authorize_device(
        &self,
        url: &Uri,
        parameters: &[Parameter<'_>],
    ) -> Result<DeviceAnswer, Error> {
        let ask = Ask { url, endpoint: "device authorization endpoint", parameters, fixed: true };
        self.converse(&ask, self.deadline(self.timeout), |answer| {
            answer.read(|members| DeviceAnswer::read(members, answer.sent))
        })
        .await
    }

    /// Has a token revoked (RFC 7009 section 2.1). What the answer says beyond its status does not count.
    pub(crate) async fn revoke(&self, url: &Uri, parameters: &[Parameter<'_>]) -> Result<(), Error> {
        let ask = Ask { url, endpoint: "revocation endpoint", parameters, fixed: false };
        self.converse(&ask, self.deadline(self.timeout), |answer| match answer.status.is_success() {
            true => Ok(()),
            false => Err(answer.refusal()),
        })
        .await
    }

    /// Asks once, or once in each encoding, and reads the answer.
    async fn converse<T>(
        &self,
        ask: &Ask<'_>,
        mut deadline: Deadline,
        read: impl FnOnce(&Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let proof = self.in_time(self.recipe.prove(), &mut deadline, "the client's secret").await?;
        let result = match select(pin!(self.answer(ask, &proof)), deadline.sleep).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the {} did not answer within {:?}", ask.endpoint, deadline.after),
            )),
        };
        result
            .and_then(|answer| read(&answer))
            .map_err(|error| error.with_endpoint(shown(&ask.url.to_string())))
    }

    async fn answer<'a>(&self, ask: &'a Ask<'a>, proof: &'a Proof) -> Result<Answer<'a>, Error> {
        let encoding = self.encoding();
        let answer = self.attempt(ask, encoding, proof).await?;
        let is_refused = answer.status == StatusCode::UNSUPPORTED_MEDIA_TYPE;
        if !is_refused || !self.profile.encoding_may_differ || is_sent_once(ask.parameters) {
            return Ok(answer);
        }
        let answer = self.attempt(ask, encoding.other(), proof).await?;
        if answer.is_good() {
            self.other_encoding.store(encoding.other() != self.profile.encoding, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Sends once, and takes in what comes.
    async fn attempt<'a>(
        &self,
        ask: &'a Ask<'a>,
        encoding: Encoding,
        proof: &'a Proof,
    ) -> Result<Answer<'a>, Error> {
        let broken = |error: BoxError| {
            let message = format!("the {} could not be reached or broke off", ask.endpoint);
            Error::new(ErrorKind::Transport, message).with_source(error)
        };
        // A lifetime counts from here: a slow answer makes it shorter, never longer.
        let sent = self.clock.now();
        let request = self.recipe.write(ask, encoding, proof);
        let response = self.transport.send(request).await.map_err(broken)?;
        let (head, body) = Response::into_parts(response);
        let body = collect(body).await.map_err(|error| match error {
            TooLong::Yes => invalid(format!("the answer is longer than {ANSWER_LIMIT} bytes"))
                .with_transience(is_transient(head.status))
                .with_status(head.status),
            TooLong::Broken(error) => broken(error),
        })?;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let members = Members::read(&body, content_type.unwrap_or_default(), &self.profile);
        let (status, headers, came) = (head.status, head.headers, self.clock.now());
        Ok(Answer { status, headers, members, sent, came, ask, proof })
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
            self.profile.encoding.other()
        } else {
            self.profile.encoding
        }
    }
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

enum TooLong {
    Yes,
    Broken(BoxError),
}

/// Reads a body up to the limit; what was read is wiped when dropped.
async fn collect(body: AnswerBody) -> Result<Zeroizing<Vec<u8>>, TooLong> {
    let mut body = pin!(body);
    // All of it at once: a buffer that grew would leave copies behind, which nobody wipes.
    let mut collected = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(TooLong::Broken)?.into_data() else { continue };
        if collected.len() + data.len() > ANSWER_LIMIT {
            return Err(TooLong::Yes);
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected)
}

/// The parameters that asking may use up.
const USED_UP: [&str; 4] = ["code", "refresh_token", "device_code", "assertion"];

/// An answer is read up to this many bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
