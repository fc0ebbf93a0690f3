//! Makes request bodies optional. progenitor treats every body as required.

use anyhow::{Context, bail};
use quote::quote;
use syn::{
    Expr, ExprMethodCall, Field, GenericArgument, ImplItem, ItemImpl, ItemStruct, PathArguments, Type,
    parse_quote,
};

use super::tree::{each_expr, is_path, let_mut};

/// Makes the body of a builder an `Option` that starts as `None`, and sends no body for `None`.
pub(super) fn make_optional(builder: &mut ItemStruct, block: &mut ItemImpl) -> anyhow::Result<()> {
    let field =
        builder.fields.iter_mut().find(|field| field.ident.as_ref().is_some_and(|name| name == "body"));
    wrap_field(field.context("the builder has no `body`")?)?;
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let name = method.sig.ident.to_string();
        match name.as_str() {
            "new" => each_expr(&mut method.block, begin_unset),
            "body" => each_expr(&mut method.block, set),
            "body_map" => each_expr(&mut method.block, map),
            "send" => {
                for stmt in &mut method.block.stmts {
                    if let Some((_, value)) = let_mut(stmt).filter(|(name, _)| name == "body") {
                        finish(value);
                    }
                }
                each_expr(&mut method.block, send);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Changes `Result<T, String>` to `Result<Option<T>, String>`.
fn wrap_field(field: &mut Field) -> anyhow::Result<()> {
    if let Type::Path(path) = &mut field.ty
        && let Some(segment) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut segment.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first_mut()
    {
        *inner = parse_quote! { ::std::option::Option<#inner> };
        return Ok(());
    }
    bail!("the `body` of the builder is not a `Result`")
}

fn begin_unset(expr: &mut Expr) {
    if let Expr::Struct(value) = expr {
        for field in &mut value.fields {
            if matches!(&field.member, syn::Member::Named(name) if name == "body") {
                field.expr = parse_quote! { Ok(None) };
            }
        }
    }
}

fn set(expr: &mut Expr) {
    if let Expr::Assign(assign) = expr {
        let right = &assign.right;
        *assign.right = parse_quote! { #right.map(Some) };
    }
}

fn map(expr: &mut Expr) {
    if let Expr::Assign(assign) = expr {
        *assign.right = parse_quote! { self.body.map(|body| Some(f(body.unwrap_or_default()))) };
    }
}

/// Changes `body.and_then(convert)` to a conversion of the body if there is one.
fn finish(expr: &mut Expr) {
    match expr {
        Expr::Try(inner) => finish(&mut inner.expr),
        Expr::MethodCall(call) if call.method == "and_then" => {
            let convert = &call.args;
            *expr = parse_quote! { body.and_then(|body| body.map(#convert).transpose()) };
        }
        Expr::MethodCall(call) => finish(&mut call.receiver),
        _ => {}
    }
}

/// Changes `.json(&body)` to `.optional_json(body.as_ref())`, and the other kinds of body in the same way.
fn send(expr: &mut Expr) {
    let Expr::MethodCall(call) = expr else { return };
    let ExprMethodCall { receiver, method, .. } = call;
    match method.to_string().as_str() {
        "json" => *expr = parse_quote! { #receiver.optional_json(body.as_ref()) },
        "form_urlencoded" => *expr = parse_quote! { #receiver.optional_form_urlencoded(body.as_ref()) },
        "body" => {
            // A request without a body must not have a content type.
            if let Expr::MethodCall(header) = &**receiver
                && header.args.first().is_some_and(|name| is_path(name, "CONTENT_TYPE"))
            {
                let (inner, value) = (&header.receiver, header.args.last());
                let value = quote! { #value };
                *expr = parse_quote! { #inner.optional_body(#value, body) };
            }
        }
        _ => {}
    }
}
