//! GoTo's metadata (RFC 8414), with the endpoints of this emulator.

use serde_json::{Value, json};

use super::paths::{AUTHORIZE, DEVICE, REVOCATION};
use crate::provider::Provider;
use crate::state::Desk;
use crate::token_endpoint::{Variant, token_path};

/// Returns the document at the first well-known place: GoTo's own, or another issuer's if a test has set one.
pub(super) fn at_first_place(desk: &Desk<'_>) -> Value {
    match &desk.books.switches.issuer_at_first_place {
        Some(other) => metadata(desk, other, other),
        None => own(desk),
    }
}

/// Returns the document at the second well-known place. GoTo has one there only while another issuer's is at the first.
pub(super) fn at_second_place(desk: &Desk<'_>) -> Option<Value> {
    desk.books.switches.issuer_at_first_place.is_some().then(|| own(desk))
}

fn own(desk: &Desk<'_>) -> Value {
    metadata(desk, desk.issuer(), desk.auth_origin)
}

/// Returns the metadata of an issuer. Its lists are those of GoTo's own document. They include `client_secret_post` and
/// `none`, which its token endpoint here does not accept: a client that trusts the list and sends no Basic header is
/// refused.
fn metadata(desk: &Desk<'_>, issuer: &str, origin: &str) -> Value {
    let token = token_path(Provider::GoTo, Variant::Main).unwrap_or_default();
    let mut grants = vec!["authorization_code", "refresh_token"];
    let mut metadata = json!({
        "issuer": issuer,
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
