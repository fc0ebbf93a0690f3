//! A token endpoint on loopback, for a library that has no other source of tokens.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Starts a token endpoint, and returns its URL. It answers every request with `token`, which is valid for an hour.
pub(crate) fn start(runtime: &Runtime, token: String) -> io::Result<String> {
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let url = format!("http://{}/token", listener.local_addr()?);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // If a connection breaks, the client gets no token, and the benchmark reports that error.
            let _ = answer(stream, &token).await;
        }
    });
    Ok(url)
}

async fn answer(mut stream: TcpStream, token: &str) -> io::Result<()> {
    let mut request = Vec::new();
    // The body of the request is a JSON object, so the request ends with its brace.
    while !request.ends_with(b"}") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}
