//! `AuthOnceLayer`: authorization for bodies that cannot be sent again.

use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ResponseBody;
use super::future::ResponseFuture;
use super::layer::AuthLayer;
use super::service::Auth;
use crate::error::BoxError;

/// An [`AuthLayer`] that sends each request once. [`AuthLayer::without_resend`] returns it.
///
/// ```
/// use auth_layer::{AccessToken, AuthLayer, Profile, StaticToken, TokenManager};
/// use tower_layer::Layer;
///
/// /// A body for which this crate has no `TryClone`.
/// struct Foreign;
///
/// # let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
/// # let inner = tower::service_fn(|_: http::Request<Foreign>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// let profile = Profile::new("example", "https://auth.example.com/token")?;
/// let service = AuthLayer::new(&profile, manager).without_resend().layer(inner);
/// # fn is_service<S: tower_service::Service<http::Request<Foreign>>>(_: &S) {}
/// # is_service(&service);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthOnceLayer(AuthLayer);

impl AuthLayer {
    /// Returns the same layer for request bodies of any type, including those that are not
    /// [`TryClone`](crate::TryClone). It sends each request once. A rejected token is renewed, and the caller gets the
    /// response that rejected it.
    pub const fn without_resend(self) -> AuthOnceLayer {
        AuthOnceLayer(self)
    }
}

impl<S> Layer<S> for AuthOnceLayer {
    type Service = AuthOnce<S>;

    fn layer(&self, inner: S) -> AuthOnce<S> {
        AuthOnce(self.0.layer(inner))
    }
}

/// The service of [`AuthOnceLayer`].
///
/// It does the same as [`Auth`], with the same errors and cancel safety, except for two things. The request's body may
/// be of any type. A response that rejects the token goes back to the caller, and the token is renewed for later
/// requests.
#[derive(Clone)]
pub struct AuthOnce<S>(Auth<S>);

impl<S> AuthOnce<S> {
    /// Returns a reference to the wrapped service.
    pub const fn get_ref(&self) -> &S {
        self.0.get_ref()
    }

    /// Returns the wrapped service.
    pub fn into_inner(self) -> S {
        self.0.into_inner()
    }
}

impl<S, B, R> Service<Request<B>> for AuthOnce<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_inner(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Without a copy, a rejection starts a renewal and is returned.
        self.0.send(request, |_, _| None)
    }
}

impl<S: fmt::Debug> fmt::Debug for AuthOnce<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOnce").field("inner", self.get_ref()).finish_non_exhaustive()
    }
}
