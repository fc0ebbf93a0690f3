//! Query parameters.

use std::fmt;

/// A query parameter. Nothing is sent for `None`. Arrays are repeated or joined with commas, as the operation says.
///
/// ```
/// use auth_layer::operation::ArrayStyle;
/// use auth_layer::OperationMeta;
/// use client_core::{Body, Client, Method, QueryParam, Request, Response, Target};
///
/// static META: OperationMeta = OperationMeta::new("list", Method::GET, "/things")
///     .with_arrays(&[("ids", ArrayStyle::Comma)]);
///
/// # let client = Client::from_service(tower::service_fn(|_: Request| async {
/// #     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
/// # }));
/// let request = client
///     .get(Target::new("https://api.example.com", &META, &[])?)
///     .query(&QueryParam::new("ids", &[1, 2]))
///     .query(&QueryParam::new("tags", &["a", "b"]))
///     .query(&QueryParam::new("limit", &None::<u32>))
///     .build()?;
/// assert_eq!(request.uri().query(), Some("ids=1,2&tags=a&tags=b"));
/// # Ok::<(), client_core::InvalidRequest>(())
/// ```
pub struct QueryParam<'a, T: ?Sized> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a T,
}

impl<'a, T: ?Sized> QueryParam<'a, T> {
    /// Creates a parameter of a name and a value.
    pub const fn new(name: &'a str, value: &'a T) -> Self {
        Self { name, value }
    }
}

impl<T: ?Sized> fmt::Debug for QueryParam<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryParam").field("name", &self.name).finish_non_exhaustive()
    }
}
