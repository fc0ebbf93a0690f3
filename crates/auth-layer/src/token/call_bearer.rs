//! A bearer token for one call. No manager stores it.

use std::fmt;

use http::HeaderValue;

use super::access_token::{bearer_header, header_of};
use crate::error::Error;

/// A bearer token for one call, which the caller adds to the request as an extension.
///
/// [`Auth`](crate::authorize::Auth) sends it in place of the managed token, and only to the same origins. It never
/// renews this token: if the server rejects it, the caller gets the server's response unchanged.
///
/// ```
/// use auth_layer::CallBearer;
///
/// let request = http::Request::post("https://api.example.com/handoff")
///     .extension(CallBearer::new("end-user-token")?)
///     .body(())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CallBearer(HeaderValue);

impl CallBearer {
    /// Makes a bearer token from the text that the issuer sent.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidAnswer`](crate::ErrorKind::InvalidAnswer) if `token` is empty or has a character
    /// that is not visible ASCII.
    pub fn new(token: &str) -> Result<Self, Error> {
        bearer_header(token).map(Self)
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0
    }

    /// Returns the header value with another text before the token.
    pub(crate) fn header_with(&self, prefix: &str) -> HeaderValue {
        // `bearer_header` wrote `Bearer ` and visible ASCII, and a profile's prefix is visible ASCII.
        let token = self.0.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        header_of(prefix, token).unwrap_or_else(|_| self.0.clone())
    }
}

impl fmt::Debug for CallBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallBearer(..)")
    }
}
