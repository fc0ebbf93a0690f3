//! GoTo's metadata (RFC 8414), with the endpoints of this emulator.

use serde_json::{Value, json};

use super::paths::{AUTHORIZE, DEVICE, REVOCATION};
use crate::provider::Provider;
use crate::site::Desk;
use crate::token_endpoint::{Variant, token_path};

/// The lists are those of GoTo's own document, `client_secret_post` and `none` included, which its token endpoint here
/// does not take: a client that trusts the list and leaves the Basic header is refused.
pub(super) fn metadata(desk: &Desk<'_>) -> Value {
    let origin = desk.auth_origin;
    let token = token_path(Provider::GoTo, Variant::Main).unwrap_or_default();
    let mut grants = vec!["authorization_code", "refresh_token"];
    let mut metadata = json!({
        "issuer": desk.issuer(),
        "authorization_endpoint": format!("{origin}{AUTHORIZE}"),
        "token_endpoint": format!("{origin}{token}"),
        "revocation_endpoint": format!("{origin}{REVOCATION}"),
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": desk.books.switches.issuer_in_callback,
    });
    if desk.books.switches.device_sign_in {
        grants.push("urn:ietf:params:oauth:grant-type:device_code");
        metadata["device_authorization_endpoint"] = format!("{origin}{DEVICE}").into();
    }
    metadata["grant_types_supported"] = grants.into();
    metadata
}
