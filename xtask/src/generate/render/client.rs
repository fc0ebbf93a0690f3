//! `client.rs`: the client, with a method for each operation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem};

pub(super) fn render(docs: &[Attribute], methods: &[ImplItem]) -> TokenStream {
    quote! {
        //! The client.
        use super::operations;

        #(#docs)*
        #[derive(Clone, Debug)]
        pub struct Client {
            pub(crate) baseurl: String,
            pub(crate) client: client_core::Client,
        }

        impl Client {
            /// Creates a client of the API at `baseurl` that sends every request through `client`.
            ///
            /// `baseurl` has a scheme and a host, and may have a port and a path. A slash at its end is ignored.
            pub fn from_parts(baseurl: &str, client: client_core::Client) -> Self {
                Self { baseurl: baseurl.to_owned(), client }
            }

            /// Returns a copy of the client whose requests carry `bearer` instead of the managed token.
            pub fn with_bearer(&self, bearer: auth_layer::CallBearer) -> Self {
                Self { baseurl: self.baseurl.clone(), client: self.client.with_bearer(bearer) }
            }

            /// Returns a copy of the client whose requests carry the token of `identity`.
            ///
            /// The client must be built on a token pool. Otherwise each request fails.
            pub fn with_identity(&self, identity: auth_layer::Identity) -> Self {
                Self { baseurl: self.baseurl.clone(), client: self.client.with_identity(identity) }
            }

            #(#methods)*
        }
    }
}
