//! Whole lives of a manager: many orders, drawn by chance, of more threads than can be tried in every order.
#![cfg(auth_layer_model = "shuttle")]

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Instant;

use auth_layer::model::{Runtime, block_on, landed};
use auth_layer_models::{Act, Rig, STALE, Script};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

/// Runs a model in many orders, each drawn by chance.
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

/// What one caller does to a manager: what the dice say.
fn live(rig: &Rig, steps: usize) {
    let mut newest = None;
    for _ in 0..steps {
        match thread_rng().gen_range(0..6) {
            0 => rig.advance(1),
            1 => rig.advance(60),
            2 => rig.advance(STALE),
            // Somebody begins to wait and goes away.
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

/// Callers live through it, and in the end a token can be had, early renewal included.
fn callers(name: &str, runtime: Runtime, script: Script) {
    explore(name, runtime, move || {
        let rig = Rig::new(script, thread::yield_now);
        let others: Vec<_> = (0..3)
            .map(|_| {
                let rig = rig.again();
                thread::spawn(move || live(&rig, 4))
            })
            .collect();
        live(&rig, 4);
        others.into_iter().for_each(|other| other.join().expect("a caller"));
        landed();
        assert!(rig.most() <= 1, "{} exchanges at once", rig.most());

        // Past every backoff and floor a dead token is replaced, and a stale one is renewed.
        let mut waits = 0;
        while block_on(rig.manager.token()).is_err() {
            waits += 1;
            assert!(waits < 6, "no token after {waits} backoffs");
            rig.advance(61);
        }
        landed();
        if runtime == Runtime::Here {
            rig.advance(STALE);
            let before = rig.asked();
            let _ = block_on(rig.manager.token());
            landed();
            assert!(rig.asked() > before, "a renewal got lost");
        }
        assert!(rig.most() <= 1, "{} exchanges at once", rig.most());
    });
}

fn moody(n: usize) -> Act {
    match n % 5 {
        2 => Act::Fail,
        4 => Act::Panic,
        _ => Act::Issue,
    }
}

#[test]
fn callers_on_a_runtime() {
    callers("callers on a runtime", Runtime::Here, moody);
}

#[test]
fn callers_without_a_runtime() {
    callers("callers without a runtime", Runtime::None, moody);
}

#[test]
fn callers_of_a_source_that_never_fails() {
    callers("callers of a source that never fails", Runtime::Here, |_| Act::Issue);
}

#[test]
fn whoever_waits_gets_an_outcome_though_the_driver_goes_away() {
    explore("a driver that goes away", Runtime::None, || {
        let rig = Rig::new(|_| Act::Issue, thread::yield_now);
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let rig = rig.again();
                thread::spawn(move || block_on(rig.manager.token()).expect("a token"))
            })
            .collect();
        let mut arrival = Box::pin(rig.manager.token());
        let _ = arrival.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(arrival);
        waiters.into_iter().for_each(|waiter| drop(waiter.join().expect("a waiter")));
        assert!(rig.most() == 1 && rig.asked() <= 2, "{} exchanges", rig.asked());
    });
}

/// How many orders are tried, unless `SHUTTLE_ORDERS` says otherwise.
const ORDERS: usize = 20_000;
