//! Decides which credential a request may carry.

use http::{Extensions, HeaderMap, Uri};

use super::rules::Rules;
use crate::error::{Error, ErrorKind};
use crate::operation::{OperationMeta, Security};
use crate::token::CallBearer;

/// The credential that a request may carry.
pub(super) enum Permit {
    /// None: the request is passed on unchanged.
    Untouched,
    /// The bearer that the caller gave for this call.
    Given(CallBearer),
    /// The managed token. The operation is the one that the request names, if any.
    Managed(Option<&'static OperationMeta>),
    /// The request needs a credential that was not given, so it is not sent.
    Refused(Error),
}

impl Rules {
    /// Decides which credential a request may carry.
    #[inline]
    pub(super) fn permit(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Permit {
        if self.has_credential(headers) {
            return Permit::Untouched;
        }
        if !self.origins.contain(uri)
            && let Some(permit) = self.elsewhere(uri, extensions)
        {
            return permit;
        }
        // Most requests of other clients have no extensions at all, and are decided here.
        if extensions.is_empty() {
            return Permit::Managed(None);
        }
        let operation = extensions.get::<&'static OperationMeta>().copied();
        let security = operation.map_or(Security::Managed, OperationMeta::security);
        match (security, extensions.get::<CallBearer>()) {
            (Security::Public, _) => Permit::Untouched,
            (_, Some(bearer)) => Permit::Given(bearer.clone()),
            (Security::Managed | Security::ManagedOr(_), None) => Permit::Managed(operation),
            (Security::Other(schemes), None) => Permit::Refused(Error::new(
                ErrorKind::Credential,
                format!("the operation needs a bearer of {}; give one for the call", schemes.join(" or ")),
            )),
        }
    }

    /// Decides about a request whose target has no listed origin. `None` if the target counts as listed.
    #[inline(never)]
    fn elsewhere(&self, uri: &Uri, extensions: &Extensions) -> Option<Permit> {
        let operation = extensions.get::<&'static OperationMeta>();
        if operation.is_some_and(|operation| matches!(operation.security(), Security::Public)) {
            return Some(Permit::Untouched);
        }
        if uri.authority().is_none() {
            return (!self.relative_is_listed).then(|| Permit::Refused(relative(uri)));
        }
        // The token decides: `may_carry` compares its origin with the target.
        if self.origin_from.as_ref().is_some_and(|rule| rule.may_be(uri)) {
            return None;
        }
        self.unlisted.note(uri);
        Some(Permit::Untouched)
    }
}

/// Returns the error for a target without scheme and host. The query may hold a secret, so the error leaves it out.
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
