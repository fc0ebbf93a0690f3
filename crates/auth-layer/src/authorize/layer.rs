//! `AuthLayer`: what is configured once.

use std::sync::Arc;

use http::Extensions;
use tower_layer::Layer;

use super::judge::Operation;
use super::service::Auth;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::manager::TokenManager;
use crate::pool::TokenPool;
use crate::profile::{BodySign, Origins, Profile};
use crate::replay::Common;

/// Puts a bearer token on every outgoing request that may carry one, and answers a rejection by renewing and
/// sending again. Cheap to clone.
///
/// ```
/// use auth_layer::{AccessToken, AuthLayer, Profile, StaticToken, TokenManager};
/// use tower_layer::Layer;
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_origin("https://api.example.com")?;
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
///
/// // Any `Service<http::Request<B>>` will do.
/// # let inner = tower::service_fn(|_: http::Request<String>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// let service = AuthLayer::new(&profile, manager).layer(inner);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthLayer {
    pub(super) rules: Arc<Rules>,
}

/// What decides about every request.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) managers: Managers,
    pub(super) origins: Origins,
    pub(super) signs: Vec<BodySign>,
    /// One of the signs may be in a response whose status is not an error.
    pub(super) signs_in_success: bool,
    /// A 401 without a Bearer challenge rejects the token.
    pub(super) other_schemes_reject: bool,
    pub(super) common: Common,
}

/// Whose token is sent.
#[derive(Debug)]
pub(super) enum Managers {
    /// That of the only manager there is.
    One(TokenManager),
    /// That of the identity which a request names.
    Pool(TokenPool),
}

impl AuthLayer {
    /// Sends the manager's token to the profile's origins, and takes for a rejection what the profile does.
    pub fn new(profile: &Profile, manager: TokenManager) -> Self {
        Self::of(profile, Managers::One(manager))
    }

    /// Does the same with the token of the [`Identity`] in a request's extensions, or of the pool's
    /// default. A request that names none, where there is no default, is not sent: it fails with
    /// [`ErrorKind::Credential`].
    pub fn pooled(profile: &Profile, pool: TokenPool) -> Self {
        Self::of(profile, Managers::Pool(pool))
    }

    fn of(profile: &Profile, managers: Managers) -> Self {
        let rules = Rules {
            managers,
            origins: profile.origins().clone(),
            signs: profile.facts().signs.clone(),
            signs_in_success: profile.facts().signs.iter().any(BodySign::may_be_in_success),
            other_schemes_reject: profile.facts().other_schemes_reject,
            common: Common::default(),
        };
        Self { rules: Arc::new(rules) }
    }

    /// The manager whose token is sent, if it is one for all requests.
    pub fn manager(&self) -> Option<&TokenManager> {
        match &self.rules.managers {
            Managers::One(manager) => Some(manager),
            Managers::Pool(_) => None,
        }
    }
}

impl Rules {
    /// Chooses the manager of a request's identity; `None` where there is only one. A request that names an identity
    /// does not get the only token there is: that may be another tenant's.
    pub(super) fn choose(
        &self,
        operation: Operation,
        extensions: &Extensions,
    ) -> Result<Option<TokenManager>, Error> {
        match &self.managers {
            // A typed client's request has one extension, its operation: only others are looked through.
            Managers::One(_) if extensions.len() == usize::from(operation.is_some()) => Ok(None),
            Managers::One(_) if extensions.get::<Identity>().is_some() => Err(Error::new(
                ErrorKind::Credential,
                "the request names an identity, but there is one token for all: use a `TokenPool`",
            )),
            Managers::One(_) => Ok(None),
            Managers::Pool(pool) => pool.choose(extensions).map(Some),
        }
    }

    /// The manager that was chosen, or the only one.
    pub(super) fn manager<'a>(&'a self, chosen: Option<&'a TokenManager>) -> &'a TokenManager {
        match (&self.managers, chosen) {
            (Managers::One(manager), _) | (Managers::Pool(_), Some(manager)) => manager,
            (Managers::Pool(_), None) => {
                unreachable!("a request that asks a pool carries the manager it got")
            }
        }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth::new(inner, self.rules.clone())
    }
}
