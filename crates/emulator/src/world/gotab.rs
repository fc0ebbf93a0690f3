//! GoTab: tabs at the locations of the application.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Outcome, World, overlay, shown};
use crate::document::Document;
use crate::voice;

#[derive(Debug)]
pub(super) struct Tabs {
    /// Each location twice: by its id and by its name in links.
    locations: Vec<String>,
    opened: u64,
}

impl Tabs {
    pub(super) fn new(documents: &[Arc<Document>]) -> Self {
        let names = |location: Value| {
            ["locationUuid", "urlName"]
                .map(|name| location.get(name).and_then(Value::as_str).map(str::to_owned))
        };
        let locations = shown(documents, "/api/loc", "").into_iter().flat_map(names);
        Self { locations: locations.flatten().collect(), opened: 0 }
    }

    fn open(&mut self, call: &mut Call<'_>) -> Outcome {
        self.opened += 1;
        // GoTab's ids contain `~`. A client must be able to put it into a path unchanged.
        let uuid = call.random.alphanumeric(22) + "~";
        let status = match call.body.get("openTab") {
            Some(Value::Bool(false)) => "PENDING",
            _ => "OPEN",
        };
        let mut answer = call.example.clone();
        if let Some(tab) = answer.get_mut("data") {
            let id = FIRST_TAB + self.opened;
            overlay(
                tab,
                &json!({
                    "tabId": id.to_string(),
                    "tabUuid": uuid,
                    "status": status,
                    "items": lines(call.body),
                    "href": format!("https://gotab.io/.{uuid}"),
                }),
            );
        }
        Outcome::Created(answer)
    }
}

/// Returns the id and name of each location.
pub(crate) fn locations(documents: &[Arc<Document>]) -> Vec<(String, String)> {
    let text = |location: &Value, name| location.get(name).and_then(Value::as_str).map(str::to_owned);
    let entry = |location: &Value| {
        let id = text(location, "locationUuid")?;
        let name = text(location, "name").unwrap_or_else(|| id.clone());
        Some((id, name))
    };
    shown(documents, "/api/loc", "").iter().filter_map(entry).collect()
}

impl World for Tabs {
    fn answer(&mut self, call: &mut Call<'_>) -> Outcome {
        let is_about_a_tab = *call.method == Method::POST
            && matches!(call.shape, "/api/loc/{}/tabs" | "/api/loc/{}/price-check");
        if !is_about_a_tab {
            return Outcome::Example;
        }
        if !self.locations.iter().any(|known| known == call.parameter(0)) {
            let body = json!({
                "error": "not_found",
                "message": "there is no such location",
                "statusCode": 404,
            });
            return Outcome::Refused(StatusCode::NOT_FOUND, body);
        }
        if let Some((status, body)) = objection(call.body) {
            return Outcome::Refused(status, body);
        }
        match call.shape {
            "/api/loc/{}/tabs" => self.open(call),
            _ => Outcome::Example,
        }
    }
}

/// Checks the rules for a tab that are not in the schema.
fn objection(tab: &Value) -> Option<(StatusCode, Value)> {
    let is = |open: bool| tab.get("openTab") == Some(&Value::Bool(open));
    let lacks = |name: &str| tab.get(name).is_none_or(Value::is_null);
    if is(true) && !lacks("scheduled") {
        let body = json!({
            "error": "internal_error",
            "message": "open tabs cannot be scheduled",
            "statusCode": 500,
        });
        return Some((StatusCode::INTERNAL_SERVER_ERROR, body));
    }
    let mut refused = Vec::new();
    if is(false) && lacks("name") {
        refused.push(("name", "needed for a closed tab"));
    }
    if is(false) && lacks("phoneNumber") && lacks("customerId") {
        refused.push(("phoneNumber", "needed for a closed tab"));
    }
    if has_a_product_twice(tab) {
        refused.push(("items", "a product occurs twice"));
    }
    if !refused.is_empty() {
        let body = voice::gotab_refused_fields(refused.into_iter());
        return Some((StatusCode::UNPROCESSABLE_ENTITY, body));
    }
    let pays_cash = |payment: &Value| {
        let processor = payment.get("processor").and_then(Value::as_str);
        processor == Some("CASH")
    };
    list(tab, "payments").any(pays_cash).then(|| {
        let body = voice::gotab_envelope_error("PROCESSOR_INVALID", "the application cannot take cash");
        (StatusCode::BAD_REQUEST, body)
    })
}

fn has_a_product_twice(tab: &Value) -> bool {
    let mut products: Vec<&str> =
        list(tab, "items").filter_map(|item| item.pointer("/product/productUuid")?.as_str()).collect();
    let all = products.len();
    products.sort_unstable();
    products.dedup();
    products.len() < all
}

/// Returns the lines as the server reports them, with quantities as strings.
fn lines(tab: &Value) -> Vec<Value> {
    let line = |item: &Value| {
        let name = item.get("name").and_then(Value::as_str).unwrap_or("Item");
        let quantity = item.get("quantity").and_then(Value::as_u64).unwrap_or(1);
        json!({"name": name, "quantity": quantity.to_string()})
    };
    list(tab, "items").map(line).collect()
}

fn list<'a>(tab: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    tab.get(name).and_then(Value::as_array).into_iter().flatten()
}

const FIRST_TAB: u64 = 48_120_733;
