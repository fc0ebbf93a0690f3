//! Tries many random orders of more threads than loom can try in every order.
#![cfg(auth_layer_model = "shuttle")]

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Instant;

use auth_layer::model::{Runtime, block_on, join_exchanges};
use auth_layer_models::{Act, Rig, STALE, Script};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

/// Runs a model in many random orders.
fn explore(name: &str, runtime: Runtime, model: impl Fn() + Send + Sync + 'static) {
    let orders =
        std::env::var("SHUTTLE_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(ORDERS);
    let start = Instant::now();
    shuttle::check_random(
        move || {
            runtime.set();
            model();
        },
        orders,
    );
    println!("{name}: {orders} orders in {:.1} s", start.elapsed().as_secs_f64());
}

/// Runs random steps of one caller.
fn run_caller(rig: &Rig, steps: usize) {
    let mut newest = None;
    for _ in 0..steps {
        match thread_rng().gen_range(0..6) {
            0 => rig.advance(1),
            1 => rig.advance(60),
            2 => rig.advance(STALE),
            // A caller begins to wait and then drops its future.
            3 => {
                let mut arrival = pin!(rig.manager.token());
                let _ = arrival.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            4 => {
                if let Some(seen) = newest {
                    let other = block_on(rig.manager.reject(seen));
                    assert!(other.is_none_or(|other| other.generation() > seen));
                }
            }
            _ => {
                if let Ok(token) = block_on(rig.manager.token()) {
                    assert!(Some(token.generation()) >= newest, "{token:?} after {newest:?}");
                    newest = Some(token.generation());
                }
            }
        }
    }
}

/// Runs four callers. Afterwards a token can be fetched, and a stale one is renewed early.
fn run_callers(name: &str, runtime: Runtime, script: Script) {
    explore(name, runtime, move || {
        let rig = Rig::new(script, thread::yield_now);
        let others: Vec<_> = (0..3)
            .map(|_| {
                let rig = rig.handle();
                thread::spawn(move || run_caller(&rig, 4))
            })
            .collect();
        run_caller(&rig, 4);
        others.into_iter().for_each(|other| other.join().expect("a caller"));
        join_exchanges();
        assert!(rig.most_running() <= 1, "{} exchanges at once", rig.most_running());

        // After every backoff and pause an expired token is replaced, and a stale one is renewed.
        let mut waits = 0;
        while block_on(rig.manager.token()).is_err() {
            waits += 1;
            assert!(waits < 6, "no token after {waits} backoffs");
            rig.advance(61);
        }
        join_exchanges();
        if runtime == Runtime::Running {
            rig.advance(STALE);
            let asked_before = rig.asked();
            let _ = block_on(rig.manager.token());
            join_exchanges();
            assert!(rig.asked() > asked_before, "a renewal got lost");
        }
        assert!(rig.most_running() <= 1, "{} exchanges at once", rig.most_running());
    });
}

fn mostly_issues(n: usize) -> Act {
    match n % 5 {
        2 => Act::Fail,
        4 => Act::Panic,
        _ => Act::Issue,
    }
}

#[test]
fn callers_on_a_runtime() {
    run_callers("callers on a runtime", Runtime::Running, mostly_issues);
}

#[test]
fn callers_without_a_runtime() {
    run_callers("callers without a runtime", Runtime::None, mostly_issues);
}

#[test]
fn callers_of_a_source_that_never_fails() {
    run_callers("callers of a source that never fails", Runtime::Running, |_| Act::Issue);
}

#[test]
fn waiting_callers_get_an_outcome_after_the_polling_one_leaves() {
    explore("a polling caller that leaves", Runtime::None, || {
        let rig = Rig::new(|_| Act::Issue, thread::yield_now);
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let rig = rig.handle();
                thread::spawn(move || block_on(rig.manager.token()).expect("a token"))
            })
            .collect();
        let mut arrival = Box::pin(rig.manager.token());
        let _ = arrival.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(arrival);
        waiters.into_iter().for_each(|waiter| drop(waiter.join().expect("a waiter")));
        assert!(rig.most_running() == 1 && rig.asked() <= 2, "{} exchanges", rig.asked());
    });
}

/// The number of orders to try, unless `SHUTTLE_ORDERS` is set.
const ORDERS: usize = 20_000;
