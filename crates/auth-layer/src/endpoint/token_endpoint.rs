//! `TokenEndpoint`: the steps of one exchange, from the secrets to the answer.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode, Uri};

use super::answer::{Answer, is_transient};
use super::body::{ANSWER_LIMIT, End, collect};
use super::device::DeviceAnswer;
use super::fingerprint::Fingerprint;
use super::members::{Members, invalid};
use super::parameter::Parameter;
use super::request::{Ask, Proof, Recipe};
use super::response::{Failed, TokenAnswer};
use super::sending::{Sending, is_given_once, is_sent_once};
use super::transport::{AnswerBody, Transport, TransportBody};
use crate::clock::{Clock, Sleep};
use crate::error::{BoxError, ConfigError, Error, ErrorKind, ended_unanswered};
use crate::grant::Grant;
use crate::profile::{Encoding, Profile};
use crate::secret::{Credential, Secret};
use crate::url::shown;

/// The token endpoint and the other endpoints of a provider, as one client uses them.
#[derive(Debug)]
pub(crate) struct TokenEndpoint {
    profile: Profile,
    recipe: Recipe,
    transport: Transport,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    /// True if the server refused the profile's encoding and accepted the other one.
    other_encoding: AtomicBool,
    /// The fingerprint of the secrets in the last request. `None` if they could not be read.
    sent: Mutex<Option<Fingerprint>>,
    /// Limits the warning about an unreadable lifetime to one.
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

    /// Returns an error if a parameter of the grant cannot be sent, or is already set by the profile or the client.
    pub(crate) fn check(&self, grant: &Grant) -> Result<(), ConfigError> {
        // A form may have a name twice, but a JSON object may not.
        if grant.repeats()
            && (self.profile.facts().encoding == Encoding::Json || self.profile.facts().encoding_may_differ)
        {
            let problem =
                "can be repeated only in a form body, but this provider takes JSON; give one of each";
            return Err(ConfigError::new("token exchange's resources and audiences", problem));
        }
        self.recipe.leave_to_grant(self.grant_type(grant), &grant.parameter_names())
    }

    /// Trades a grant that can be used once for a token. The timeout covers headers and body together.
    pub(crate) async fn exchange(&self, grant: &[Parameter<'_>]) -> Result<TokenAnswer, Failed> {
        self.exchange_within(grant, self.timeout, Sending::Once, &|| ()).await
    }

    /// Does the same with another timeout. `leaving` is called just before the first byte of the request may be sent.
    pub(crate) async fn exchange_within(
        &self,
        grant: &[Parameter<'_>],
        timeout: Duration,
        sending: Sending,
        leaving: &(dyn Fn() + Sync),
    ) -> Result<TokenAnswer, Failed> {
        self.trade(grant, sending, leaving, &mut self.deadline(timeout)).await
    }

    /// Does the same for a grant whose secrets may have to be fetched first, within the same timeout.
    ///
    /// A refresh token in the answer is not stored (RFC 6749 section 4.4.3). A failure therefore recovers none.
    ///
    /// If the connection ends before the answer begins, the secrets are fetched again and the request is made once
    /// more: an assertion may be valid for one use only.
    pub(crate) async fn exchange_grant(&self, grant: &Grant) -> Result<TokenAnswer, Error> {
        let mut deadline = self.deadline(self.timeout);
        let mut sending = Sending::Remade;
        loop {
            self.note_sent(None);
            let parameters = self.in_time(grant.parameters(), &mut deadline, grant.traded()).await?;
            let parameters = named(self.grant_type(grant), &parameters);
            if is_given_once(&parameters) {
                sending = Sending::Once;
            }
            match self.trade(&parameters, sending, &|| (), &mut deadline).await {
                Err(_) if sending == Sending::Remade && deadline.ended_unanswered => {
                    tracing::debug!("the connection ended without an answer; the exchange starts again");
                    // On a new connection this time. With `Once`, a second failure ends the loop.
                    sending = Sending::Once;
                }
                result => return result.map_err(|failed| failed.error),
            }
        }
    }

    /// Returns the `grant_type` of a grant at this provider.
    fn grant_type<'a>(&'a self, grant: &'a Grant) -> &'a str {
        match grant {
            Grant::ClientCredentials => self.profile.grant_type().unwrap_or_else(|| grant.name()),
            _ => grant.name(),
        }
    }

    /// Returns whether no secret of a request can change, since all were given as texts.
    pub(crate) fn has_fixed_secrets(&self, grant: &Grant) -> bool {
        self.recipe.has_fixed_secret() && grant.has_fixed_secrets()
    }

    /// Returns whether a new request would have other secrets than the last one. `false` if they cannot be read.
    pub(crate) async fn has_other_secrets(&self, grant: &Grant) -> bool {
        if self.has_fixed_secrets(grant) {
            return false;
        }
        let (Ok(parameters), Ok(proof)) = (grant.parameters().await, self.recipe.prove().await) else {
            return false;
        };
        let found = Fingerprint::of(&proof, &named(self.grant_type(grant), &parameters));
        // If the last secrets could not be read, `sent` is `None`, and the secrets that were read now are new.
        *self.sent() != Some(found)
    }

    /// Waits for `future`, but not longer than for a token request. `None` if that time has passed.
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
        // The lock is held for one assignment or comparison, never across an `await`. A panic cannot leave the value
        // half changed, so that a poisoned lock can be used.
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one token request and reads its token.
    async fn trade(
        &self,
        grant: &[Parameter<'_>],
        sending: Sending,
        leaving: &(dyn Fn() + Sync),
        deadline: &mut Deadline,
    ) -> Result<TokenAnswer, Failed> {
        let is_refresh = grant.contains(&("grant_type", "refresh_token"));
        let url = if is_refresh { self.profile.refresh_url() } else { self.profile.token_url() };
        let ask = Ask {
            url,
            endpoint: "token endpoint",
            parameters: grant,
            fixed: true,
            sending,
            encoding: None,
            leaving,
        };
        let mut recovered = None;
        // The recovered part leaves the closure separately, since `converse` passes on only a result.
        let read = |answer: Answer<'_>| {
            let token;
            (recovered, token) = answer.token(&self.warned);
            token
        };
        let result = self.converse(&ask, deadline, read).await;
        result.map_err(|error| Failed { error, recovered: recovered.map(Box::new) })
    }

    /// Requests the codes of a device (RFC 8628 section 3.1).
    pub(crate) async fn authorize_device(
        &self,
        url: &Uri,
        parameters: &[Parameter<'_>],
    ) -> Result<DeviceAnswer, Error> {
        let endpoint = "device authorization endpoint";
        // If the answer is lost, its codes expire unused, so that the request can be sent again.
        let sending = Sending::Repeatable;
        let ask = Ask { url, endpoint, parameters, fixed: true, sending, encoding: None, leaving: &|| () };
        self.converse(&ask, &mut self.deadline(self.timeout), |answer| {
            let sent = answer.sent;
            answer.read(|members| DeviceAnswer::read(members, &self.profile, sent))
        })
        .await
    }

    /// Revokes a token (RFC 7009 section 2.1). A 2xx status is a success, whatever the body.
    pub(crate) async fn revoke(&self, url: &Uri, parameters: &[Parameter<'_>]) -> Result<(), Error> {
        let endpoint = "revocation endpoint";
        // A second request is harmless: a token that the server no longer knows counts as revoked (RFC 7009 section
        // 2.2).
        let sending = Sending::Repeatable;
        let encoding = self.profile.revocation_encoding();
        let ask = Ask { url, endpoint, parameters, fixed: false, sending, encoding, leaving: &|| () };
        self.converse(&ask, &mut self.deadline(self.timeout), |answer| match answer.status.is_success() {
            true => Ok(()),
            // The status decides even if the body broke off: a refusal is not sent again.
            false => Err(answer.refusal()),
        })
        .await
    }

    /// Reads the client's secret, sends the request and reads the answer with `read`.
    async fn converse<T>(
        &self,
        ask: &Ask<'_>,
        deadline: &mut Deadline,
        read: impl FnOnce(Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // If the secret cannot be read, nothing is sent, and the fingerprint of an earlier request must not stay.
        self.note_sent(None);
        let proof = self.in_time(self.recipe.prove(), deadline, "the client's secret").await?;
        self.note_sent(Some(Fingerprint::of(&proof, ask.parameters)));
        let result = self.answer(ask, &proof, deadline).await;
        result.and_then(read).map_err(|error| error.with_endpoint(shown(&ask.url.to_string())))
    }

    /// Sends the request once, or once in each encoding if the server refuses the first one.
    async fn answer<'a>(
        &'a self,
        ask: &'a Ask<'a>,
        proof: &'a Proof,
        deadline: &mut Deadline,
    ) -> Result<Answer<'a>, Error> {
        let encoding = ask.encoding.unwrap_or_else(|| self.encoding());
        let answer = self.attempt(ask, encoding, proof, deadline).await?;
        let is_refused = answer.status == StatusCode::UNSUPPORTED_MEDIA_TYPE && answer.broken.is_none();
        let may_differ = self.profile.facts().encoding_may_differ && ask.encoding.is_none();
        if !is_refused || !may_differ || is_sent_once(ask.parameters) {
            return Ok(answer);
        }
        let answer = self.attempt(ask, encoding.other(), proof, deadline).await?;
        // A refusal with an OAuth error also shows that the server could read this encoding. If it were not remembered,
        // each refused exchange would need two requests.
        if answer.is_good() || answer.has_error() {
            // Relaxed: no other memory depends on the flag. An old value costs one more request.
            self.other_encoding.store(encoding.other() != self.profile.facts().encoding, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Sends the request once and reads the answer. If the body breaks off, the part that arrived is still read: its
    /// refresh token may be the only valid one.
    async fn attempt<'a>(
        &'a self,
        ask: &'a Ask<'a>,
        encoding: Encoding,
        proof: &'a Proof,
        deadline: &mut Deadline,
    ) -> Result<Answer<'a>, Error> {
        let broken = |error: BoxError| {
            let message = format!("the {} could not be reached, or its answer broke off", ask.endpoint);
            Error::new(ErrorKind::Transport, message).with_source(error)
        };
        let after = deadline.after;
        let late = || {
            let message = format!("the {} did not answer within {after:?}", ask.endpoint);
            Error::new(ErrorKind::Timeout, message)
        };
        // A token's lifetime counts from this moment, so that a slow answer makes it shorter, never longer.
        let sent = self.clock.now();
        let request = self.recipe.write(ask, encoding, proof);
        (ask.leaving)();
        // `select` polls the response before the deadline, so that an answer which arrived in time is not dropped.
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

    /// Sends the request as its [`Sending`] demands.
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

    /// Starts a deadline that ends after `after`.
    fn deadline(&self, after: Duration) -> Deadline {
        Deadline { sleep: self.clock.sleep(after), after, ended_unanswered: false }
    }

    /// Waits for secrets until the deadline. `what` names them in the error.
    async fn in_time<T>(
        &self,
        secrets: impl Future<Output = Result<T, Error>>,
        deadline: &mut Deadline,
        what: &str,
    ) -> Result<T, Error> {
        match select(pin!(secrets), &mut deadline.sleep).await {
            Either::Left((secrets, _)) => secrets,
            Either::Right(((), _)) => {
                let message = format!("{what} could not be read within {:?}", deadline.after);
                Err(Error::new(ErrorKind::Secret, message))
            }
        }
    }

    /// Returns the encoding that the server accepted last, or the profile's.
    fn encoding(&self) -> Encoding {
        // Relaxed: no other memory depends on the flag.
        if self.other_encoding.load(Ordering::Relaxed) {
            self.profile.facts().encoding.other()
        } else {
            self.profile.facts().encoding
        }
    }
}

/// Returns the parameters of a grant as they are sent, with `grant_type` first.
fn named<'a>(grant_type: &'a str, own: &'a [(&'a str, Secret)]) -> Vec<Parameter<'a>> {
    let own = own.iter().map(|(name, value)| (*name, value.expose()));
    [("grant_type", grant_type)].into_iter().chain(own).collect()
}

/// The deadline of one exchange.
struct Deadline {
    sleep: Sleep,
    /// The time from the start of the exchange to the deadline, for errors.
    after: Duration,
    /// True if the connection of the last request ended before the answer began.
    ended_unanswered: bool,
}
