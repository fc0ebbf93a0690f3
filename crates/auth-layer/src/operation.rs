//! The facts that an API document states about one operation, for layers to read.

use std::time::Duration;

use http::Method;

/// The facts that an API document states about one operation.
///
/// Generated clients have one `static` record for each operation and put a `&'static OperationMeta` into the extensions
/// of every request. [`Auth`](crate::authorize::Auth) reads from it whether the operation needs a token. Other layers
/// may read the rest.
///
/// ```
/// use auth_layer::operation::Security;
/// use auth_layer::OperationMeta;
/// use http::Method;
///
/// static HEALTH: OperationMeta = OperationMeta::new("health", Method::GET, "/health")
///     .with_security(Security::Public)
///     .with_idempotent(true);
///
/// let request = http::Request::get("https://api.example.com/health")
///     .extension(&HEALTH)
///     .body(())?;
/// assert_eq!(request.extensions().get::<&'static OperationMeta>().map(|m| m.id()), Some("health"));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct OperationMeta {
    id: &'static str,
    method: Method,
    path: &'static str,
    security: Security,
    scopes: &'static [&'static str],
    idempotent: Option<bool>,
    rate_class: Option<&'static str>,
    timeout: Option<Duration>,
    request_types: &'static [&'static str],
    response_types: &'static [&'static str],
    arrays: &'static [(&'static str, ArrayStyle)],
    statuses: &'static [&'static str],
}

impl OperationMeta {
    /// Makes a record of an operation from its id, method and path template, as the document spells them.
    ///
    /// By default, the operation needs the managed token. It is idempotent if its method is (RFC 9110 section 9.2.2).
    pub const fn new(id: &'static str, method: Method, path: &'static str) -> Self {
        Self {
            id,
            method,
            path,
            security: Security::Managed,
            scopes: &[],
            idempotent: None,
            rate_class: None,
            timeout: None,
            request_types: &[],
            response_types: &[],
            arrays: &[],
            statuses: &[],
        }
    }

    /// Sets which credential the operation needs.
    pub const fn with_security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// Sets the scopes that the operation needs.
    pub const fn with_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets whether sending the operation twice has the same effect as sending it once.
    pub const fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Sets the rate limit that the operation counts against, by its class.
    pub const fn with_rate_class(mut self, class: &'static str) -> Self {
        self.rate_class = Some(class);
        self
    }

    /// Sets how long one send of the operation may take, up to the head of its response.
    ///
    /// Set it for an operation that is much slower than others, or must be quicker. A [`StackLayer`](crate::StackLayer)
    /// uses it in place of its default. A timeout that was set on the `StackLayer` itself applies to every operation.
    ///
    /// ```
    /// use auth_layer::OperationMeta;
    /// use http::Method;
    /// use std::time::Duration;
    ///
    /// static REPORT: OperationMeta =
    ///     OperationMeta::new("report", Method::POST, "/report").with_timeout(Duration::from_secs(90));
    /// assert_eq!(REPORT.timeout(), Some(Duration::from_secs(90)));
    /// ```
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the media types of the request and of its responses.
    pub const fn with_media_types(
        mut self,
        request: &'static [&'static str],
        response: &'static [&'static str],
    ) -> Self {
        self.request_types = request;
        self.response_types = response;
        self
    }

    /// Sets how each array parameter is written in the query.
    pub const fn with_arrays(mut self, arrays: &'static [(&'static str, ArrayStyle)]) -> Self {
        self.arrays = arrays;
        self
    }

    /// Sets the documented statuses, as the document spells them (`200`, `4XX`, `default`).
    pub const fn with_statuses(mut self, statuses: &'static [&'static str]) -> Self {
        self.statuses = statuses;
        self
    }

    /// Returns the id of the operation in the document.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the HTTP method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path template below the base URL, such as `/rooms/{room_id}`.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns which credential the operation needs.
    pub const fn security(&self) -> Security {
        self.security
    }

    /// Returns the scopes that the operation needs. The list is empty if the document names none.
    pub const fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Returns whether sending the operation twice has the same effect as sending it once.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent.unwrap_or_else(|| self.method.is_idempotent())
    }

    /// Returns the class of the rate limit that the operation counts against, if the document names one.
    pub const fn rate_class(&self) -> Option<&'static str> {
        self.rate_class
    }

    /// Returns how long one send of the operation may take, if the document states it.
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns the media types that the request body may have. The list is empty if the request has no body.
    pub const fn request_types(&self) -> &'static [&'static str] {
        self.request_types
    }

    /// Returns the media types that the document lists for the responses.
    pub const fn response_types(&self) -> &'static [&'static str] {
        self.response_types
    }

    /// Returns how the array parameter `name` is written in the query: repeated, unless the document says otherwise.
    pub fn array_style(&self, name: &str) -> ArrayStyle {
        // `explode: true` is the default of a query parameter in OpenAPI.
        self.arrays.iter().find(|(array, _)| *array == name).map_or(ArrayStyle::Repeated, |(_, style)| *style)
    }

    /// Returns the documented statuses, as the document spells them.
    pub const fn statuses(&self) -> &'static [&'static str] {
        self.statuses
    }
}

/// The credential that an operation needs.
///
/// ```
/// use auth_layer::operation::Security;
///
/// assert!(Security::Managed.takes_managed());
/// assert!(!Security::Other(&["InteractionAccess"]).takes_managed());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// No credential (`security: []`). No token is sent, and none is fetched.
    Public,
    /// The token of the manager.
    Managed,
    /// The token of the manager, or a bearer token of one of these schemes that the caller gives for the call.
    ManagedOr(&'static [&'static str]),
    /// Only a bearer token of one of these schemes that the caller gives for the call (see
    /// [`CallBearer`](crate::CallBearer)). The manager's token is never sent.
    Other(&'static [&'static str]),
}

impl Security {
    /// Returns whether the manager's token may be sent.
    pub const fn takes_managed(self) -> bool {
        matches!(self, Self::Managed | Self::ManagedOr(_))
    }
}

/// The way an array parameter is written in a query.
///
/// ```
/// use auth_layer::operation::ArrayStyle;
/// use auth_layer::OperationMeta;
/// use http::Method;
///
/// static LIST: OperationMeta = OperationMeta::new("list", Method::GET, "/things")
///     .with_arrays(&[("ids", ArrayStyle::Comma)]);
/// assert_eq!(LIST.array_style("ids"), ArrayStyle::Comma);
/// assert_eq!(LIST.array_style("tags"), ArrayStyle::Repeated);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayStyle {
    /// `ids=1&ids=2` (`explode: true`).
    Repeated,
    /// `ids=1,2` (`explode: false`).
    Comma,
}
