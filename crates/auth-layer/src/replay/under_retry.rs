//! `UnderRetry`: the mark that a retry layer puts on its requests.

/// An extension of a request that a `RetryLayer` may send again. A second `RetryLayer` inside of it then does not retry
/// the request. Otherwise the attempts of both layers would multiply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderRetry;
