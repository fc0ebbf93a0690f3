//! Whether a request may be sent twice, and the key that makes it so.

use http::{HeaderName, HeaderValue, Request};

use crate::operation::OperationMeta;

/// Whether sending the request twice has the effect of sending it once.
///
/// What the document says wins over the method, and a key over both.
pub(super) fn is_idempotent<B>(request: &Request<B>, key: &HeaderName) -> bool {
    let operation = request.extensions().get::<&'static OperationMeta>();
    operation.map_or_else(|| request.method().is_idempotent(), |operation| operation.is_idempotent())
        || request.headers().contains_key(key)
}

/// Makes a key of the form of a version 4 UUID (RFC 9562 section 5.4). It tells calls apart, and is no secret.
pub(super) fn make_key(chance: &mut fastrand::Rng) -> HeaderValue {
    let bits = chance.u128(..);
    let field = |shift: u32, width: u32| (bits >> shift) & ((1 << width) - 1);
    let uuid = format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        field(96, 32),
        field(80, 16),
        field(64, 12),
        field(48, 14) | 0x8000,
        field(0, 48)
    );
    HeaderValue::try_from(uuid).expect("digits and hyphens make a header value")
}
