//! `Rules`: the configuration that decides about every request.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, Request, Uri};

use super::operation::Operation;
use super::unlisted::Unlisted;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::limit::{Pace, ThrottleLayer};
use crate::manager::{Patience, Token, TokenManager};
use crate::pool::TokenPool;
use crate::profile::{ApiHeader, BodySign, OriginFrom, Origins, Profile};
use crate::replay::Common;
use crate::token::{AccessToken, CallBearer};

/// The configuration that decides about every request.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) managers: Managers,
    pub(super) origins: Origins,
    /// A target without scheme and host counts as listed.
    pub(super) relative_is_listed: bool,
    pub(super) signs: Vec<BodySign>,
    /// A sign may be in a response whose status is not an error. If not, such a response costs one look at this flag.
    pub(super) signs_in_success: bool,
    /// A 401 without a Bearer challenge rejects the token.
    pub(super) other_schemes_reject: bool,
    pub(super) patience: Patience,
    /// The rate limits for each send.
    pub(super) throttle: Option<ThrottleLayer>,
    /// The header that carries the token, unless it is `Authorization` with the scheme Bearer.
    own_header: Option<ApiHeader>,
    /// Origins that a token answer may name.
    pub(super) origin_from: Option<OriginFrom>,
    pub(super) common: Common,
    pub(super) unlisted: Unlisted,
}

/// The source of tokens for requests.
#[derive(Clone, Debug)]
pub(super) enum Managers {
    /// One manager for all requests.
    One(TokenManager),
    /// The manager of the identity that a request names.
    Pool(TokenPool),
}

impl Rules {
    pub(super) fn new(profile: &Profile, managers: Managers) -> Self {
        let facts = profile.facts();
        Self {
            managers,
            origins: profile.origins().clone(),
            relative_is_listed: false,
            signs: facts.signs.clone(),
            signs_in_success: facts.signs.iter().any(BodySign::may_be_in_success),
            other_schemes_reject: facts.other_schemes_reject,
            patience: Patience::NONE,
            throttle: None,
            own_header: (!facts.api_header.is_bearer()).then(|| facts.api_header.clone()),
            origin_from: facts.origin_from.clone(),
            common: Common::default(),
            unlisted: Unlisted::default(),
        }
    }

    /// Returns whether the caller has put a credential on the request.
    #[inline]
    pub(super) fn has_credential(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(AUTHORIZATION)
            || self.own_header.as_ref().is_some_and(|own| headers.contains_key(own.name()))
    }

    /// Puts the token on a request.
    #[inline]
    pub(super) fn put(&self, headers: &mut HeaderMap, token: &AccessToken) {
        match &self.own_header {
            None => {
                headers.insert(AUTHORIZATION, token.header().clone());
            }
            Some(own) => put_as(own, headers, token),
        }
    }

    /// Puts a bearer of the caller on a request.
    pub(super) fn put_given(&self, headers: &mut HeaderMap, bearer: &CallBearer) {
        match &self.own_header {
            None => headers.insert(AUTHORIZATION, bearer.header().clone()),
            Some(own) => headers.insert(own.name(), bearer.header_with(own.prefix())),
        };
    }

    /// Returns whether a token may be sent to `uri`, which [`permit`](Self::permit) has allowed. Only an origin that
    /// the token's own answer named is in question.
    #[inline]
    pub(super) fn may_carry(&self, uri: &Uri, token: &Token) -> bool {
        self.origin_from.is_none() || self.is_for(uri, token)
    }

    #[cold]
    fn is_for(&self, uri: &Uri, token: &Token) -> bool {
        uri.authority().is_none()
            || self.origins.contain(uri)
            || token.origin().is_some_and(|origin| origin.is_of(uri))
    }

    /// Chooses the manager of a request's identity. `None` if there is one manager for all requests.
    ///
    /// Without a pool, a request that names an identity fails: the only token may belong to another tenant.
    pub(super) fn choose(
        &self,
        operation: Operation,
        extensions: &Extensions,
    ) -> Result<Option<TokenManager>, Error> {
        match &self.managers {
            // The request of a typed client has one extension, its operation. Only other requests are searched.
            Managers::One(_) if extensions.len() == usize::from(operation.is_some()) => Ok(None),
            Managers::One(_) if extensions.get::<Identity>().is_some() => Err(Error::new(
                ErrorKind::Credential,
                "the request names an identity, but the layer has one token for all requests; use `AuthLayer::pooled`",
            )),
            Managers::One(_) => Ok(None),
            Managers::Pool(pool) => pool.choose(extensions).map(Some),
        }
    }

    /// Returns the pace of a request, if rate limits apply to it.
    #[inline]
    pub(super) fn pace<B>(&self, request: &Request<B>) -> Option<&Arc<Pace>> {
        self.pace_of(request.uri(), request.extensions())
    }

    /// Does the same as [`pace`](Self::pace), for a request that is not an `http::Request`.
    #[inline]
    pub(super) fn pace_of(&self, uri: &Uri, extensions: &Extensions) -> Option<&Arc<Pace>> {
        self.throttle.as_ref()?.pace(uri, extensions)
    }

    /// Returns the manager that was chosen, or the only one.
    pub(super) fn manager<'a>(&'a self, chosen: Option<&'a TokenManager>) -> &'a TokenManager {
        match (&self.managers, chosen) {
            (Managers::One(manager), _) | (Managers::Pool(_), Some(manager)) => manager,
            (Managers::Pool(_), None) => {
                unreachable!("`choose` returns a manager if there is a pool")
            }
        }
    }
}

/// Puts the token into the header that the profile names.
///
/// The exchange of the profile has made the finished header value. A token of another source has the scheme Bearer, so
/// that its value is made again for each request.
#[cold]
fn put_as(own: &ApiHeader, headers: &mut HeaderMap, token: &AccessToken) {
    let prefix = own.prefix();
    let value = match token.has_prefix(prefix) {
        true => token.header().clone(),
        false => token.value_with(prefix),
    };
    headers.insert(own.name(), value);
}
