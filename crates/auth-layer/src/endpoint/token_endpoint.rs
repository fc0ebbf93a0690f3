//! The steps of one conversation: the only file that knows them.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use super::request::{Parameter, Proof, Recipe};
use super::response::{Members, TokenAnswer, invalid, is_transient};
use super::transport::{AnswerBody, Transport};
use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::credential::Credential;
use crate::error::{BoxError, Error, ErrorKind};
use crate::profile::{Encoding, Profile};
use crate::retry_after::RetryAfter;

/// A token endpoint and how to talk to it.
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

    /// Trades a grant's parameters for a token, within one deadline for headers and body together.
    pub(crate) async fn exchange(&self, grant: &[Parameter<'_>]) -> Result<TokenAnswer, Error> {
        self.exchange_within(grant, self.timeout).await
    }

    /// The same, within a deadline of its own.
    pub(crate) async fn exchange_within(
        &self,
        grant: &[Parameter<'_>],
        timeout: Duration,
    ) -> Result<TokenAnswer, Error> {
        let mut deadline = self.clock.sleep(timeout);
        let proof = match select(pin!(self.recipe.prove()), &mut deadline).await {
            Either::Left((proof, _)) => proof?,
            Either::Right(((), _)) => {
                let message = format!("the client's secret did not come within {timeout:?}");
                return Err(Error::new(ErrorKind::Secret, message));
            }
        };
        let result = match select(pin!(self.converse(grant, &proof)), deadline).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the token endpoint did not answer within {timeout:?}"),
            )),
        };
        result.map_err(|error| error.with_endpoint(self.shown()))
    }

    async fn converse(&self, grant: &[Parameter<'_>], proof: &Proof) -> Result<TokenAnswer, Error> {
        let encoding = self.encoding();
        match self.attempt(grant, encoding, proof).await {
            Err(error)
                if self.profile.encoding_may_differ && is_wrong_encoding(&error) && !is_sent_once(grant) =>
            {
                let answer = self.attempt(grant, encoding.other(), proof).await?;
                self.other_encoding.store(encoding.other() != self.profile.encoding, Ordering::Relaxed);
                Ok(answer)
            }
            result => result,
        }
    }

    /// Sends once, and reads what comes.
    async fn attempt(
        &self,
        grant: &[Parameter<'_>],
        encoding: Encoding,
        proof: &Proof,
    ) -> Result<TokenAnswer, Error> {
        // The lifetime counts from here: a slow answer makes it shorter, never longer.
        let sent = self.clock.now();
        let request = self.recipe.write(grant, encoding, proof);
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
        match members {
            Some(members) if head.status.is_success() && !members.is_error() => members
                .token(&self.profile, sent, |text| proof.redact(text, grant))
                .map_err(|error| error.with_status(head.status)),
            members => Err(self.refusal(head.status, &head.headers, members.as_ref(), grant, proof)),
        }
    }

    /// Turns an answer that is no token into an error: of its body only the OAuth error fields.
    fn refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        members: Option<&Members>,
        grant: &[Parameter<'_>],
        proof: &Proof,
    ) -> Error {
        if members.is_none() && status.is_success() {
            return invalid("the answer is no JSON object").with_status(status);
        }
        let oauth = members.and_then(|members| members.oauth_error(|text| proof.redact(text, grant)));
        let message = if status.is_redirection() {
            "the token endpoint redirected, which is never followed"
        } else {
            "the token endpoint refused the request"
        };
        let later = oauth.as_ref().is_some_and(|oauth| oauth.code() == "temporarily_unavailable");
        let asked = RetryAfter::of(headers, self.clock.now());
        let error = Error::new(ErrorKind::Refused, message)
            .with_status(status)
            .with_transience(is_transient(status) || later)
            .with_retry_after(asked.map(RetryAfter::wait));
        match oauth {
            Some(oauth) => error.with_oauth(oauth),
            None => error,
        }
    }

    fn encoding(&self) -> Encoding {
        if self.other_encoding.load(Ordering::Relaxed) {
            self.profile.encoding.other()
        } else {
            self.profile.encoding
        }
    }

    /// The endpoint's URL without its query.
    fn shown(&self) -> String {
        let url = self.profile.token_url();
        let host = url.authority().map_or("", |authority| authority.as_str());
        format!("{}://{host}{}", url.scheme_str().unwrap_or("https"), url.path())
    }
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

fn broken(error: BoxError) -> Error {
    Error::new(ErrorKind::Transport, "the token endpoint could not be reached or broke off")
        .with_source(error)
}

/// Whether it holds a code, which is sent at most once, whatever the server says of it (RFC 6749 section 4.1.2).
fn is_sent_once(grant: &[Parameter<'_>]) -> bool {
    grant.iter().any(|(name, _)| *name == "code")
}

fn is_wrong_encoding(error: &Error) -> bool {
    error.status() == Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// A token answer is read up to this many bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
