//! Corrects the headers of a request: removes `api-version`, and sets `Accept`.

use quote::ToTokens;
use syn::{Block, Expr, Stmt, parse_quote};

use super::tree::{each_expr, is_path, let_mut};
use crate::generate::operation::Operation;

pub(super) fn repair(block: &mut Block, operation: &Operation) {
    drop_api_version(block);
    let accepted = operation.response_types.join(", ");
    if accepted != "application/json" && !accepted.is_empty() {
        each_expr(block, |expr| accept(expr, &accepted));
    }
}

/// Removes the `api-version` header, and the header map if it is then empty.
fn drop_api_version(block: &mut Block) {
    let appends = |stmt: &Stmt| stmt.to_token_stream().to_string().contains("header_map . append");
    block
        .stmts
        .retain(|stmt| !(appends(stmt) && stmt.to_token_stream().to_string().contains("\"api-version\"")));
    let empty = !block.stmts.iter().any(appends);
    for stmt in &mut block.stmts {
        if let Some((_, value)) = let_mut(stmt).filter(|(name, _)| name == "header_map") {
            *value = parse_quote! { ::client_core::header::HeaderMap::new() };
        }
    }
    if empty {
        block.stmts.retain_mut(|stmt| let_mut(stmt).is_none_or(|(name, _)| name != "header_map"));
        each_expr(block, |expr| {
            if let Expr::MethodCall(call) = expr
                && call.method == "headers"
            {
                *expr = (*call.receiver).clone();
            }
        });
    }
}

/// Sets `Accept` to all documented media types. progenitor asks only for JSON.
fn accept(expr: &mut Expr, accepted: &str) {
    if let Expr::MethodCall(call) = expr
        && call.method == "header"
        && call.args.first().is_some_and(|name| is_path(name, "ACCEPT"))
        && let Some(value) = call.args.last_mut()
    {
        *value = parse_quote! { ::client_core::header::HeaderValue::from_static(#accepted) };
    }
}
