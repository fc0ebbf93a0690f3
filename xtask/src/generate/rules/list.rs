//! The list of rules, and their application.

use super::{describe, parameters, references, request, responses, schemas, security, variants};
use crate::generate::document::Document;
use crate::generate::report::{Applied, Places};

/// One rule.
struct Rule {
    code: &'static str,
    about: &'static str,
    apply: fn(&mut Document, &mut Places) -> anyhow::Result<()>,
}

/// All rules in the order of their application. Rejections come first, so that their pointers are those of the file.
const RULES: &[Rule] = &[
    Rule { code: "R01", about: "documents other than OpenAPI 3.0 rejected", apply: references::version },
    Rule { code: "R02", about: "references that lead nowhere rejected", apply: references::dangling },
    Rule {
        code: "R03",
        about: "missing or repeated operation ids rejected",
        apply: references::operation_ids,
    },
    Rule { code: "R04", about: "discriminators rejected", apply: schemas::discriminators },
    Rule { code: "R05", about: "unsupported parameters rejected", apply: parameters::refuse },
    Rule { code: "R06", about: "unsupported request bodies rejected", apply: request::refuse },
    Rule { code: "N01", about: "variants expanded to operations", apply: variants::expand },
    Rule { code: "N02", about: "operations recorded in the metadata", apply: describe::record },
    Rule { code: "N03", about: "security recorded in the metadata", apply: security::record },
    Rule { code: "N04", about: "components replaced with types of client-core", apply: schemas::replace },
    Rule { code: "N05", about: "defaults moved into descriptions", apply: schemas::defaults },
    Rule { code: "N06", about: "objects opened to unknown members", apply: schemas::open },
    Rule { code: "N07", about: "formats without a Rust type removed", apply: schemas::formats },
    Rule { code: "N08", about: "responses typed by status", apply: responses::by_status },
    Rule { code: "N09", about: "successes accepted under any 2xx", apply: responses::any_success },
    Rule { code: "N10", about: "+json media types read as JSON", apply: responses::json },
];

/// Applies all rules. Returns those that changed the document.
pub(in crate::generate) fn apply(document: &mut Document) -> anyhow::Result<Vec<Applied>> {
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
