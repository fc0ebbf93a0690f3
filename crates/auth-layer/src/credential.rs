//! The long-lived thing that is traded for tokens.

use crate::secret::Secret;

/// A client's id and secret. It travels to the token endpoint and nowhere else.
///
/// ```
/// use auth_layer::Credential;
///
/// let credential = Credential::new("my-client", "my-secret");
/// assert_eq!(format!("{credential:?}"), r#"Credential { id: "my-client", secret: Secret(..) }"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    id: String,
    secret: Secret,
}

impl Credential {
    /// A client's id and secret.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { id: id.into(), secret: secret.into() }
    }

    /// A public client, which has no secret.
    pub fn public(id: impl Into<String>) -> Self {
        Self::new(id, "")
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client's secret; empty for a public client.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }
}
