//! Tries every order in which a few threads can use one manager.
#![cfg(auth_layer_model = "loom")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Instant;

use auth_layer::model::{Runtime, block_on, join_exchanges};
use auth_layer::token::Generation;
use auth_layer_models::{Act, Rig, STALE, Script};
use loom::sync::atomic::AtomicBool;
use loom::thread;

/// Tries a model in every order, and prints the number of orders.
fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let (counted, start) = (orders.clone(), Instant::now());
    let mut builder = loom::model::Builder::new();
    // The most that the engine supports.
    builder.max_threads = 5;
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Runtime::Running.set();
        model();
    });
    println!("{name}: {} orders in {:.1} s", orders.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
}

fn rig(script: Script) -> Rig {
    // An access to an atomic of the engine, so that it may switch to another thread here.
    Rig::new(script, || _ = AtomicBool::new(false).load(Ordering::SeqCst))
}

/// Gets a token, and returns its generation.
fn generation(rig: &Rig) -> Generation {
    block_on(rig.manager.token()).expect("a token").generation()
}

fn get_token(rig: &Rig) {
    generation(rig);
}

/// Returns a rig that has its first token. The token is fetched without a runtime, since the engine has few threads.
fn with_token(script: Script) -> (Rig, Generation) {
    let rig = rig(script);
    Runtime::None.set();
    let first = generation(&rig);
    Runtime::Running.set();
    (rig, first)
}

/// Returns a rig whose token is stale.
fn with_stale_token(script: Script) -> (Rig, Generation) {
    let with_token = with_token(script);
    with_token.0.advance(STALE);
    with_token
}

/// Runs the same step in two threads, and waits for the exchanges that they start.
fn in_two_threads(rig: &Rig, act: fn(&Rig)) {
    let other = rig.handle();
    let other = thread::spawn(move || act(&other));
    act(rig);
    other.join().expect("the other thread");
    join_exchanges();
}

#[test]
fn first_calls_share_one_exchange() {
    explore("first calls", || {
        let rig = rig(|_| Act::Issue);
        in_two_threads(&rig, get_token);
        assert_eq!((rig.asked(), rig.most_running()), (1, 1));
    });
}

#[test]
fn a_failure_answers_callers_that_wait_and_those_after_them() {
    explore("first calls that fail", || {
        let rig = rig(|_| Act::Fail);
        in_two_threads(&rig, |rig| drop(block_on(rig.manager.token()).expect_err("a failure")));
        assert_eq!((rig.asked(), rig.most_running()), (1, 1));
    });
}

#[test]
fn a_stale_token_is_renewed_once() {
    explore("stale", || {
        let (rig, _) = with_stale_token(|_| Act::Issue);
        in_two_threads(&rig, get_token);
        assert_eq!((rig.asked(), rig.most_running()), (2, 1));
    });
}

#[test]
fn a_stale_token_is_renewed_again_after_a_failure() {
    explore("renewal that fails", || {
        let (rig, first) = with_stale_token(|n| if n == 2 { Act::Fail } else { Act::Issue });
        in_two_threads(&rig, get_token);
        assert_eq!((rig.asked(), rig.most_running()), (2, 1), "the backoff has not ended");
        // More than the backoff after one failure.
        rig.advance(10);
        get_token(&rig);
        join_exchanges();
        assert_eq!(rig.asked(), 3, "a renewal got lost");
        assert!(generation(&rig) > first);
    });
}

#[test]
fn a_stale_token_is_renewed_again_after_a_dropped_exchange() {
    explore("renewal that is dropped", || {
        let (rig, _) = with_stale_token(|_| Act::Issue);
        Runtime::ShutDown.set();
        in_two_threads(&rig, get_token);
        assert_eq!(rig.asked(), 1);
        Runtime::Running.set();
        get_token(&rig);
        join_exchanges();
        assert_eq!(rig.asked(), 2, "a renewal got lost");
    });
}

#[test]
fn a_stale_token_is_renewed_again_after_a_panic() {
    explore("renewal that panics", || {
        let (rig, _) = with_stale_token(|n| if n == 2 { Act::Panic } else { Act::Issue });
        in_two_threads(&rig, get_token);
        // A first panic is not remembered, so the second thread may have renewed already.
        assert!((2..=3).contains(&rig.asked()) && rig.most_running() == 1);
        get_token(&rig);
        join_exchanges();
        assert_eq!(rig.asked(), 3, "a renewal got lost");
    });
}

#[test]
fn two_rejections_of_one_token_make_one_exchange() {
    explore("rejections", || {
        let (rig, rejected) = with_token(|_| Act::Issue);
        let other = rig.handle();
        let other =
            thread::spawn(move || block_on(other.manager.reject(rejected)).map(|token| token.generation()));
        let mine = block_on(rig.manager.reject(rejected)).map(|token| token.generation());
        let others = other.join().expect("the other thread");
        join_exchanges();
        assert!(mine == others && mine > Some(rejected), "{mine:?} {others:?}");
        assert_eq!((rig.asked(), rig.most_running()), (2, 1));
    });
}

#[test]
fn a_thread_that_saw_a_newer_token_sees_no_older_one() {
    explore("token calls during a renewal", || {
        let (rig, first) = with_token(|_| Act::Issue);
        let reader = rig.handle();
        let reader = thread::spawn(move || {
            let seen = [generation(&reader), generation(&reader)];
            assert!(seen[0] <= seen[1], "{seen:?}");
            seen
        });
        let renewed = block_on(rig.manager.reject(first)).expect("a newer one").generation();
        // A thread that got the newer token from `reject` finds it in the manager.
        assert_eq!(generation(&rig), renewed);
        let seen = reader.join().expect("the reader");
        assert!(seen.iter().all(|seen| (first..=renewed).contains(seen)), "{seen:?}");
        join_exchanges();
    });
}

/// How often the engine may stop a thread that could go on, unless `LOOM_MAX_PREEMPTIONS` is set. Without a bound,
/// there are too many orders to try.
const PREEMPTIONS: usize = 3;
