//! A bearer token for one call, which no manager keeps.

use std::fmt;

use http::HeaderValue;

use super::access_token::bearer_header;
use crate::error::Error;

/// A bearer token that the caller gives for one call, as a request extension.
///
/// [`Auth`](crate::Auth) sends it in place of the managed token, to the same origins only, and never
/// renews it: a rejection goes back to the caller as it is.
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
    /// Takes over a token as its issuer spelled it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAnswer`](crate::ErrorKind::InvalidAnswer) if it is empty or holds anything but
    /// visible ASCII characters.
    pub fn new(token: &str) -> Result<Self, Error> {
        bearer_header(token).map(Self)
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Debug for CallBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallBearer(..)")
    }
}
