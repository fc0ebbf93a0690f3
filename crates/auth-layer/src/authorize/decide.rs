//! Decides what one request may carry.

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue, Uri};

use super::layer::Rules;
use crate::error::{Error, ErrorKind};
use crate::operation::{OperationMeta, Security};
use crate::token::CallBearer;

/// What a request may carry.
pub(super) enum Permit {
    /// Nothing of ours: it goes on untouched.
    Untouched,
    /// The bearer that the caller gave for this call.
    Given(HeaderValue),
    /// The managed token. The operation is what the request names, if it names one.
    Managed(Option<&'static OperationMeta>),
    /// It needs a credential that was not given. It is not sent.
    Refused(Error),
}

impl Rules {
    #[inline]
    pub(super) fn permit(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Permit {
        if !self.origins.contain(uri) || headers.contains_key(AUTHORIZATION) {
            return Permit::Untouched;
        }
        // Most requests that come without our clients have no extensions at all.
        if extensions.is_empty() {
            return Permit::Managed(None);
        }
        let operation = extensions.get::<&'static OperationMeta>().copied();
        let security = operation.map_or(Security::Managed, OperationMeta::security);
        match (security, extensions.get::<CallBearer>()) {
            (Security::Public, _) => Permit::Untouched,
            (_, Some(bearer)) => Permit::Given(bearer.header().clone()),
            (Security::Managed | Security::ManagedOr(_), None) => Permit::Managed(operation),
            (Security::Other(schemes), None) => Permit::Refused(Error::new(
                ErrorKind::Credential,
                format!("the operation wants a bearer of {}; give one for the call", schemes.join(" or ")),
            )),
        }
    }
}
