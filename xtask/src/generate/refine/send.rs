//! Repairs `send`: the request is built from the metadata, sent through the stack, and decoded by status.

use anyhow::{Context, bail};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Block, Expr, ExprMatch, ExprMethodCall, ExprReference, Pat, Stmt, Token, parse_quote};

use super::tree::{each_expr, is_path, let_mut};
use crate::generate::operation::Operation;

pub(super) fn repair(block: &mut Block, operation: &Operation) -> anyhow::Result<()> {
    let meta = operation.meta_ident();
    let url = block.stmts.iter_mut().find_map(|stmt| let_mut(stmt).filter(|(_, value)| is_format(value)));
    let (_, url) = url.context("`send` builds no URL")?;
    *url = target(url, operation)?;

    block.stmts.retain(|stmt| !is_hook(stmt));
    for (name, value) in operation.fixed_query.iter().rev() {
        each_expr(block, |expr| fix_query(expr, name, value));
    }
    each_expr(block, |expr| {
        match expr {
            Expr::Struct(info) if info.path.is_ident("OperationInfo") => {
                info.fields.push(parse_quote! { meta: &meta::#meta });
            }
            // The runtime's client is the stack itself, so the trait of the hooks is not needed.
            Expr::MethodCall(call) if call.method == "exec" => {
                let client = &call.receiver;
                *call.receiver = parse_quote! { #client.client };
            }
            // The error keeps the body, so the body must be read here.
            Expr::Call(call) if is_path(&call.func, "UnexpectedResponse") => {
                let response = &call.args;
                *expr = parse_quote! { Error::unexpected(#response).await };
            }
            Expr::Match(found) => decode(found, operation),
            _ => {}
        }
    });
    Ok(())
}

fn is_format(expr: &Expr) -> bool {
    matches!(expr, Expr::Macro(call) if call.mac.path.is_ident("format"))
}

/// Replaces `format!("{}/things/{}", client.baseurl, encode_path(&id.to_string()))` with a target that is built from
/// the path of the metadata. The target rejects values that would lead to another path.
fn target(url: &Expr, operation: &Operation) -> anyhow::Result<Expr> {
    let Expr::Macro(call) = url else { bail!("the URL in `send` is not a `format!`") };
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.mac.tokens.clone())?;
    let mut arguments = arguments.iter().skip(1);
    let base = arguments.next().context("the URL in `send` has no base")?;
    let values: Vec<_> =
        arguments.map(path_value).collect::<Option<_>>().context("the URL in `send` has an unknown part")?;
    let meta = operation.meta_ident();
    Ok(parse_quote! { client_core::Target::new(&#base, &meta::#meta, &[#(&#values),*])? })
}

/// Returns the `id` of `encode_path(&id.to_string())`.
fn path_value(expr: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = expr else { return None };
    let Expr::Reference(ExprReference { expr, .. }) = call.args.first()? else { return None };
    let Expr::MethodCall(ExprMethodCall { receiver, .. }) = &**expr else { return None };
    Some(receiver)
}

/// Returns whether a statement calls a hook before or after a request.
fn is_hook(stmt: &Stmt) -> bool {
    let tokens = stmt.to_token_stream().to_string();
    tokens.contains(". pre (& mut") || tokens.contains(". post (&") && tokens.contains(", & info)")
}

/// Adds a fixed query value right after the target.
fn fix_query(expr: &mut Expr, name: &str, value: &str) {
    if let Expr::MethodCall(call) = expr
        && call.args.len() == 1
        && is_path(&call.args[0], "url")
    {
        let begun = quote! { #call };
        *expr = parse_quote! { #begun.query(&client_core::QueryParam::new(#name, &#value)) };
    }
}

/// Decodes by status if the type depends on it. Removes arms that follow an arm for all statuses.
fn decode(found: &mut ExprMatch, operation: &Operation) {
    let all = found.arms.iter().position(|arm| matches!(arm.pat, Pat::Wild(_)));
    found.arms.truncate(all.map_or(found.arms.len(), |index| index + 1));
    for arm in &mut found.arms {
        let is_error = arm.body.to_token_stream().to_string().contains("ErrorResponse");
        let by_status = if is_error { &operation.error } else { &operation.ok };
        if by_status.is_some() {
            decode_by_status(&mut arm.body);
        }
    }
}

fn decode_by_status(arm: &mut Expr) {
    let mut block: Block = parse_quote! { { #arm } };
    each_expr(&mut block, |expr| {
        if let Expr::Path(path) = expr
            && let Some(last) = path.path.segments.last_mut()
            && last.ident == "from_response"
        {
            last.ident = syn::Ident::new("from_status_response", last.ident.span());
        }
    });
    if let [Stmt::Expr(expr, None)] = block.stmts.as_slice() {
        *arm = expr.clone();
    }
}
