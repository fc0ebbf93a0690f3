//! `responses.rs`: the enums of successes and errors whose type depends on the status.

use heck::ToPascalCase;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::generate::document::Document;
use crate::generate::operation::{Case, Payload, StatusEnum, ident, type_name};

pub(super) fn render(document: &Document) -> TokenStream {
    let enums = document.operations.iter().flat_map(|operation| {
        let sides = [(&operation.ok, "successes"), (&operation.error, "errors")];
        sides.into_iter().filter_map(|(side, what)| {
            side.as_ref()
                .map(|side| one(side, &format!(" The {what} of `{}`, by status.", operation.id), document))
        })
    });
    quote! {
        //! The successes and errors whose type depends on the status.
        use super::types;
        use client_core::{Bytes, FromStatus, StatusCode};

        #(#enums)*
    }
}

fn one(side: &StatusEnum, doc: &str, document: &Document) -> TokenStream {
    let name = ident(&side.name);
    let variants = side.cases.iter().map(|case| variant(case, document));
    // A `match` takes the first arm that fits: exact statuses, then ranges, then the default.
    let mut cases: Vec<_> = side.cases.iter().collect();
    cases.sort_by_key(|case| (case.status == "default", case.status.ends_with("XX")));
    let arms = cases.into_iter().map(arm);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// The body of another status, or a body that does not match the document.
            Undocumented(Bytes),
        }

        impl FromStatus for #name {
            fn from_status(status: StatusCode, body: Bytes) -> Self {
                let documented = match status.as_u16() {
                    #(#arms)*
                    _ => None,
                };
                documented.unwrap_or(Self::Undocumented(body))
            }
        }
    }
}

fn variant(case: &Case, document: &Document) -> TokenStream {
    let name = variant_name(&case.status);
    let doc = match case.status.as_str() {
        "default" => " Any other status.".to_owned(),
        status => format!(" Status {status}."),
    };
    let payload = match &case.payload {
        Payload::Json(component) => {
            let ty = rust_type(component, document);
            quote! { (#ty) }
        }
        Payload::Empty => quote! {},
        Payload::Bytes => quote! { (Bytes) },
    };
    quote! { #[doc = #doc] #name #payload }
}

fn arm(case: &Case) -> TokenStream {
    let name = variant_name(&case.status);
    let status = match case.status.parse::<u16>() {
        Ok(status) => quote! { #status },
        Err(_) => match case.status.as_bytes() {
            [digit @ b'1'..=b'5', ..] => {
                let low = u16::from(digit - b'0') * 100;
                let high = low + 99;
                quote! { #low..=#high }
            }
            _ => quote! { _ },
        },
    };
    match case.payload {
        Payload::Json(_) => quote! { #status => client_core::decode(&body).map(Self::#name), },
        Payload::Empty => quote! { #status => body.is_empty().then_some(Self::#name), },
        Payload::Bytes => quote! { #status => Some(Self::#name(body.clone())), },
    }
}

fn rust_type(component: &str, document: &Document) -> TokenStream {
    let name = type_name(component);
    match document.replacements.get(&name).and_then(|path| syn::parse_str::<syn::Path>(path).ok()) {
        Some(path) => quote! { #path },
        None => {
            let name = ident(&name);
            quote! { types::#name }
        }
    }
}

/// Returns the name of a variant: the reason phrase of the status, if there is one.
fn variant_name(status: &str) -> Ident {
    let reason = match status {
        "default" => "Other".to_owned(),
        "2XX" => "Success".to_owned(),
        "4XX" => "ClientError".to_owned(),
        "5XX" => "ServerError".to_owned(),
        _ => REASONS
            .iter()
            .find(|(code, _)| *code == status)
            .map_or_else(|| format!("Status{status}"), |(_, reason)| reason.to_pascal_case()),
    };
    ident(&reason)
}

/// The statuses of RFC 9110 and RFC 6585 that documents name.
const REASONS: [(&str, &str); 26] = [
    ("200", "ok"),
    ("201", "created"),
    ("202", "accepted"),
    ("203", "non authoritative information"),
    ("204", "no content"),
    ("205", "reset content"),
    ("206", "partial content"),
    ("400", "bad request"),
    ("401", "unauthorized"),
    ("402", "payment required"),
    ("403", "forbidden"),
    ("404", "not found"),
    ("405", "method not allowed"),
    ("406", "not acceptable"),
    ("408", "request timeout"),
    ("409", "conflict"),
    ("410", "gone"),
    ("412", "precondition failed"),
    ("413", "content too large"),
    ("415", "unsupported media type"),
    ("422", "unprocessable content"),
    ("429", "too many requests"),
    ("500", "internal server error"),
    ("502", "bad gateway"),
    ("503", "service unavailable"),
    ("504", "gateway timeout"),
];
