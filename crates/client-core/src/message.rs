//! The messages of the stack.

use crate::Body;

/// A request of the stack.
pub type Request = http::Request<Body>;

/// A response of the stack.
pub type Response = http::Response<Body>;
