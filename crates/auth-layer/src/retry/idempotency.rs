//! Idempotent requests, and the key that makes a request idempotent.

use http::{HeaderName, HeaderValue, Request};

use crate::operation::OperationMeta;

/// Returns whether sending the request twice has the same effect as sending it once.
///
/// If the request has an idempotency key, it is idempotent. Otherwise the operation's metadata decides, and without
/// metadata the method.
pub(super) fn is_idempotent<B>(request: &Request<B>, key: &HeaderName) -> bool {
    let operation = request.extensions().get::<&'static OperationMeta>();
    operation.map_or_else(|| request.method().is_idempotent(), |operation| operation.is_idempotent())
        || request.headers().contains_key(key)
}

/// Creates a key in the form of a version 4 UUID (RFC 9562 section 5.4).
pub(super) fn make_key(rng: &mut fastrand::Rng) -> HeaderValue {
    // A fast generator is enough: the key must be unique, but it is not a secret.
    let bits = rng.u128(..);
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
