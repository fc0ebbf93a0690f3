//! A token endpoint that gives one answer and notes the request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use auth_layer::endpoint::TransportBody;
use auth_layer::{BoxError, Transport};
use auth_profiles::{Example, SentRequest};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

/// A token endpoint that answers every request as an example says.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<Vec<Sent>>>);

/// A request as it was sent.
#[derive(Clone, Debug)]
struct Sent {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

impl Server {
    pub(crate) fn transport(&self, example: &Example) -> Transport {
        let (status, content_type) = (example.status, example.content_type.clone());
        let (body, sent) = (example.body.clone(), self.0.clone());
        Transport::new(tower::service_fn(move |request: Request<TransportBody>| {
            let answer = Response::builder()
                .status(status)
                .header("content-type", &content_type)
                .body(Full::new(Bytes::from(body.clone())));
            let sent = sent.clone();
            async move {
                let noted = note(request).await?;
                sent.lock().unwrap().push(noted);
                Ok::<_, BoxError>(answer?)
            }
        }))
    }

    /// Compares the first request with the example.
    pub(crate) fn compare(&self, wanted: &SentRequest) -> Result<(), String> {
        let all = self.0.lock().unwrap();
        let sent = all.first().ok_or("no request was sent")?;
        if let Some(method) = &wanted.method {
            same("method", method, Some(&sent.method))?;
        }
        if let Some(url) = &wanted.url {
            same("url", url, Some(&sent.url))?;
        }
        for (name, value) in &wanted.headers {
            same(&format!("header {name}"), value, sent.headers.get(&name.to_ascii_lowercase()))?;
        }
        for (name, value) in &wanted.parameters {
            same(&format!("parameter {name}"), value, sent.parameters.get(name))?;
        }
        match wanted.without.iter().find(|name| sent.parameters.contains_key(*name)) {
            Some(name) => Err(format!("the request has the parameter {name}")),
            None => Ok(()),
        }
    }
}

/// Returns an error if a text is not the one that is wanted.
pub(crate) fn same(what: &str, wanted: &str, found: Option<&String>) -> Result<(), String> {
    match found {
        Some(found) if found == wanted => Ok(()),
        found => Err(format!("{what}: wanted {wanted:?}, found {found:?}")),
    }
}

async fn note(request: Request<TransportBody>) -> Result<Sent, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers: BTreeMap<_, _> =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let is_json = headers.get("content-type").is_some_and(|media_type| media_type == "application/json");
    let parameters = if is_json {
        serde_json::from_slice(&body)?
    } else {
        form_urlencoded::parse(&body).into_owned().collect()
    };
    Ok(Sent { method: head.method.to_string(), url: head.uri.to_string(), headers, parameters })
}
