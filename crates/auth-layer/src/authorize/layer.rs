//! `AuthLayer`: what is configured once.

use std::sync::Arc;

use tower_layer::Layer;

use super::service::Auth;
use crate::manager::TokenManager;
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
    pub(super) manager: TokenManager,
    pub(super) origins: Origins,
    pub(super) signs: Vec<BodySign>,
    pub(super) common: Common,
}

impl AuthLayer {
    /// Sends the manager's token to the profile's origins, and takes for a rejection what the profile does.
    pub fn new(profile: &Profile, manager: TokenManager) -> Self {
        let origins = profile.origins().clone();
        let signs = profile.signs.clone();
        Self { rules: Arc::new(Rules { manager, origins, signs, common: Common::default() }) }
    }

    /// The manager whose token is sent.
    pub fn manager(&self) -> &TokenManager {
        &self.rules.manager
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth::new(inner, self.rules.clone())
    }
}
