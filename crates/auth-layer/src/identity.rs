//! `Identity`: the tenant of a request, and the properties of its token.

use std::fmt;
use std::sync::Arc;

use crate::token::{Resource, Scope};

/// An identity that a request is made for: a tenant, and the scope, audience and resource of its token. It is cheap to
/// clone.
///
/// An [`AuthLayer`](crate::AuthLayer) over a [`TokenPool`](crate::TokenPool) reads the identity from the extensions of
/// a request, and puts the token of that identity on the request. Identities that differ in any part never share a
/// token (RFC 8707 section 2.2). An identity holds no secret, and its `Debug` shows all of it.
///
/// ```
/// use auth_layer::Identity;
///
/// let mut request = http::Request::get("https://api.example.com/me").body(())?;
/// request.extensions_mut().insert(Identity::new("tenant-7"));
///
/// // Another scope is another identity, with another token.
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
    /// Creates an identity for a tenant, or for any other name that the application keeps separate credentials for.
    pub fn new(tenant: impl Into<Box<str>>) -> Self {
        let tenant = tenant.into();
        Self(Arc::new(Parts { tenant, scope: None, audience: None, resource: None }))
    }

    /// Sets the scope of the token, in place of the default one.
    #[must_use]
    pub fn with_scope(self, scope: Scope) -> Self {
        self.change(|parts| parts.scope = Some(scope))
    }

    /// Sets the audience of the token, by the name that the issuer has for it (RFC 8693 section 2.1).
    #[must_use]
    pub fn with_audience(self, audience: impl Into<Box<str>>) -> Self {
        let audience = audience.into();
        self.change(|parts| parts.audience = Some(audience))
    }

    /// Sets the resource that the token is for (RFC 8707 section 2).
    #[must_use]
    pub fn with_resource(self, resource: Resource) -> Self {
        self.change(|parts| parts.resource = Some(resource))
    }

    /// Returns the tenant.
    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// Returns the scope of the token. `None` means that the function that creates the exchange decides.
    pub fn scope(&self) -> Option<&Scope> {
        self.0.scope.as_ref()
    }

    /// Returns the audience of the token.
    pub fn audience(&self) -> Option<&str> {
        self.0.audience.as_deref()
    }

    /// Returns the resource that the token is for.
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
