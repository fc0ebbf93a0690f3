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
        if headers.contains_key(AUTHORIZATION) {
            return Permit::Untouched;
        }
        if !self.origins.contain(uri)
            && let Some(permit) = self.elsewhere(uri, extensions)
        {
            return permit;
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

    /// Decides about a request whose target is of no listed origin. `None` if it counts as sent to a listed one.
    #[inline(never)]
    fn elsewhere(&self, uri: &Uri, extensions: &Extensions) -> Option<Permit> {
        let operation = extensions.get::<&'static OperationMeta>();
        if operation.is_some_and(|operation| matches!(operation.security(), Security::Public)) {
            return Some(Permit::Untouched);
        }
        if uri.authority().is_none() {
            return (!self.relative_is_listed).then(|| Permit::Refused(relative(uri)));
        }
        self.unlisted.note(uri);
        Some(Permit::Untouched)
    }
}

/// The error for a target without scheme and host. Its query may hold a secret, and is left out.
fn relative(uri: &Uri) -> Error {
    let path = uri.path();
    Error::new(
        ErrorKind::Credential,
        format!(
            "the request target `{path}` is relative, so its origin is unknown; \
             make it an absolute URL or, if an inner service adds the origin as a tonic channel does, \
             call `AuthLayer::with_target_origin(..)`"
        ),
    )
}
