//! The traces of a dropped secret in this process's memory. The tests read the memory through the kernel.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use auth_layer::endpoint::TransportBody;
use auth_layer::{
    AccessToken, BoxError, CallBearer, ClientAuth, Credential, Encoding, Exchange, Grant, RefreshToken,
    TestClock, TokenManager, Transport,
};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, token_answer};

/// Returns character `index` of a secret that is never whole in the test's own memory.
fn character(seed: u64, index: usize) -> u8 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[((x ^ (x >> 32)) % 62) as usize]
}

/// Returns a secret in a buffer that never grew.
fn secret(seed: u64, length: usize) -> String {
    let mut secret = String::with_capacity(length);
    (0..length).for_each(|index| secret.push(char::from(character(seed, index))));
    secret
}

/// A view of one place in this process's memory. It must be made before that memory is freed. Reading allocates
/// nothing, because an allocation could overwrite that very place.
struct Window {
    memory: File,
    address: u64,
    seen: Vec<u8>,
}

impl Window {
    /// Makes a view of the memory of `bytes`, which the caller may then drop.
    fn on(bytes: &[u8]) -> Self {
        let memory = File::open("/proc/self/mem").expect("our own memory can be read");
        Self { memory, address: bytes.as_ptr() as u64, seen: vec![0; bytes.len()] }
    }

    /// Returns whether a piece of the secret is there now. If its page is gone, it is not there.
    fn shows(&mut self, seed: u64) -> bool {
        let read = self.memory.read_exact_at(&mut self.seen, self.address);
        read.is_ok() && has_a_piece(&self.seen, seed, LENGTH)
    }
}

/// Returns whether `memory` has a piece of 16 characters of the secret.
fn has_a_piece(memory: &[u8], seed: u64, length: usize) -> bool {
    (0..length - 16).step_by(8).any(|from| {
        memory
            .windows(16)
            .any(|window| window.iter().zip(from..).all(|(byte, at)| *byte == character(seed, at)))
    })
}

const LENGTH: usize = 4 * 1024;

#[test]
fn b66_the_buffer_of_a_token_is_wiped_with_its_last_clone() {
    for seed in 1..=8 {
        let token = AccessToken::new(&secret(seed, LENGTH)).unwrap();
        let header = token.header().clone();
        let mut window = Window::on(header.as_bytes());
        let other = token.clone();
        assert_eq!(other.header().as_bytes().as_ptr() as u64, window.address, "clones share one buffer");
        drop((token, other));
        // One secret is still in use, so it must be found. This shows that the view is at the right place.
        assert!(window.shows(seed));
        drop(header);
        assert!(!window.shows(seed));
    }
}

#[test]
fn b66_the_buffer_of_a_bearer_for_a_call_is_wiped() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let api = FakeApi::accepting();
    let rig = Rig::new(FakeTokenEndpoint::issuing(60));
    let mut request = get("/me");
    request.extensions_mut().insert(CallBearer::new(&secret(20, LENGTH)).unwrap());
    runtime.block_on(rig.layer().layer(api.clone()).oneshot(request)).unwrap();
    let mut window = Window::on(api.seen()[0].headers["authorization"].as_bytes());
    assert!(window.shows(20));
    drop(api);
    assert!(!window.shows(20));
}

#[test]
fn b66_a_manager_and_its_requests_leave_nothing_in_the_buffer() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let api = FakeApi::accepting();
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(token_answer(&secret(30, LENGTH), 3600))));
    for _ in 0..3 {
        runtime.block_on(rig.layer().layer(api.clone()).oneshot(get("/me"))).unwrap();
    }
    let mut window = Window::on(api.seen()[2].headers["authorization"].as_bytes());
    drop(api);
    assert!(window.shows(30));
    drop((rig, runtime));
    assert!(!window.shows(30));
}

#[tokio::test]
async fn b66_the_body_of_a_token_request_is_wiped() {
    for encoding in [Encoding::Form, Encoding::Json] {
        let transport = Transport::new(tower::service_fn(|request: Request<TransportBody>| {
            let mut body = request.into_body();
            let data = body.frame().now_or_never().unwrap().unwrap().unwrap().into_data().unwrap();
            let mut window = Window::on(&data);
            assert!(window.shows(40));
            drop((data, body));
            assert!(!window.shows(40));
            async { Ok::<_, BoxError>(token_answer("t", 60)) }
        }));
        let grant = Grant::refresh_token(RefreshToken::new(secret(40, LENGTH)));
        let exchange =
            Exchange::builder(example().with_encoding(encoding), Credential::new("client", "secret"), grant)
                .transport(transport)
                .build()
                .unwrap();
        TokenManager::new(exchange).token().await.unwrap();
    }
}

/// A body that returns a few bytes at a time, so that only the reader has them in a row.
struct Sips {
    answer: fn(usize) -> Option<u8>,
    at: usize,
    /// Allocations that keep a buffer from growing in place.
    blocks: Vec<Vec<u8>>,
}

impl http_body::Body for Sips {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let sip: Vec<u8> = (self.at..self.at + 5).map_while(self.answer).collect();
        self.at += sip.len();
        self.blocks.push(vec![1; 1_500]);
        Poll::Ready((!sip.is_empty()).then(|| Ok(Frame::data(Bytes::from(sip)))))
    }
}

const OLD_REFRESH: u64 = 100;
const CLIENT_SECRET: u64 = 101;
const ACCESS: u64 = 102;
const NEW_REFRESH: u64 = 103;
const BASIC_SECRET: u64 = 104;
const SEEDS: [u64; 4] = [OLD_REFRESH, CLIENT_SECRET, ACCESS, NEW_REFRESH];
const EACH: usize = 2_000;

/// Returns byte `at` of the answer that issues the two tokens.
fn answer(at: usize) -> Option<u8> {
    let literals =
        [r#"{"token_type":"Bearer","expires_in":60,"access_token":""#, r#"","refresh_token":""#, r#""}"#];
    let parts = [(literals[0], ACCESS), (literals[1], NEW_REFRESH)];
    let mut at = at;
    for (literal, seed) in parts {
        if at < literal.len() {
            return Some(literal.as_bytes()[at]);
        }
        at -= literal.len();
        if at < EACH {
            return Some(character(seed, at));
        }
        at -= EACH;
    }
    literals[2].as_bytes().get(at).copied()
}

/// Returns how often the beginning, the middle and the end of each secret are in this process's writable memory.
fn copies<const N: usize>(seeds: [u64; N]) -> [usize; N] {
    // The needles are encoded, so that the search does not find them.
    let needles = seeds.map(|seed| {
        [0, EACH / 2, EACH - 24]
            .map(|from| -> [u8; 24] { std::array::from_fn(|index| character(seed, from + index) ^ DISGUISE) })
    });
    let mut begins = [false; 256];
    needles.iter().flatten().for_each(|needle| begins[usize::from(needle[0] ^ DISGUISE)] = true);
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut block = vec![0; 1024 * 1024];
    let own = block.as_ptr() as u64..block.as_ptr() as u64 + block.len() as u64;
    let empty = vec![0; 4096];
    let mut found = [0; N];
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            if own.contains(&at) {
                at = own.end;
                continue;
            }
            let end = if at < own.start { to.min(own.start) } else { to };
            let length = block.len().min(usize::try_from(end - at).unwrap());
            let Ok(read @ 1..) = memory.read_at(&mut block[..length], at) else { break };
            for (page, bytes) in block[..read].chunks(4096).enumerate() {
                if bytes == &empty[..bytes.len()] {
                    continue;
                }
                let candidates = bytes.iter().enumerate().filter(|(_, byte)| begins[usize::from(**byte)]);
                for (index, _) in candidates {
                    let rest = &block[page * 4096 + index..read];
                    for (found, needles) in found.iter_mut().zip(&needles) {
                        *found += needles.iter().filter(|needle| is_at(rest, needle)).count();
                    }
                }
            }
            at += read as u64;
        }
    }
    // The next search must not find these bytes after the block is freed.
    block.fill(0);
    found
}

fn is_at(memory: &[u8], disguised: &[u8; 24]) -> bool {
    memory.len() >= 24 && (0..24).all(|index| memory[index] == disguised[index] ^ DISGUISE)
}

const DISGUISE: u8 = 0x80;

/// Leaves holes of many sizes in the heap, with other allocations between them, so that a growing buffer has to move.
fn holes() -> Vec<Vec<u8>> {
    let blocks = (6..16).flat_map(|power| (0..32).map(move |_| vec![1; 1 << power]));
    let (fences, holes): (Vec<_>, Vec<_>) = blocks.enumerate().partition(|(index, _)| index % 2 == 0);
    drop(holes);
    fences.into_iter().map(|(_, fence)| fence).collect()
}

/// Makes one refresh, and drops everything that took part in it.
fn refresh_once(client_auth: ClientAuth, encoding: Encoding, look: impl FnOnce()) {
    let transport = Transport::new(tower::service_fn(|request: Request<_>| {
        drop(request);
        async { Ok::<_, BoxError>(Response::new(Sips { answer, at: 0, blocks: Vec::new() })) }
    }));
    let profile = example().with_client_auth(client_auth).with_encoding(encoding);
    let credential = Credential::new("client", secret(CLIENT_SECRET, EACH));
    let grant = Grant::refresh_token(RefreshToken::new(secret(OLD_REFRESH, EACH)));
    let clock = Arc::new(TestClock::new());
    let exchange = Exchange::builder(profile, credential, grant)
        .transport(transport)
        .clock(clock.clone())
        .build()
        .unwrap();
    let manager = TokenManager::builder(exchange).clock(clock).build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let fences = holes();
    let token = runtime.block_on(manager.token()).unwrap();
    look();
    drop((token, manager, runtime, fences));
}

/// Held by a test that searches all memory, because another test would find the bytes that it reads.
static LOOKING: Mutex<()> = Mutex::new(());

#[test]
fn b66_a_basic_header_leaves_no_copy_of_the_secret() {
    let _alone = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
    let credential = Credential::new("client", secret(BASIC_SECRET, EACH));
    let fences = holes();
    let exchange = Exchange::builder(example(), credential, Grant::ClientCredentials).build().unwrap();
    // The beginning, the middle and the end of the secret that the credential holds.
    assert_eq!(copies([BASIC_SECRET]), [3]);
    drop((exchange, fences));
    assert_eq!(copies([BASIC_SECRET]), [0]);
}

#[test]
fn sc02_a_refresh_leaves_no_copy_of_any_secret_behind() {
    let _alone = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
    for (client_auth, encoding) in [
        (ClientAuth::body(), Encoding::Form),
        (ClientAuth::body(), Encoding::Json),
        (ClientAuth::Basic, Encoding::Form),
    ] {
        refresh_once(client_auth.clone(), encoding, || {
            let [old_refresh, client_secret, access, new_refresh] = copies(SEEDS);
            // While the secrets are in use they are found. This shows that the search looks in the right places.
            assert!([client_secret, access, new_refresh].iter().all(|copies| *copies >= 3));
            assert!(old_refresh >= 3, "the grant holds it");
        });
        let names = ["old refresh token", "client secret", "access token", "new refresh token"];
        let left: Vec<_> = names.into_iter().zip(copies(SEEDS)).filter(|(_, copies)| *copies > 0).collect();
        assert_eq!(left, [], "still in memory ({client_auth:?}, {encoding:?})");
    }
}
