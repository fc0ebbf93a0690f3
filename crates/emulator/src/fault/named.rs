//! Answers that real servers were seen to give, each with a name.

use serde_json::json;

use super::fault::Fault;

impl Fault {
    /// Answers with this status and a JSON object that has only a `message`, as GoTo's older token host does.
    #[must_use]
    pub fn message_only(code: u16, message: &str) -> Self {
        Self::json(code, &json!({"message": message}))
    }

    /// Answers 200 with a refusal by RFC 6749 section 5.2 in the body, for example `invalid_grant`.
    #[must_use]
    pub fn refusal_at_200(error: &str) -> Self {
        Self::json(200, &json!({"error": error, "error_description": "refused, in spite of the status"}))
    }

    /// Answers 200 with GraphQL's error for a token that is not accepted: no data, and an error with the code
    /// `UNAUTHENTICATED`.
    ///
    /// To have GoTab answer like this to tokens that really are not accepted, see
    /// [`Site::set_graph_refusals_at_200`](crate::Site::set_graph_refusals_at_200).
    #[must_use]
    pub fn graph_unauthenticated() -> Self {
        let error = json!({"message": "not authenticated", "extensions": {"code": "UNAUTHENTICATED"}});
        Self::json(200, &json!({"data": null, "errors": [error]}))
    }

    /// Answers 401 with a challenge for another scheme than Bearer: `Basic realm="api"`.
    #[must_use]
    pub fn basic_challenge() -> Self {
        Self::challenge(401, "Basic realm=\"api\"")
    }

    /// Answers with this status and a Bearer challenge in which a URL without quotes comes before
    /// `error=insufficient_scope`. RFC 9110 section 11.2 does not allow this, but real servers send it.
    #[must_use]
    pub fn unquoted_insufficient_scope(code: u16) -> Self {
        let challenge = "Bearer resource_metadata=https://api.example.com/.well-known/oauth-protected-resource, \
                         error=insufficient_scope, scope=\"a b\"";
        Self::challenge(code, challenge)
    }

    fn challenge(code: u16, challenge: &str) -> Self {
        let headers = vec![("www-authenticate".to_owned(), challenge.to_owned())];
        Self::Status { code, body: "{}".to_owned(), headers }
    }

    fn json(code: u16, body: &serde_json::Value) -> Self {
        Self::Status { code, body: body.to_string(), headers: Vec::new() }
    }
}
