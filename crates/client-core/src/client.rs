//! The client: a handle on a tower stack.

use std::fmt;

use auth_layer::{BoxError, CallBearer, Identity, OperationMeta, TokenManager};
use http::Method;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::{Body, RequestBuilder, Target};

/// A request as it goes through the stack.
pub type Request = http::Request<Body>;

/// A response as it comes out of the stack.
pub type Response = http::Response<Body>;

/// A cheap handle on a stack, through which every request of a generated client goes.
///
/// Clones share the stack, and with it the connections and the token.
///
/// ```
/// use client_core::{Body, Client, Request, Response};
///
/// let client = Client::from_service(tower::service_fn(|_: Request| async {
///     Ok::<_, std::convert::Infallible>(Response::new(Body::from("{}")))
/// }));
/// let again = client.clone();
/// # let _ = again;
/// ```
///
/// A bearer of its own in place of the managed token:
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
    /// Makes a client of a stack. Its requests have no `User-Agent` unless the stack adds one: only a
    /// [`Builder`](crate::Builder) does so by itself.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let stack = BoxCloneSyncService::new(service.map_err(Into::into));
        Self { stack, bearer: None, identity: None, manager: None }
    }

    /// The same client, whose requests carry `bearer` in place of the managed token.
    ///
    /// It is never renewed; a rejection goes back to the caller.
    #[must_use]
    pub fn with_bearer(&self, bearer: CallBearer) -> Self {
        Self { bearer: Some(bearer), ..self.clone() }
    }

    /// The same client, whose requests carry the token of `identity`, where a [`TokenPool`](auth_layer::TokenPool)
    /// keeps the tokens.
    #[must_use]
    pub fn with_identity(&self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self.clone() }
    }

    /// The manager whose token the stack sends, if a [`Builder`](crate::Builder) made it and there is one. Give it to other clients
    /// that are to share the token.
    pub const fn token_manager(&self) -> Option<&TokenManager> {
        self.manager.as_ref()
    }

    pub(crate) fn with_manager(mut self, manager: Option<TokenManager>) -> Self {
        self.manager = manager;
        self
    }

    /// Sends the request of an operation through the stack.
    ///
    /// The operation's metadata, and the bearer and the identity if there are any, go with it as extensions.
    ///
    /// # Errors
    ///
    /// What the stack failed with; [`auth_layer::Error::find`] tells whether it is about the token.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request; a renewal of the token goes on without it.
    pub async fn exec(&self, mut request: Request, info: &OperationInfo) -> Result<Response, BoxError> {
        request.extensions_mut().insert(info.meta);
        if let Some(bearer) = &self.bearer {
            request.extensions_mut().insert(bearer.clone());
        }
        if let Some(identity) = &self.identity {
            request.extensions_mut().insert(identity.clone());
        }
        self.stack.clone().oneshot(request).await
    }

    /// Begins a `GET` request.
    pub fn get(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::GET, target)
    }

    /// Begins a `POST` request.
    pub fn post(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::POST, target)
    }

    /// Begins a `PUT` request.
    pub fn put(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::PUT, target)
    }

    /// Begins a `PATCH` request.
    pub fn patch(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::PATCH, target)
    }

    /// Begins a `DELETE` request.
    pub fn delete(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::DELETE, target)
    }

    /// Begins a `HEAD` request.
    pub fn head(&self, target: Target) -> RequestBuilder {
        RequestBuilder::new(Method::HEAD, target)
    }

    /// Begins an `OPTIONS` request.
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
///
/// ```
/// use auth_layer::OperationMeta;
/// use client_core::{Method, OperationInfo};
///
/// static META: OperationMeta = OperationMeta::new("getHealth", Method::GET, "/health");
/// let info = OperationInfo { operation_id: "get_health", meta: &META };
/// assert_eq!(info.meta.path(), "/health");
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "generated code writes it as a literal")]
pub struct OperationInfo {
    /// The name of the operation's method in Rust.
    pub operation_id: &'static str,
    /// What the document says about it.
    pub meta: &'static OperationMeta,
}
