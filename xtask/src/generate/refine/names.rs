//! Renames crates and modules in progenitor's output.

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Ident, ImplItem, Item, Lit, LitStr, Meta, Path};

/// Renames the runtime in types and operations.
pub(super) fn items(item: &mut Item) {
    Renamer { modules: &[] }.visit_item_mut(item);
}

/// Renames the runtime and the module of the builders in the methods of the client.
pub(super) fn methods(item: &mut ImplItem) {
    Renamer { modules: &[("builder", "operations")] }.visit_impl_item_mut(item);
}

struct Renamer {
    /// The first segments of paths: old name and new name.
    modules: &'static [(&'static str, &'static str)],
}

impl VisitMut for Renamer {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if ident == "progenitor_client" || ident == "reqwest" {
            *ident = Ident::new("client_core", ident.span());
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if let Some(first) = path.segments.first_mut().filter(|_| path.leading_colon.is_none()) {
            for (from, to) in self.modules {
                if first.ident == from {
                    first.ident = Ident::new(to, first.ident.span());
                }
            }
        }
    }

    /// Removes the spaces in messages such as "conversion to `:: std :: string :: String` for name failed".
    fn visit_lit_str_mut(&mut self, literal: &mut LitStr) {
        let text = literal.value();
        if text.starts_with("conversion to `") {
            let text = text.replace(" :: ", "::").replace("`:: ", "`").replace(" <::", "<");
            let text = text.replace(" <", "<").replace(" >", ">").replace("reqwest::Body", "Body");
            *literal = LitStr::new(&text, literal.span());
        }
    }

    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        if let Some(literal) = doc_mut(attribute) {
            *literal = LitStr::new(&documentation(&literal.value()), literal.span());
        }
    }
}

/// Corrects a doc comment: removes the repeated schema, and adds the leading space.
///
/// The examples do not compile, because they are the same for every crate. They are marked as text.
fn documentation(text: &str) -> String {
    let text = text.split("<details>").next().unwrap_or_default().trim_end();
    let text = text.replace("```ignore", "```text");
    if text.contains('\n') || text.starts_with(' ') { text } else { format!(" {text}") }
}

fn doc_mut(attribute: &mut Attribute) -> Option<&mut LitStr> {
    match &mut attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &mut pair.value {
            Expr::Lit(value) => match &mut value.lit {
                Lit::Str(text) => Some(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
