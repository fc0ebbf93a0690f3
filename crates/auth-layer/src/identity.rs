//! Who a request is made for.

use std::fmt;
use std::sync::Arc;

use crate::token::{Resource, Scope};

/// Who a request is made for: a tenant, and what its token is to be good for. Cheap to clone.
///
/// In the extensions of a request it chooses whose token the request carries, where
/// [`AuthLayer`](crate::AuthLayer) stands over a [`TokenPool`](crate::TokenPool). Identities that differ in anything
/// have tokens of their own (RFC 8707 section 2.2). It holds no secret, and its `Debug` shows all of it.
///
/// ```
/// use auth_layer::Identity;
///
/// let mut request = http::Request::get("https://api.example.com/me").body(())?;
/// request.extensions_mut().insert(Identity::new("tenant-7"));
///
/// // With one thing changed: another scope, so another token.
/// let reader = Identity::new("tenant-7").with_scope("orders:read".parse()?);
/// assert_ne!(reader, Identity::new("tenant-7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity(Arc<Parts>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Parts {
    tenant: Box<str>,
    scope: Option<Scope>,
    audience: Option<Box<str>>,
    resource: Option<Resource>,
}

impl Identity {
    /// A tenant, or whatever else the application tells its credentials apart by.
    pub fn new(tenant: impl Into<Box<str>>) -> Self {
        let tenant = tenant.into();
        Self(Arc::new(Parts { tenant, scope: None, audience: None, resource: None }))
    }

    /// A token for this scope, and no more.
    #[must_use]
    pub fn with_scope(self, scope: Scope) -> Self {
        self.change(|parts| parts.scope = Some(scope))
    }

    /// A token for this audience, as its issuer names it (RFC 8693 section 2.1).
    #[must_use]
    pub fn with_audience(self, audience: impl Into<Box<str>>) -> Self {
        let audience = audience.into();
        self.change(|parts| parts.audience = Some(audience))
    }

    /// A token for this resource (RFC 8707 section 2).
    #[must_use]
    pub fn with_resource(self, resource: Resource) -> Self {
        self.change(|parts| parts.resource = Some(resource))
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// The scope its token is to have; `None` leaves that to whoever makes the exchange.
    pub fn scope(&self) -> Option<&Scope> {
        self.0.scope.as_ref()
    }

    /// The audience its token is for.
    pub fn audience(&self) -> Option<&str> {
        self.0.audience.as_deref()
    }

    /// The resource its token is for.
    pub fn resource(&self) -> Option<&Resource> {
        self.0.resource.as_ref()
    }

    fn change(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { tenant, scope, audience, resource } = &*self.0;
        f.debug_struct("Identity")
            .field("tenant", tenant)
            .field("scope", scope)
            .field("audience", audience)
            .field("resource", resource)
            .finish()
    }
}
