//! `meta.rs`: the metadata of each operation, as statics.

use proc_macro2::TokenStream;
use quote::quote;

use crate::generate::operation::{Operation, Security, ident};

pub(super) fn render(operations: &[Operation]) -> TokenStream {
    let records = operations.iter().map(record);
    let idents = operations.iter().map(Operation::meta_ident);
    quote! {
        //! The metadata of each operation, from the document.
        use auth_layer::operation::{ArrayStyle, Security};
        use auth_layer::OperationMeta;
        use client_core::Method;

        #(#records)*

        /// All operations.
        pub static ALL: &[&OperationMeta] = &[#(&#idents),*];
    }
}

fn record(operation: &Operation) -> TokenStream {
    let Operation { id, path, scopes, request_types, response_types, statuses, .. } = operation;
    let name = operation.meta_ident();
    let method = ident(&operation.method);
    let doc = format!(" `{}`: `{} {path}`.", id, operation.method);
    let security = security(&operation.security);
    let scopes = (!scopes.is_empty()).then(|| quote! { .with_scopes(&[#(#scopes),*]) });
    let idempotent = operation.idempotent.map(|value| quote! { .with_idempotent(#value) });
    let rate_class = operation.rate_class.as_ref().map(|class| quote! { .with_rate_class(#class) });
    let timeout = operation
        .timeout_seconds
        .map(|seconds| quote! { .with_timeout(::std::time::Duration::from_secs(#seconds)) });
    let has_types = !request_types.is_empty() || !response_types.is_empty();
    let types =
        has_types.then(|| quote! { .with_media_types(&[#(#request_types),*], &[#(#response_types),*]) });
    let arrays = &operation.comma_arrays;
    let arrays = (!arrays.is_empty()).then(|| quote! { .with_arrays(&[#((#arrays, ArrayStyle::Comma)),*]) });
    quote! {
        #[doc = #doc]
        pub static #name: OperationMeta = OperationMeta::new(#id, Method::#method, #path)
            .with_security(#security)
            #scopes
            #idempotent
            #rate_class
            #timeout
            #types
            #arrays
            .with_statuses(&[#(#statuses),*]);
    }
}

fn security(security: &Security) -> TokenStream {
    match security {
        Security::Public => quote! { Security::Public },
        Security::Managed => quote! { Security::Managed },
        Security::ManagedOr(schemes) => quote! { Security::ManagedOr(&[#(#schemes),*]) },
        Security::Other(schemes) => quote! { Security::Other(&[#(#schemes),*]) },
    }
}
