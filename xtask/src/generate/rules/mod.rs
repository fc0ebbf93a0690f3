//! The rules a document goes through before progenitor sees it.
//!
//! A rule either refuses (`R..`), or changes the document and notes each place (`N..`). What a rule takes
//! away goes into the operation's record, a replacement or a description; nothing is simply dropped.

mod describe;
mod parameters;
mod references;
mod request;
mod responses;
mod schemas;
mod security;
#[cfg(test)]
mod tests;
mod variants;

use super::document::Document;
use super::report::{Applied, Places};

/// One rule.
pub(super) struct Rule {
    code: &'static str,
    about: &'static str,
    apply: fn(&mut Document, &mut Places) -> anyhow::Result<()>,
}

/// All rules in the order of their application. Refusals come first, so that their pointers are the file's.
const RULES: &[Rule] = &[
    Rule { code: "R01", about: "documents other than OpenAPI 3.0 refused", apply: references::version },
    Rule { code: "R02", about: "references that lead nowhere refused", apply: references::dangling },
    Rule { code: "R03", about: "missing or double operation ids refused", apply: references::operation_ids },
    Rule { code: "R04", about: "discriminators refused", apply: schemas::discriminators },
    Rule { code: "R05", about: "parameters that cannot be sent refused", apply: parameters::refuse },
    Rule { code: "R06", about: "request bodies that cannot be sent refused", apply: request::refuse },
    Rule { code: "N01", about: "variants made operations", apply: variants::expand },
    Rule { code: "N02", about: "operations recorded in the metadata", apply: describe::record },
    Rule { code: "N03", about: "security recorded in the metadata", apply: security::record },
    Rule { code: "N04", about: "components replaced by types of client-core", apply: schemas::replace },
    Rule { code: "N05", about: "defaults moved into descriptions", apply: schemas::defaults },
    Rule { code: "N06", about: "objects opened to members added later", apply: schemas::open },
    Rule { code: "N07", about: "formats without a Rust type dropped", apply: schemas::formats },
    Rule { code: "N08", about: "responses typed by status", apply: responses::by_status },
    Rule { code: "N09", about: "successes accepted under any 2xx", apply: responses::any_success },
    Rule { code: "N10", about: "+json media types read as JSON", apply: responses::json },
];

/// Applies all rules; returns those that changed something.
pub(super) fn apply(document: &mut Document) -> anyhow::Result<Vec<Applied>> {
    let mut applied = Vec::new();
    for Rule { code, about, apply } in RULES {
        let mut places = Places::new();
        apply(document, &mut places)?;
        if !places.is_empty() {
            applied.push(Applied { code, about, places });
        }
    }
    Ok(applied)
}
