//! The protocol of slot, gate and boarding: every order in which a few threads can meet.
#![cfg(auth_layer_model = "loom")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Instant;

use auth_layer::Generation;
use auth_layer::model::{Runtime, block_on, landed};
use auth_layer_models::{Act, Rig, STALE, Script};
use loom::sync::atomic::AtomicBool;
use loom::thread;

/// Tries a model in every order, and says how many there were.
fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let (counted, start) = (orders.clone(), Instant::now());
    let mut builder = loom::model::Builder::new();
    // As many as the engine can have.
    builder.max_threads = 5;
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Runtime::Here.set();
        model();
    });
    println!("{name}: {} orders in {:.1} s", orders.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
}

fn rig(script: Script) -> Rig {
    // The engine's own, so that others may come between.
    Rig::new(script, || _ = AtomicBool::new(false).load(Ordering::SeqCst))
}

/// Gets a token, whatever that takes.
fn generation(rig: &Rig) -> Generation {
    block_on(rig.manager.token()).expect("a token").generation()
}

fn hit(rig: &Rig) {
    generation(rig);
}

/// A rig that has its first token. It came without a thread of its own, of which there can be few.
fn settled(script: Script) -> (Rig, Generation) {
    let rig = rig(script);
    Runtime::None.set();
    let first = generation(&rig);
    Runtime::Here.set();
    (rig, first)
}

/// The same, and the token has turned stale.
fn stale(script: Script) -> (Rig, Generation) {
    let settled = settled(script);
    settled.0.advance(STALE);
    settled
}

/// Two threads do the same to one manager, and whatever they set off comes to its end.
fn both(rig: &Rig, act: fn(&Rig)) {
    let other = rig.again();
    let other = thread::spawn(move || act(&other));
    act(rig);
    other.join().expect("the other thread");
    landed();
}

#[test]
fn first_calls_share_one_exchange() {
    explore("first calls", || {
        let rig = rig(|_| Act::Issue);
        both(&rig, hit);
        assert_eq!((rig.asked(), rig.most()), (1, 1));
    });
}

#[test]
fn a_failure_answers_all_who_wait_and_all_who_come_soon() {
    explore("first calls that fail", || {
        let rig = rig(|_| Act::Fail);
        both(&rig, |rig| drop(block_on(rig.manager.token()).expect_err("a failure")));
        assert_eq!((rig.asked(), rig.most()), (1, 1));
    });
}

#[test]
fn a_stale_token_is_renewed_once() {
    explore("stale", || {
        let (rig, _) = stale(|_| Act::Issue);
        both(&rig, hit);
        assert_eq!((rig.asked(), rig.most()), (2, 1));
    });
}

#[test]
fn the_gate_opens_after_a_failure() {
    explore("renewal that fails", || {
        let (rig, first) = stale(|n| if n == 2 { Act::Fail } else { Act::Issue });
        both(&rig, hit);
        assert_eq!((rig.asked(), rig.most()), (2, 1), "nobody asks again before the backoff ends");
        // Longer than the backoff of one failure.
        rig.advance(10);
        hit(&rig);
        landed();
        assert_eq!(rig.asked(), 3, "a renewal got lost");
        assert!(generation(&rig) > first);
    });
}

#[test]
fn the_gate_opens_after_a_flight_that_was_dropped() {
    explore("renewal that is dropped", || {
        let (rig, _) = stale(|_| Act::Issue);
        Runtime::Dying.set();
        both(&rig, hit);
        assert_eq!(rig.asked(), 1);
        Runtime::Here.set();
        hit(&rig);
        landed();
        assert_eq!(rig.asked(), 2, "a renewal got lost");
    });
}

#[test]
fn the_gate_opens_after_a_panic() {
    explore("renewal that panics", || {
        let (rig, _) = stale(|n| if n == 2 { Act::Panic } else { Act::Issue });
        both(&rig, hit);
        // A first panic is not remembered, so that whoever came second may have renewed already.
        assert!((2..=3).contains(&rig.asked()) && rig.most() == 1);
        hit(&rig);
        landed();
        assert_eq!(rig.asked(), 3, "a renewal got lost");
    });
}

#[test]
fn two_rejections_of_one_token_make_one_exchange() {
    explore("rejections", || {
        let (rig, rejected) = settled(|_| Act::Issue);
        let other = rig.again();
        let other =
            thread::spawn(move || block_on(other.manager.reject(rejected)).map(|token| token.generation()));
        let mine = block_on(rig.manager.reject(rejected)).map(|token| token.generation());
        let others = other.join().expect("the other thread");
        landed();
        assert!(mine == others && mine > Some(rejected), "{mine:?} {others:?}");
        assert_eq!((rig.asked(), rig.most()), (2, 1));
    });
}

#[test]
fn who_saw_a_newer_token_sees_no_older_one() {
    explore("hits during a renewal", || {
        let (rig, first) = settled(|_| Act::Issue);
        let reader = rig.again();
        let reader = thread::spawn(move || {
            let seen = [generation(&reader), generation(&reader)];
            assert!(seen[0] <= seen[1], "{seen:?}");
            seen
        });
        let renewed = block_on(rig.manager.reject(first)).expect("a newer one").generation();
        // Whoever was handed the newer one finds it.
        assert_eq!(generation(&rig), renewed);
        let seen = reader.join().expect("the reader");
        assert!(seen.iter().all(|seen| (first..=renewed).contains(seen)), "{seen:?}");
        landed();
    });
}

/// How often one thread may be taken from another that could go on, unless `LOOM_MAX_PREEMPTIONS` says otherwise.
const PREEMPTIONS: usize = 3;
