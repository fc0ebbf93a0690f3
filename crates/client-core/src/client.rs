//! `Client`: a handle to a tower stack.

use std::fmt;

use auth_layer::{BoxError, CallBearer, Identity, OperationMeta, TokenManager};
use http::Method;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::{Request, RequestBuilder, Response, Target};

/// A handle to the stack that sends every request of a generated client. It is cheap to clone.
///
/// Clones share the stack, its connections and its token.
///
/// A client with a fixed bearer in place of the managed token:
///
/// ```
/// # use client_core::{Body, Client, Request, Response};
/// # let client = Client::from_service(tower::service_fn(|_: Request| async {
/// #     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
/// # }));
/// let for_one_user = client.with_bearer(auth_layer::CallBearer::new("end-user-token")?);
/// # let _ = for_one_user;
/// # Ok::<(), auth_layer::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    stack: BoxCloneSyncService<Request, Response, BoxError>,
    bearer: Option<CallBearer>,
    identity: Option<Identity>,
    manager: Option<TokenManager>,
}

impl Client {
    /// Creates a client from a stack.
    ///
    /// Its requests have no `User-Agent` unless the stack adds one. A client of a [`Builder`](crate::Builder) has one.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let stack = BoxCloneSyncService::new(service.map_err(Into::into));
        Self { stack, bearer: None, identity: None, manager: None }
    }

    /// Returns a client whose requests carry `bearer` in place of the managed token.
    ///
    /// `bearer` is never renewed. If the API rejects it, the caller gets the 401.
    #[must_use]
    pub fn with_bearer(&self, bearer: CallBearer) -> Self {
        Self { bearer: Some(bearer), ..self.clone() }
    }

    /// Returns a client whose requests carry the token of `identity`. It needs a stack with a
    /// [`TokenPool`](auth_layer::TokenPool).
    #[must_use]
    pub fn with_identity(&self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self.clone() }
    }

    /// Returns the manager whose token the stack sends. Give it to other clients that should share the token. `None` if
    /// the client was not made by a [`Builder`](crate::Builder), or has a pool.
    pub const fn token_manager(&self) -> Option<&TokenManager> {
        self.manager.as_ref()
    }

    pub(crate) fn with_manager(mut self, manager: Option<TokenManager>) -> Self {
        self.manager = manager;
        self
    }

    /// Sends the request of an operation through the stack.
    ///
    /// The request's extensions get the operation's metadata, and the client's bearer and identity if it has them.
    ///
    /// # Errors
    ///
    /// Returns the stack's error. [`auth_layer::Error::find`] returns the token error in it, if there is one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request. A renewal of the token continues.
    pub async fn exec(&self, mut request: Request, info: &OperationInfo) -> Result<Response, BoxError> {
        request.extensions_mut().insert(info.meta);
        if let Some(bearer) = &self.bearer {
            request.extensions_mut().insert(bearer.clone());
        }
        if let Some(identity) = &self.identity {
            request.extensions_mut().insert(identity.clone());
        }
        // A clone, because `oneshot` consumes the service: concurrent calls need no lock this way.
        self.stack.clone().oneshot(request).await
    }

    /// Starts a `GET` request.
    pub fn get(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::GET, target)
    }

    /// Starts a `POST` request.
    pub fn post(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::POST, target)
    }

    /// Starts a `PUT` request.
    pub fn put(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::PUT, target)
    }

    /// Starts a `PATCH` request.
    pub fn patch(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::PATCH, target)
    }

    /// Starts a `DELETE` request.
    pub fn delete(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::DELETE, target)
    }

    /// Starts a `HEAD` request.
    pub fn head(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::HEAD, target)
    }

    /// Starts an `OPTIONS` request.
    pub fn options(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::OPTIONS, target)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("bearer", &self.bearer)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// The operation a request belongs to.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "generated code writes it as a literal")]
pub struct OperationInfo {
    /// The name of the operation's method in Rust.
    pub operation_id: &'static str,
    /// The operation's metadata from the API document.
    pub meta: &'static OperationMeta,
}
