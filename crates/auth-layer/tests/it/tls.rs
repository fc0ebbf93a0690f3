//! The versions that the leaves offer at the start of TLS.

use std::time::Duration;

use auth_layer::leaf;
use auth_layer::leaf::reqwest::ReqwestLeaf;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};

/// Lets a leaf call a server over https, and returns the first record that it sends.
async fn hello<S: Service<Request<Full<Bytes>>>>(leaf: S) -> Vec<u8> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let uri = format!("https://localhost:{}/token", listener.local_addr().unwrap().port());
    let call = leaf.oneshot(Request::post(uri).body(Full::default()).unwrap());
    let first = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut record).await.unwrap();
        assert_eq!(head[0], HANDSHAKE);
        record
    };
    let (record, ended) = tokio::time::timeout(Duration::from_secs(10), async {
        // The server closes the connection after it has read enough.
        tokio::join!(first, call)
    })
    .await
    .unwrap();
    assert!(ended.is_err(), "there was no TLS to speak over");
    record
}

/// Returns the versions that a ClientHello offers (RFC 8446 section 4.2.1).
fn versions(record: &[u8]) -> Vec<u16> {
    let mut hello = Reader(record);
    assert_eq!(hello.take(1), [CLIENT_HELLO]);
    hello.take(3);
    let legacy = hello.number();
    hello.take(32);
    hello.sized(1);
    hello.sized(2);
    hello.sized(1);
    let mut extensions = Reader(hello.sized(2));
    while !extensions.0.is_empty() {
        let (kind, content) = (extensions.number(), extensions.sized(2));
        if kind == SUPPORTED_VERSIONS {
            let offered = Reader(content).sized(1).chunks(2);
            return offered.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        }
    }
    vec![legacy]
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    /// Returns the content after a length of this many bytes.
    fn sized(&mut self, bytes: usize) -> &'a [u8] {
        let length = self.take(bytes).iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        self.take(length)
    }
}

#[tokio::test]
async fn sc01_both_leaves_offer_tls_1_2_or_later_and_nothing_else() {
    let hyper = hello(leaf::hyper_util::client::<Full<Bytes>>().unwrap()).await;
    let reqwest = hello(ReqwestLeaf::new().unwrap()).await;
    for hello in [hyper, reqwest] {
        assert_eq!(versions(&hello), [TLS_1_3, TLS_1_2]);
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SUPPORTED_VERSIONS: u16 = 43;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
