//! `UnderRetry`: the mark that a retry layer leaves on its requests.

/// An extension of a request that a `RetryLayer` sends again if need be. Another one inside of it then leaves the request
/// alone: otherwise each attempt of the outer layer would become as many attempts as the inner layer has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderRetry;
