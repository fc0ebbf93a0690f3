//! What is left of a secret in this process's memory once it was dropped. It is read through the kernel.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_layer::{
    AccessToken, BoxError, CallBearer, ClientAuth, Credential, Encoding, Exchange, Grant, RefreshToken,
    TestClock, TokenManager, Transport,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, token_answer};

/// Character `index` of a secret that is never whole in the test's own memory.
fn character(seed: u64, index: usize) -> u8 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[((x ^ (x >> 32)) % 62) as usize]
}

/// A secret in a buffer that never grew.
fn secret(seed: u64, length: usize) -> String {
    let mut secret = String::with_capacity(length);
    (0..length).for_each(|index| secret.push(char::from(character(seed, index))));
    secret
}

/// Reads this process's memory; `None` if the page is gone.
fn memory_at(address: usize, length: usize) -> Option<Vec<u8>> {
    let mut read = vec![0; length];
    let memory = File::open("/proc/self/mem").expect("our own memory can be read");
    memory.read_exact_at(&mut read, address as u64).ok().map(|()| read)
}

/// Whether a piece of 16 characters of the secret stands in `memory`.
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
        let address = header.as_bytes().as_ptr() as usize;
        let other = token.clone();
        assert_eq!(other.header().as_bytes().as_ptr() as usize, address, "clones share one buffer");
        drop((token, other));
        // One is left, so it is there: and so it is seen that this looks in the right place.
        let before = memory_at(address, header.len()).unwrap();
        assert!(has_a_piece(&before, seed, LENGTH));
        drop(header);
        let after = memory_at(address, before.len());
        assert!(!after.is_some_and(|after| has_a_piece(&after, seed, LENGTH)));
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
    let address = api.seen()[0].headers["authorization"].as_bytes().as_ptr() as usize;
    assert!(memory_at(address, LENGTH).is_some_and(|memory| has_a_piece(&memory, 20, LENGTH)));
    drop(api);
    assert!(!memory_at(address, LENGTH).is_some_and(|memory| has_a_piece(&memory, 20, LENGTH)));
}

#[test]
fn b66_a_manager_and_its_requests_leave_nothing_in_the_buffer() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let api = FakeApi::accepting();
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(token_answer(&secret(30, LENGTH), 3600))));
    for _ in 0..3 {
        runtime.block_on(rig.layer().layer(api.clone()).oneshot(get("/me"))).unwrap();
    }
    let address = api.seen()[2].headers["authorization"].as_bytes().as_ptr() as usize;
    drop(api);
    assert!(memory_at(address, LENGTH).is_some_and(|memory| has_a_piece(&memory, 30, LENGTH)));
    drop((rig, runtime));
    assert!(!memory_at(address, LENGTH).is_some_and(|memory| has_a_piece(&memory, 30, LENGTH)));
}

/// A body that brings its bytes a few at a time, so that only the reader ever has them in a row.
struct Sips {
    answer: fn(usize) -> Option<u8>,
    at: usize,
    /// Stand in the way of a buffer that would grow where it is.
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
const SEEDS: [u64; 4] = [OLD_REFRESH, CLIENT_SECRET, ACCESS, NEW_REFRESH];
const EACH: usize = 2_000;

/// Byte `at` of the answer that hands out the two tokens.
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

/// How often the beginning, the middle and the end of each secret stand in the memory that this process can write.
fn copies<const N: usize>(seeds: [u64; N]) -> [usize; N] {
    // The needles are kept in disguise, so that they are not found themselves.
    let needles = seeds.map(|seed| {
        [0, EACH / 2, EACH - 24]
            .map(|from| -> [u8; 24] { std::array::from_fn(|index| character(seed, from + index) ^ DISGUISE) })
    });
    let mut begins = [false; 256];
    needles.iter().flatten().for_each(|needle| begins[usize::from(needle[0] ^ DISGUISE)] = true);
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut block = vec![0; 1024 * 1024];
    let empty = vec![0; 4096];
    let mut found = [0; N];
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            let length = block.len().min(usize::try_from(to - at).unwrap());
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
    // What was read must not be found by the next look.
    block.fill(0);
    found
}

fn is_at(memory: &[u8], disguised: &[u8; 24]) -> bool {
    memory.len() >= 24 && (0..24).all(|index| memory[index] == disguised[index] ^ DISGUISE)
}

const DISGUISE: u8 = 0x80;

/// Leaves holes of many sizes in the heap, with fences between them: what grows has to move.
fn holes() -> Vec<Vec<u8>> {
    let blocks = (6..16).flat_map(|power| (0..32).map(move |_| vec![1; 1 << power]));
    let (fences, holes): (Vec<_>, Vec<_>) = blocks.enumerate().partition(|(index, _)| index % 2 == 0);
    drop(holes);
    fences.into_iter().map(|(_, fence)| fence).collect()
}

/// One refresh, with everything that has a part in it dropped at the end.
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

#[test]
fn b66_a_refresh_leaves_no_copy_of_any_secret_behind() {
    for (client_auth, encoding) in [
        (ClientAuth::body(), Encoding::Form),
        (ClientAuth::body(), Encoding::Json),
        (ClientAuth::Basic, Encoding::Form),
    ] {
        refresh_once(client_auth.clone(), encoding, || {
            let [old_refresh, client_secret, access, new_refresh] = copies(SEEDS);
            // While they are in use they are found: so it is seen that this looks in the right places.
            assert!([client_secret, access, new_refresh].iter().all(|copies| *copies >= 3));
            assert!(old_refresh >= 3, "the grant holds it");
        });
        let names = ["old refresh token", "client secret", "access token", "new refresh token"];
        let left: Vec<_> = names.into_iter().zip(copies(SEEDS)).filter(|(_, copies)| *copies > 0).collect();
        assert_eq!(left, [], "still in memory ({client_auth:?}, {encoding:?})");
    }
}
