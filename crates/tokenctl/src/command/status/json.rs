//! The sign-ins as JSON, for scripts.

use serde::Serialize;

use super::sign_in::Row;
use crate::failure::{Failure, Kind};

pub(super) fn json(rows: &[Row]) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u8,
        sign_ins: &'a [Row],
    }
    let document = Document { version: 1, sign_ins: rows };
    let mut text = serde_json::to_vec_pretty(&document)
        .map_err(|error| Failure::new(Kind::Failed, "the status cannot be written as JSON").because(error))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use auth_layer::store::State;

    use super::json;
    use crate::command::status::sign_in::tests::judged;

    #[test]
    fn the_json_has_its_members_and_no_token() {
        let row = judged(|entry| {
            entry.state = State::Ended;
            entry.last_error = Some("invalid_grant".into());
            entry.account = Some("jane@example.com".into());
            entry.scope = Some("collab: identity:".parse().unwrap());
        });
        let text = String::from_utf8(json(&[row]).unwrap()).unwrap();
        let expected = r#"{
  "version": 1,
  "sign_ins": [
    {
      "provider": "goto",
      "account": "default",
      "client_id": null,
      "signed_in_as": "jane@example.com",
      "scope": [
        "collab:",
        "identity:"
      ],
      "kept": {},
      "state": "sign_in_again",
      "reason": "the provider ended it (invalid_grant)",
      "access_token_expires_at": 100000600,
      "refresh_token_obtained_at": 99913600,
      "refresh_token_due_at": 102505600
    }
  ]
}
"#;
        assert_eq!(text, expected);
    }
}
