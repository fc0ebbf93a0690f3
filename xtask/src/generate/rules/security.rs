//! Records the credential that each operation requires.

use serde_json::Value;

use crate::generate::document::Document;
use crate::generate::operation::Security;
use crate::generate::report::Places;

/// Reads the `security` of each operation, or that of the document. Without either, the operation is public.
pub(super) fn record(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    let sites = document.sites();
    let found: Vec<_> = sites
        .iter()
        .map(|site| {
            let own = format!("{}/security", site.pointer);
            let pointer = if document.root.pointer(&own).is_some() { &own } else { "/security" };
            read(document, pointer)
        })
        .collect::<anyhow::Result<_>>()?;
    for (operation, (security, scopes)) in document.operations.iter_mut().zip(found) {
        if security != Security::Public {
            places.push(operation.pointer.clone());
        }
        operation.security = security;
        operation.scopes = scopes;
    }
    Ok(())
}

fn read(document: &Document, pointer: &str) -> anyhow::Result<(Security, Vec<String>)> {
    let mut managed = false;
    let mut scopes = Vec::new();
    let mut others = Vec::new();
    let alternatives = document.at(pointer).as_array().into_iter().flatten();
    for (index, alternative) in alternatives.enumerate() {
        let pointer = format!("{pointer}/{index}");
        let schemes: Vec<_> = alternative.as_object().into_iter().flatten().collect();
        let (scheme, wanted) = match schemes.as_slice() {
            // Anonymous access is one of several alternatives. Sending a token is allowed too.
            [] => continue,
            [one] => *one,
            _ => {
                let found = "several schemes are required together";
                return Err(document.refuse(&pointer, found, "keep only the scheme of the bearer token"));
            }
        };
        check_scheme(document, &pointer, scheme)?;
        if *scheme == document.managed_scheme {
            managed = true;
            scopes
                .extend(wanted.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        } else {
            others.push(scheme.clone());
        }
    }
    let security = match (managed, others.is_empty()) {
        (true, true) => Security::Managed,
        (true, false) => Security::ManagedOr(others),
        (false, true) => Security::Public,
        (false, false) => Security::Other(others),
    };
    Ok((security, scopes))
}

/// Checks that the scheme is sent as a bearer token.
fn check_scheme(document: &Document, pointer: &str, name: &str) -> anyhow::Result<()> {
    let scheme = document.resolve(&document.at("/components/securitySchemes")[name]);
    let bearer = scheme["scheme"].as_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
    match scheme["type"].as_str() {
        Some("oauth2" | "openIdConnect") => Ok(()),
        Some("http") if bearer => Ok(()),
        Some(kind) => {
            let found = format!("security scheme `{name}` of type {kind} is not a bearer token");
            Err(document.refuse(
                pointer,
                found,
                "use a scheme of type oauth2 or http bearer, or remove `security`",
            ))
        }
        None => {
            let found = format!("security scheme `{name}` is unknown");
            Err(document.refuse(pointer, found, "define it under /components/securitySchemes"))
        }
    }
}
