//! `client.rs`: the client with the methods that begin an operation.

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
            /// Makes a client of the API at `baseurl` whose every request goes through `client`.
            ///
            /// `baseurl` has a scheme and a host, and a port and a path if applicable. A slash at its end is
            /// of no consequence.
            pub fn from_parts(baseurl: &str, client: client_core::Client) -> Self {
                Self { baseurl: baseurl.to_owned(), client }
            }

            /// The same client, whose requests carry `bearer` in place of the managed token.
            pub fn with_bearer(&self, bearer: auth_layer::CallBearer) -> Self {
                Self { baseurl: self.baseurl.clone(), client: self.client.with_bearer(bearer) }
            }

            /// The same client, whose requests carry the token of `identity`, where a pool keeps the tokens.
            pub fn with_identity(&self, identity: auth_layer::Identity) -> Self {
                Self { baseurl: self.baseurl.clone(), client: self.client.with_identity(identity) }
            }

            #(#methods)*
        }
    }
}
