//! The files of a client.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{client, meta, responses};
use crate::generate::document::Document;
use crate::generate::manifest::Source;
use crate::generate::split::Parts;

/// Returns the files of one document, each with its name.
pub(in crate::generate) fn files(
    parts: Parts,
    document: &Document,
    has_profile: bool,
) -> Vec<(&'static str, TokenStream)> {
    let Parts { docs, methods, operations, types } = parts;
    let has_enums =
        document.operations.iter().any(|operation| operation.ok.is_some() || operation.error.is_some());
    let title = document.at("/info/title").as_str().unwrap_or_default();
    let mut files = vec![
        ("client.rs", client::render(&docs, &methods)),
        ("meta.rs", meta::render(&document.operations)),
        ("mod.rs", root(title, has_enums, has_profile)),
        (
            "operations.rs",
            quote! {
                //! The builders of the operations. The methods of [`Client`](super::Client) return them.
                use super::{meta, types};
                use client_core::{ByteStream, Error, OperationInfo, ResponseValue};
                #(#operations)*
            },
        ),
        (
            "types.rs",
            quote! {
                //! The types of parameters and bodies.
                #(#types)*
            },
        ),
    ];
    if has_enums {
        files.push(("responses.rs", responses::render(document)));
    }
    files
}

fn root(title: &str, has_enums: bool, has_profile: bool) -> TokenStream {
    let profile = profile(has_profile);
    let doc = format!(" Generated from the document \"{title}\".");
    let responses = has_enums.then(|| quote! { pub mod responses; });
    let lints = lints();
    quote! {
        #![doc = #doc]
        #lints

        mod client;
        pub mod meta;
        pub mod operations;
        #responses
        pub mod types;

        pub use client::Client;
        #profile
    }
}

/// Returns the `mod.rs` of a client that has several documents.
pub(in crate::generate) fn modules(sources: &[Source], has_profile: bool) -> TokenStream {
    let profile = profile(has_profile);
    let modules = sources.iter().map(|source| {
        let module = format_ident!("{}", source.module);
        quote! { pub mod #module; }
    });
    quote! {
        //! Generated from the documents of this API, with a module for each document.
        #(#modules)*
        #profile
    }
}

/// Returns the function that reads the provider's profile, which is a file beside the code.
fn profile(has_profile: bool) -> Option<TokenStream> {
    has_profile.then(|| {
        quote! {
            /// Returns the file with the provider's profile.
            pub(crate) fn profile_file() -> auth_profiles::ProfileFile {
                auth_profiles::ProfileFile::read(include_str!("profile.toml"))
                    .expect("the generator has checked this file")
            }
        }
    })
}

/// Returns the attribute that turns lints off. Rules of style do not apply to generated code.
fn lints() -> TokenStream {
    quote! {
        #![allow(
            missing_docs,
            unnameable_types,
            unreachable_pub,
            unused_imports,
            clippy::all,
            clippy::allow_attributes,
            clippy::pedantic,
            clippy::unwrap_used,
            rustdoc::all
        )]
    }
}
